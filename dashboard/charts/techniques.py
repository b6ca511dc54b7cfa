"""Figures of the techniques page: what steps changed, where they led, how pairs add up, and answers to a dose."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from dashboard.charts.axes import above, axis, direction_x, direction_y, escape, faded, padded, tick_text
from dashboard.theme import MARKS, Look, mark, template
from dashboard.views.composition import CompositionView, DoseView
from dashboard.views.techniques import Step, TechniqueRow, TechniquesView, step_hover
from effcore.objectives import metric

ACCURACY = metric("accuracy")
_FACTORS = (1.01, 1.02, 1.05, 1.1, 1.2, 1.5, 2, 3, 5, 10, 20, 50, 100)
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
"""So that lines are told apart without colour."""
SHAPES = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross")


def plane_figure(view: TechniquesView, look: Look, *, chosen: str, height: int = 520) -> go.Figure:
    """Every step in the plane of what it cost and what it gained, the middle of each technique large, with quartiles.

    Args:
        view: What is drawn.
        look: Light or dark.
        chosen: Technique that is drawn in full; the steps of others are faint.
        height: In pixels.
    """
    figure = go.Figure()
    for row in sorted(view.rows, key=lambda r: r.technique == chosen):
        if row.steps:
            figure.add_trace(_cloud(row, view, look, full=row.technique == chosen))
    for row in sorted(view.rows, key=lambda r: r.technique == chosen):
        if row.cost is not None and row.accuracy is not None:
            figure.add_traces(_arrow(row, look, full=row.technique == chosen))
    steps = [s for row in view.rows for s in row.steps]
    factors = [s.factor for s in steps] + [1.0]
    gains = [s.gained for s in steps] + [0.0]
    low, high = padded(factors, log=True, share=0.08)
    ticks = factor_ticks(low, high)
    figure.add_vline(x=1, line={"color": look.quiet, "width": 1})
    figure.add_hline(y=0, line={"color": look.quiet, "width": 1})
    figure.update_layout(
        template=template(look),
        height=height,
        margin={"l": 8, "r": 16, "t": 44, "b": 8},
        xaxis={
            "type": "log", "range": [math.log10(low), math.log10(high)], "tickvals": ticks, "ticktext": [factor_tick(t) for t in ticks],
            "title": {"text": f"← better · {escape(view.cost.label)}, factor of the parent's, log scale", "standoff": 12},
        },
        yaxis={"range": list(padded(gains, log=False, share=0.08)), "nticks": 7},
        annotations=[above("Accuracy, points against the parent · ↑ better", look)],
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": -0.18, "yanchor": "top"},
        hovermode="closest",
        clickmode="event+select",
    )  # fmt: skip
    return figure


def factor_ticks(low: float, high: float) -> list[float]:
    """Factors around 1 that are easily said, at most nine.

    Example:
        >>> factor_ticks(0.4, 1.3)
        [0.5, 1.0]
    """
    reach = max(high, 1 / low)
    usable = [f for f in _FACTORS if f <= reach]
    for least in (1.01, 1.05, 1.1, 1.2, 1.5, 2, 5, 10):
        sides = [f for f in usable if f >= least]
        ticks = [t for t in sorted([1 / f for f in sides] + [1.0] + [float(f) for f in sides]) if low <= t <= high]
        if len(ticks) <= 7:
            return ticks
    return [1.0]


def factor_tick(ratio: float) -> str:
    """A factor without needless digits: `÷2`, `same`, `×1.5`."""
    return "same" if ratio == 1 else f"×{ratio:g}" if ratio > 1 else f"÷{1 / ratio:.4g}"


def _cloud(row: TechniqueRow, view: TechniquesView, look: Look, *, full: bool) -> go.Scatter:
    color, opacity = mark(row.technique).color(look), 0.85 if full else 0.28
    return go.Scatter(
        x=[s.factor for s in row.steps],
        y=[s.gained for s in row.steps],
        mode="markers",
        error_x=_bars([s.factor_low for s in row.steps], [s.factor for s in row.steps], [s.factor_high for s in row.steps], color, full=full),
        error_y=_bars([s.gained_low for s in row.steps], [s.gained for s in row.steps], [s.gained_high for s in row.steps], color, full=full),
        marker={"color": color, "symbol": mark(row.technique).symbol, "size": 10, "opacity": opacity},
        selected={"marker": {"opacity": opacity}},
        unselected={"marker": {"opacity": opacity}},
        customdata=[s.run_id for s in row.steps],
        hovertext=["<br>".join(escape(line) for line in step_hover(s, view.cost)) for s in row.steps],
        hoverinfo="text",
        name=row.title,
        legendgroup=row.technique,
        showlegend=False,
    )


def _bars(low: Sequence[float], value: Sequence[float], high: Sequence[float], color: str, *, full: bool) -> dict[str, Any]:
    return {
        "type": "data", "symmetric": False, "visible": full, "color": faded(color, 0.3), "thickness": 1, "width": 0,
        "array": [max(h - v, 0.0) for v, h in zip(value, high, strict=True)],
        "arrayminus": [max(v - w, 0.0) for v, w in zip(value, low, strict=True)],
    }  # fmt: skip


def _arrow(row: TechniqueRow, look: Look, *, full: bool) -> list[go.Scatter]:
    """A line from no change to the middle of the technique's steps, and the mark at its end."""
    assert row.cost is not None and row.accuracy is not None
    color, end = mark(row.technique).color(look), (row.cost.median, 100 * row.accuracy.median)
    said = (f"<b>{escape(row.title)}</b>", f"{row.cost.pairs} steps, the middle of them", row.cost_text, row.accuracy_text, row.outcomes)
    line = go.Scatter(
        x=[1.0, end[0]], y=[0.0, end[1]], mode="lines", line={"color": color, "width": 4 if full else 2}, hoverinfo="skip",
        legendgroup=row.technique, showlegend=False,
    )  # fmt: skip
    head = go.Scatter(
        x=[end[0]], y=[end[1]], mode="markers",
        marker={"color": color, "symbol": mark(row.technique).symbol, "size": 19 if full else 14, "line": {"color": look.paper, "width": 1.5}},
        hovertext=["<br>".join(said)], hoverinfo="text", name=f"{row.title}, {row.cost.pairs}", legendgroup=row.technique,
        legendrank=100 + list(MARKS).index(row.technique) if row.technique in MARKS else 900,
    )  # fmt: skip
    return [line, head]


