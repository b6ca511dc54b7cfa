"""Acts: the same file in several processes."""

from __future__ import annotations

import streamlit as st

from dashboard.charts.lessons import intervals_figure
from dashboard.lessons import measuring
from dashboard.lessons.recorded import Recorded
from dashboard.quantities import percent
from dashboard.screens.acts.parts import chart
from dashboard.screens.parts import current_look, note


def act(recorded: Recorded) -> None:
    """How many processes does it take, and what does the interval say with fewer?"""
    rows = measuring.measured(recorded)
    names = [r.name for r in rows]
    left, right = st.columns(2)
    index = left.selectbox("Network", range(len(rows)), format_func=lambda i: names[i], key="lesson-measured")
    row = rows[index]
    count = right.slider("Processes", 2, len(row.processes_ms), len(row.processes_ms), key="lesson-processes")
    center, low, high = measuring.interval_of(row, count)
    apart = percent(measuring.spread(row))
    note(f"{count} processes: {center:.4g} ms ({low:.4g} to {high:.4g}). The slowest of all was {apart} slower than the fastest.",
         key="interval", tone="lead")  # fmt: skip
    shown = [n for n in (2, 3, len(row.processes_ms)) if n <= len(row.processes_ms)]
    figure = intervals_figure(
        [f"{n} processes" for n in shown], [row.processes_ms[:n] for n in shown], [measuring.interval_of(row, n) for n in shown], current_look(),
        x="Latency (ms): a stroke is the median of a process, the diamond what they say together, with its 95 % interval",
    )  # fmt: skip
    chart(figure, key="processes", alt=f"The interval of {names[index]} from 2, 3 and {len(row.processes_ms)} processes.")
