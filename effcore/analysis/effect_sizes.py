"""What each technique did: every step against the same recipe without it, how far the steps of one technique spread, and
how much of the frontier is owed to it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from effcore.analysis.changes import Change
from effcore.analysis.frontier import Point
from effcore.analysis.verdict import Outcome, Verdict
from effcore.catalogue import TECHNIQUES
from effcore.objectives import maximise, metric
from effcore.pareto import hypervolume

OUTCOMES: tuple[Outcome, ...] = ("helped", "trade-off", "no effect shown", "hurt")
"""Best first."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """One step: a point and its parent, which differ in that step alone."""

    technique: str
    step: str
    child: Point
    parent: Point
    verdict: Verdict

    @property
    def outcome(self) -> Outcome:
        """What the step did; an effect always has one."""
        assert self.verdict.outcome is not None
        return self.verdict.outcome

    def change(self, name: str) -> Change | None:
        """Of one metric; None where it could not be compared."""
        return next((c for c in self.verdict.changes if c.metric == name), None)


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Middle and quartiles of a change over several steps.

    Attributes:
        median, low, high: A difference of shares for accuracy, a factor for others; the quartiles are the middle
            itself for one pair.
        pairs: Steps that it is of.
    """

    median: float
    low: float
    high: float
    pairs: int


def effects_of(points: Sequence[Point], relatives: Sequence[Point], verdicts: Mapping[str, Verdict]) -> tuple[Effect, ...]:
    """Every step that could be judged, ordered by technique as the catalogue is, then by name of the point.

    Args:
        points: Whose last steps are meant.
        relatives: Where the parents are looked up, see `verdict.family`.
        verdicts: By recipe key, see `verdict.judge_all`.
    """
    known = {p.key: p for p in relatives}
    found = []
    for point in points:
        verdict, parent = verdicts.get(point.key), known.get(point.first.parent or "")
        if verdict is not None and verdict.outcome is not None and parent is not None:
            found.append(Effect(technique=point.first.technique, step=point.first.step, child=point, parent=parent, verdict=verdict))
    order = {name: index for index, name in enumerate(TECHNIQUES)}
    return tuple(sorted(found, key=lambda e: (order.get(e.technique, len(order)), e.technique, e.child.name, e.child.key)))


def spread(effects: Sequence[Effect], name: str) -> Spread | None:
    """Median and quartiles of the changes of one metric; of factors those of their logarithms.

    Args:
        effects: Steps.
        name: `accuracy`, `latency_ms`, `size_mb` or `model_ram_mb`.

    Returns:
        None where no step has that change.
    """
    values = [change.change for e in effects if (change := e.change(name)) is not None]
    if not values:
        return None
    ratio = not metric(name).percent
    low, median, high = np.percentile(np.log(values) if ratio else values, [25, 50, 75])
    ends = [float(np.exp(v)) if ratio else float(v) for v in (median, low, high)]
    return Spread(median=ends[0], low=ends[1], high=ends[2], pairs=len(values))


def tally(effects: Sequence[Effect]) -> dict[Outcome, int]:
    """How often each outcome was reached, in the order of `OUTCOMES`, those that were never left out."""
    counts = Counter(e.outcome for e in effects)
    return {outcome: counts[outcome] for outcome in OUTCOMES if counts[outcome]}


def uses(point: Point, technique: str) -> bool:
    """Whether a recipe holds that technique."""
    return any(technique in entry for entry in point.first.recipe.get("steps", ()))


def volume_lost(points: Sequence[Point], objectives: Sequence[str], technique: str) -> float | None:
    """Share of the hypervolume that is lost when every point with a technique is taken away.

    Every objective is scaled to 0 at the best and 1 at the worst of all points, on a logarithmic scale where the metric
    suits one; the worst of all points is the reference.

    Args:
        points: All of one environment.
        objectives: Two or more names of metrics.
        technique: Its name.

    Returns:
        0 to 1; an objective on which all are equal counts for nothing; None where that leaves no volume.

    Source: exclusive hypervolume contribution, Zitzler and Thiele 1998, https://doi.org/10.1007/BFb0056872
    """
    table = [[p.metrics.get(name, math.nan) for name in objectives] for p in points]
    kept = [(p, row) for p, row in zip(points, table, strict=True) if all(math.isfinite(v) for v in row)]
    if not kept:
        return None
    costs = scaled_costs([row for _, row in kept], objectives)
    costs = costs[:, costs.max(axis=0) > 0]
    corner = [1.0] * costs.shape[1]
    whole = hypervolume(costs, reference=corner, maximise=False) if corner else 0.0
    if whole <= 0:
        return None
    rest = costs[[i for i, (p, _) in enumerate(kept) if not uses(p, technique)]]
    return 1 - hypervolume(rest, reference=corner, maximise=False) / whole


def scaled_costs(rows: Sequence[Sequence[float]], objectives: Sequence[str]) -> np.ndarray:
    """Figures from 0 at the best to 1 at the worst of each column, logarithmic where the metric suits it and all are positive.

    Args:
        rows: Finite figures, (points, objectives).
        objectives: Names of metrics.
    """
    values = np.array(rows, dtype=np.float64)
    for column, (name, up) in enumerate(zip(objectives, maximise(tuple(objectives)), strict=True)):
        if metric(name).log and (values[:, column] > 0).all():
            values[:, column] = np.log(values[:, column])
        values[:, column] *= -1.0 if up else 1.0
    low, high = values.min(axis=0), values.max(axis=0)
    return np.asarray((values - low) / np.where(high > low, high - low, 1.0))
