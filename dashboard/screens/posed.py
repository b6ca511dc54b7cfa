"""On every page of a class: which steps are up for guessing, and on that of a step, what who leads can do about it."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from dashboard import data, posing, routes
from dashboard.quantities import count
from dashboard.screens.guessing import is_teaching, room
from dashboard.screens.parts import aim, note
from dashboard.screens.refusal import attempt
from dashboard.views.predict import StepQuestion
from effcore.errors import EffcoreError

_MOST = 3


def call() -> None:
    """The way to each step that is up, for all but who leads; nothing where none is."""
    with suppress(EffcoreError):  # the page itself says so, with what can be done
        asked = () if is_teaching() else posing.asked_now()
        for index, one in enumerate(asked[:_MOST]):
            said = f"The class guesses a step: {one.after.step}, applied to {one.before.name}. What tells of it is kept back until it is released."
            with st.container(horizontal=True, vertical_alignment="center", key=f"row-up-{index}"):
                note(said, key=f"up-{index}", tone="busy", width="content")
                st.page_link(routes.PREDICT, label="Guess it", icon=":material/quiz:", query_params={routes.RUN: one.after.run_id})


def way_to_guess(run_id: str) -> None:
    """From the page of a point to the guess of its last step; who leads puts it up by that, and students have seen the answer."""
    if room() is None:
        label = "Let the class guess this step"
        st.page_link(routes.PREDICT, label=label, icon=":material/quiz:", query_params={routes.RUN: run_id})
    elif is_teaching():
        words, icon = "Let the class guess this step", ":material/quiz:"
        st.button(words, key=f"pose-{run_id}", icon=icon, type="tertiary", on_click=attempt, args=(_pose, run_id))


def _pose(run_id: str) -> None:
    """In a callback: put a step up, and to its page."""
    asked = posing.question(run_id)
    if asked is not None:
        posing.pose(asked)
    aim(routes.PREDICT, {routes.RUN: run_id})


def lead_step(asked: StepQuestion) -> None:
    """Whether the step is up, and the button that changes it; nothing for others."""
    if not is_teaching():
        return
    up = posing.is_up(asked.after.run_id)
    held = len(posing.kept_back(asked.after.run_id)) if up else 0
    said = f"It is up: {count(held, 'run')} that tell of it are kept from the class until both answers are released." if up else (
        "It is not up: the class may see its point on other pages."
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center", key="row-lead-step"):
        note(said, key="is-up", tone="good" if up else "busy", width="content")
        if up:
            st.button("Take it down", key="take-down", icon=":material/undo:", on_click=attempt, args=(posing.take_down, asked.after.run_id))
        else:
            st.button("Put it up for the class", key="put-up", icon=":material/quiz:", on_click=attempt, args=(posing.pose, asked))


def held_point(run_id: str) -> bool:
    """Say of a point that it is kept back, where it is; whether it is."""
    if run_id not in data.snapshot().held:
        return False
    note("The class is to guess what this point shows; it can be seen when the answer is released.", key="held", tone="lead")
    return True
