"""Axes: range with room around the data, ticks that can be read on a logarithmic axis, and which way is better."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from dashboard.quantities import axis_title
from dashboard.theme import Look
from effcore.objectives import Metric

_PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
_MOST_TICKS = 7


def escape(text: str) -> str:
    """Text for a hover or a label: plotly reads a part of HTML in them, and formulas between dollars; both are written out."""
    return html.escape(" ".join(text.split()), quote=False).replace("$", "&#36;")


_PLAIN = re.compile(r"[^\S ]|  |\0 | \0|[&<>$]")


def escape_all(texts: Sequence[str]) -> list[str]:
    """`escape` for very many texts, most of which stay as they are."""
    joined = f"\0{chr(0).join(texts)}\0"
    return [escape(text) for text in texts] if _PLAIN.search(joined) or joined.count("\0") != len(texts) + 1 else list(texts)


def faded(color: str, alpha: float) -> str:
    """A colour of the look, as `#rrggbb`, with that opacity."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"


def log_ticks(low: float, high: float) -> list[float]:
    """Round positions between two positive numbers, at most seven of them.

    Example:
        >>> log_ticks(0.05, 2)
        [0.05, 0.1, 0.2, 0.5, 1.0, 2.0]
    """
    exponents = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    for mantissas in ((1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9), (1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        ticks = [float(f"{m * 10.0**e:.6g}") for e in exponents for m in mantissas]
        inside = [t for t in ticks if low <= t <= high]
        if len(inside) <= _MOST_TICKS:
            return inside if len(inside) > 2 else _even_ticks(low, high)
    step = math.ceil(len(inside) / _MOST_TICKS)
    return inside[::step]


def _even_ticks(low: float, high: float) -> list[float]:
    """Round positions at even distances, for a range of much less than a decade."""
    rough = (high - low) / 4
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(m * size for m in (1, 2, 5, 10) if m * size >= rough)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [float(f"{index * step:.6g}") for index in range(first, last + 1)]


def tick_text(value: float) -> str:
    """A tick without needless digits: `0.05`, `20`, `1.5k`, `3M`."""
    for size, prefix in _PREFIXES:
        if value >= size:
            return f"{value / size:g}{prefix}"
    return f"{value:g}"


def padded(values: Iterable[float], *, log: bool, share: float = 0.06) -> tuple[float, float]:
    """Range with room on both sides, in the units of the data; a single value gets room too.

    Args:
        values: Finite; positive where `log`.
        share: Of the spread, that is added on either side.
    """
    numbers = list(values)
    low, high = min(numbers), max(numbers)
    if log:
        room = max(share * math.log10(high / low), 0.04)
        return low / 10**room, high * 10**room
    room = max(share * (high - low), 0.01 * max(abs(high), abs(low)), 1e-9)
    return low - room, high + room


def axis(metric: Metric, values: Sequence[float], *, log: bool) -> dict[str, Any]:
    """Range and ticks of an axis as plotly's layout wants them; shares stay within 0 and 100 percent."""
    if not values:
        return {"range": [0, 1], "showticklabels": False}
    low, high = padded(values, log=log)
    if not log:
        high = min(high, 100.6) if metric.percent else high
        low = max(low, 0.0) if min(values) >= 0 else low
        return {"type": "linear", "range": [low, high], "nticks": _MOST_TICKS}
    ticks = log_ticks(low, high)
    return {
        "type": "log",
        "range": [math.log10(low), math.log10(high)],
        "tickmode": "array",
        "tickvals": ticks,
        "ticktext": [tick_text(t) for t in ticks],
    }


def direction_x(metric: Metric, *, log: bool) -> str:
    """Title of the horizontal axis with the arrow that points to better."""
    name = axis_title(metric, log=log)
    return f"{name} · better →" if metric.maximise else f"← better · {name}"


def direction_y(metric: Metric, *, log: bool) -> str:
    """Title of the vertical axis with the arrow that points to better; it stands level, above the axis."""
    return f"{axis_title(metric, log=log)} · {'↑' if metric.maximise else '↓'} better"


def above(text: str, look: Look) -> dict[str, Any]:
    """A title that stands level above the vertical axis, where it can be read without turning the head."""
    return {
        "text": escape(text),
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": 1,
        "xanchor": "left",
        "yanchor": "bottom",
        "yshift": 10,
        "showarrow": False,
        "font": {"size": 16, "color": look.ink},
        "align": "left",
    }
