"""Figures of the page of a point: latency samples by process, and the learning curve."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from dashboard.charts.axes import above, axis
from dashboard.theme import Look, template
from dashboard.views.records import CurveView, SamplesView, percentile
from effcore.objectives import metric

MOST_SAMPLES = 120
"""Dots drawn of each process; box and median are of all samples."""


def samples_figure(
    view: SamplesView, look: Look, *, value: float | None, low: float | None, high: float | None, height: int = 320
) -> go.Figure:
    """Every process as a box between its quartiles, whiskers to 5 and 95 percent, its samples beside it.

    Args:
        value, low, high: The latency of the point with its interval, in ms.
    """
    figure = go.Figure()
    for index, (samples, median) in enumerate(zip(view.processes, view.medians, strict=True), start=1):
        q1, q3, low_end, high_end = (percentile(samples, share) for share in (25, 75, 5, 95))
        figure.add_trace(
            go.Box(
                x=[index],
                q1=[q1],
                median=[median],
                q3=[q3],
                lowerfence=[low_end],
                upperfence=[high_end],
                boxpoints=False,
                name=f"Process {index}",
                line={"color": look.accent, "width": 1.5},
                fillcolor="rgba(0,0,0,0)",
                width=0.34,
                hoverinfo="y",
            )
        )
        drawn = [sample for sample in thinned(samples, MOST_SAMPLES) if sample <= view.top]
        figure.add_trace(
            go.Scatter(
                x=[index + 0.3 + 0.12 * spread for spread in jitter(len(drawn))],
                y=drawn,
                mode="markers",
                marker={"size": 4, "color": look.quiet, "opacity": 0.5},
                hoverinfo="skip",
            )
        )
    if value is not None and low is not None and high is not None:
        figure.add_hrect(y0=low, y1=high, fillcolor=look.accent, opacity=0.12, line_width=0)
        figure.add_hline(y=value, line={"color": look.accent, "width": 1.5, "dash": "dot"})
    figure.update_layout(
        template=template(look),
        height=height,
        margin={"l": 8, "r": 16, "t": 40, "b": 8},
        showlegend=False,
        xaxis={
            "title": {"text": "Fresh process, in the order measured"},
            "tickmode": "linear",
            "dtick": 1,
            "showgrid": False,
        },
        yaxis={"range": [0, max(view.top, high or 0.0)]},
        annotations=[above("Latency of one prediction, ms · ↓ better", look)],
    )
    return figure


def thinned(samples: Sequence[float], most: int) -> list[float]:
    """At most that many of the samples, evenly over time, always the same."""
    step = max(1, -(-len(samples) // most))
    return list(samples[::step])


def jitter(count: int) -> list[float]:
    """Places between -1 and 1 that spread dots beside each other, the same at every call (golden ratio sequence)."""
    return [round(2 * ((index * 0.6180339887) % 1.0) - 1, 4) for index in range(count)]


def curve_figure(view: CurveView, look: Look, *, height: int = 320) -> go.Figure:
    """Validation accuracy over the epochs; the loss stands in the hover."""
    figure = go.Figure(
        go.Scatter(
            x=list(view.epochs),
            y=list(view.val_accuracy),
            mode="lines+markers",
            line={"color": look.accent, "width": 2},
            marker={"size": 8, "color": look.accent},
            hovertext=[
                f"epoch {e:g}<br>validation accuracy {_shown(a, ' %')}<br>training loss {_shown(loss, '')}"
                for e, a, loss in zip(view.epochs, view.val_accuracy, view.train_loss, strict=True)
            ],
            hoverinfo="text",
        )
    )
    known = [a for a in view.val_accuracy if a is not None]
    figure.update_layout(
        template=template(look),
        height=height,
        margin={"l": 8, "r": 16, "t": 40, "b": 8},
        showlegend=False,
        xaxis={"title": {"text": "Epoch"}, "dtick": max(1, round(max(view.epochs) / 8)), "tick0": 0, "showgrid": False},
        yaxis=axis(metric("val_accuracy"), known, log=False),
        annotations=[above("Validation accuracy, % · ↑ better", look)],
    )
    return figure


def _shown(value: float | None, unit: str) -> str:
    return "not known" if value is None else f"{value:.4g}{unit}"
