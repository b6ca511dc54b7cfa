"""Acts: counted products against measured time."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from dashboard.charts.axes import escape
from dashboard.charts.lessons import SYMBOLS, colors
from dashboard.lessons import operations
from dashboard.lessons.recorded import Recorded, Row
from dashboard.quantities import percent
from dashboard.screens.acts.parts import chart
from dashboard.screens.parts import current_look, note
from dashboard.theme import Look, template


def act(recorded: Recorded) -> None:
    """Pairs in which the network with fewer products is the slower one."""
    rows = recorded.rows()
    pairs = operations.reversed_pairs(rows)
    share = operations.share_in_order(rows)
    chosen = None
    if pairs:
        index = st.selectbox("A pair in the wrong order", range(min(20, len(pairs))), key="lesson-pair",
                             format_func=lambda i: f"{pairs[i].lean.name} and {pairs[i].rich.name}")  # fmt: skip
        chosen = pairs[index]
        note(f"{chosen.lean.name}: {chosen.fewer:.1f} times fewer products, {chosen.slower:.1f} times as long.", key="pair", tone="lead")
    chart(_plane(rows, chosen, current_look()), key="operations", alt=f"In {percent(share)} of the pairs fewer products go with less time.")


def _plane(rows: tuple[Row, ...], pair: operations.Pair | None, look: Look) -> go.Figure:
    figure = go.Figure()
    for family, color, symbol in zip(dict.fromkeys(r.family for r in rows), colors(look), SYMBOLS, strict=False):
        mine = [r for r in rows if r.family == family]
        figure.add_scatter(
            x=[r.value("macs") for r in mine], y=[r.value("latency_ms") for r in mine], mode="markers", name=escape(family),
            marker={"size": 13, "color": color, "symbol": symbol}, text=[escape(r.name) for r in mine], hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip
    if pair is not None:
        figure.add_scatter(
            x=[pair.lean.value("macs"), pair.rich.value("macs")], y=[pair.lean.value("latency_ms"), pair.rich.value("latency_ms")], showlegend=False,
            mode="lines+markers", line={"color": look.bad, "width": 3}, marker={"size": 22, "symbol": "circle-open", "color": look.bad},
            hoverinfo="skip",
        )  # fmt: skip
    figure.update_layout(template=template(look), height=460, margin={"l": 10, "r": 10, "t": 40, "b": 10}, legend={"orientation": "h", "y": 1.1})
    figure.update_xaxes(title="Multiply-accumulates of one image", type="log")
    figure.update_yaxes(title="Latency (ms), less is better", type="log")
    return figure
