"""A figure as it is seen from the last row: larger type and marks, on slides with a title and where it comes from."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from dashboard.charts.axes import escape
from dashboard.theme import Look

TYPE = 1.3
"""Times larger than on a page."""
_TITLE, _BELOW = 32, 17
_MOST_BELOW = 135
"""Characters of the line under the title that 1280 pixels hold."""


def enlarged(figure: go.Figure, *, height: int, times: float = TYPE) -> go.Figure:
    """A copy with larger type and marks.

    Args:
        figure: With a template of its own; it stays as it is.
        height: In pixels.
        times: How much larger.
    """

    def size(points: float) -> int:
        return round(times * points)

    large = go.Figure(figure)
    large.update_layout(
        height=height, font={"size": size(15)}, legend={"font": {"size": size(15)}}, hoverlabel={"font": {"size": size(14)}},
    )  # fmt: skip
    large.update_xaxes(tickfont={"size": size(15)}, title={"font": {"size": size(16)}, "standoff": 18})
    large.update_yaxes(tickfont={"size": size(15)}, title={"font": {"size": size(16)}})
    for annotation in large.layout.annotations:
        annotation.font.size = size(annotation.font.size or 15)
    for trace in large.data:
        _enlarge(trace, times)
    return large


def _enlarge(trace: Any, times: float) -> None:
    if trace.type not in ("scatter", "scattergl"):
        return
    if trace.textfont.size:
        trace.textfont.size = round(times * trace.textfont.size)
    size = trace.marker.size
    if isinstance(size, int | float):
        trace.marker.size = times * size
    if trace.line.width:
        trace.line.width = times * trace.line.width


def slide(figure: go.Figure, look: Look, *, title: str, source: str, height: int = 720) -> go.Figure:
    """A copy for a slide: title, and under it what it is of, on which machine and when it was measured.

    Args:
        figure: Drawn in that look.
        look: Light or dark.
        title, source: May hold what a user wrote; a long source is broken into two lines.
        height: In pixels.
    """
    made = enlarged(figure, height=height)
    lines = _broken(source)
    below = {"text": "<br>".join(map(escape, lines)), "font": {"size": _BELOW, "color": look.quiet}}
    made.update_layout(
        title={
            "text": escape(title), "x": 0.02, "xanchor": "left", "y": 0.965, "yanchor": "top", "font": {"size": _TITLE, "color": look.ink},
            "subtitle": below,
        },
        margin={"l": 30, "r": 40, "t": 150 + 24 * (len(lines) - 1), "b": 30}, autosize=False, width=1280,
    )  # fmt: skip
    return made


def _broken(text: str) -> list[str]:
    """At the dots between its parts, so that no line is too long."""
    lines = [""]
    for part in text.split(" · "):
        joined = f"{lines[-1]} · {part}" if lines[-1] else part
        if len(joined) > _MOST_BELOW and lines[-1]:
            lines.append(part)
        else:
            lines[-1] = joined
    return lines
