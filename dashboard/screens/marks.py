"""The star and the note that readers give to a point."""

from __future__ import annotations

import streamlit as st

from dashboard import data, filing
from dashboard.data import analysis
from dashboard.screens.parts import note
from dashboard.screens.refusal import attempt
from effcore.analysis.frontier import Variant
from effcore.tracking.marks import LONGEST


def mark_buttons(variant: Variant) -> None:
    """A button for the star and one for the note, kept beside the figures in the store; nothing where they are not this visitor's to give."""
    if not data.may_touch(variant.sweep):
        return
    mark, run_id = analysis.mark_of(variant.run_id), variant.run_id
    st.button(
        "Take the star away" if mark.star else "Give it a star", key=f"star-{run_id}", type="tertiary",
        icon=":material/star:" if mark.star else ":material/star_border:", on_click=attempt, args=(filing.set_star, run_id, not mark.star),
    )  # fmt: skip
    with st.popover("Note", icon=":material/edit_note:", type="tertiary"):
        st.text_area("What you want to remember of it", mark.note, key=_field(run_id), max_chars=LONGEST)
        st.button("Keep", key=f"keep-note-{run_id}", type="primary", on_click=_keep, args=(run_id,))


def _field(run_id: str) -> str:
    return f"note-{run_id}"


def _keep(run_id: str) -> None:
    """In a callback, so that no click is lost while the page is drawn anew."""
    attempt(filing.set_note, run_id, str(st.session_state.get(_field(run_id)) or ""))


def mark_said(run_id: str) -> None:
    """The note, where there is one."""
    if said := analysis.mark_of(run_id).note:
        note(said, key="reader-note", tone="plain")
