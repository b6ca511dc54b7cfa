"""Guess, lock, reveal: alone at once, in a class when the instructor releases the answer."""

from __future__ import annotations

import math
from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

from dashboard import data, routes
from dashboard.charts.axes import faded, log_ticks, padded, tick_text
from dashboard.classroom import Classroom, Student, instructor_key
from dashboard.classroom.audience import STUDENT, visitor
from dashboard.classroom.origin import origin
from dashboard.lessons.lesson import Guess, Truth
from dashboard.quantities import count
from dashboard.screens.chart import chart
from dashboard.screens.parts import LIVE_S, current_look, explained, note
from dashboard.screens.refusal import attempt
from dashboard.theme import Look, template
from effcore.errors import EffcoreError


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question that is answered by one number.

    Attributes:
        key: The same for the whole class.
        guess: What is asked.
    """

    key: str
    guess: Guess


def room() -> Classroom | None:
    """The class of this state folder, where there is an instructor's key."""
    return visitor(data.home()).room


def teaches() -> bool:
    """Whether there is a class; a key that is no good is said on its page and not here."""
    try:
        return instructor_key(data.home()) is not None
    except EffcoreError:
        return True


def student() -> Student | None:
    """Who joined in this session."""
    return visitor(data.home()).student


def is_teaching() -> bool:
    """Whether the instructor's key was given in this session; checked again, in case it has changed."""
    return visitor(data.home()).teaching


def ask(asked: Asked) -> None:
    """The slider, and the lock. Nothing of the answer is sent."""
    classroom, who, locked = room(), student(), own_guess(asked)
    guess = asked.guess
    if classroom is not None and who is None and not is_teaching():
        note("This is a class: join it to guess.", key=f"join-first-{asked.key}", tone="busy")
        st.page_link(routes.CLASS, label="Join the class", icon=":material/group_add:")
        return
    _slider(asked, locked)
    if locked is not None:
        note(f"Locked: {guess.told(locked)}.", key=f"locked-{asked.key}", tone="good")
    elif classroom is None or who is not None:
        st.button("Lock my guess", type="primary", icon=":material/lock:", key=f"lock-{asked.key}", on_click=_lock, args=(asked,))
        if problem := st.session_state.pop(f"lock-problem-{asked.key}", ""):
            note(problem, key=f"lock-problem-{asked.key}", tone="bad")


def _slider(asked: Asked, locked: float | None) -> None:
    guess, key = asked.guess, f"slider-{asked.key}"
    at = locked if locked is not None else guess.low if guess.start is None else guess.start
    if guess.log:
        places = sorted({*guess.places, at})  # what was locked may stem from other places
        st.select_slider(guess.ask, places, at, key=key, disabled=locked is not None, format_func=guess.told)
    else:
        ends = float(guess.low), float(guess.high), float(at), float(guess.step)
        st.slider(guess.ask, *ends, key=key, disabled=locked is not None, format=_format(guess.unit))


def _lock(asked: Asked) -> None:
    """In a callback, so that no click is lost while the page is drawn."""
    classroom, who, value = room(), student(), float(st.session_state[f"slider-{asked.key}"])
    try:
        if classroom is not None and who is not None:
            classroom.lock(asked.key, who, value)
    except EffcoreError as error:
        st.session_state[f"lock-problem-{asked.key}"] = str(error)
    else:
        st.session_state[f"guess-{asked.key}"] = value


def own_guess(asked: Asked) -> float | None:
    """The guess that was locked here."""
    classroom, who = room(), student()
    if classroom is not None:
        return classroom.own_guess(asked.key, who) if who is not None else None
    found: float | None = st.session_state.get(f"guess-{asked.key}")
    return found


def may_see(asked: Asked) -> bool:
    """Whether the answer may be drawn; where not, says what is waited for."""
    classroom = room()
    if classroom is None or classroom.released(asked.key):
        return True
    with st.container(key=f"waits-{asked.key}"):
        note("The answer is shown to everyone when the instructor releases it.", key=f"waiting-{asked.key}", tone="lead")
        _watch(asked)
    return False


@st.fragment(run_every=LIVE_S)
@explained
def _watch(asked: Asked) -> None:
    """How many have locked; goes on by itself once the answer is released."""
    classroom = room()
    if classroom is None or classroom.released(asked.key):
        st.rerun()
    else:
        locked, of = classroom.count(asked.key)
        note(f"{locked} of {of} have locked a guess.", key=f"count-{asked.key}")


def instruct(asked: Asked) -> None:
    """What the instructor may do with the question; nothing for others."""
    classroom = room()
    if classroom is None or not is_teaching():
        return
    with st.container(horizontal=True, key=f"instruct-{asked.key}"):
        st.button(
            "Release the answer", icon=":material/visibility:", key=f"release-{asked.key}", disabled=classroom.released(asked.key),
            on_click=attempt, args=(classroom.release, asked.key),
        )  # fmt: skip
        with st.popover("Forget all guesses", icon=":material/restart_alt:", key=f"popover-reset-{asked.key}"):
            note("Forgets the guesses of everybody to this question, and its release.", key=f"reset-says-{asked.key}", tone="plain")
            st.button("Forget them", type="primary", key=f"reset-{asked.key}", on_click=attempt, args=(classroom.reset, asked.key))


