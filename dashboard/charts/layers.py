"""What is laid over the frontier: the dominated area, budget lines, the knee, arrows from parents, a third objective."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from dashboard.charts.axes import escape, faded
from dashboard.quantities import digits
from dashboard.theme import Look, mark
from dashboard.views.answers import Budget, Knee, in_unit
from dashboard.views.frontier import Dot, FrontierView


@dataclass(frozen=True, kw_only=True)
class Layers:
    """What to lay over a figure; empty by default.

    Attributes:
        budget: Limits, in the units of the axes as they are drawn.
        limits: Text of each limit, by axis.
        arrows: Pairs of run ids, parent first.
        also: Runs that are on the frontier of more objectives than the two that are drawn.
        also_name: What those objectives are.
        sizes: Diameter of a marker in pixels, by run.
    """

    budget: Budget = Budget()
    limits: Mapping[str, str] | None = None
    knee: Knee | None = None
    arrows: Sequence[tuple[str, str]] = ()
    also: frozenset[str] = frozenset()
    also_name: str = ""
    sizes: Mapping[str, float] | None = None


def with_layers(figure: go.Figure, view: FrontierView, look: Look, layers: Layers, *, over: FrontierView | None = None) -> go.Figure:
    """The figure with the layers in it; it is changed in place and returned.

    Args:
        figure: From `frontier_figure`.
        view: What it is of.
        look: Light or dark.
        layers: What to lay over it.
        over: Another frontier in the same units.
    """
    _resize(figure, layers)
    _solid(figure, view)
    extra: list[go.Scatter] = []
    if layers.arrows:
        extra.append(_arrows(view, look, layers.arrows))
    if layers.also:
        extra.append(_also(view, look, layers))
    if layers.knee is not None:
        extra.append(_knee(layers.knee.dot, view, look))
    if over is not None and over.stairs:
        extra.append(_over(over, look))
    figure.add_traces(extra)
    _shade(figure, view, look)
    for axis, limit in (("x", layers.budget.x), ("y", layers.budget.y)):
        if limit is not None:
            text = (layers.limits or {}).get(axis) or in_unit(view.x if axis == "x" else view.y, limit)
            _limit(figure, view, look, axis=axis, limit=limit, text=text)
    return figure


def _runs(trace: go.Scatter | go.Scattergl) -> list[str]:
    """Runs of the points of a trace; none of a cloud, whose markers carry places."""
    carried = trace.customdata if trace.customdata is not None else ()
    return [str(run) for run in carried] if all(isinstance(run, str) for run in carried) else []


def _resize(figure: go.Figure, layers: Layers) -> None:
    if layers.sizes:
        for trace in figure.data:
            runs = _runs(trace)
            if runs and isinstance(trace.marker.size, int | float):
                trace.marker.size = [layers.sizes.get(run, trace.marker.size) for run in runs]


def _solid(figure: go.Figure, view: FrontierView) -> None:
    """The surer a point is on the frontier, the more solid it is; its outline stays."""
    sure = {d.run_id: d.probability for d in view.front if not math.isnan(d.probability)}
    for trace in figure.data:
        runs = _runs(trace)
        if runs and all(run in sure for run in runs):
            color = trace.marker.color
            trace.marker.color = [faded(color, round(0.12 + 0.88 * sure[run], 2)) for run in runs]
            trace.marker.line = {"width": 2, "color": color}


def _shade(figure: go.Figure, view: FrontierView, look: Look) -> None:
    """What the frontier dominates, as a faint area out to the edges of the plot on the worse sides."""
    if not view.stairs:
        return
    (x_low, x_high), (y_low, y_high) = (_edges(figure, name, log=log) for name, log in (("xaxis", view.x_log), ("yaxis", view.y_log)))
    worse_x, worse_y = (x_low if view.x.maximise else x_high), (y_low if view.y.maximise else y_high)
    stairs = list(view.stairs)
    if (stairs[0][0] <= stairs[-1][0]) == view.x.maximise:
        stairs.reverse()  # from the better to the worse x
    ends = [(stairs[0][0], worse_y), *stairs, (worse_x, stairs[-1][1]), (worse_x, worse_y)]
    figure.add_trace(
        go.Scatter(
            x=[x for x, _ in ends], y=[y for _, y in ends], fill="toself", fillcolor=faded(look.quiet, 0.09), mode="lines",
            line={"width": 0}, hoverinfo="skip", name="Dominated", showlegend=False,
        )
    )  # fmt: skip
    figure.data = (figure.data[-1], *figure.data[:-1])  # below all marks


def _edges(figure: go.Figure, name: str, *, log: bool) -> tuple[float, float]:
    low, high = figure.layout[name].range
    return (10.0**low, 10.0**high) if log else (low, high)


def _limit(figure: go.Figure, view: FrontierView, look: Look, *, axis: str, limit: float, text: str) -> None:
    """A line with its label beside it; on a logarithmic axis a shape takes the value and a label its logarithm."""
    log = view.x_log if axis == "x" else view.y_log
    if log and limit <= 0:
        return
    place = math.log10(limit) if log else limit
    shape: dict[str, Any] = {"type": "line", "line": {"color": look.accent, "width": 2, "dash": "dash"}}
    label: dict[str, Any] = {"text": escape(text), "showarrow": False, "font": {"size": 14, "color": look.accent}}
    if axis == "x":
        shape |= {"xref": "x", "yref": "paper", "x0": limit, "x1": limit, "y0": 0, "y1": 1}
        label |= {"x": place, "xref": "x", "y": 0.02, "yref": "paper", "xanchor": "left", "yanchor": "bottom", "xshift": 6}
    else:
        shape |= {"xref": "paper", "yref": "y", "x0": 0, "x1": 1, "y0": limit, "y1": limit}
        label |= {"x": 1, "xref": "paper", "y": place, "yref": "y", "xanchor": "right", "yanchor": "bottom"}
    figure.add_shape(shape)
    figure.add_annotation(label)
    _widen(figure, f"{axis}axis", place)


def _widen(figure: go.Figure, name: str, place: float) -> None:
    """So that a limit beyond all points is still seen."""
    low, high = figure.layout[name].range
    room = 0.03 * (high - low)
    if place < low:
        figure.layout[name].range = [place - room, high]
    elif place > high:
        figure.layout[name].range = [low, place + room]


def _knee(dot: Dot, view: FrontierView, look: Look) -> go.Scatter:
    return go.Scatter(
        x=[dot.x.value], y=[dot.y.value], mode="markers", hoverinfo="skip", name="Knee", cliponaxis=False,
        marker={"symbol": "diamond-open", "size": 27, "color": look.ink, "line": {"width": 2, "color": look.ink}},
    )  # fmt: skip


def _over(over: FrontierView, look: Look) -> go.Scatter:
    """The staircase of another source, dashed, with its points hollow."""
    front = {(d.x.value, d.y.value): d.name for d in over.front}
    return go.Scatter(
        x=[x for x, _ in over.stairs], y=[y for _, y in over.stairs], mode="lines+markers", name="Frontier of the other sweep",
        line={"color": look.accent, "width": 2, "dash": "dash"},
        marker={"symbol": "circle-open", "size": [10 if corner in front else 0 for corner in over.stairs], "color": look.accent},
        hovertext=[escape(front.get(corner, "")) for corner in over.stairs], hoverinfo="text",
    )  # fmt: skip


def _also(view: FrontierView, look: Look, layers: Layers) -> go.Scatter:
    dots = [d for d in view.dots if d.run_id in layers.also and not d.on_frontier]
    return go.Scatter(
        x=[d.x.value for d in dots], y=[d.y.value for d in dots], mode="markers", hoverinfo="skip", name=escape(layers.also_name),
        marker={"symbol": "square-open", "size": 22, "color": look.accent, "line": {"width": 2, "color": look.accent}}, cliponaxis=False,
    )  # fmt: skip


def _arrows(view: FrontierView, look: Look, pairs: Sequence[tuple[str, str]]) -> go.Scatter:
    """Thin arrows from parents to points, of the colour of the step."""
    known = {d.run_id: d for d in view.dots}
    drawn = [(known[a], known[b]) for a, b in pairs if a in known and b in known]
    xs = [v for a, b in drawn for v in (a.x.value, b.x.value, None)]
    ys = [v for a, b in drawn for v in (a.y.value, b.y.value, None)]
    color = mark(drawn[0][1].technique).color(look) if drawn else look.quiet
    return go.Scatter(
        x=xs, y=ys, mode="lines+markers", line={"color": faded(color, 0.75), "width": 1.5}, hoverinfo="skip",
        marker={"symbol": "arrow", "angleref": "previous", "size": [s for _ in drawn for s in (0, 11, 0)], "color": color, "standoff": 7},
        name="Step from its parent", cliponaxis=False,
    )  # fmt: skip


SMALLEST, LARGEST = 8.0, 26.0


def sizes_of(values: Mapping[str, float], *, log: bool) -> dict[str, float]:
    """Diameters of markers so that their areas follow the values (their logarithms on a logarithmic metric).

    Args:
        values: By run; not finite ones get the smallest.
        log: Whether the metric suits a logarithmic axis.
    """
    usable = {run: math.log(v) if log else v for run, v in values.items() if math.isfinite(v) and (v > 0 or not log)}
    if not usable:
        return {}
    low, spread = min(usable.values()), max(usable.values()) - min(usable.values())
    share = {run: (v - low) / spread if spread else 0.5 for run, v in usable.items()}
    return {run: round(math.sqrt(SMALLEST**2 + s * (LARGEST**2 - SMALLEST**2)), 1) for run, s in share.items()}


def size_note(values: Mapping[str, float], unit: str) -> str:
    """What the smallest and the largest marker mean."""
    usable = [v for v in values.values() if math.isfinite(v)]
    return f"marker area from {digits(min(usable))} to {digits(max(usable))} {unit}".strip() if usable else ""