def steps_figure(row: TechniqueRow, view: TechniquesView, look: Look, *, height: int = 460) -> go.Figure:
    """Arrows from parent to point, in the units of the axes; the line style tells the verdict beside the colour."""
    figure = go.Figure()
    styles = {
        "helped": (look.good, "solid"), "trade-off": (look.accent, "dash"), "no effect shown": (look.quiet, "dot"), "hurt": (look.bad, "dashdot"),
    }  # fmt: skip
    for outcome, (color, dash) in styles.items():
        steps = [s for s in row.steps if s.outcome == outcome]
        if steps:
            figure.add_trace(_arrows(steps, view, color=color, dash=dash, name=f"{outcome}, {len(steps)}"))
    xs = [v for s in row.steps for v in (s.start[0], s.end[0])]
    ys = [v for s in row.steps for v in (s.start[1], s.end[1])]
    log = view.cost.log and all(x > 0 for x in xs)
    figure.update_layout(
        template=template(look),
        height=height,
        margin={"l": 8, "r": 16, "t": 44, "b": 8},
        xaxis={**axis(view.cost, xs, log=log), "title": {"text": escape(direction_x(view.cost, log=log)), "standoff": 12}},
        yaxis=axis(ACCURACY, ys, log=False),
        annotations=[above(direction_y(ACCURACY, log=False), look)],
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": -0.2, "yanchor": "top"},
        hovermode="closest",
        clickmode="event+select",
    )
    return figure


def _arrows(steps: Sequence[Step], view: TechniquesView, *, color: str, dash: str, name: str) -> go.Scatter:
    xs: list[float | None] = []
    ys: list[float | None] = []
    for step in steps:
        xs += [step.start[0], step.end[0], None]
        ys += [step.start[1], step.end[1], None]
    hover = ["<br>".join(escape(line) for line in step_hover(s, view.cost)) for s in steps]
    return go.Scatter(
        x=xs,
        y=ys,
        mode="lines+markers",
        line={"color": color, "width": 2, "dash": dash},
        marker={"symbol": "arrow", "angleref": "previous", "size": [size for _ in steps for size in (0, 13, 0)], "color": color},
        customdata=[value for s in steps for value in ("", s.run_id, "")],
        hovertext=[value for text in hover for value in ("", text, "")],
        hoverinfo="text",
        name=name,
        cliponaxis=False,
    )


