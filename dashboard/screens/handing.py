"""Beside a view: the hand-out in one click, a worksheet, and the view frozen, to be shared."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from dashboard import data, pictures, routes
from dashboard.classroom.audience import visitor
from dashboard.screens.hand_out import hand_out_button
from dashboard.screens.lens import Lens, Seen
from dashboard.screens.still import share
from dashboard.tables import taken_away
from dashboard.theme import Look
from dashboard.views.frontier import FrontierView
from dashboard.views.sources import Source
from effcore.worksheet import FEWEST, Worksheet, answers_text, make_worksheet, worksheet_text


def hand_over(seen: Seen, shown: data.Snapshot, source: Source, lens: Lens, view: FrontierView, table: tuple[pd.DataFrame, object]) -> None:
    """The buttons under the frontier."""
    selected = st.query_params.get(routes.SELECTED)
    drawn = {d.run_id for d in view.dots}
    of = [v for v in shown.variants if v.run_id in drawn]
    with st.container(horizontal=True, gap="small", key="hand-over"):
        hand_out_button(
            "frontier", title=f"{view.y.label} against {view.x.label.lower()}", figure=partial(_drawn, seen, shown, source, lens, selected),
            frame=taken_away(table[0], view), page="", query=st.query_params.to_dict(), of=of, source_name=source.label, runtimes=view.runtimes,
        )  # fmt: skip
        _for_class(source, shown, view)


def _drawn(seen: Seen, shown: data.Snapshot, source: Source, lens: Lens, selected: str | None, look: Look) -> go.Figure:
    asked = (source, seen.view.x.name, seen.view.y.name, seen.view.environment, lens)
    return pictures.figure(shown, asked, seen.view, look, layers=seen.layers, over=seen.over, selected=selected)


def _for_class(source: Source, shown: data.Snapshot, view: FrontierView) -> None:
    """A worksheet and a frozen view; students get no answers."""
    enough = source.sweep is not None and view.total >= FEWEST
    query = st.query_params.to_dict() | {routes.SWEEP: source.key}
    share("", query, before=partial(_worksheets, source, shown) if enough else None)


def _worksheets(source: Source, shown: data.Snapshot) -> None:
    """Made when they are asked for."""

    def made(write: Callable[[Worksheet], str]) -> str:
        return write(make_worksheet(source.of(shown.variants), title=source.label))

    st.download_button(
        "Worksheet", partial(made, worksheet_text), "worksheet.md", "text/markdown", key="worksheet", on_click="ignore",
        icon=":material/assignment:", type="tertiary",
    )  # fmt: skip
    if visitor(data.home()).free:
        st.download_button(
            "Its answers", partial(made, answers_text), "worksheet-answers.md", "text/markdown", key="worksheet-answers", on_click="ignore",
            icon=":material/assignment_turned_in:", type="tertiary",
        )  # fmt: skip
