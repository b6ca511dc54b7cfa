"""The door to the queue: one button, and beside it what came of it; every page that launches goes through here."""

from __future__ import annotations

import re

import streamlit as st

from dashboard import data, filing, routes
from dashboard.screens.parts import note
from effcore.spec import Spec

SUBMISSION = "submission"
"""In the session: key of the spec that was submitted last, its run, what is said of it, and in which tone."""
ELSE = "submission-else"
"""In the session: the name of a spec that was submitted by a button that stood there yet when another spec was drawn."""


def submit_button(spec: Spec, label: str) -> None:
    """A button that puts a spec into the queue; of many clicks the store makes one sweep. Over a recorded study, the way to run it elsewhere."""
    if data.recorded() is not None:
        _elsewhere(spec)
        return
    st.button(label, type="primary", icon=":material/play_arrow:", key="submit", on_click=_submit, args=(spec.text,))
    outcome, other = st.session_state.get(SUBMISSION), st.session_state.pop(ELSE, "")
    if outcome and (outcome[0] == spec.key or other):
        key, run_id, said, tone = outcome
        note(said if key == spec.key else f"{other}: {said}", key="submitted", tone=tone)
        if run_id:
            st.page_link(
                routes.FRONTIER, label="Watch it on the frontier", icon=":material/stairs_2:", query_params={routes.SWEEP: run_id}
            )


def _elsewhere(spec: Spec) -> None:
    name = f"{re.sub(r'[^A-Za-z0-9_]+', '-', spec.name).strip('-') or 'spec'}.yaml"
    note("A recorded study runs nothing. With the spec in a file it is yours to run:", key="run-elsewhere", tone="plain")
    st.download_button("Download the spec", data=spec.text, file_name=name, key="spec-to-run", on_click="ignore", icon=":material/download:")
    st.code(f"effcore run {name}", language=None)


def _submit(text: str) -> None:
    """Runs once a click; the store makes one sweep of many clicks."""
    key = ""
    try:
        spec = data.read_spec(text)
        key, st.session_state[ELSE] = spec.key, spec.name
        done = filing.submit(text)
    except (
        Exception
    ) as error:  # shown beside the button, whatever it is, since nothing else tells that nothing was queued
        st.session_state[SUBMISSION] = (key, "", f"Not submitted: {error}", "bad")
        return
    said = "In the queue." if done.fresh else "It is in the queue already; it was not queued again."
    if done.rebudgeted:
        said = f"{said} It has the budget of this spec now. A search that runs hears of it within seconds."
    st.session_state[SUBMISSION] = (key, done.run_id, said, "good")
