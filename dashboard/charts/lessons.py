"""Figures of the lessons: few marks, large type, one message each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from dashboard.charts.axes import above, axis, escape, faded
from dashboard.theme import MARKS, Look, template
from effcore.objectives import metric
from effcore.pareto import staircase

HEIGHT = 430
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "pentagon")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row of values.

    Attributes:
        low, high: Band around it; empty for none.
        dashed: Whether it stands for what is only computed.
    """

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    dashed: bool = False


def colors(look: Look) -> list[str]:
    """Colours of rows of values, as those of the techniques, which all kinds of eyes can tell apart."""
    return [MARKS[name].color(look) for name in ("quantization", "pruning", "distillation", "augmentation", "architecture", "runtime")]


def _finish(figure: go.Figure, look: Look, *, height: int = HEIGHT, legend: bool = False) -> go.Figure:
    figure.update_layout(
        template=template(look), height=height, margin={"l": 10, "r": 20, "t": 50, "b": 10}, showlegend=legend,
        legend={"orientation": "h", "y": 1.14, "x": 0},
    )  # fmt: skip
    return figure


def plane_figure(
    names: Sequence[str], accuracy: Sequence[float], latency_ms: Sequence[float], frontier: Sequence[bool], look: Look, *,
    chosen: int | None = None, marked: Sequence[int] = (), budget_ms: float | None = None,
) -> go.Figure:  # fmt: skip
    """Accuracy against latency: the staircase through those of the frontier, one chosen, some marked, a budget."""
    about_x, about_y = metric("latency_ms"), metric("accuracy")
    on = [i for i, yes in enumerate(frontier) if yes]
    figure = go.Figure()
    if on:
        x, y = staircase([latency_ms[i] for i in on], [accuracy[i] for i in on], maximise_x=False)
        figure.add_scatter(x=x, y=y, mode="lines", line={"color": look.accent, "width": 2, "shape": "hv"}, hoverinfo="skip")
    for group, symbol, color in (("dominated", "circle-open", look.quiet), ("on the frontier", "circle", look.accent)):
        places = [i for i, yes in enumerate(frontier) if yes == (group != "dominated") and i not in marked and i != chosen]
        _points(figure, names, latency_ms, accuracy, places, symbol=symbol, color=color, size=13)
    _points(figure, names, latency_ms, accuracy, list(marked), symbol="star", color=look.good, size=20)
    _points(figure, names, latency_ms, accuracy, [] if chosen is None else [chosen], symbol="x", color=look.bad, size=18)
    if budget_ms is not None:
        figure.add_vline(x=budget_ms, line={"color": look.bad, "width": 2, "dash": "dash"})
    figure.update_xaxes(**axis(about_x, latency_ms, log=True))
    figure.update_yaxes(**axis(about_y, accuracy, log=False))
    figure.add_annotation(above("Accuracy, more is better; latency in ms, less is better", look))
    return _finish(figure, look)


