"""The class: join it, or lead it."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import streamlit as st

from dashboard import data
from dashboard.audience import INSTRUCTOR
from dashboard.classroom import is_instructor
from dashboard.screens.guessing import is_teaching, join, room, student
from dashboard.screens.parts import explained, heading, note


@explained
def page() -> None:
    """Joining for students; behind the key, what was guessed."""
    heading("Class", below="A name is all it takes. Guesses stay with their authors until the answer is released, and have no names then.")
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
    note("On each lesson you can now release the answer and forget the guesses.", key="leading", tone="good")
    entries = classroom.entries()
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["question", "student", "guess", "at"])
    writer.writerows([e.question, _plain(e.student), e.value, datetime.fromtimestamp(e.at, tz=UTC).isoformat(timespec="seconds")] for e in entries)
    st.download_button(
        f"All {len(entries)} guesses as CSV", text.getvalue(), "guesses.csv", "text/csv", key="guesses-csv", icon=":material/download:"
    )


def _plain(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name[:1] in "=+-@\t" else name


page()
