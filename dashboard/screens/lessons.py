"""Lessons: the list of them."""

from __future__ import annotations

import streamlit as st

from dashboard import routes
from dashboard.lessons import LESSONS, recorded
from dashboard.screens.parts import aim, explained, heading, note


@explained
def page() -> None:
    """One card for each lesson, in the order of a lecture."""
    heading("Lessons", below="Each opens with a question. Guess first; then act on real numbers.")
    for start in range(0, len(LESSONS), 2):
        for column, (index, lesson) in zip(st.columns(2), list(enumerate(LESSONS.values(), start=1))[start : start + 2], strict=False):
            with column, st.container(border=True, height="stretch", key=f"card-{lesson.key}"):
                note(f"{index}  ·  {lesson.title}", key=f"name-{lesson.key}")
                note(lesson.question, key=f"question-{lesson.key}", tone="lead")
                to = (routes.LESSON, {routes.LESSON_KEY: lesson.key})
                st.button("Open", key=f"open-{lesson.key}", icon=":material/arrow_forward:", on_click=aim, args=to)
    note(recorded.read().source, key="source")


page()
