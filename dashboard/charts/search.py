"""Figures of the search page: hypervolume over compute, the frontier at a moment, and the course over the rungs."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from dashboard.charts.axes import above, axis, direction_x, direction_y, escape, faded
from dashboard.theme import Look, template
from dashboard.views.search import Moment
from effcore.objectives import Metric
from effcore.search.analysis import Growth

MOST_LINES = 40
"""Candidates whose course is drawn: more would be a thicket."""


def growth_figure(grown: Growth, names: Sequence[str], look: Look, *, step: int, height: int = 320) -> go.Figure:
    """Hypervolume as a step curve over core-seconds, the replayed moment marked.

    Args:
        grown: The curve.
        names: Of the candidates, in its order.
        look: Colours.
        step: Candidates that had finished at the moment that is replayed.
        height: In pixels.
    """
    place = max(1, min(step, len(grown.core_s))) - 1
    figure = go.Figure(
        go.Scatter(
            x=list(grown.core_s), y=list(grown.hypervolume), mode="lines+markers", line={"color": look.accent, "width": 2, "shape": "hv"},
            marker={"size": 7, "color": look.accent}, hoverinfo="text",
            hovertext=[
                f"{escape(n)}<br>{s:.0f} core-seconds<br>hypervolume {v:.4f}" for n, s, v in zip(names, grown.core_s, grown.hypervolume, strict=True)
            ],
        )
    )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=[grown.core_s[place]], y=[grown.hypervolume[place]], mode="markers", hoverinfo="skip",
            marker={"symbol": "circle-open", "size": 20, "color": look.ink, "line": {"width": 2, "color": look.ink}},
        )
    )  # fmt: skip
    figure.update_layout(
        template=template(look), height=height, margin={"l": 8, "r": 16, "t": 44, "b": 8}, showlegend=False,
        xaxis={"title": {"text": "← better · Compute, core-seconds", "standoff": 10}, "rangemode": "tozero", "ticklabelstandoff": 8},
        yaxis={"rangemode": "tozero", "nticks": 6}, annotations=[above("Hypervolume, of scaled objectives · ↑ better", look)],
    )  # fmt: skip
    return figure


def moment_figure(moment: Moment, look: Look, *, height: int = 420) -> go.Figure:
    """The frontier at a moment; what came later is faint, so that the axes stay where they are."""
    figure = go.Figure()
    figure.add_trace(_dots(moment.later, color=faded(look.quiet, 0.25), name="Later", symbol="circle-open", size=8))
    past = [(x, y) for x, y, _, on in moment.points if not on]
    figure.add_trace(_dots(past, color=look.quiet, name="Dominated", symbol="circle", size=9))
    figure.add_trace(
        go.Scatter(
            x=[x for x, _ in moment.stairs], y=[y for _, y in moment.stairs], mode="lines", hoverinfo="skip", showlegend=False,
            line={"color": faded(look.ink, 0.55), "width": 2},
        )
    )  # fmt: skip
    front = [p for p in moment.points if p[3]]
    trace = _dots([(x, y) for x, y, _, _ in front], color=look.accent, name="On the frontier", symbol="diamond", size=14)
    trace.hovertext, trace.hoverinfo = [escape(name) for _, _, name, _ in front], "text"
    figure.add_trace(trace)
    xs, ys = [p[0] for p in moment.points], [p[1] for p in moment.points]
    xs, ys = xs + [x for x, _ in moment.later], ys + [y for _, y in moment.later]
    log_x, log_y = (m.log and min(v) > 0 for m, v in ((moment.x, xs), (moment.y, ys)))
    figure.update_layout(
        template=template(look), height=height, margin={"l": 8, "r": 16, "t": 44, "b": 8},
        xaxis={**axis(moment.x, xs, log=log_x), "title": {"text": escape(direction_x(moment.x, log=log_x)), "standoff": 10}},
        yaxis=axis(moment.y, ys, log=log_y), annotations=[above(direction_y(moment.y, log=log_y), look)],
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": -0.2, "yanchor": "top"}, hovermode="closest",
    )  # fmt: skip
    return figure


def _dots(points: Sequence[tuple[float, float]], *, color: str, name: str, symbol: str, size: int) -> go.Scatter:
    return go.Scatter(
        x=[x for x, _ in points], y=[y for _, y in points], mode="markers", name=name, hoverinfo="skip", cliponaxis=False,
        marker={"color": color, "symbol": symbol, "size": size},
    )  # fmt: skip


def rungs_figure(rows: Sequence[tuple[str, tuple[float, ...], str]], which: Metric, look: Look, *, height: int = 320) -> go.Figure:
    """The first objective over the rungs, a line a candidate, of `MOST_LINES` at most; those that were stopped are dotted."""
    figure = go.Figure()
    for name, values, fate in rows[:MOST_LINES]:
        stopped = fate != "finished"
        figure.add_trace(
            go.Scatter(
                x=list(range(1, len(values) + 1)), y=list(values), mode="lines+markers", hoverinfo="text", showlegend=False,
                line={"color": look.quiet if stopped else look.accent, "width": 1.5, "dash": "dot" if stopped else "solid"},
                marker={"size": 7, "symbol": "x" if stopped else "circle", "color": look.quiet if stopped else look.accent},
                hovertext=[f"{escape(name)}, {fate}<br>rung {i}: {v:.4g}" for i, v in enumerate(values, start=1)],
            )
        )  # fmt: skip
    ys = [v for _, values, _ in rows[:MOST_LINES] for v in values]
    log = which.log and min(ys) > 0
    figure.update_layout(
        template=template(look), height=height, margin={"l": 8, "r": 16, "t": 44, "b": 8},
        xaxis={"title": {"text": "Rung", "standoff": 10}, "dtick": 1}, yaxis=axis(which, ys, log=log),
        annotations=[above(direction_y(which, log=log), look)],
    )  # fmt: skip
    return figure
