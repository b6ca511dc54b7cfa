"""Points, and which of them are on the frontier: variants in, points out, nothing read or written."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from effcore.analysis.variant import OTHER_IMAGES, is_of_data, newest_data
from effcore.analysis.variant import Variant as Variant
from effcore.objectives import METRICS, Metric, maximise, metric
from effcore.pareto import pareto_mask
from effcore.statistics import BETWEEN_MEASURINGS, accuracy_draws, frontier_probability, interval_draws, interval_over_seeds, time_draws

DRAWS = 200
"""Of a probability: its own error is then at most 3.5 points."""

OF_THE_STRUCTURE = frozenset(
    ("latency_ms", "latency_p90_ms", "latency_p99_ms", "latency_ratio", "throughput_per_s")
    + ("peak_ram_mb", "model_ram_mb", "load_ms")
)
"""Metrics that are measured once a structure, so that points that share one share the error."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """A recipe, aggregated over its seeds.

    Attributes:
        variants: The finished variants that it is made of; one at least, or the failed ones of a failed point.
        metrics: Means over the seeds, with `<metric>_low` and `<metric>_high`.
        on_frontier: Whether no other point dominates it.
        probability: Share of resamples in which it is on the frontier; NaN where it was not computed.
        dominated_by: Recipe keys of the points that dominate it.
        tied_with: Recipe keys of the points that can't be told apart from it, see `effcore.analysis.ties`; one of two is on the frontier.
    """

    variants: tuple[Variant, ...]
    metrics: Mapping[str, float]
    on_frontier: bool = False
    probability: float = math.nan
    dominated_by: tuple[str, ...] = ()
    tied_with: tuple[str, ...] = ()

    @property
    def first(self) -> Variant:
        return self.variants[0]

    @property
    def run_id(self) -> str:
        return self.first.run_id

    @property
    def key(self) -> str:
        return self.first.recipe_key

    @property
    def name(self) -> str:
        return self.first.name

    @property
    def structure(self) -> str:
        """That of all its variants; empty where it is not known, or where they differ, as where weights decide what is pruned."""
        names = {v.structure for v in self.variants}
        return names.pop() if len(names) == 1 else ""

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(v.seed for v in self.variants)


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A variant that is not among the points, and why."""

    run_id: str
    name: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Frontier:
    """All points of one environment, with those that are not dominated marked.

    Attributes:
        objectives: Names of the metrics that it is judged by.
        environment: Key of the one environment that all points were measured in.
        points: Best first objective first, ties by name.
        left_out: What is not among them, and why.
    """

    objectives: tuple[str, ...]
    environment: str
    points: tuple[Point, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def front(self) -> tuple[Point, ...]:
        return tuple(p for p in self.points if p.on_frontier)

    def point(self, key: str) -> Point | None:
        """The point with that recipe key."""
        return next((p for p in self.points if p.key == key), None)


def find_frontier(
    variants: Iterable[Variant],
    objectives: Sequence[str],
    *,
    environment: str | None = None,
    budgets: Mapping[str, float] | None = None,
) -> Frontier:
    """Aggregate variants to points and mark those that no other point dominates.

    Args:
        variants: Of one task; of any environment, of which one is kept, and of any images, of which the newest are.
        objectives: Names of metrics; the direction is that of the metric.
        environment: Key of the environment; the most frequent one of the variants' own runs where it is None. What was
            measured in it as well as in others is no point twice, and is not counted as left out.
        budgets: Worst value that is allowed, by metric; points beyond it are left out.

    Raises:
        EffcoreError: An objective or a budget is not a metric.
    """
    directions, metrics = maximise(tuple(objectives)), [metric(name) for name in objectives]
    everything = sorted(variants, key=lambda v: (v.name, v.recipe_key, v.seed, v.run_id))
    data = newest_data(everything)
    chosen = main_environment([v for v in everything if is_of_data(v, data)]) if environment is None else environment
    shown = {(v.recipe_key, v.seed) for v in everything if v.environment == chosen}
    kept, left_out = [], []
    for variant in everything:
        reason = reason_to_leave_out(variant, metrics, chosen, data=data)
        if reason is None:
            kept.append(variant)
        elif variant.status != "FINISHED" or variant.environment == chosen or (variant.recipe_key, variant.seed) not in shown:
            left_out.append(LeftOut(run_id=variant.run_id, name=variant.name, reason=reason))
    points = []
    for point in aggregate(kept):
        reason = _over_budget(point, budgets or {})
        if reason is None:
            points.append(point)
        else:
            left_out.append(LeftOut(run_id=point.run_id, name=point.name, reason=reason))
    marked = _mark(points, objectives, directions)
    best_first = -1.0 if directions[0] else 1.0
    ordered = sorted(marked, key=lambda p: (best_first * p.metrics[objectives[0]], p.name, p.key))
    return Frontier(objectives=tuple(objectives), environment=chosen, points=tuple(ordered), left_out=tuple(left_out))


def main_environment(variants: Sequence[Variant]) -> str:
    """Key of the environment that most of the variants' own runs were measured in; empty where there is none."""
    own = [v for v in variants if v.measures is None]  # further environments have as many points, and place none
    return most_frequent(Counter(v.environment for v in own or variants if v.environment))


def most_frequent(counts: Mapping[str, int]) -> str:
    """The key that was counted most often, of several the first by name; empty where there is none."""
    return min(counts, key=lambda key: (-counts[key], key)) if counts else ""


def reason_to_leave_out(variant: Variant, metrics: Sequence[Metric], environment: str, *, data: str = "") -> str | None:
    """Why a variant can't be a point of those metrics in that environment, beside results of those images; None where it can."""
    if variant.status == "FAILED":
        return f"failed: {variant.error or 'no cause was recorded'}"
    if variant.status != "FINISHED":
        return f"not finished: {variant.status.lower()}"
    if not is_of_data(variant, data):
        return OTHER_IMAGES
    if variant.environment != environment:
        return f"measured in another environment, {variant.environment}"
    for which in metrics:
        value = variant.metrics.get(which.name)
        if value is None:
            return f"has no {which.name}"
        if not math.isfinite(value):
            return f"{which.name} is {value}, which is not a finite number"
        if which.log and value < 0:
            return f"{which.name} is {value}, which can't be negative"
    return None


def aggregate(variants: Sequence[Variant]) -> list[Point]:
    """One point a recipe; of a recipe and seed that was measured twice, as in two sweeps, the newest stands, and of images too."""
    data = newest_data(variants)
    newest = {(v.recipe_key, v.seed): v for v in sorted(variants, key=lambda v: (v.ended_ms or 0, v.run_id)) if is_of_data(v, data)}
    groups: dict[str, list[Variant]] = defaultdict(list)
    for variant in sorted(newest.values(), key=lambda v: (v.name, v.recipe_key, v.seed)):
        groups[variant.recipe_key].append(variant)
    return [Point(variants=tuple(group), metrics=_mean_metrics(group)) for group in groups.values()]


def _mean_metrics(variants: Sequence[Variant]) -> dict[str, float]:
    """Means over seeds; the interval is that of the one variant, or of the mean over the seeds."""
    if len(variants) == 1:
        return dict(variants[0].metrics)
    names = sorted(set.intersection(*(set(v.metrics) for v in variants)))
    rows = {name: [v.metrics[name] for v in variants] for name in names}
    means = {name: float(np.mean(row)) for name, row in rows.items()}
    for name in set(METRICS).intersection(names):
        low, high = f"{name}_low", f"{name}_high"
        if low in rows and high in rows and len(set(rows[name])) > 1:
            means[low], means[high] = interval_over_seeds(rows[name], rows[low], rows[high], log=METRICS[name].log)
            if METRICS[name].percent:
                means[low], means[high] = max(means[low], 0.0), min(means[high], 1.0)
    return means


def _over_budget(point: Point, budgets: Mapping[str, float]) -> str | None:
    for name, limit in budgets.items():
        value, up = point.metrics.get(name, math.nan), metric(name).maximise
        if not (value >= limit if up else value <= limit):
            return f"beyond the limit: {name} is {value:.4g}, allowed is {'at least' if up else 'at most'} {limit:g}"
    return None


def _mark(points: Sequence[Point], objectives: Sequence[str], directions: Sequence[bool]) -> list[Point]:
    if not points:
        return []
    values = np.array([[p.metrics[name] for name in objectives] for p in points])
    mask = pareto_mask(values, maximise=directions)
    costs = np.where(np.asarray(directions), -values, values)
    keys, front = [points[i].key for i in np.flatnonzero(mask).tolist()], costs[mask]
    marked = []
    for index, point in enumerate(points):
        better = (front <= costs[index]).all(axis=1) & (front < costs[index]).any(axis=1)
        dominators = tuple(keys[i] for i in np.flatnonzero(better).tolist())
        marked.append(replace(point, on_frontier=bool(mask[index]), dominated_by=dominators))
    return marked


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """The raw results behind the metrics, by metric and then by recipe key; what is missing is taken from intervals.

    Attributes:
        correct: Which test examples were right, shape (examples,) or (seeds, examples), for `accuracy` and the like.
        processes: One median a measuring process, for `latency_ms`, `latency_ratio` and the like.
        did: By recipe key and technique, what the export says that each technique did; for reasons of verdicts.
    """

    correct: Mapping[str, Mapping[str, NDArray[np.bool_]]] = field(default_factory=dict)
    processes: Mapping[str, Mapping[str, Sequence[float]]] = field(default_factory=dict)
    did: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def with_probability(frontier: Frontier, evidence: Evidence, *, draws: int = DRAWS, seed: int = 0) -> Frontier:
    """The same frontier with, for every point, the share of joint resamples in which no other point dominates it.

    A resample draws the test examples again, the same for all points, and the mean over measuring processes, once a
    structure. A metric without raw evidence is drawn from its stored interval as if it were normal (of its logarithm,
    where the metric suits a logarithmic axis), independently of the other points unless they share the structure;
    without an interval it is fixed. The uncertainty of training is in it only where a point has several seeds.

    Args:
        frontier: From `find_frontier`; it is not changed.
        evidence: Raw results; that of keys which are not among the points is ignored.
        draws: How many resamples.
        seed: The same seed gives the same probabilities, whatever the order in which evidence was collected.

    Raises:
        ValueError: Points have different numbers of test examples, or a time is not positive and finite.
    """
    if not frontier.points:
        return frontier
    points = sorted(frontier.points, key=lambda p: p.key)
    generator = np.random.default_rng(seed)
    values = np.stack([_draw(points, name, evidence, draws, generator) for name in frontier.objectives], axis=2)
    shares = frontier_probability(values, maximise=maximise(frontier.objectives))
    by_key = {point.key: float(share) for point, share in zip(points, shares, strict=True)}
    return replace(frontier, points=tuple(replace(p, probability=by_key[p.key]) for p in frontier.points))


def _draw(
    points: Sequence[Point], name: str, evidence: Evidence, draws: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Values of one metric, shape (draws, points), each from the rawest evidence there is."""
    correct, processes = evidence.correct.get(name, {}), evidence.processes.get(name, {})
    paired = [i for i, p in enumerate(points) if p.key in correct]
    timed = [i for i, p in enumerate(points) if p.key in processes and p.key not in correct]
    rest = [i for i, p in enumerate(points) if p.key not in processes and p.key not in correct]
    groups = [p.structure or p.key if name in OF_THE_STRUCTURE else p.key for p in points]
    values = np.empty((draws, len(points)))
    if paired:
        values[:, paired] = accuracy_draws([correct[points[i].key] for i in paired], draws=draws, generator=generator)
    if timed:
        medians = [processes[points[i].key] for i in timed]
        values[:, timed] = time_draws(
            medians, [groups[i] for i in timed], draws=draws, generator=generator, between=BETWEEN_MEASURINGS
        )
    if rest:
        middles = [points[i].metrics[name] for i in rest]
        lows = [points[i].metrics.get(f"{name}_low", points[i].metrics[name]) for i in rest]
        highs = [points[i].metrics.get(f"{name}_high", points[i].metrics[name]) for i in rest]
        values[:, rest] = interval_draws(
            middles, lows, highs, [groups[i] for i in rest], log=metric(name).log, draws=draws, generator=generator
        )
    return values