def _points(
    figure: go.Figure, names: Sequence[str], x: Sequence[float], y: Sequence[float], places: Sequence[int], *, symbol: str, color: str, size: int
) -> None:
    figure.add_scatter(
        x=[x[i] for i in places], y=[y[i] for i in places], mode="markers",
        marker={"symbol": symbol, "size": size, "color": color, "line": {"width": 2}},
        text=[f"{escape(names[i])}<br>{y[i]:.1%} in {x[i]:.3g} ms" for i in places], hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip


def histogram_figure(before: ArrayLike, after: ArrayLike, look: Look, *, words: str) -> go.Figure:
    """The weights of a layer, and the values that are left after a change; `words` say which weights."""
    first, second = np.asarray(before).ravel(), np.asarray(after).ravel()
    edges = np.linspace(first.min(), first.max(), 121)
    middle = (edges[:-1] + edges[1:]) / 2
    figure = go.Figure()
    figure.add_bar(x=middle, y=np.histogram(first, edges)[0], marker={"color": faded(look.quiet, 0.45)}, name="32-bit weights", hoverinfo="skip")
    values, counts = np.unique(second.round(6), return_counts=True)
    if len(values) <= 260:
        figure.add_scatter(
            x=values, y=counts, mode="markers", name="what is left", marker={"color": look.accent, "size": 9, "symbol": "diamond"},
            error_y={"type": "data", "symmetric": False, "array": np.zeros(len(counts)), "arrayminus": counts, "width": 0, "color": look.accent},
            hovertemplate="%{y} weights at %{x:.3f}<extra></extra>",
        )  # fmt: skip
    figure.update_yaxes(type="log", title="Weights (number)")
    figure.update_xaxes(title=words)
    figure.update_layout(bargap=0)
    return _finish(figure, look, legend=True)


def lines_figure(
    lines: Sequence[Line], look: Look, *, x: str, y: str, percent: bool = False, log_x: bool = False, here: float | None = None
) -> go.Figure:
    """Rows of values with their bands; `here` marks where the reader stands."""
    figure = go.Figure()
    for line, color, symbol in zip(lines, colors(look), SYMBOLS, strict=False):
        if line.low:
            figure.add_scatter(
                x=[*line.x, *reversed(line.x)], y=[*line.high, *reversed(line.low)], fill="toself",
                mode="lines", fillcolor=faded(color, 0.16),
                line={"width": 0}, hoverinfo="skip", showlegend=False,
            )  # fmt: skip
        figure.add_scatter(
            x=line.x, y=line.y, mode="lines+markers", name=escape(line.label), marker={"symbol": symbol, "size": 10, "color": color},
            line={"color": color, "width": 2.5, "dash": "dot" if line.dashed else "solid"}, hovertemplate="%{y:.3~g} at %{x:.3~g}<extra></extra>",
        )  # fmt: skip
    if here is not None:
        figure.add_vline(x=here, line={"color": look.bad, "width": 2, "dash": "dash"})
    figure.update_xaxes(title=x, type="log" if log_x else "linear")
    figure.update_yaxes(title=y, tickformat=".0%" if percent else None)
    return _finish(figure, look, legend=len(lines) > 1)


def bars_figure(values: Mapping[str, float], look: Look, *, x: str, percent: bool = False, marked: str = "", height: int | None = None) -> go.Figure:
    """Bars from left to right, the first on top; one of them marked."""
    figure = go.Figure()
    figure.add_bar(
        y=[escape(name) for name in values], x=list(values.values()), orientation="h", width=0.66,
        marker={"color": [look.accent if name == marked or not marked else faded(look.quiet, 0.5) for name in values]},
        text=[f"{v:.0%}" if percent else f"{v:.3g}" for v in values.values()], textposition="outside", cliponaxis=False, hoverinfo="skip",
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", type="category", tickfont={"size": 16, "color": look.ink})
    figure.update_xaxes(title=x, tickformat=".0%" if percent else None)
    return _finish(figure, look, height=height or 110 + 42 * len(values))


def intervals_figure(
    names: Sequence[str], dots: Sequence[Sequence[float]], intervals: Sequence[tuple[float, float, float]], look: Look, *, x: str
) -> go.Figure:
    """Single values and their interval, a line for each name."""
    figure = go.Figure()
    for row, (values, (center, low, high)) in enumerate(zip(dots, intervals, strict=True)):
        figure.add_scatter(
            x=list(values), y=[row] * len(values), mode="markers", marker={"size": 12, "color": faded(look.quiet, 0.7), "symbol": "line-ns-open",
            "line": {"width": 3}}, hovertemplate="%{x:.4g}<extra></extra>",
        )  # fmt: skip
        figure.add_scatter(
            x=[center], y=[row + 0.28], mode="markers", marker={"size": 11, "color": look.accent, "symbol": "diamond"}, hoverinfo="skip",
            error_x={"type": "data", "symmetric": False, "array": [high - center], "arrayminus": [center - low], "color": look.accent,
                     "thickness": 2.5},
        )  # fmt: skip
    figure.update_yaxes(
        tickmode="array", tickvals=list(range(len(names))), ticktext=[escape(n) for n in names], range=[len(names) - 0.4, -0.6], showgrid=False
    )
    figure.update_xaxes(title=x)
    return _finish(figure, look, height=130 + 62 * len(names))
