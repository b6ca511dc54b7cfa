"""The class: join it, or lead it."""

from __future__ import annotations

import streamlit as st

from dashboard import data
from dashboard.classroom import is_instructor
from dashboard.classroom.audience import INSTRUCTOR
from dashboard.screens.guessing import is_teaching, join, room, student
from dashboard.screens.leading import lead
from dashboard.screens.parts import explained, heading, note


@explained
def page() -> None:
    """Joining for students; behind the key, what the instructor may do."""
    heading("Class", below="A name is all it takes. Guesses stay with their authors until the answer is released, and have no names then.")
    if not (room() and is_teaching()):
        join()
    if student() is None:
        heading("Instructor", key="instructor-section")
        _lead()


def _lead() -> None:
    classroom = room()
    if classroom is None:
        return
    if not is_teaching():
        with st.form("key-form"):
            given = st.text_input("Instructor's key", type="password", key="instructor-key")
            if st.form_submit_button("Show the controls"):
                if is_instructor(given, data.home()):
                    st.session_state[INSTRUCTOR] = given
                    st.rerun()
                note("That is not the key.", key="wrong-key", tone="bad")
        return
    lead(classroom)


page()
