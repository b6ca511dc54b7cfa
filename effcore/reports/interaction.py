"""Is the effect of two techniques together the sum of their effects? As plain data: what `effcore interactions` prints."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from effcore.analysis.comparison import Contrast, accuracy_contrast, time_contrast
from effcore.analysis.frontier import Evidence, Point, find_frontier
from effcore.analysis.verdict import NEEDED
from effcore.objectives import METRICS
from effcore.recipe import Recipe, from_document
from effcore.statistics import BETWEEN_MEASURINGS
from effcore.tracking import Store

SIGNS = (1, -1, -1, 1)
"""Of the pair, the first alone, the second alone, and neither: the effect of the pair minus the sum of its parts."""
Kind = Literal["accuracy", "latency_ms", "size_mb"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Square:
    """Four points that differ in two steps: with both, with the first, with the second, with neither."""

    first: str
    second: str
    points: tuple[Point, Point, Point, Point]

    @property
    def neither(self) -> Point:
        return self.points[3]


def read_interactions(store: Store, *, sweep: str | None = None) -> dict[str, Any]:
    """For every two steps of a sweep whose four combinations it holds, the effect of the pair against the sum of its parts.

    Args:
        store: Where the results are.
        sweep: Name or run id; the newest where it is None.

    Returns:
        `sweep`, `task` and `pairs`; a pair holds `first`, `second`, `on` (the recipe with neither) and, for `accuracy`,
        `latency_ms` and `size_mb`, `first`, `second`, `sum`, `pair` and `interaction` with `low` and `high`. Accuracies
        are differences of shares, the others natural logarithms of ratios.

    Raises:
        StoreError: There is no such sweep.
    """
    record = store.sweep(sweep)
    frontier = find_frontier(store.variants(sweep=record.run_id), objectives=("accuracy", "latency_ms"))
    evidence = store.evidence(replace(frontier, objectives=NEEDED))
    rows = sorted((row_of(square, evidence) for square in squares(frontier.points)), key=_place)
    return {"sweep": record.name, "task": record.task, "pairs": rows}


def _place(row: Mapping[str, Any]) -> tuple[int, str, str, str]:
    """Simple bases first."""
    return (row["on"].count(" · "), row["on"], row["first"], row["second"])


def squares(points: Sequence[Point]) -> Iterator[Square]:
    """Every two optional steps of every point for which the three simpler points are there too."""
    # By the keys that their recipes have now: a step that gained a parameter has another key than when it was measured.
    read = [(recipe, point) for point in points if (recipe := _readable(point)) is not None]
    known = {recipe.key: point for recipe, point in read}
    for recipe, point in read:
        optional = [i for i, step in enumerate(recipe.steps) if step.record.optional]
        for one, two in combinations(optional, 2):
            rest = [without(recipe, left_out) for left_out in ((one,), (two,), (one, two))]
            if all(r.key in known for r in rest):
                second, first, neither = (known[r.key] for r in rest)
                yield Square(recipe.steps[one].label, recipe.steps[two].label, (point, first, second, neither))


def _readable(point: Point) -> Recipe | None:
    """The recipe of a point; None where it holds what the catalogue does not know any more."""
    try:
        return from_document(point.first.recipe)
    except (ValueError, KeyError):
        return None


def without(recipe: Recipe, left_out: Sequence[int]) -> Recipe:
    """The recipe without the steps at some places."""
    return replace(recipe, steps=tuple(step for i, step in enumerate(recipe.steps) if i not in left_out))


def row_of(square: Square, evidence: Evidence) -> dict[str, Any]:
    """Effects and interaction of one square, by metric; a metric that one of the four lacks is None."""
    found: dict[str, Any] = {"first": square.first, "second": square.second, "on": square.neither.name}
    for name in KINDS:
        present = all(name in p.metrics for p in square.points)
        found[name] = _effects(square, name, evidence) if present else None
    return found


def _effects(square: Square, name: Kind, evidence: Evidence) -> dict[str, Any]:
    told = _latency(square, evidence) if name == "latency_ms" else name
    pair, first, second, neither = (_scaled(p, told) for p in square.points)
    parts = {"first": first - neither, "second": second - neither}
    contrast = _contrast(square, name, told, evidence)
    return parts | {
        "sum": sum(parts.values()), "pair": pair - neither, "interaction": contrast.value, "low": contrast.low, "high": contrast.high,
        "text": words(name, contrast),
    }  # fmt: skip


def _latency(square: Square, evidence: Evidence) -> str:
    """The metric by which latencies are compared, as verdicts do: relative to the reference where all four are known so."""
    known = evidence.processes.get("latency_ratio", {})
    relative = all(len(known.get(p.key, ())) >= 2 and "latency_ratio" in p.metrics for p in square.points)
    return "latency_ratio" if relative else "latency_ms"


def _scaled(point: Point, name: str) -> float:
    return point.metrics[name] if name == "accuracy" else math.log(point.metrics[name])


def _contrast(square: Square, name: Kind, told: str, evidence: Evidence) -> Contrast:
    value = sum(sign * _scaled(p, told) for sign, p in zip(SIGNS, square.points, strict=True))
    if name == "size_mb":
        value = round(value, 12)  # what differs by rounding alone is nothing
        return Contrast(value=value, low=value, high=value)
    if name == "latency_ms":
        return time_contrast(_times(square, told, evidence.processes.get(told, {})), between=BETWEEN_MEASURINGS)
    answers = _answers(square, evidence.correct.get(name, {}))
    if answers is None:
        return Contrast(value=value, low=None, high=None)
    return accuracy_contrast(answers, SIGNS)


def _times(square: Square, told: str, processes: Mapping[str, Sequence[float]]) -> list[tuple[int, Sequence[float]]]:
    """Signed medians; a structure that several of the four share was measured once, and its signs are added up."""
    signs: dict[str, int] = {}
    medians: dict[str, Sequence[float]] = {}
    for sign, point in zip(SIGNS, square.points, strict=True):
        structure = point.structure or point.key
        signs[structure] = signs.get(structure, 0) + sign
        medians.setdefault(structure, processes.get(point.key) or [point.metrics[told]])
    return [(sign, medians[structure]) for structure, sign in signs.items() if sign]


def _answers(square: Square, correct: Mapping[str, NDArray[np.bool_]]) -> list[NDArray[np.bool_]] | None:
    """Right answers of the four on the seeds that all have; None where they are not known."""
    seeds = sorted(set.intersection(*({v.seed for v in p.variants} for p in square.points)))
    rows = []
    for point in square.points:
        if point.key not in correct or not seeds:
            return None
        places = [[v.seed for v in point.variants].index(seed) for seed in seeds]
        rows.append(np.atleast_2d(correct[point.key])[places])
    return rows


def words(name: Kind, contrast: Contrast) -> str:
    """What an interaction means."""
    if contrast.low is None or contrast.high is None:
        return "no interval: nothing is shown"
    if contrast.low <= 0 <= contrast.high:
        return "as the sum of its parts, as far as can be told"
    better = (contrast.value > 0) == METRICS[name].maximise
    return "better than the sum of its parts" if better else "worse than the sum of its parts"
