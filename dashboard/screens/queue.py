"""The queue under the launch form: every sweep with its state, how far it is, and a way to stop it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboard import data, filing, routes
from dashboard.data import hidden
from dashboard.screens.budget import change_budget
from dashboard.screens.parts import explained, heading, note, paste
from dashboard.views.queue import QueueRow, log_tail, queue_headline, queue_rows
from effcore.errors import EffcoreError, StoreError
from effcore.home import is_paused

_MOST = 12


@explained
def queue() -> None:
    """The sweeps at work first, then the newest."""
    rows = queue_rows(data.sweeps(), now_ms=data.now_ms(), busy=data.busy())
    heading("Queue", key="queue-section", below=queue_headline(rows))
    if is_paused(data.home()):
        note("The queue is paused: what runs goes on, nothing new begins.", key="paused", tone="busy")
    for row in rows[:_MOST]:
        _row(row)
    if len(rows) > _MOST:
        with st.expander(f"{len(rows) - _MOST} older sweeps", key="older-sweeps"):
            for row in rows[_MOST : _MOST + 100]:
                _row(row)


def _row(row: QueueRow) -> None:
    with st.container(key=f"sweep-{row.run_id}", border=True, gap="xsmall"):
        name, state, progress, buttons = st.columns([5, 4, 6, 9], vertical_alignment="center", gap="medium")
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
                "Clone", key=f"clone-{row.run_id}", type="tertiary", icon=":material/content_copy:", help="Its spec, to change and launch",
                on_click=_clone, args=(row.run_id,),
            )  # fmt: skip
            mine = data.may_touch(row.run_id)
            if mine and row.can_pause:
                _ask("Pause", filing.pause, row, key="pause", icon=":material/pause_circle:", help="Running stages end first; nothing is lost")
            if mine and row.can_resume:
                _ask("Resume", filing.resume, row, key="resume", icon=":material/play_circle:", help="Goes on where it stood")
            if mine and row.can_cancel:
                _ask("Cancel", filing.cancel, row, key="cancel", icon=":material/stop_circle:", help="What had finished is kept")
        if row.cost:
            note(row.cost, key=f"cost-{row.run_id}")
        if mine and row.can_rebudget:
            change_budget(row.run_id)
        _log(row)
        said = st.session_state.get(_REFUSED)
        if said and said[0] == row.run_id:
            note(said[1], key=f"refused-{row.run_id}", tone="bad")
        if row.hint:
            note(row.hint, key=f"hint-{row.run_id}", tone="bad" if row.tone == "bad" else "quiet")


_REFUSED = "queue-refused"
"""In the session: the sweep that was asked for something that could not be done, and why."""


def _ask(label: str, what: Callable[[str], None], row: QueueRow, *, key: str, icon: str, help: str) -> None:
    st.button(label, key=f"{key}-{row.run_id}", type="tertiary", icon=icon, help=help, on_click=_done, args=(what, row.run_id))


def _done(what: Callable[[str], None], run_id: str) -> None:
    """In a callback: do it, or say beside the sweep why it could not be done."""
    st.session_state.pop(_REFUSED, None)
    try:
        what(run_id)
    except EffcoreError as error:
        st.session_state[_REFUSED] = (run_id, str(error))


def _clone(run_id: str) -> None:
    """Its spec into the field for pasted specs, above, or why not beside the sweep."""
    st.session_state.pop(_REFUSED, None)
    try:
        text = data.store().spec_text(run_id)
    except (StoreError, OSError) as error:
        st.session_state[_REFUSED] = (run_id, f"Its spec can't be read: {error}")
        return
    paste(text)


def _log(row: QueueRow) -> None:
    """The end of what its process wrote, where the runner of this home started it."""
    if hidden.holds_back(row.run_id):
        return
    lines = log_tail(data.home() / "logs" / f"sweep-{row.run_id}.log")
    if lines:
        with st.expander("Log", key=f"log-{row.run_id}"):
            st.code("\n".join(lines), language=None, wrap_lines=True)