def reveal(asked: Asked, truth: Truth) -> None:
    """The answer with its interval, the distance, and the guesses of the class as a cloud without names."""
    guess, locked, classroom = asked.guess, own_guess(asked), room()
    with st.container(border=True, key=f"answer-{asked.key}"):
        note(guess.ask, key=f"asked-{asked.key}")
        note(truth.text, key=f"truth-{asked.key}", tone="lead")
        if locked is not None:
            distance = truth.distance(locked)
            hit = "within the interval of the answer" if truth.low < truth.high else "exactly right"
            said = f"{guess.told(distance, digits=3)} off" if distance else hit
            note(f"You guessed {guess.told(locked)}: {said}.", key=f"distance-{asked.key}", tone="busy" if distance else "good")
        guesses = classroom.guesses(asked.key) if classroom is not None else ()
        if guesses:
            figure = cloud_figure(guesses, truth, guess, current_look(), own=locked)
            said = f"{count(len(guesses), 'guess', 'guesses')} of the class, each a dot; the line is the answer."
            alt = f"{said} Guesses from {min(guesses):g} to {guess.told(max(guesses))}. {truth.text}"
            chart(figure, key=f"cloud-{asked.key}", alt=alt)
            st.caption(said)


def cloud_figure(guesses: tuple[float, ...], truth: Truth, guess: Guess, look: Look, *, own: float | None) -> go.Figure:
    """Every guess as a dot, equal ones on top of each other, the answer as a line with its interval."""
    seen: dict[float, int] = {}
    heights = []
    for value in guesses:
        seen[value] = seen.get(value, 0) + 1
        heights.append(seen[value])
    figure = go.Figure()
    if truth.low < truth.high:
        figure.add_vrect(x0=truth.low, x1=truth.high, fillcolor=faded(look.good, 0.18), line_width=0)
    figure.add_vline(x=truth.value, line={"color": look.good, "width": 3})
    figure.add_scatter(x=list(guesses), y=heights, mode="markers", marker={"size": 14, "color": faded(look.accent, 0.75)}, hoverinfo="x")
    if own is not None:
        figure.add_scatter(x=[own], y=[0.3], mode="markers", marker={"size": 14, "symbol": "triangle-up", "color": look.bad}, hoverinfo="skip")
    ends = (guess.low, guess.high, truth.low, truth.high, truth.value)  # an answer may lie beyond what can be guessed
    low, high = padded(ends, log=guess.log, share=0.02)
    if guess.log:
        ticks = log_ticks(low, high)
        figure.update_xaxes(type="log", range=[math.log10(low), math.log10(high)], tickvals=ticks, ticktext=[tick_text(t) for t in ticks])
    else:
        figure.update_xaxes(range=[low, high])
    figure.update_xaxes(title=f"{guess.unit}, log scale" if guess.log else guess.unit)
    figure.update_yaxes(visible=False, range=[0, max(heights) + 1])
    figure.update_layout(template=template(look), height=190 + 16 * max(heights), showlegend=False, margin={"l": 10, "r": 10, "t": 10, "b": 10})
    return figure


def _format(unit: str) -> str:
    return ("%g " + unit.replace("%", "%%")).strip()


def join() -> None:
    """The forms by which a student joins or comes back, and the instructor shows the key.

    Raises:
        EffcoreError: There is no class here.
    """
    classroom, who = room(), student()
    if classroom is None:
        raise EffcoreError("There is no class here. Whoever started the server can open one by setting EFFCORE_INSTRUCTOR_KEY.")
    if who is not None:
        note(f"You are {who.name}.", key="who", tone="lead")
        note(f"Your word is {who.word}. With it you come back as the same student, after the page was closed.", key="word", tone="plain")
        return
    left, right = st.columns(2)
    with left, st.form("join-form"):
        name = st.text_input("Your name, or any other", max_chars=40, key="join-name")
        if st.form_submit_button("Join", type="primary"):
            _try(lambda: classroom.join(name, origin=origin()))
    with right, st.form("back-form"):
        name = st.text_input("Your name from before", max_chars=40, key="back-name")
        word = st.text_input("The word you were shown", max_chars=60, key="back-word")
        if st.form_submit_button("Come back"):
            _try(lambda: classroom.come_back(name, word))


def _try(act: object) -> None:
    try:
        st.session_state[STUDENT] = act()  # type: ignore[operator]
    except EffcoreError as error:
        note(str(error), key="join-problem", tone="bad")
    else:
        st.rerun()
