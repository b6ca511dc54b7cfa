"""The frontier page as a value: axes, points, staircase, what was left out, and a sentence that says it in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dashboard.quantities import change, digits, interval, show, tenths
from dashboard.theme import title
from dashboard.views.cloud import Cloud
from dashboard.views.ties import listed
from effcore.analysis.frontier import Evidence, Frontier, LeftOut, Point, Variant, aggregate, find_frontier, reason_to_leave_out, with_probability
from effcore.analysis.ties import with_ties
from effcore.objectives import Metric, metric
from effcore.pareto import staircase


@dataclass(frozen=True, kw_only=True)
class Coordinate:
    """A figure of a point on one axis, in the unit of the axis (shares in percent).

    Attributes:
        low, high: Interval; the value itself where there is none.
        text: The figure with its unit.
        interval: `0.78 to 0.85 ms`; empty where there is none.
        bare_interval: The same without the unit, for a column that has it in its head.
    """

    value: float
    low: float
    high: float
    text: str
    interval: str
    bare_interval: str


@dataclass(frozen=True, kw_only=True)
class Dot:
    """A point as it is drawn.

    Attributes:
        run_id: Run that its page shows.
        number: Place along the frontier from left to right, from 1; None where it is dominated.
        technique: Of its last step, which gives colour and shape.
        against_parent: `against its parent: latency ÷2.10, accuracy −0.3 points`, or why there is no such line.
        probability: Share of resamples of the measurements in which nothing dominates it; NaN where not computed.
        level_with: Names of the points that are exactly as good on both axes.
        tied_with: Names of the points that can't be told apart from it on either axis; it or they are on the frontier.
        seeds: How many seeds it is the mean of.
        noisy: Whether one of its measurements is marked as noisy.
    """

    run_id: str
    key: str
    name: str
    technique: str
    step: str
    number: int | None
    x: Coordinate
    y: Coordinate
    against_parent: str
    probability: float
    level_with: tuple[str, ...]
    seeds: int
    noisy: bool
    tied_with: tuple[str, ...] = ()

    @property
    def on_frontier(self) -> bool:
        """Whether no other point dominates it."""
        return self.number is not None


@dataclass(frozen=True, kw_only=True)
class FrontierView:
    """Everything that the page draws, in the order in which it is drawn.

    Attributes:
        x, y: Metrics of the axes.
        dots: Points on the frontier first, from left to right, then the others, best y first.
        stairs: Corners of the staircase, x and y in the units of the axes.
        left_out: What is not among the points, failed variants first.
        headline: What the frontier says, in one sentence.
        runtimes: Names and versions, sorted.
        cloud: Where there are very many points, all but the first `dots`, without their details.
        left_out_total: How many are left out, where that is more than are named.
    """

    x: Metric
    y: Metric
    x_log: bool
    y_log: bool
    dots: tuple[Dot, ...]
    stairs: tuple[tuple[float, float], ...]
    left_out: tuple[LeftOut, ...]
    environment: str
    headline: str
    runtimes: tuple[str, ...]
    cloud: Cloud | None = None
    left_out_total: int | None = None

    @property
    def total(self) -> int:
        """How many points there are, those of the cloud with them."""
        return len(self.dots) + (len(self.cloud) if self.cloud is not None else 0)

    @property
    def front_total(self) -> int:
        """How many points are on the frontier, those of the cloud with them."""
        return len(self.front) + (int(self.cloud.front.sum()) if self.cloud is not None else 0)

    @property
    def missing(self) -> int:
        """How many variants are left out; `left_out` names the first of very many."""
        return len(self.left_out) if self.left_out_total is None else self.left_out_total

    @property
    def front(self) -> tuple[Dot, ...]:
        """The points on the frontier, from left to right."""
        return tuple(dot for dot in self.dots if dot.on_frontier)

    def run_at(self, row: int) -> str:
        """Run of the point in a row of the table: the dots, then the cloud."""
        if row < len(self.dots) or self.cloud is None:
            return self.dots[row].run_id
        return self.cloud.variant(row - len(self.dots)).run_id

    def runs(self, rows: int) -> tuple[str, ...]:
        """Runs of the points in the first rows of the table."""
        return tuple(map(self.run_at, range(min(rows, self.total))))

    def dot(self, run_id: str | None) -> Dot | None:
        """The point that a run belongs to."""
        return next((dot for dot in self.dots if dot.run_id == run_id), None)


MOST_RESAMPLED = 500
"""Points up to which probabilities are computed: 200 resamples of so many take about a quarter of a second."""


def frontier_view(
    variants: Sequence[Variant],
    *,
    x: str,
    y: str,
    environment: str | None = None,
    evidence: Callable[[Frontier], Evidence] | None = None,
) -> FrontierView:
    """The view of those variants on two axes.

    Args:
        variants: Of one task.
        x, y: Names of metrics.
        environment: Key of the environment; the most frequent one where it is None.
        evidence: Reads the raw results behind a frontier; without it no probability is computed.

    Raises:
        EffcoreError: An axis is not a metric.
    """
    objectives = (y, x) if x != y else (y,)
    frontier = find_frontier(variants, objectives, environment=environment)
    if evidence is not None and len(frontier.points) <= MOST_RESAMPLED:
        known = evidence(frontier)
        frontier = with_ties(with_probability(frontier, known), known)
    metric_x, metric_y = metric(x), metric(y)
    parents = _parents(variants, frontier)
    numbers = _numbers(frontier.front, metric_x)
    level = _level(frontier)
    names = {p.key: p.name for p in frontier.points}
    dots = [
        _dot(
            p, metric_x, metric_y, number=numbers.get(p.key), parents=parents, level_with=level.get(p.key, ()),
            tied_with=tuple(names[key] for key in p.tied_with[:MOST_LEVEL]),
        )
        for p in frontier.points
    ]  # fmt: skip
    dots.sort(key=lambda d: (d.number is None, d.number or 0))
    front = [d for d in dots if d.on_frontier]
    corners = staircase([d.x.value for d in front], [d.y.value for d in front], maximise_x=metric_x.maximise)
    return FrontierView(
        x=metric_x,
        y=metric_y,
        x_log=_log(metric_x, [d.x.value for d in dots]),
        y_log=_log(metric_y, [d.y.value for d in dots]),
        dots=tuple(dots),
        stairs=tuple(zip(corners[0].tolist(), corners[1].tolist(), strict=True)),
        left_out=tuple(sorted(frontier.left_out, key=lambda entry: not entry.reason.startswith("failed"))),
        environment=frontier.environment,
        headline=headline(front, metric_x, metric_y),
        runtimes=tuple(sorted({p.first.runtime for p in frontier.points if p.first.runtime})),
    )


def dots_of(
    variants: Sequence[Variant], x: Metric, y: Metric, *, environment: str, keys: Sequence[str], parents: bool = True
) -> list[Dot]:
    """Single points with their details, from left to right; numbers, ties and probabilities take all points and are left off.

    Args:
        variants: Of those points, and of their parents where they are to be compared.
        x, y: Metrics of the axes.
        environment: Key of the environment.
        keys: Recipe keys of the points.
        parents: Whether the points have parents at all; runs of others have none.
    """
    wanted = set(keys)
    usable = [v for v in variants if reason_to_leave_out(v, (y, x), environment) is None]
    known = {point.key: point for point in aggregate(usable)}
    chosen = sorted((p for key, p in known.items() if key in wanted), key=lambda p: (p.metrics[x.name], p.name, p.key))
    return [_dot(p, x, y, number=None, parents=known if parents else {}, level_with=()) for p in chosen]


def _log(which: Metric, values: Sequence[float]) -> bool:
    """A logarithmic axis hides zeros without a word, so that one zero makes the axis linear."""
    return which.log and all(value > 0 for value in values)


def _numbers(front: Sequence[Point], metric_x: Metric) -> dict[str, int]:
    ordered = sorted(front, key=lambda p: (p.metrics[metric_x.name], p.name, p.key))
    return {point.key: index for index, point in enumerate(ordered, start=1)}


def _parents(variants: Sequence[Variant], frontier: Frontier) -> Mapping[str, Point]:
    """Every point by its key, those beyond the axes too: a parent may lack a metric that the child has."""
    usable = [v for v in variants if reason_to_leave_out(v, (metric("accuracy"),), frontier.environment) is None]
    return {point.key: point for point in aggregate(usable)} | {point.key: point for point in frontier.points}


MOST_LEVEL = 20
"""Names that are given of points with the same figures: where all are equal, all names for each point would be n squared."""


def _level(frontier: Frontier) -> dict[str, tuple[str, ...]]:
    """Ties: for each point the names of the others with the very same figures."""
    groups: dict[tuple[float, ...], list[Point]] = {}
    for point in frontier.points:
        groups.setdefault(tuple(point.metrics[name] for name in frontier.objectives), []).append(point)
    return {p.key: tuple(o.name for o in group[: MOST_LEVEL + 1] if o is not p)[:MOST_LEVEL] for group in groups.values() for p in group}


def _dot(
    point: Point, x: Metric, y: Metric, *, number: int | None, parents: Mapping[str, Point], level_with: tuple[str, ...] = (),
    tied_with: tuple[str, ...] = (),
) -> Dot:  # fmt: skip
    return Dot(
        run_id=point.run_id,
        key=point.key,
        name=point.name,
        technique=point.first.technique,
        step=point.first.step,
        number=number,
        x=coordinate(x, point.metrics),
        y=coordinate(y, point.metrics),
        against_parent=against_parent(point, parents, (x, y)),
        probability=point.probability,
        level_with=level_with,
        tied_with=tied_with,
        seeds=len(point.variants),
        noisy=any(v.noisy for v in point.variants),
    )


def coordinate(which: Metric, metrics: Mapping[str, float]) -> Coordinate:
    """A figure with its interval, in the unit of an axis."""
    value = metrics[which.name]
    low, high = metrics.get(f"{which.name}_low"), metrics.get(f"{which.name}_high")
    known = low is not None and high is not None and math.isfinite(low) and math.isfinite(high)
    scale = 100.0 if which.percent else 1.0
    return Coordinate(
        value=scale * value,
        low=scale * low if known and low is not None else scale * value,
        high=scale * high if known and high is not None else scale * value,
        text=show(which, value),
        interval=interval(which, low, high),
        bare_interval=interval(which, low, high, unit=False),
    )


def against_parent(point: Point, parents: Mapping[str, Point], metrics: Sequence[Metric]) -> str:
    """How far a point is from its parent on those metrics, in one line.

    Returns:
        As `against its parent: latency ÷2.10, accuracy −0.3 points`; says so where the parent was not measured.
    """
    if point.first.parent is None:
        return "no parent: nothing to undo"
    parent = parents.get(point.first.parent)
    if parent is None:
        return "its parent was not measured"
    parts = []
    for which in dict.fromkeys(metrics):
        text = change(which, parent.metrics.get(which.name), point.metrics.get(which.name))
        if text:
            parts.append(f"{which.label.lower()} {text}")
    return "against its parent: " + ", ".join(parts) if parts else "its parent was not measured on these axes"


def headline(front: Sequence[Dot], x: Metric, y: Metric) -> str:
    """What the ends of the frontier are, and what lies between them."""
    if not front:
        return ""
    best, cheap = (front[-1], front[0]) if not x.maximise else (front[0], front[-1])
    if len(front) > 1 and (best.x.value, best.y.value) == (cheap.x.value, cheap.y.value):
        return f"{len(front):,} points share the best place: {best.y.text} at {best.x.text}."
    if len(front) == 1 or x is y:
        return f"One point is best on both: {best.y.text} at {best.x.text}." if x is not y else f"Best: {best.y.text}."
    gap = f"From {cheap.y.text} at {cheap.x.text} to {best.y.text} at {best.x.text}"
    moved = _moved(y, cheap.y.value, best.y.value)
    paid = _moved(x, cheap.x.value, best.x.value)
    return f"{gap}: {moved} {y.label.lower()} for {paid} {x.label.lower()}."


def _moved(which: Metric, before: float, after: float) -> str:
    if which.percent:
        return f"{tenths(abs(after - before))} points {'more' if after > before else 'less'}"
    if min(before, after) <= 0:
        return "more" if after > before else "less"
    ratio = max(before, after) / min(before, after)
    return f"{digits(ratio)} times {'the' if after > before else 'less'}"


def hover_lines(dot: Dot, view: FrontierView) -> tuple[str, ...]:
    """What is said of a point under the pointer: plain text, a line each, the name first."""
    lines = [
        dot.name,
        *(
            f"{m.label} {c.text}" + (f" ({c.interval})" if c.interval else "")
            for m, c in ((view.y, dot.y), (view.x, dot.x))
        ),
        f"last step: {title(dot.technique)}" + (f", {dot.step}" if dot.step else ""),
        dot.against_parent,
        _place(dot),
    ]
    notes = [f"mean of {dot.seeds} seeds"] if dot.seeds > 1 else []
    notes += ["noisy measurement"] if dot.noisy else []
    notes += [f"level with {', '.join(dot.level_with[:3])}"] if dot.level_with else []
    if notes:
        lines.append("; ".join(notes))
    if dot.tied_with:
        lines.append(f"tied, as far as can be told, with {listed(dot.tied_with)}")
    return tuple(lines)


def _place(dot: Dot) -> str:
    """Whether it is on the frontier, and how sure that is."""
    place = f"number {dot.number} on the frontier" if dot.on_frontier else "dominated"
    if math.isnan(dot.probability):
        return place
    return f"{place}; on it in {dot.probability:.0%} of resamples".replace("%", " %")
