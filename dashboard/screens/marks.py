"""The star and the note that readers give to a point."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from dashboard.data import analysis
from dashboard.screens.parts import note
from effcore.tracking.marks import LONGEST


def mark_buttons(run_id: str) -> None:
    """A button for the star and one for the note, kept beside the figures in the store."""
    mark = analysis.mark_of(run_id)
    st.button(
        "Take the star away" if mark.star else "Give it a star", key="star", type="tertiary",
        icon=":material/star:" if mark.star else ":material/star_border:", on_click=analysis.set_mark,
        args=(run_id, replace(mark, star=not mark.star)),
    )  # fmt: skip
    with st.popover("Note", icon=":material/edit_note:", type="tertiary"):
        text = st.text_area("What you want to remember of it", mark.note, key=f"note-{run_id}", max_chars=LONGEST)
        if st.button("Keep", key="keep-note", type="primary"):
            analysis.set_mark(run_id, replace(mark, note=text.strip()))
            st.rerun()


def mark_said(run_id: str) -> None:
    """The note, where there is one."""
    if said := analysis.mark_of(run_id).note:
        note(said, key="reader-note", tone="plain")
