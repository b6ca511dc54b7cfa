"""Figures of the compare page: classes, latencies over each other, and where time and bytes go. A point is its letter, its
colour and its shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from dashboard.charts.axes import above, escape, faded, padded
from dashboard.charts.point import jitter, thinned
from dashboard.theme import Look, Mark, contender, template
from dashboard.views.compare import LETTERS
from dashboard.views.disagreement import ClassRow, most
from dashboard.views.records import SamplesView, percentile

MOST_DOTS = 160
"""Samples drawn of each point; the box is of all."""


def mark_of(letter: str) -> Mark:
    """Colour and shape of a letter."""
    return contender(LETTERS.index(letter))


def classes_figure(rows: Sequence[ClassRow], letters: Sequence[str], look: Look, *, most_classes: int = 15) -> go.Figure:
    """Accuracy by class, a line a class, a mark a point, with Wilson intervals."""
    shown = rows[:most_classes]
    step = 0.7 / max(len(letters), 1)
    figure = go.Figure()
    for index, letter in enumerate(letters):
        color, offset = mark_of(letter).color(look), (index - (len(letters) - 1) / 2) * step
        shares = [r.shares[index] for r in shown]
        figure.add_trace(
            go.Scatter(
                x=shares,
                y=[place + offset for place in range(len(shown))],
                error_x={
                    "type": "data", "symmetric": False, "array": [max(r.highs[index] - s, 0.0) for r, s in zip(shown, shares, strict=True)],
                    "arrayminus": [max(s - r.lows[index], 0.0) for r, s in zip(shown, shares, strict=True)],
                    "color": faded(color, 0.45), "thickness": 1.5, "width": 0,
                },
                mode="markers",
                marker={"color": color, "symbol": mark_of(letter).symbol, "size": 10},
                hovertext=[f"{letter}, class {escape(r.name)}: {s:.1f} % of {r.images}" for r, s in zip(shown, shares, strict=True)],
                hoverinfo="text",
                name=letter,
            )
        )  # fmt: skip
    ends = [v for r in shown for v in (*r.lows, *r.highs)]
    low, high = padded(ends, log=False)
    figure.update_layout(
        template=template(look),
        height=136 + 34 * max(len(shown), 2),
        margin={"l": 8, "r": 16, "t": 40, "b": 84},
        xaxis={"range": [max(low, 0.0), min(high, 100.6)], "title": {"text": "Accuracy, % · better →", "standoff": 10}},
        yaxis={"tickvals": list(range(len(shown))), "ticktext": [escape(r.name) for r in shown], "autorange": "reversed",
               "tickfont": {"color": look.ink}},
        annotations=[above("Class, the largest difference first", look)],
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 0, "yref": "container", "yanchor": "bottom"},
        hovermode="closest",
    )  # fmt: skip
    return figure


def overlay_figure(samples: Mapping[str, SamplesView], look: Look) -> go.Figure:
    """Latency of each point: a box between the quartiles of all samples, whiskers to 5 and 95 percent, the median of every
    process as a mark of its own, samples behind.

    Args:
        samples: By letter; not empty.
    """
    figure = go.Figure()
    letters = list(samples)
    for place, (letter, view) in enumerate(samples.items()):
        color, every = mark_of(letter).color(look), [s for process in view.processes for s in process]
        q1, middle, q3, low, high = (percentile(every, share) for share in (25, 50, 75, 5, 95))
        drawn = [s for s in thinned(every, MOST_DOTS) if s <= view.top]
        figure.add_trace(
            go.Scatter(
                x=drawn, y=[place + 0.3 + 0.1 * spread for spread in jitter(len(drawn))], mode="markers",
                marker={"size": 4, "color": look.quiet, "opacity": 0.45}, hoverinfo="skip", showlegend=False,
            )
        )  # fmt: skip
        figure.add_trace(
            go.Box(
                y=[place], q1=[q1], median=[middle], q3=[q3], lowerfence=[low], upperfence=[high], orientation="h", width=0.34,
                boxpoints=False, line={"color": color, "width": 2}, fillcolor=faded(color, 0.15), hoverinfo="x", name=letter, showlegend=False,
            )
        )  # fmt: skip
        figure.add_trace(
            go.Scatter(
                x=list(view.medians), y=[place] * len(view.medians), mode="markers",
                marker={"size": 10, "color": color, "symbol": mark_of(letter).symbol, "line": {"width": 1, "color": look.paper}},
                hovertext=[f"{letter}, median of a process: {m:.4g} ms" for m in view.medians], hoverinfo="text", showlegend=False,
            )
        )  # fmt: skip
    figure.update_layout(
        template=template(look),
        height=110 + 74 * len(letters),
        margin={"l": 8, "r": 16, "t": 12, "b": 8},
        xaxis={"range": [0, max(view.top for view in samples.values())],
               "title": {"text": "← better · Latency of one prediction, ms", "standoff": 10}},
        yaxis={"tickvals": list(range(len(letters))), "ticktext": letters, "range": [len(letters) - 0.45, -0.55], "showgrid": False,
               "tickfont": {"color": look.ink, "size": 18}},
        hovermode="closest",
    )  # fmt: skip
    return figure


def parts_figure(parts: Mapping[str, Mapping[str, float]], look: Look, *, unit: str, heading: str) -> go.Figure:
    """Bars of the largest parts, a bar a point, and all smaller ones together last.

    Args:
        parts: By letter, then by name of the part; not empty.
        look: Colours.
        unit: Of the figures.
        heading: What the parts are of.
    """
    names = most(parts)
    figure = go.Figure()
    rest = "all smaller ones"
    small = any(set(table) - set(names) for table in parts.values())
    for letter, table in parts.items():
        color = mark_of(letter).color(look)
        values = [table.get(name, 0.0) for name in names] + ([sum(v for n, v in table.items() if n not in names)] if small else [])
        figure.add_trace(
            go.Bar(
                x=values, y=[escape(name) for name in names] + ([rest] if small else []), orientation="h", name=letter,
                marker={"color": color, "line": {"width": 0}},
                text=[f"{letter} {v:.3g}" if v else f"{letter} –" for v in values], textposition="outside", cliponaxis=False,
                textfont={"size": 13, "color": look.ink},
                hovertext=[f"{letter}: {v:.4g} {unit}" for v in values], hoverinfo="text",
            )
        )  # fmt: skip
    count = len(names) + small
    figure.update_layout(
        template=template(look),
        height=70 + count * (16 + 17 * len(parts)),
        margin={"l": 8, "r": 70, "t": 40, "b": 8},
        barmode="group",
        bargap=0.25,
        showlegend=False,
        xaxis={"visible": False, "rangemode": "tozero"},
        yaxis={"autorange": "reversed", "showgrid": False, "automargin": True, "tickfont": {"color": look.ink}},
        annotations=[above(f"{heading}, {unit} · shorter is better", look)],
    )
    return figure
