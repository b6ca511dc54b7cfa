"""What the frontier answers: the best under a budget, what the next step costs, where the knee is, how far from a baseline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dashboard.quantities import better_by, change, digits, show, tenths
from dashboard.views.frontier import Coordinate, Dot, FrontierView
from effcore.objectives import Metric


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Worst values allowed, in the units of the axes (shares in percent); None where there is no limit."""

    x: float | None = None
    y: float | None = None

    @property
    def given(self) -> bool:
        """Whether there is a limit at all."""
        return self.x is not None or self.y is not None

    def allows(self, dot: Dot, view: FrontierView) -> bool:
        """Whether a point keeps to every limit."""
        return _within(dot.x.value, self.x, view.x) and _within(dot.y.value, self.y, view.y)


def _within(value: float, limit: float | None, which: Metric) -> bool:
    """Whether it keeps to a limit; 57 % keeps to 57 %, although 100 times 0.57 is a little less."""
    return limit is None or math.isclose(value, limit, rel_tol=1e-12) or (value >= limit if which.maximise else value <= limit)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer to a budget.

    Attributes:
        best: The best point that keeps to it; None where there is none.
        lines: In words: the best, what binds, what the next step costs.
        allowed: Points that keep to it.
    """

    best: Dot | None
    lines: tuple[str, ...]
    allowed: int


def answer(view: FrontierView, budget: Budget) -> Answer:
    """The best point under a budget: by y where x is limited, by x where only y is."""
    allowed = [d for d in view.dots if budget.allows(d, view)]
    if not allowed:
        return Answer(best=None, lines=(_nothing(view, budget),), allowed=0)
    by_y = budget.x is not None
    sign_y, sign_x = (-1 if m.maximise else 1 for m in (view.y, view.x))
    best = min(allowed, key=lambda d: (sign_y * d.y.value, sign_x * d.x.value) if by_y else (sign_x * d.x.value, sign_y * d.y.value))
    lines = [f"Best {_limits(view, budget)}: {best.name}, {best.y.text} at {best.x.text}."]
    lines.append(_binding(view, budget, best))
    lines.append(_next(view, budget, best))
    if not math.isnan(best.probability) and best.on_frontier and best.probability < 0.9:
        lines.append(f"It is on the frontier in {best.probability:.0%} of resamples only; its neighbours may be as good.".replace("%", " %"))
    return Answer(best=best, lines=tuple(line for line in lines if line), allowed=len(allowed))


def in_unit(which: Metric, limit: float) -> str:
    """A limit with its unit, in as many digits as it was given."""
    if which.percent and math.isclose(limit, round(limit, 1)):
        return f"{tenths(limit)} %"
    return f"{limit:.12g} {which.unit}".strip()


def _reached(which: Metric, value: float) -> str:
    """A figure with its unit, as the axis has it."""
    return f"{value:.4g} {which.unit}" if which.unit and not which.percent else show(which, value / (100.0 if which.percent else 1.0))


def _limits(view: FrontierView, budget: Budget) -> str:
    parts = [
        f"{'at least' if which.maximise else 'at most'} {in_unit(which, limit)} {which.label.lower()}"
        for which, limit in ((view.x, budget.x), (view.y, budget.y))
        if limit is not None
    ]
    return "with " + " and ".join(parts)


def _nothing(view: FrontierView, budget: Budget) -> str:
    """By how much the budget misses what there is."""
    short = []
    for which, limit, values in ((view.x, budget.x, [d.x.value for d in view.dots]), (view.y, budget.y, [d.y.value for d in view.dots])):
        if limit is not None and values:
            reach = max(values) if which.maximise else min(values)
            if not _within(reach, limit, which):
                short.append(f"the best {which.label.lower()} here is {_reached(which, reach)}")
    why = "; ".join(short) if short else "each limit can be kept alone, both together can't"
    return f"No point {_limits(view, budget)}: {why}."


def _binding(view: FrontierView, budget: Budget, best: Dot) -> str:
    """Which limit keeps from a better point: the one that, taken away alone, would allow one."""
    binds = []
    for which, free in ((view.x, replace(budget, x=None)), (view.y, replace(budget, y=None))):
        if free == budget:
            continue
        more = [d for d in view.front if free.allows(d, view) and not budget.allows(d, view) and _better(view, d, best, by_y=budget.x is not None)]
        if more:
            binds.append(which.label.lower())
    return f"What binds: {' and '.join(binds)}." if binds else "Nothing binds: it is the best of all points."


def _better(view: FrontierView, one: Dot, two: Dot, *, by_y: bool) -> bool:
    which, first, second = (view.y, one.y.value, two.y.value) if by_y else (view.x, one.x.value, two.x.value)
    return first > second if which.maximise else first < second


def _next(view: FrontierView, budget: Budget, best: Dot) -> str:
    """The nearest point of the frontier that is better, and what it costs more."""
    by_y = budget.x is not None
    better = [d for d in view.front if _better(view, d, best, by_y=by_y) and not budget.allows(d, view)]
    if not better:
        return ""
    near = min(better, key=lambda d: abs(d.x.value - best.x.value) if by_y else abs(d.y.value - best.y.value))
    return f"The next step is {near.name}: {trade(view, best, near)}."


def trade(view: FrontierView, start: Dot, end: Dot) -> str:
    """What changes from one point to another, as `accuracy +0.5 points for latency ×1.31`."""
    parts = []
    for which, first, second in ((view.y, start.y, end.y), (view.x, start.x, end.x)):
        scale = 100.0 if which.percent else 1.0
        parts.append(f"{which.label.lower()} {change(which, first.value / scale, second.value / scale)}")
    return " for ".join(parts)


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """From one point of the frontier to its neighbour on the costly side.

    Attributes:
        rate: What is gained in y per doubling of x (per unit of x where x is a share or not positive), in the units of the axes.
        text: In words.
        sure: Whether the intervals of y do not overlap.
    """

    start: Dot
    end: Dot
    rate: float
    text: str
    sure: bool


def exchanges(view: FrontierView) -> tuple[Exchange, ...]:
    """Every step along the frontier, the cheapest point first."""
    ordered = sorted(view.front, key=lambda d: d.x.value, reverse=view.x.maximise)
    steps = []
    for start, end in zip(ordered, ordered[1:], strict=False):
        if (start.x.value, start.y.value) == (end.x.value, end.y.value):
            continue
        doubling = not view.x.percent and min(start.x.value, end.x.value) > 0 and start.x.value != end.x.value
        paid = abs(math.log2(end.x.value / start.x.value)) if doubling else abs(end.x.value - start.x.value)
        rate = abs(end.y.value - start.y.value) / paid if paid else math.inf
        gained = f"{digits(rate)} {'points' if view.y.percent else view.y.unit} of {view.y.label.lower()}".replace("  ", " ")
        per = f"a doubling of {view.x.label.lower()}" if doubling and not view.x.maximise else f"a halving of {view.x.label.lower()}"
        text = f"{trade(view, start, end)}" + (f": {gained} for {per}" if doubling else "")
        apart = start.y.high < end.y.low or end.y.high < start.y.low
        steps.append(Exchange(start=start, end=end, rate=rate, text=text, sure=apart))
    return tuple(steps)


@dataclass(frozen=True, kw_only=True)
class Knee:
    """The point of the frontier that is furthest from the line between its ends.

    Attributes:
        distance: Of the length of that line's axis box, 0 to about 0.7; a straight frontier has 0.
    """

    dot: Dot
    distance: float

    METHOD = (
        "Knee: the point furthest from the line between the ends of the frontier, both axes scaled to 0 and 1 as they are drawn "
        "(Das 1999, normal-boundary intersection)"
    )


def knee(view: FrontierView) -> Knee | None:
    """The knee of a frontier; None with fewer than three points, or where none bends towards better.

    Source: Das 1999, On characterizing the "knee" of the Pareto curve, https://doi.org/10.1007/BF01195985
    """
    front = list(view.front)
    if len(front) < 3:
        return None
    xs = _scaled([d.x.value for d in front], log=view.x_log, maximise=view.x.maximise)
    ys = _scaled([d.y.value for d in front], log=view.y_log, maximise=view.y.maximise)
    # Costs of 0 to 1; the ends are (0, 1) and (1, 0), so that the line is x + y = 1 and points towards better lie below.
    distances = [(1 - x - y) / math.sqrt(2) for x, y in zip(xs, ys, strict=True)]
    best = max(range(len(front)), key=lambda i: distances[i])
    return Knee(dot=front[best], distance=distances[best]) if distances[best] > 1e-9 else None


def _scaled(values: Sequence[float], *, log: bool, maximise: bool) -> list[float]:
    drawn = [math.log(v) for v in values] if log else list(values)
    low, high = min(drawn), max(drawn)
    shares = [(v - low) / (high - low) if high > low else 0.0 for v in drawn]
    return [1 - s for s in shares] if maximise else shares


def dominators(view: FrontierView, dot: Dot) -> tuple[str, ...]:
    """Points of the frontier that are at least as good on both axes and better on one, with by how much."""
    lines = []
    for other in view.front:
        gains = [
            better_by(which, a.value / scale, b.value / scale)
            for which, a, b in ((view.y, other.y, dot.y), (view.x, other.x, dot.x))
            for scale in (100.0 if which.percent else 1.0,)
        ]
        worse = not (_within(other.x.value, dot.x.value, view.x) and _within(other.y.value, dot.y.value, view.y))
        if not worse and (other.x.value, other.y.value) != (dot.x.value, dot.y.value):
            lines.append(f"{other.name}: {', '.join(g for g in gains if g) or 'better within the last digit'}")
    return tuple(lines)


def relative_view(view: FrontierView, base: Dot) -> FrontierView:
    """The same view with axes against a baseline: times better for figures, points for shares.

    Args:
        view: In absolute units.
        base: The point that everything is divided by, or subtracted.
    """
    x, y = _relative_metric(view.x), _relative_metric(view.y)
    dots = tuple(
        replace(d, x=_against(view.x, x, d.x, base.x.value), y=_against(view.y, y, d.y, base.y.value)) for d in view.dots
    )
    stairs = tuple((relative(view.x, a, base.x.value), relative(view.y, b, base.y.value)) for a, b in view.stairs)
    cloud = None if view.cloud is None else replace(
        view.cloud, x=_all_relative(view.x, view.cloud.x, base.x.value), y=_all_relative(view.y, view.cloud.y, base.y.value)
    )  # fmt: skip
    return replace(view, x=x, y=y, dots=dots, stairs=stairs, cloud=cloud, x_log=x.log and view.x_log, y_log=y.log and view.y_log)


def _relative_metric(which: Metric) -> Metric:
    if which.percent:
        return replace(which, label=f"{which.label} against the baseline", unit="points", percent=False, log=False)
    words = {"latency_ms": "Times faster", "size_mb": "Times smaller"}.get(which.name, f"Times better in {which.label.lower()}")
    return replace(which, label=words, unit="x", direction="max")


def relative(which: Metric, value: float, base: float) -> float:
    """A value of an axis against that of the baseline: a difference of points, or how many times better."""
    if which.percent:
        return value - base
    if value <= 0 or base <= 0:
        return math.nan
    return value / base if which.maximise else base / value


def _all_relative(which: Metric, values: NDArray[np.float64], base: float) -> NDArray[np.float64]:
    """`relative` of very many values, all of them positive where they are divided."""
    if which.percent:
        return values - base
    return values / base if which.maximise else base / values


def _against(absolute: Metric, shown: Metric, value: Coordinate, base: float) -> Coordinate:
    ends = sorted(relative(absolute, v, base) for v in (value.low, value.high))
    middle = relative(absolute, value.value, base)
    unit = "points" if absolute.percent else "times"
    text = f"{'+' if absolute.percent and middle > 0 else ''}{digits(middle)} {unit}"
    interval = f"{digits(ends[0])} to {digits(ends[1])} {unit}" if ends[0] != ends[1] else ""
    return Coordinate(
        value=middle, low=ends[0], high=ends[1], text=text, interval=interval, bare_interval=interval.removesuffix(f" {unit}")
    )


def can_be_relative(view: FrontierView) -> bool:
    """Whether every figure on both axes is positive, so that it can be divided by another."""
    clouds = (view.cloud.x, view.cloud.y) if view.cloud is not None else (np.empty(0), np.empty(0))
    drawn = ((view.x, [d.x.value for d in view.dots], clouds[0]), (view.y, [d.y.value for d in view.dots], clouds[1]))
    return all(which.percent or (min(values, default=1.0) > 0 and bool((cloud > 0).all())) for which, values, cloud in drawn)
