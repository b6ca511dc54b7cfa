"""Acts: three strategies on one landscape."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from dashboard.charts.axes import faded
from dashboard.charts.lessons import Line, lines_figure
from dashboard.lessons import search
from dashboard.lessons.recorded import Recorded
from dashboard.quantities import percent
from dashboard.screens.acts.parts import chart
from dashboard.screens.parts import current_look, note
from dashboard.theme import Look, template

LABELS = {"grid": "Grid, in order", "random": "Random", "bayesian": "Bayesian (TPE)"}


def act(recorded: Recorded) -> None:
    """Where a strategy tries, step by step, and how the three compare."""
    space = search.landscape(recorded)
    left, right = st.columns([1, 1])
    strategy = (
        left.segmented_control("Strategy", list(LABELS), default="random", format_func=lambda s: s.capitalize(), key="lesson-strategy") or "random"
    )
    tries = right.slider("Tries", 1, search.TRIES, 12, key="lesson-tries")
    order = search.tried(space, strategy, 0)[:tries]
    best = max(space.accuracy[i] for i in order)
    note(f"After {tries} tries the best is {percent(best, places=1)}; the best there is has {percent(max(space.accuracy), places=1)}. "
         f"Trained for {sum(space.seconds[i] for i in set(order)):.0f} s in all.", key="best", tone="lead")  # fmt: skip
    size = st.segmented_control("Batch size shown", space.sizes, default=space.sizes[1], key="lesson-size") or space.sizes[1]
    chart(
        _map(space, order, space.sizes.index(size), current_look()),
        key="landscape",
        alt="Recorded accuracy by learning rate and width; crosses are tries.",
    )
    lines = []
    for name, label in LABELS.items():
        found = search.course(space, name)
        lines.append(Line(label=label, x=tuple(float(n) for n in range(1, len(found.best) + 1)), y=found.best, low=found.low, high=found.high))
    figure = lines_figure(lines, current_look(), x="Tries", y="Best accuracy so far (more is better)", percent=True, here=tries)
    chart(figure, key="courses", alt=f"Median and quartiles of {search.SEEDS} searches on the recorded landscape.")


def _map(space: search.Landscape, order: tuple[int, ...], size: int, look: Look) -> go.Figure:
    rates = [f"{r:g}" for r in space.rates]
    values = np.array(space.accuracy).reshape(len(space.rates), len(space.widths), len(space.sizes))[:, :, size].T
    figure = go.Figure(go.Heatmap(
        x=rates, y=[f"{w:g}" for w in space.widths], z=values, colorscale=[[0, faded(look.accent, 0.05)], [1, look.accent]],
        texttemplate="%{z:.0%}", colorbar={"title": "Accuracy", "tickformat": ".0%"}, xgap=2, ygap=2, hoverinfo="skip",
    ))  # fmt: skip
    steps = [(n, i) for n, i in enumerate(order, start=1) if i % len(space.sizes) == size]
    places = [(i // (len(space.sizes) * len(space.widths)), i // len(space.sizes) % len(space.widths)) for _, i in steps]
    figure.add_scatter(
        x=[rates[r] for r, _ in places], y=[f"{space.widths[w]:g}" for _, w in places], mode="markers", hoverinfo="skip", showlegend=False,
        marker={"symbol": "x-thin-open", "size": 26, "color": look.bad, "line": {"width": 4}},
    )  # fmt: skip
    figure.update_layout(template=template(look), height=330, margin={"l": 10, "r": 10, "t": 20, "b": 10})
    figure.update_xaxes(title="Learning rate", type="category")
    figure.update_yaxes(title="Width", type="category")
    return figure
