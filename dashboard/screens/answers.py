"""What the frontier answers, in words: under a budget, and step by step along it."""

from __future__ import annotations

import streamlit as st

from dashboard.screens.lens import Lens
from dashboard.screens.parts import note
from dashboard.tables import exchange_table
from dashboard.views.answers import answer, exchanges
from dashboard.views.frontier import FrontierView


def answers(lens: Lens, view: FrontierView) -> None:
    """The answer to the budget that was set, above the plot."""
    if not lens.budget.given:
        return
    found = answer(view, lens.budget)
    with st.container(border=True, key="answer", gap="xsmall"):
        for index, line in enumerate(found.lines):
            note(line, key=f"answer-{index}", tone="strong" if index == 0 else "plain")
        if view.cloud is None:
            note(f"{found.allowed} of {len(view.dots)} points keep to the budget.", key="answer-allowed")


def exchange_strip(view: FrontierView) -> None:
    """Whether the next step along the frontier is worth it."""
    steps = exchanges(view)
    if not steps:
        return
    with st.expander("What each step along the frontier buys", key="exchange"):
        note(
            "From the cheapest point to the next, and so on. A step whose intervals overlap may be none.",
            key="exchange-hint",
        )
        frame, columns = exchange_table(steps)
        st.dataframe(
            frame, hide_index=True, column_config=columns, key="exchange-table", height="content", alt="Steps along the frontier and what each buys"
        )
