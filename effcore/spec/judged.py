"""Whether what a search is judged by will be there: a metric that nothing measures would fail every candidate after it was trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from effcore.catalogue.search import Search
from effcore.errors import Problem
from effcore.objectives import METRICS
from effcore.spec.partspace import SEEN_OF_PARTS

CHOSEN_BY_PARTS = {"accuracy", "val_accuracy"}, {"latency_ms"}
"""What a one-shot search ranks sub-networks by."""


def unjudged(search: Search, objectives: Sequence[str], *, batch_sizes: Sequence[int]) -> list[Problem]:
    """What is wrong with the objectives and constraints of a search.

    Args:
        search: How it searches; a grid is judged by nothing.
        objectives: Names of metrics.
        batch_sizes: That are measured.
    """
    if not search.searches or not objectives or any(name not in METRICS for name in objectives):  # which is said already
        return []
    named = {f"objectives[{index}]": name for index, name in enumerate(objectives)}
    named |= {f"search.constraints[{index}]": limit.metric for index, limit in enumerate(search.limits)}
    problems = [Problem(where=where, message=why) for where, name in named.items() for why in _missing(search, name, batch_sizes)]
    return problems + (list(_of_parts(search, objectives)) if search.strategy == "one_shot" else [])


def _missing(search: Search, name: str, batch_sizes: Sequence[int]) -> Iterator[str]:
    if name == "throughput_per_s" and max(batch_sizes) == 1:
        yield "must be a metric that is measured; throughput is of batches. Got batches of one image alone: `measure: {batch_sizes: [1, 32]}`."
    if name == "search_s" and search.strategy != "one_shot":
        yield f"must be a metric that every candidate has; search_s is that of the strategy one_shot. Got it with {search.strategy}."


def _of_parts(search: Search, objectives: Sequence[str]) -> Iterator[Problem]:
    if len(objectives) != len(CHOSEN_BY_PARTS) or not all(set(objectives) & names for names in CHOSEN_BY_PARTS):
        got = ", ".join(objectives)
        yield Problem(where="objectives", message=f"must be accuracy and latency_ms with the strategy one_shot, which chooses by these. Got {got}.")
    unknown = [limit.metric for limit in search.limits if limit.metric not in SEEN_OF_PARTS]
    if unknown:
        message = f"must be on {', '.join(SEEN_OF_PARTS)} with the strategy one_shot. Got {', '.join(unknown)}."
        yield Problem(where="search.constraints", message=message)
