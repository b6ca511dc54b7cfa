"""The queue under the launch form: every sweep with its state, how far it is, and a way to stop it."""

from __future__ import annotations

import streamlit as st

from dashboard import data, routes
from dashboard.screens.parts import explained, heading, note
from dashboard.views.queue import QueueRow, queue_headline, queue_rows

_MOST = 12


@explained
def queue() -> None:
    """The sweeps at work first, then the newest."""
    rows = queue_rows(data.sweeps(), now_ms=data.now_ms())
    heading("Queue", key="queue-section", below=queue_headline(rows))
    for row in rows[:_MOST]:
        _row(row)
    if len(rows) > _MOST:
        with st.expander(f"{len(rows) - _MOST} older sweeps", key="older-sweeps"):
            for row in rows[_MOST : _MOST + 100]:
                _row(row)


def _row(row: QueueRow) -> None:
    with st.container(key=f"sweep-{row.run_id}", border=True, gap="xsmall"):
        name, state, progress, buttons = st.columns([3, 2, 4, 3], vertical_alignment="center", gap="medium")
        with name:
            note(row.name, key=f"name-{row.run_id}", tone="strong")
        with state:
            note(row.state + (f", {row.elapsed}" if row.elapsed else ""), key=f"state-{row.run_id}", tone=row.tone)
        with progress:
            st.progress(row.share, text=row.text)
        with (
            buttons,
            st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small"),
        ):
            if row.has_points:
                st.page_link(
                    routes.FRONTIER, label="Points", icon=":material/stairs_2:", query_params={routes.SWEEP: row.run_id}
                )
            if row.can_cancel:
                st.button(
                    "Cancel",
                    key=f"cancel-{row.run_id}",
                    icon=":material/stop_circle:",
                    on_click=data.cancel,
                    args=(row.run_id,),
                )
        if row.hint:
            note(row.hint, key=f"hint-{row.run_id}", tone="bad" if row.tone == "bad" else "quiet")
