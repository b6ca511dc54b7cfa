"""Where time and bytes of a point go, from its `profile.json`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.quantities import count, digits, file_size

MOST_BARS = 10
"""Bars of a chart; the smaller ones are one bar together."""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One row of a chart.

    Attributes:
        share: Of the whole, in percent.
        text: What stands beside the bar.
    """

    name: str
    share: float
    text: str


@dataclass(frozen=True, kw_only=True)
class ProfileView:
    """Bars of time and of bytes, largest first, what is left over last; either may be empty."""

    time: tuple[Bar, ...]
    time_note: str
    bytes: tuple[Bar, ...]
    bytes_note: str


def profile_view(document: Any) -> ProfileView | None:
    """The view of a profile; None where there is none or it can't be read."""
    if not isinstance(document, Mapping):
        return None
    try:
        time, time_note = _time(document.get("time"))
        taken, bytes_note = _bytes(document["layers"], document["file_bytes"])
    except (KeyError, TypeError, ValueError):  # written by a version that kept it in another form
        return None
    return ProfileView(time=time, time_note=time_note, bytes=taken, bytes_note=bytes_note) if time or taken else None


def _time(found: Any) -> tuple[tuple[Bar, ...], str]:
    if not found:
        return (), ""
    *operators, overhead = [(str(row["operator"]), float(row["share"]), int(row["nodes"])) for row in found["operators"]]
    latency_ms = float(found["latency_ms"])
    rows = [(name if nodes == 1 else f"{name} × {nodes}", share) for name, share, nodes in operators] + [overhead[:2]]
    bars = _bars(rows, lambda share: f"{digits(share * latency_ms)} ms", "operators")
    note = f"Shares of {count(int(found['runs']), 'profiled prediction')}, scaled to the {digits(latency_ms)} ms measured without the profiler"
    return bars, note


def _bytes(layers: Sequence[Mapping[str, Any]], file_bytes: int) -> tuple[tuple[Bar, ...], str]:
    if not layers or file_bytes <= 0:
        return (), ""
    rows = sorted(((str(row["name"]), int(row["bytes"]) / file_bytes) for row in layers), key=lambda row: (-row[1], row[0]))
    rest = max(0.0, 1 - sum(share for _, share in rows))
    bars = _bars([*rows, ("graph and the rest", rest)], lambda share: file_size(round(share * file_bytes)), "layers")
    return bars, f"Weights, scales and constants of {count(len(layers), 'layer')} in a file of {file_size(file_bytes)}"


def _bars(rows: Sequence[tuple[str, float]], text: Any, noun: str) -> tuple[Bar, ...]:
    """The largest rows, the smaller ones together, and the last row."""
    *parts, last = rows
    if not all(math.isfinite(share) for _, share in rows):
        raise ValueError("shares must be finite numbers")
    shown = parts if len(parts) <= MOST_BARS else parts[: MOST_BARS - 1]
    small = sum(share for _, share in parts[len(shown) :])
    together = [(f"{len(parts) - len(shown)} smaller {noun}", small)] if len(shown) < len(parts) else []
    return tuple(Bar(name=name, share=100 * share, text=f"{digits(100 * share)} %, {text(share)}") for name, share in [*shown, *together, last])
