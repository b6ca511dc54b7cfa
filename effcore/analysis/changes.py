"""How far a point is from its parent on accuracy, latency, file and memory, each with its doubt and in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from effcore.analysis.comparison import (
    MARGIN,
    SAME,
    Difference,
    Ratio,
    accuracy_difference,
    accuracy_difference_of_intervals,
    ratio_of_intervals,
    time_ratio,
)
from effcore.analysis.frontier import Evidence, Point
from effcore.analysis.variant import is_of_data
from effcore.statistics import BETWEEN_MEASURINGS

Effect = Literal["better", "worse", "same", "not shown"]

FACTOR = 1.05
"""Latencies and sizes that differ by less are not called different: two measurements of one file agree within 5 %."""

MEMORY_FACTOR, MEMORY_MB = 1.10, 0.5
"""The same of memory; both must be reached."""

_PRECISE = 5000
"""Test examples from which on a hundredth of a point is worth showing."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One figure against that of the parent.

    Attributes:
        metric: Name of the figure.
        parent, value: Both figures, in the unit of the metric.
        change: For accuracy the difference, a share; for others the ratio, below one where it is less.
        low, high: Interval of 95 % of the change; None where no doubt was measured, as for memory.
        p: Of the difference of accuracy; None for others.
        effect: `same` where it cannot differ or does not; `not shown` where it may.
        no_loss: Whether the accuracy is shown not to be inferior by more than half a point; None for others.
        examples: Test examples, and of how many answers the two disagree; None for others.
        text: In words.
    """

    metric: str
    parent: float
    value: float
    change: float
    low: float | None
    high: float | None
    effect: Effect
    text: str
    p: float | None = None
    no_loss: bool | None = None
    examples: int | None = None
    disagreements: int | None = None


def accuracy_change(child: Point, parent: Point, evidence: Evidence, *, seeds: Sequence[int]) -> Change | None:
    """Of the accuracy, over the seeds that both have, paired by test examples where these are known and the same.

    Returns:
        None where one of the two has no accuracy.
    """
    known = evidence.correct.get("accuracy", {})
    rows = []
    for point in (child, parent):
        if point.key in known and len(known[point.key].reshape(len(point.seeds), -1)) == len(point.seeds):
            table = known[point.key].reshape(len(point.seeds), -1)
            rows.append(table[[point.seeds.index(s) for s in seeds]])
    if len(rows) == 2 and rows[0].shape == rows[1].shape and is_of_data(child.first, parent.first.data):
        found = accuracy_difference(rows[0], rows[1])
        value, before = float(rows[0].mean()), float(rows[1].mean())
    else:
        intervals = [_interval(p, "accuracy") for p in (child, parent)]
        if intervals[0] is None or intervals[1] is None:
            return None
        found = accuracy_difference_of_intervals(intervals[0], intervals[1])
        value, before = intervals[0][0], intervals[1][0]
    effect: Effect = "not shown" if not found.shown else "better" if found.difference > 0 else "worse"
    return Change(
        metric="accuracy", parent=before, value=value, change=found.difference, low=found.low, high=found.high, effect=effect, p=found.p,
        no_loss=found.no_loss, text=_accuracy_words(found), examples=found.examples,
        disagreements=None if found.better is None or found.worse is None else found.better + found.worse,
    )  # fmt: skip


def _interval(point: Point, name: str) -> tuple[float, float, float] | None:
    """Value, low and high of a metric; None where the value or its interval is missing or not finite."""
    found = [point.metrics.get(n, math.nan) for n in (name, f"{name}_low", f"{name}_high")]
    return (found[0], found[1], found[2]) if all(math.isfinite(v) for v in found) else None


def _accuracy_words(found: Difference) -> str:
    digits = 2 if (found.examples or 0) >= _PRECISE else 1
    low, high = points(found.low, digits=digits), points(found.high, digits=digits)
    chance = f", {_p_words(found.p)}" if found.p is not None else ""
    text = f"accuracy {points(found.difference, digits=digits)} points ({low} to {high}{chance})"
    if found.no_loss and not (found.shown and found.difference > 0):
        text += f", no loss beyond {points(MARGIN, sign=False)} points"
    return text


def _p_words(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.1g}" if p < 0.1 else f"p = {p:.2g}"


def points(share: float, *, digits: int = 1, sign: bool = True) -> str:
    """A difference of shares in points, as +0.5; what rounds to nothing has no sign."""
    text = f"{abs(100 * share):.{digits}f}"
    if not sign or float(text) == 0:
        return text
    return ("+" if share > 0 else "\N{MINUS SIGN}") + text


def latency_change(child: Point, parent: Point, evidence: Evidence) -> Change | None:
    """Of the latency: over processes, against the reference where it is known, else from the stored intervals.

    Returns:
        None where one of the two has no latency.
    """
    values = [p.metrics.get("latency_ms", math.nan) for p in (parent, child)]
    if not all(math.isfinite(v) and v > 0 for v in values):
        return None
    same = bool(child.structure) and _measured_once(child) == _measured_once(parent)
    found = SAME if same else _latency_ratio(child, parent, evidence)
    effect = "same" if same else _factor_effect(found.ratio, FACTOR) if found.shown else "not shown"
    return Change(
        metric="latency_ms", parent=values[0], value=values[1], change=found.ratio, low=found.low, high=found.high,
        effect="not shown" if effect == "same" and not same else effect,
        text="latency the same, since the structure is" if same else _latency_words(found),
    )  # fmt: skip


def _measured_once(point: Point) -> tuple[str, str]:
    """What one measurement belongs to."""
    return point.structure, point.first.runtime


def _latency_ratio(child: Point, parent: Point, evidence: Evidence) -> Ratio:
    for name in ("latency_ratio", "latency_ms"):
        known = evidence.processes.get(name, {})
        if min(len(known.get(p.key, ())) for p in (child, parent)) >= 2:
            return time_ratio(known[child.key], known[parent.key], between=BETWEEN_MEASURINGS)
    intervals = [_interval(p, "latency_ms") for p in (child, parent)]
    if intervals[0] is None or intervals[1] is None or min(*intervals[0], *intervals[1]) <= 0:
        return Ratio(ratio=child.metrics["latency_ms"] / parent.metrics["latency_ms"], low=None, high=None)
    return ratio_of_intervals(intervals[0], intervals[1])


def _latency_words(found: Ratio) -> str:
    if found.low is None or found.high is None:
        return f"latency {found.ratio:.3g} times, without an interval"
    if not found.shown:
        return f"latency {found.ratio:.3g} times ({found.low:.3g} to {found.high:.3g}), no difference shown"
    faster = found.ratio < 1
    ends = sorted(1 / v if faster else v for v in (found.low, found.high))
    factor = 1 / found.ratio if faster else found.ratio
    text = f"{factor:.3g} times {'faster' if faster else 'slower'} ({ends[0]:.3g} to {ends[1]:.3g})"
    return text if factor >= FACTOR else text + f", too little to count below {FACTOR:.2f}"


def _factor_effect(ratio: float, factor: float) -> Effect:
    """Of figures of which less is better."""
    return "better" if ratio <= 1 / factor else "worse" if ratio >= factor else "same"


def size_change(child: Point, parent: Point) -> Change | None:
    """Of the size of the file, which has no doubt.

    Returns:
        None where one of the two has no size.
    """
    pair = _positive_pair(child, parent, "size_mb")
    if pair is None:
        return None
    before, value = pair
    ratio = value / before
    effect = _factor_effect(ratio, FACTOR)
    text = "file of the same size" if effect == "same" else f"file {max(ratio, 1 / ratio):.3g} times {'smaller' if ratio < 1 else 'larger'}"
    return Change(metric="size_mb", parent=before, value=value, change=ratio, low=ratio, high=ratio, effect=effect, text=text)


def memory_change(child: Point, parent: Point) -> Change | None:
    """Of the memory of the model beyond that of the runtime, measured once, so without an interval.

    Returns:
        None where one of the two has no such figure.
    """
    pair = _positive_pair(child, parent, "model_ram_mb")
    if pair is None:
        return None
    before, value = pair
    ratio = value / before
    effect = _factor_effect(ratio, MEMORY_FACTOR) if abs(value - before) >= MEMORY_MB else "same"
    text = "memory about the same" if effect == "same" else f"{max(ratio, 1 / ratio):.3g} times {'less' if ratio < 1 else 'more'} memory"
    return Change(metric="model_ram_mb", parent=before, value=value, change=ratio, low=None, high=None, effect=effect, text=text)


def _positive_pair(child: Point, parent: Point, name: str) -> tuple[float, float] | None:
    before, value = (p.metrics.get(name, math.nan) for p in (parent, child))
    return (before, value) if min(before, value) > 0 and math.isfinite(before + value) else None
