"""Acts: find the dominator, move a budget."""

from __future__ import annotations

import streamlit as st

from dashboard.charts.lessons import plane_figure
from dashboard.lessons import dominance
from dashboard.lessons.recorded import Recorded
from dashboard.quantities import percent
from dashboard.screens.acts.parts import chart
from dashboard.screens.parts import current_look, note

FEW = 3
"""Dominators of the network that is chosen at first: enough to look for, and not all there are."""


def act(recorded: Recorded) -> None:
    """Choose a network and see what dominates it; set a budget and see what it buys."""
    rows = recorded.rows()
    frontier = dominance.on_frontier(rows)
    names = [r.name for r in rows]
    accuracy, latency = [r.value("accuracy") for r in rows], [r.value("latency_ms") for r in rows]
    left, right = st.columns(2)
    first = min(range(len(rows)), key=lambda i: abs(len(dominance.dominators(rows, rows[i])) - FEW))
    chosen = left.selectbox("Network", range(len(rows)), index=first, format_func=lambda i: names[i], key="lesson-network")
    budgets = dominance.budgets(rows)
    budget = right.select_slider(
        "Budget: at most so many ms a prediction", budgets, value=budgets[-1], format_func=lambda ms: f"{ms:#.3g}", key="lesson-budget"
    )
    found = dominance.dominators(rows, rows[chosen])
    marked = [names.index(d.name) for d in found]
    alt = f"{sum(frontier)} of {len(rows)} networks are on the frontier; {len(found)} dominate {names[chosen]}."
    chart(plane_figure(names, accuracy, latency, frontier, current_look(), chosen=chosen, marked=marked, budget_ms=budget), key="plane", alt=alt)
    if found:
        best = found[0]
        note(f"{names[chosen]} is dominated by {len(found)}: {best.name} is {best.faster:.2g} times as fast and {best.points:.1f} points better.",
             key="dominators", tone="lead")  # fmt: skip
    else:
        note(f"Nothing dominates {names[chosen]}: what is faster is less accurate, what is more accurate is slower.", key="dominators", tone="lead")
    inside = dominance.best_within(rows, budget)
    if inside is None:
        note(f"No network needs at most {budget:#.3g} ms.", key="budget", tone="lead")
    else:
        note(f"At most {budget:#.3g} ms buys {percent(inside.value('accuracy'), places=1)}: {inside.name}.", key="budget", tone="lead")
