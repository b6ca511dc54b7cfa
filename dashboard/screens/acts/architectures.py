"""Acts: rank networks by something cheap."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from dashboard.charts.axes import escape
from dashboard.charts.lessons import SYMBOLS, bars_figure, colors
from dashboard.lessons import architectures
from dashboard.lessons.recorded import Recorded
from dashboard.screens.acts.parts import chart
from dashboard.screens.parts import current_look, note
from dashboard.theme import Look, template


def act(recorded: Recorded) -> None:
    """Choose a hint and see how it orders the trained networks."""
    found = {p.key: p for p in architectures.proxies(recorded)}
    key = st.segmented_control("Hint", list(found), default="params", format_func=lambda k: found[k].label, key="lesson-proxy") or "params"
    proxy = found[key]
    note(f"Rank correlation {proxy.tau:+.2f}.", key="tau", tone="lead")
    chart(_scatter(recorded, proxy, current_look()), key="proxy", alt=f"{proxy.label} against accuracy: rank correlation {proxy.tau:+.2f}.")
    values = {p.label: p.tau for p in found.values()}
    alt = f"Rank correlation of each hint: {', '.join(f'{label} {tau:+.2f}' for label, tau in values.items())}."
    chart(bars_figure(values, current_look(), x="Rank correlation with the accuracy reached", marked=proxy.label), key="taus", alt=alt)


def _scatter(recorded: Recorded, proxy: architectures.Proxy, look: Look) -> go.Figure:
    rows, figure = recorded.whole(), go.Figure()
    for family, color, symbol in zip(dict.fromkeys(r.family for r in rows), colors(look), SYMBOLS, strict=False):
        places = [i for i, r in enumerate(rows) if r.family == family]
        figure.add_scatter(
            x=[proxy.values[i] for i in places], y=[rows[i].value("val_accuracy") for i in places], mode="markers", name=escape(family),
            marker={"size": 15, "color": color, "symbol": symbol},
            text=[escape(rows[i].name) for i in places], hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip
    figure.update_layout(template=template(look), height=400, margin={"l": 10, "r": 10, "t": 40, "b": 10}, legend={"orientation": "h", "y": 1.12})
    figure.update_xaxes(title=proxy.label, type="linear" if proxy.key == "early" else "log", tickformat=".0%" if proxy.key == "early" else None)
    figure.update_yaxes(title="Accuracy after all epochs, validation", tickformat=".0%")
    return figure
