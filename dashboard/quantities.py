"""Figures in words: significant digits, units, intervals, and the distance between two figures."""

from __future__ import annotations

import math

from effcore.objectives import Metric

MINUS = "\N{MINUS SIGN}"
ABSENT = "\N{EN DASH}"
_PREFIXES = ((1e9, " G"), (1e6, " M"), (1e3, " k"))
_SAME = 0.005
"""Ratios closer to one than this are not told apart in words."""


def digits(value: float, *, significant: int = 3) -> str:
    """The number with that many significant digits, never in scientific notation between 1e-6 and 1e9.

    Example:
        >>> [digits(v) for v in (0.07412, 0.8, 12.345, 1234.5)]
        ['0.0741', '0.800', '12.3', '1234']
    """
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    decimals = max(significant - 1 - math.floor(math.log10(abs(value))), 0)
    rounded = round(value, decimals)
    if decimals and math.floor(math.log10(abs(rounded))) > math.floor(math.log10(abs(value))):
        decimals -= 1
    return f"{rounded:.{decimals}f}".replace("-", MINUS)


def tenths(value: float) -> str:
    """One decimal, halves away from zero as browsers round them: 98.25 is 98.3 in the table and in the text."""
    rounded = math.floor(abs(value) * 10 + 0.5 + 1e-9) / 10
    return f"{math.copysign(rounded, value):.1f}"


def percent(share: float, *, places: int = 0) -> str:
    """A share in percent, which no line breaks before its sign."""
    return f"{100 * share:.{places}f}\u00a0%"


def show(metric: Metric, value: float | None, *, unit: bool = True) -> str:
    """A figure of that metric for people: percent for shares, thousands of counts by prefix.

    Args:
        metric: What it is a figure of.
        value: As it stands in the store; None or NaN where it was not measured.
        unit: Whether the unit follows.
    """
    if value is None or not math.isfinite(value):
        return ABSENT
    if metric.percent:
        return tenths(100 * value) + (" %" if unit else "")
    if metric.unit == "":
        return _count(value)
    return digits(value) + (f" {metric.unit}" if unit else "")


def _count(value: float) -> str:
    for size, prefix in _PREFIXES:
        if abs(value) >= 0.9995 * size:
            return digits(value / size) + prefix
    return f"{value:.4g}"


def interval(metric: Metric, low: float | None, high: float | None, *, unit: bool = True) -> str:
    """`0.78 to 0.85 ms`; empty where there is no interval or it has no width."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)) or low == high:
        return ""
    return f"{show(metric, low, unit=False)} to {show(metric, high, unit=unit)}"


def change(metric: Metric, before: float | None, after: float | None) -> str:
    """How a figure moved: points for shares, a factor for everything else.

    Returns:
        As `+0.3 points`, `÷2.10`, `×1.31` or `same`; empty where one of the two is not known.
    """
    if before is None or after is None or not (math.isfinite(before) and math.isfinite(after)):
        return ""
    if metric.percent:
        points = 100 * (after - before)
        sign = "+" if points > 0 else MINUS
        return "same" if abs(points) < 0.05 else f"{sign}{tenths(abs(points))} points"
    if before == after:
        return "same"
    if before <= 0 or after <= 0:
        return f"{show(metric, before)} to {show(metric, after)}"
    ratio = after / before
    if abs(math.log(ratio)) < _SAME:
        return "same"
    return f"×{digits(ratio)}" if ratio > 1 else f"÷{digits(1 / ratio)}"


def improved(metric: Metric, before: float | None, after: float | None) -> bool | None:
    """Whether the change is for the better; None where it is none or not known."""
    if before is None or after is None or change(metric, before, after) in ("", "same"):
        return None
    return (after > before) == metric.maximise


def better_by(metric: Metric, other: float, mine: float) -> str:
    """How much better `other` is than `mine`, as `2.1 times less latency`; empty where it is not better."""
    if not improved(metric, mine, other):
        return ""
    if metric.percent:
        return f"{tenths(100 * abs(other - mine))} points more {metric.label.lower()}"
    ratio = max(other, mine) / min(other, mine) if min(other, mine) > 0 else math.inf
    word = "more" if metric.maximise else "less"
    return (
        f"{digits(ratio)} times {word} {metric.label.lower()}"
        if math.isfinite(ratio)
        else f"{word} {metric.label.lower()}"
    )


def duration(seconds: float | None) -> str:
    """`12 s`, `3 min 20 s`, `2 h 5 min`.

    Example:
        >>> [duration(s) for s in (0.4, 12.3, 200, 7500)]
        ['under 1 s', '12 s', '3 min 20 s', '2 h 5 min']
    """
    if seconds is None or not math.isfinite(seconds):
        return ABSENT
    if seconds < 1:
        return "under 1 s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, rest = divmod(round(seconds / 60), 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def file_size(size_bytes: int) -> str:
    """`1.2 MB` of 10^6 bytes, `34.0 kB` or `812 B`."""
    if size_bytes >= 1_000_000:
        return f"{digits(size_bytes / 1e6)} MB"
    return f"{digits(size_bytes / 1e3)} kB" if size_bytes >= 1000 else f"{size_bytes} B"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 point`, `2 points`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def axis_title(metric: Metric, *, log: bool) -> str:
    """Name and unit of an axis, as `Latency, ms, log scale`."""
    parts = [metric.label] + ([metric.unit] if metric.unit else []) + (["log scale"] if log else [])
    return ", ".join(parts)
