"""What stands below the chart of the frontier: the table, the way to a comparison, each step's price, what is left out."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboard import routes
from dashboard.quantities import count
from dashboard.screens.answers import exchange_strip
from dashboard.screens.parts import aim, note
from dashboard.screens.picking import picked_row, picked_rows
from dashboard.tables import Table, height, left_out_table
from dashboard.views.compare import FEWEST, MOST
from dashboard.views.frontier import FrontierView

DRAWN = "frontier-drawn"
"""In the session: the chart has been drawn once, so that what draws it is there and tables need not wait for it."""

AFTER_S = 0.6
"""A browser that draws the first chart sees to this timer only afterwards, however slow it is."""


def below(view: FrontierView, table: Table, *, open_point: Callable[[str], None]) -> None:
    """All of it, or nothing before the first chart is drawn: a browser would draw the tables first, for as long as a chart takes."""
    if DRAWN in st.session_state:
        _table(view, table, open_point)
        exchange_strip(view)
        left_out(view, open_point=open_point)


def then_below() -> None:
    """Bring it as soon as the browser has time; called at the end of the page, and without effect once a chart was drawn."""
    if DRAWN not in st.session_state:
        st.session_state.pop(_SENT, None)
        st.fragment(run_every=AFTER_S)(_wake)()


_SENT = "frontier-sent"


def _wake() -> None:
    """Runs with the page, and then when the browser asks for it."""
    if st.session_state.get(_SENT):
        st.session_state[DRAWN] = True
        st.rerun()
    st.session_state[_SENT] = True


def _table(view: FrontierView, table: Table, open_point: Callable[[str], None]) -> None:
    frame, columns = table
    place = st.container(key="compare-place")
    alt = f"The {len(frame)} points of the chart"
    row, ticked = picked_rows(frame, columns, key="frontier-table", of=view.runs(len(frame)), height=height(len(frame)), alt=alt)
    if len(frame) < view.total:
        note(f"The table has the first {len(frame):,} of {view.total:,} points; the others open from the chart.", key="table-ends")
    if row is not None:
        open_point(view.run_at(row))
    with place:
        _compare(view, ticked)


def _compare(view: FrontierView, ticked: tuple[int, ...]) -> None:
    """A way from the boxes beside the table to the page that sets the points beside each other."""
    if not ticked:
        note("A click on a row opens its point; boxes at the left choose points to compare.", key="table-hint")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="compare-ticked"):
        enough = FEWEST <= len(ticked) <= MOST
        st.button(
            f"Compare {count(len(ticked), 'point')}", key="compare-button", icon=":material/compare_arrows:", type="primary", disabled=not enough,
            on_click=aim, args=(routes.COMPARE, {routes.POINTS: ",".join(view.run_at(row) for row in ticked)}),
        )  # fmt: skip
        if not enough:
            note(f"From {FEWEST} to {MOST} points can be compared.", key="compare-bounds", width="content")


def left_out(view: FrontierView, *, open_point: Callable[[str], None]) -> None:
    """What is not among the points, and why; open where there is nothing else."""
    if not view.left_out:
        return
    with st.expander(f"Left out: {view.missing:,}", key="left-out", expanded=not view.dots):
        frame, columns = left_out_table(view.left_out)
        row = picked_row(
            frame,
            columns,
            key="left-out-table",
            of=[entry.run_id for entry in view.left_out],
            height=height(len(frame)),
            alt="Variants that are not among the points",
        )
        if row is not None:
            open_point(view.left_out[row].run_id)
