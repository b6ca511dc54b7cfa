"""Acts: fewer bits for every weight."""

from __future__ import annotations

import streamlit as st

from dashboard.charts.lessons import bars_figure, histogram_figure
from dashboard.lessons import quantization
from dashboard.lessons.network import LEAST_WEIGHTS
from dashboard.lessons.recorded import Recorded
from dashboard.quantities import percent
from dashboard.screens.acts.parts import chart
from dashboard.screens.parts import current_look, heading, note


def act(recorded: Recorded) -> None:
    """A slider of bits over a real layer, with the accuracy of the whole network computed at once; then measured speeds."""
    bits = st.select_slider("Bits of a weight", [1 + b for b in range(1, 8)] + [quantization.FLOAT_BITS], value=4, key="lesson-bits")
    layer = quantization.rounded_layer(recorded.network, bits)
    result, whole = quantization.at_bits(recorded.network, bits), quantization.at_bits(recorded.network, quantization.FLOAT_BITS)
    figures = st.columns(4)
    figures[0].metric(
        "Accuracy",
        percent(result.accuracy, places=1),
        f"{100 * (result.accuracy - whole.accuracy):+.1f} points" if result.right != whole.right else None,
        help="Of real test images, predicted now.",
    )
    figures[1].metric("Weights", f"{layer.kilobytes:.1f} kB", help=f"Tensors of at least {LEAST_WEIGHTS} numbers, packed.")
    figures[2].metric("Rounding error", percent(layer.error, places=1), help="Root mean square, as a share of the weights' standard deviation.")
    figures[3].metric("Different values", "all" if bits == quantization.FLOAT_BITS else str(2**bits - 1))
    words = f"Value of a weight, of {layer.before.size:,} in the largest layer"
    alt = f"At {bits} bits {percent(result.accuracy, places=1)} of {result.images} images are right, {percent(whole.accuracy, places=1)} at 32 bits."
    chart(histogram_figure(layer.before, layer.after, current_look(), words=words), key="bits", alt=alt)
    heading("Is it faster?", key="speed-section")
    speeds = {name: faster for name, faster, _ in quantization.speeds(recorded)}
    note("Measured in the deployed files with 8-bit kernels: times faster than the same network in float. Below 1 it is slower.", key="speed")
    chart(
        bars_figure(speeds, current_look(), x="Times faster in int8"),
        key="speeds",
        alt=f"From {min(speeds.values()):.2g} to {max(speeds.values()):.2g} times.",
    )
