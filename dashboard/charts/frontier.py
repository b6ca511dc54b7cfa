"""The frontier as a figure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import plotly.graph_objects as go
from plotly.io.json import to_json_plotly

from dashboard.charts.axes import above, axis, direction_x, direction_y, escape, faded
from dashboard.charts.cloud import cloud_specs, cloud_traces, extent, in_binary
from dashboard.theme import MARKS, Look, mark, template, template_spec, title
from dashboard.views.frontier import Coordinate, Dot, FrontierView, hover_lines

WEBGL_FROM = 2000
"""Dominated points from which WebGL draws them. Below it SVG does: sharp in print, no limit on figures a page, and the
markers of one trace can lie over those of another. Staircase and frontier are always SVG, so that they lie on top."""

MOST_NUMBERED = 60
"""Points of the frontier up to which their numbers can be read."""

MOST_WITH_BARS = 400
"""Dominated points up to which their intervals are bars: more of them are a haze that takes long to draw. Those of the frontier
always are; the table and what stands under the pointer have all of them."""

_DIMMED = {"light": 0.38, "dark": 0.5}
_SIZE, _FRONT_SIZE, _SMALL = 11, 15, 9


def frontier_figure(view: FrontierView, look: Look, *, selected: str | None = None, height: int = 560, whole: bool = True) -> go.Figure:
    """Staircase, points and intervals of a view.

    Args:
        view: What is drawn.
        look: Light or dark.
        selected: Run of the point that is ringed.
        height: In pixels.
        whole: Whether the cloud and the template are in it; `as_sent` puts them in otherwise, which Plotly need not check.
    """
    dominated = [d for d in view.dots if not d.on_frontier]
    gl = len(dominated) > WEBGL_FROM
    shown = _in_legend(view)
    bars = len(dominated) <= MOST_WITH_BARS
    sides = _sides(view) if 0 < len(view.front) <= MOST_NUMBERED else None
    traces: list[go.Scatter | go.Scattergl] = [
        _points(dots, view, look, technique, legend=technique not in shown, gl=gl, bars=bars) for technique, dots in _by_technique(dominated)
    ]
    traces += cloud_traces(view, look, shown=shown) if whole else []
    traces += [_stairs(view, look)] if view.stairs else []
    traces += [
        _points(dots, view, look, technique, legend=True, gl=False, front=True, sides=sides) for technique, dots in _by_technique(view.front)
    ]
    ringed = view.dot(selected)
    traces += [_ring(ringed, look)] if ringed is not None else []
    return go.Figure(traces, _layout(view, look, height=height, whole=whole))


def as_sent(figure: go.Figure, view: FrontierView, look: Look) -> bytes:
    """A figure as JSON for a browser.

    Args:
        figure: Of the view, not whole, with what is laid over it.
        view: What it is of.
        look: Light or dark.
    """
    document = figure.to_dict()
    document["data"] = [in_binary(spec) for spec in cloud_specs(view, look, shown=_in_legend(view))] + document["data"]
    document["layout"]["template"] = template_spec(look)
    return str(to_json_plotly(document)).encode()


def _in_legend(view: FrontierView) -> set[str]:
    """Techniques that the legend has for the points of the frontier."""
    return {d.technique for d in view.front}


def _by_technique(dots: Sequence[Dot]) -> list[tuple[str, list[Dot]]]:
    """The dots of each technique, in the order of the legend."""
    order = {name: index for index, name in enumerate(MARKS)}
    ranked = sorted(dots, key=lambda d: (order.get(d.technique, len(order)), d.technique))
    return [(technique, list(group)) for technique, group in groupby(ranked, key=lambda d: d.technique)]


def _points(
    dots: Sequence[Dot], view: FrontierView, look: Look, technique: str, *,
    legend: bool, gl: bool, bars: bool = True, front: bool = False, sides: Mapping[str, str] | None = None,
) -> go.Scatter | go.Scattergl:  # fmt: skip
    """A trace; points of the frontier are numbered where `sides` has the side of each number."""
    dimmed = not front
    color, opacity = mark(technique).color(look), _DIMMED[look.name] if dimmed else 1.0
    kind = go.Scattergl if gl else go.Scatter
    few = len(view.front) <= MOST_NUMBERED
    numbers = {"text": [str(d.number) for d in dots], "textposition": [sides[d.run_id] for d in dots]} if sides is not None else {}
    return kind(
        x=[d.x.value for d in dots],
        y=[d.y.value for d in dots],
        error_x=_error([d.x for d in dots], color, dimmed=dimmed) if bars else None,
        error_y=_error([d.y for d in dots], color, dimmed=dimmed) if bars else None,
        mode="markers+text" if numbers else "markers",
        textfont={"size": 14, "color": look.ink},
        marker={
            "color": color,
            "symbol": mark(technique).symbol,
            "size": _SIZE if dimmed else _FRONT_SIZE if few else _SMALL,
            "opacity": opacity,
            "line": {"width": 0 if dimmed else 1.5, "color": look.paper},
        },
        # Streamlit fades what is not selected; a click leads to another page, so that nothing may fade before it.
        selected={"marker": {"opacity": opacity}},
        unselected={"marker": {"opacity": opacity}},
        customdata=[d.run_id for d in dots],
        hovertext=[_hover(d, view) for d in dots],
        hoverinfo="text",
        name=title(technique),
        legendgroup=technique,
        legendrank=100 + list(MARKS).index(technique) if technique in MARKS else 900,
        showlegend=legend,
        **({} if gl else {"cliponaxis": False}),
        **numbers,
    )


_CLOSE_X, _CLOSE_Y = 0.026, 0.05
"""Shares of the axes within which two numbers would lie over each other on a plot of usual size."""


def _sides(view: FrontierView) -> dict[str, str]:
    """Side of each number: towards better on both axes, where no point can lie; the other where a number is already."""
    better = f"{'top' if view.y.maximise else 'bottom'} {'right' if view.x.maximise else 'left'}"
    worse = f"{'bottom' if view.y.maximise else 'top'} {'left' if view.x.maximise else 'right'}"
    xs, ys = (
        _shares([d.x.value for d in view.dots], log=view.x_log),
        _shares([d.y.value for d in view.dots], log=view.y_log),
    )
    sides: dict[str, str] = {}
    placed: list[tuple[float, float]] = []
    for dot, x, y in zip(view.dots, xs, ys, strict=True):
        if dot.on_frontier:
            free = all(abs(x - px) > _CLOSE_X or abs(y - py) > _CLOSE_Y for px, py in placed)
            sides[dot.run_id] = better if free else worse
            if free:
                placed.append((x, y))
    return sides


def _shares(values: Sequence[float], *, log: bool) -> list[float]:
    """Where each value lies between the smallest and the largest, 0 to 1, as it is drawn."""
    drawn = [math.log10(v) for v in values] if log else list(values)
    low, spread = min(drawn), max(drawn) - min(drawn)
    return [(v - low) / spread if spread else 0.5 for v in drawn]


def _error(along: Sequence[Coordinate], color: str, *, dimmed: bool) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": [max(c.high - c.value, 0.0) for c in along],
        "arrayminus": [max(c.value - c.low, 0.0) for c in along],
        "color": faded(color, 0.22 if dimmed else 0.55),
        "thickness": 1,
        "width": 0,
    }


def _hover(dot: Dot, view: FrontierView) -> str:
    name, *lines = (escape(line) for line in hover_lines(dot, view))
    return "<br>".join([f"<b>{name}</b>", *lines])


def _stairs(view: FrontierView, look: Look) -> go.Scatter:
    return go.Scatter(
        x=[x for x, _ in view.stairs],
        y=[y for _, y in view.stairs],
        mode="lines",
        line={"color": faded(look.ink, 0.55), "width": 2, "shape": "linear"},
        hoverinfo="skip",
        name="Frontier",
        legendrank=1,
        showlegend=len(view.front) > 1,
    )


def _ring(dot: Dot, look: Look) -> go.Scatter:
    return go.Scatter(
        x=[dot.x.value],
        y=[dot.y.value],
        mode="markers",
        marker={"symbol": "circle-open", "size": 30, "color": look.accent, "line": {"width": 3, "color": look.accent}},
        hoverinfo="skip",
        name="Selected",
        showlegend=False,
        cliponaxis=False,
    )


def _layout(view: FrontierView, look: Look, *, height: int, whole: bool) -> dict[str, Any]:
    xs, ys = extents(view)
    return {
        "template": template(look) if whole else {},
        "height": height,
        "margin": {"l": 8, "r": 16, "t": 44, "b": 8},
        "xaxis": {
            **axis(view.x, xs, log=view.x_log),
            "title": {"text": escape(direction_x(view.x, log=view.x_log)), "standoff": 12},
        },
        "yaxis": axis(view.y, ys, log=view.y_log),
        "annotations": [above(direction_y(view.y, log=view.y_log), look)],
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": -0.16, "yanchor": "top"},
        "hovermode": "closest",
        "hoverdistance": 24,
        "clickmode": "event+select",
    }


def extents(view: FrontierView) -> tuple[list[float], list[float]]:
    """All values that an axis has to hold, x and y: those of the points, the ends of their intervals, and those of a cloud."""
    cloud_x, cloud_y = extent(view)
    xs = cloud_x + [v for d in view.dots for v in (d.x.value, d.x.low, d.x.high) if v > 0 or not view.x_log]
    ys = cloud_y + [v for d in view.dots for v in (d.y.value, d.y.low, d.y.high) if v > 0 or not view.y_log]
    return xs, ys


def frontier_alt(view: FrontierView) -> str:
    """What the figure shows, for those who can't see it."""
    axes = f"{view.y.label} against {view.x.label.lower()}"
    return f"{axes} of {view.total:,} points, {view.front_total:,} of them on the frontier. {view.headline}"


def selected_run(event: Any) -> str | None:
    """Run of the point that was clicked, out of what `st.plotly_chart` returns; None where nothing was."""
    points = event.get("selection", {}).get("points", []) if event else []
    for point in points:
        data = point.get("customdata")
        run_id = data[0] if isinstance(data, list | tuple) and data else data
        if isinstance(run_id, str) and run_id:
            return run_id
    return None
