"""Acts: weights to zero, then channels away."""

from __future__ import annotations

import numpy as np
import streamlit as st

from dashboard.charts.lessons import Line, lines_figure
from dashboard.lessons import pruning
from dashboard.lessons.recorded import Recorded
from dashboard.quantities import percent
from dashboard.screens.acts.parts import chart, picture
from dashboard.screens.parts import current_look, heading, note


def act(recorded: Recorded) -> None:
    """A slider of sparsity over real filters, the accuracy computed at once; then what was measured of zeros and of channels."""
    share = st.slider("Weights set to zero", 0, 95, 50, 5, format="%d %%", key="lesson-share") / 100
    result, whole = pruning.at_share(recorded.network, share), pruning.at_share(recorded.network, 0.0)
    figures = st.columns(3)
    figures[0].metric(
        "Accuracy",
        percent(result.accuracy, places=1),
        f"{100 * (result.accuracy - whole.accuracy):+.1f} points" if result.right != whole.right else None,
        help="Of real test images, predicted now.",
    )
    figures[1].metric("Weights, compressed", f"{result.bytes_compressed / 1000:.1f} kB", help="After deflate; as a file they take what they took.")
    figures[2].metric("Products on dense kernels", "all of them", help="A zero is multiplied like any other number.")
    before, after = pruning.filters(recorded.network, 0.0), pruning.filters(recorded.network, share)
    for filters, words, column in zip((before, after), ("Filters of the first layer", "What is left"), st.columns(2), strict=True):
        with column:
            note(words, key=f"filters-{words[:4]}")
            picture(_strip(filters), scale=14, width=420)
    shares = pruning.SHARES
    accuracy = tuple(pruning.at_share(recorded.network, s).accuracy for s in shares)
    figure = lines_figure([Line(label="Accuracy", x=tuple(100 * s for s in shares), y=accuracy)], current_look(), x="Weights set to zero (%)",
                          y="Accuracy (more is better)", percent=True, here=100 * share)  # fmt: skip
    chart(figure, key="sparsity", alt=f"At {percent(share)} zeros {percent(result.accuracy, places=1)} are right, without training on.")
    heading("Zeros or channels?", key="channels-section")
    note("Measured, each trained on for an epoch: how many times faster than the whole network.", key="channels")
    base = pruning.unpruned(recorded).value("latency_ms")
    lines = [
        Line(label=label, x=tuple(100 * float(r.step("pruning")["amount"]) for r in rows), y=tuple(base / r.value("latency_ms") for r in rows))
        for label, rows in (
            ("single weights to zero", pruning.pruned(recorded, "weights")),
            ("channels taken out", pruning.pruned(recorded, "channels")),
        )
    ]
    chart(
        lines_figure(lines, current_look(), x="Pruned (%)", y="Times faster"),
        key="structures",
        alt=f"At most {max(lines[0].y):.2f} times faster with zeros, {max(lines[1].y):.2f} times with channels taken out.",
    )


def _strip(filters: np.ndarray) -> np.ndarray:
    """Filters side by side as grey values, black where a weight is zero."""
    largest = np.abs(filters).max() or 1.0
    grey = np.where(filters == 0, 0, 60 + 195 * np.abs(filters) / largest).astype(np.uint8)
    return np.concatenate([np.pad(f, 1, constant_values=128) for f in grey], axis=1)