def composition_figure(view: CompositionView, look: Look) -> go.Figure:
    """The matrix of pairs: the text says how far from the sum of the parts, ▲ shown better, ▼ shown worse."""
    place = {step: index for index, step in enumerate(view.steps)}
    size = len(view.steps)
    values: list[list[float | None]] = [[None] * size for _ in view.steps]
    texts, hovers = [[""] * size for _ in view.steps], [[""] * size for _ in view.steps]
    for cell in view.cells:
        sign = {1: "▲ ", -1: "▼ ", 0: ""}[cell.shown]
        shown = "<br>".join(escape(line) for line in (f"{cell.first} with {cell.second}", *cell.lines[:8]))
        for row, column in ((place[cell.first], place[cell.second]), (place[cell.second], place[cell.first])):
            values[row][column] = float(cell.shown)
            texts[row][column] = sign + escape(cell.text)
            hovers[row][column] = shown
    scale = [[0.0, faded(look.bad, 0.34)], [0.5, faded(look.quiet, 0.14)], [1.0, faded(look.good, 0.34)]]
    labels = [escape(step) for step in view.steps]
    figure = go.Figure(
        go.Heatmap(
            z=values, x=labels, y=labels, zmin=-1, zmax=1, colorscale=scale, showscale=False, xgap=3, ygap=3,
            text=texts, texttemplate="%{text}", textfont={"size": 15, "color": look.ink}, hovertext=hovers, hoverinfo="text",
        )
    )  # fmt: skip
    figure.update_layout(
        template=template(look),
        height=90 + 52 * max(size, 2),
        margin={"l": 8, "r": 8, "t": 12, "b": 8},
        xaxis={"side": "top", "showgrid": False, "tickfont": {"color": look.ink}},
        yaxis={"autorange": "reversed", "showgrid": False, "tickfont": {"color": look.ink}},
    )
    return figure


def dose_figure(view: DoseView, look: Look, *, height: int = 340) -> go.Figure:
    """One line a series, with the interval of every point."""
    figure = go.Figure()
    marks = list(MARKS.values())
    colors = [look.accent, *(m.color(look) for m in marks[5:2:-1]), look.ink, marks[-1].color(look)]
    for index, line in enumerate(view.lines):
        color = colors[index % len(colors)]
        figure.add_trace(
            go.Scatter(
                x=[p.dose for p in line.points],
                y=[p.y.value for p in line.points],
                error_y=_bars([p.y.low for p in line.points], [p.y.value for p in line.points], [p.y.high for p in line.points], color, full=True)
                | {"thickness": 1.5, "color": faded(color, 0.55)},
                mode="lines+markers",
                line={"color": color, "width": 2, "dash": DASHES[index % len(DASHES)]},
                marker={"color": color, "symbol": SHAPES[index % len(SHAPES)], "size": 10},
                hovertext=[
                    "<br>".join([escape(p.name), f"{escape(view.label)}: {p.dose:g}", escape(f"{view.metric.label} {p.y.text} {p.y.interval}")])
                    for p in line.points
                ],
                hoverinfo="text",
                name=escape(line.name),
            )
        )
    doses = sorted({p.dose for line in view.lines for p in line.points})
    ys = [v for line in view.lines for p in line.points for v in (p.y.value, p.y.low, p.y.high)]
    log = view.metric.log and min(ys) > 0
    figure.update_layout(
        template=template(look),
        height=height + 24 * ((len(view.lines) + 1) // 2),
        margin={"l": 8, "r": 16, "t": 44, "b": 8},
        xaxis={"type": "log" if view.log else "linear", "tickvals": doses, "ticktext": [tick_text(d) for d in doses],
               "title": {"text": escape(view.label), "standoff": 12}},
        yaxis=axis(view.metric, ys, log=log),
        annotations=[above(direction_y(view.metric, log=log), look)],
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": -0.3, "yanchor": "top", "font": {"size": 14}},
        hovermode="closest",
    )  # fmt: skip
    return figure
