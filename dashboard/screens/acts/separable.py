"""Acts: the cost formula with sliders, and the measured layers beside it."""

from __future__ import annotations

import streamlit as st

from dashboard.charts.lessons import Line, bars_figure, lines_figure
from dashboard.lessons import separable
from dashboard.lessons.recorded import Recorded
from dashboard.screens.acts.parts import chart
from dashboard.screens.parts import current_look, heading, note


def act(recorded: Recorded) -> None:
    """Sliders of channels, kernel and side; then measured times."""
    first, second, third = st.columns(3)
    channels = first.select_slider("Channels C", [8, 16, 32, 64, 128, 256], value=64, key="lesson-channels")
    kernel = second.select_slider("Kernel K", [1, 3, 5, 7], value=3, key="lesson-kernel")
    side = third.select_slider("Side of the image H = W", [7, 14, 28, 56], value=14, key="lesson-side")
    whole, parts = separable.full(channels, kernel, side), separable.separable(channels, kernel, side)
    said = separable.compared(whole.macs, parts.macs)
    note(f"K² C² H W = {whole.macs:,} against (K² C + C²) H W = {parts.macs:,}: {said}.", key="formula", tone="lead")
    values = {"convolution": whole.macs / 1e6, "depthwise separable": parts.macs / 1e6}
    chart(bars_figure(values, current_look(), x="Multiply-accumulates (millions)"), key="macs", alt=f"{whole.macs:,} and {parts.macs:,} products.")
    heading("Measured", key="measured-section")
    note(f"3x3 layers on {recorded.document['side']} x {recorded.document['side']} pixels, in ONNX Runtime, one thread.", key="measured")
    found = separable.measured(recorded)
    x = tuple(float(m.channels) for m in found)
    lines = [
        Line(label="times faster, measured", x=x, y=tuple(m.faster for m in found), low=tuple(m.low for m in found),
             high=tuple(m.high for m in found)),
        Line(label="times fewer products", x=x, y=tuple(m.fewer for m in found), dashed=True),
    ]  # fmt: skip
    few, many = found[0], found[-1]
    alt = f"Times faster, measured: {few.faster:.1f} with {few.channels} channels, {many.faster:.1f} with {many.channels}; products: {few.fewer:.1f} "
    alt += f"and {many.fewer:.1f} times fewer."
    chart(lines_figure(lines, current_look(), x="Channels", y="Times", log_x=True), key="times", alt=alt)
