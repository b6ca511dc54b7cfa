"""Bars of where time and bytes go."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from dashboard.charts.axes import above, escape
from dashboard.theme import Look, template
from dashboard.views.profile import Bar

BAR_HEIGHT, MARGIN_HEIGHT = 26, 60


def shares_figure(bars: Sequence[Bar], look: Look, *, heading: str, rest: bool = True) -> go.Figure:
    """Horizontal bars in the order given, from the top.

    Args:
        bars: At least one.
        look: Colours.
        heading: What the shares are of.
        rest: Whether the last bar is what is left over, which gets a quiet colour.
    """
    figure = go.Figure(
        go.Bar(
            x=[round(bar.share, 3) for bar in bars],
            y=[escape(bar.name) for bar in bars],
            orientation="h",
            marker={"color": [look.accent] * (len(bars) - rest) + [look.quiet] * rest},
            text=[escape(bar.text) for bar in bars],
            textposition="outside",
            cliponaxis=False,
            hoverinfo="skip",
        )
    )
    figure.update_layout(
        template=template(look),
        height=MARGIN_HEIGHT + BAR_HEIGHT * len(bars),
        margin={"l": 8, "r": 120, "t": 40, "b": 8},
        showlegend=False,
        bargap=0.35,
        xaxis={"range": [0, max(max(bar.share for bar in bars), 1.0)], "visible": False},
        yaxis={"autorange": "reversed", "showgrid": False, "automargin": True, "ticklabelstandoff": 8},
        annotations=[above(heading, look)],
    )
    return figure
