"""The frontier as plain data, as `frontier --json` prints it and a notebook gets it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from effcore.frontier import Frontier, Point, Variant, find_frontier, with_probability
from effcore.tracking import Store


def read_frontier(
    store: Store,
    *,
    sweep: str | None = None,
    objectives: Sequence[str] = (),
    environment: str | None = None,
    budgets: Mapping[str, float] | None = None,
) -> Frontier:
    """The frontier of a sweep, with the probability of every point.

    Args:
        store: Where the results are.
        sweep: Name or run id; the newest where it is None.
        objectives: Names of metrics; those of the sweep where there are none.
        environment: Key of the environment; the most frequent one where it is None.
        budgets: Worst value allowed, by metric.

    Raises:
        StoreError: There is no such sweep.
        EffcoreError: An objective or a budget is no metric.
    """
    record = store.sweep(sweep)
    frontier = find_frontier(
        store.variants(sweep=record.run_id), tuple(objectives) or record.objectives, environment=environment, budgets=budgets
    )
    return with_probability(frontier, store.evidence(frontier))


def frontier_document(frontier: Frontier, variants: Iterable[Variant]) -> dict[str, Any]:
    """The stable form that programs depend on.

    Args:
        frontier: Its points become rows.
        variants: Those it was made from; the failed ones become rows too, with their cause.
    """
    failed = [_failed_row(v) for v in variants if v.status == "FAILED"]
    return {
        "objectives": list(frontier.objectives),
        "environment": frontier.environment,
        "variants": [*(_row(p) for p in frontier.points), *sorted(failed, key=lambda row: (row["name"], row["run_id"]))],
        "left_out": [{"run_id": e.run_id, "name": e.name, "reason": e.reason} for e in frontier.left_out],
    }


def _failed_row(variant: Variant) -> dict[str, Any]:
    return _identity(variant) | {
        "seeds": [variant.seed], "status": "failed", "error": variant.error, "metrics": dict(variant.metrics),
        "artifact": variant.artifact, "on_frontier": False, "probability": None, "dominated_by": [], "noisy": variant.noisy,
    }  # fmt: skip


def _identity(variant: Variant) -> dict[str, Any]:
    return {
        "run_id": variant.run_id, "name": variant.name, "key": variant.recipe_key, "recipe": variant.recipe,
        "parent": variant.parent, "step": variant.step, "technique": variant.technique,
        "runtime": variant.runtime, "environment": variant.environment, "structure": variant.structure,
    }  # fmt: skip


def _row(point: Point) -> dict[str, Any]:
    probability = None if math.isnan(point.probability) else round(point.probability, 4)
    return _identity(point.first) | {
        "seeds": list(point.seeds), "status": "finished", "error": None, "metrics": dict(point.metrics),
        "artifact": point.first.artifact, "on_frontier": point.on_frontier, "probability": probability,
        "dominated_by": list(point.dominated_by), "noisy": any(v.noisy for v in point.variants),
    }  # fmt: skip
