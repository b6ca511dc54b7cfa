"""The queue under the launch form: every sweep with its state, how far it is, and a way to stop it."""

from __future__ import annotations

import streamlit as st

from dashboard import data, routes
from dashboard.screens.parts import explained, heading, note
from dashboard.screens.submission import refused
from dashboard.views.queue import QueueRow, log_tail, queue_headline, queue_rows
from effcore.errors import StoreError

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
            st.button(
                "Clone", key=f"clone-{row.run_id}", icon=":material/content_copy:", help="Its spec, to change and launch",
                on_click=_clone, args=(row.run_id,),
            )  # fmt: skip
            if row.can_cancel and data.may_touch(row.run_id):
                st.button(
                    "Cancel",
                    key=f"cancel-{row.run_id}",
                    icon=":material/stop_circle:",
                    on_click=data.cancel,
                    args=(row.run_id,),
                )
        _log(row)
        if row.hint:
            note(row.hint, key=f"hint-{row.run_id}", tone="bad" if row.tone == "bad" else "quiet")


def _clone(run_id: str) -> None:
    """Its spec into the field for pasted specs, above."""
    try:
        text = data.store().spec_text(run_id)
    except (StoreError, OSError) as error:
        refused(f"Its spec can't be read: {error}")
        return
    st.session_state[routes.PASTED] = text
    st.session_state[routes.LAUNCH_MODE] = routes.PASTE


def _log(row: QueueRow) -> None:
    """The end of what its process wrote, where the runner of this home started it."""
    lines = log_tail(data.home() / "logs" / f"sweep-{row.run_id}.log")
    if lines:
        with st.expander("Log", key=f"log-{row.run_id}"):
            st.code("\n".join(lines), language=None, wrap_lines=True)
