"""What the instructor sees and does: the queue, the door, students and their sweeps, exports, and starting anew."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from dashboard import data, posing, routes
from dashboard.classroom import DOOR_CLOSED, MORE_NAMES, NAMES_SHOWN, Classroom
from dashboard.classroom.audience import SWEEP, quota_minutes
from dashboard.exports import csv_text
from dashboard.screens.guessing import is_teaching
from dashboard.screens.parts import LIVE_S, explained, heading, note
from dashboard.screens.refusal import attempt
from dashboard.tables import capital_heads
from dashboard.views.predict import PARTS, questions
from effcore.home import is_paused, pause
from effcore.tracking import SweepRecord

_MOST = 60


def lead(room: Classroom) -> None:
    """All of it; only for who gave the key."""
    note("On each lesson you can now release the answer and forget the guesses.", key="leading", tone="good")
    _switches(room)
    _up(room)
    st.fragment(run_every=LIVE_S)(_class)(room)
    _exports(room)
    _anew(room)


def _switches(room: Classroom) -> None:
    said = "The queue is paused: what runs goes on, nothing new begins"
    _hold("pause-queue", is_paused(data.home()))
    st.toggle(said, key="pause-queue", on_change=attempt, args=(_pause,))
    for key, setting, words in (
        ("door", DOOR_CLOSED, "The door is closed: nobody joins any more, who was here comes back"),
        ("names", NAMES_SHOWN, "The leaderboard of a challenge has names"),
        ("more", MORE_NAMES, "A browser may join with a second name, and any number from one address"),
    ):
        _hold(f"set-{key}", room.is_set(setting))
        st.toggle(words, key=f"set-{key}", on_change=attempt, args=(_set, room, setting, f"set-{key}"))


def _hold(key: str, holds: bool) -> None:
    """Have a switch stand as it is in the store, which another page or an emptied class may have changed since it was first drawn.

    A click is in the store by now: its callback ran before the page is drawn.
    """
    if st.session_state.get(key) != holds:
        st.session_state[key] = holds


def _pause() -> None:
    pause(data.home(), bool(st.session_state["pause-queue"]))


def _set(room: Classroom, setting: str, key: str) -> None:
    room.set(setting, bool(st.session_state[key]))


def _up(room: Classroom) -> None:
    """Steps that the class is to guess."""
    for one in posing.asked_now():
        run = one.after.run_id
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"row-posed-{run}"):
            st.button(
                "Release both answers", key=f"release-posed-{run}", type="tertiary", icon=":material/visibility:", on_click=attempt,
                args=(_answer, room, run),
            )  # fmt: skip
            st.button("Take it down", key=f"down-{run}", type="tertiary", icon=":material/undo:", on_click=attempt, args=(posing.take_down, run))
            st.page_link(routes.PREDICT, label="Its page", icon=":material/quiz:", query_params={routes.RUN: run})
            locked = " and ".join(f"{room.count(question)[0]} on {part}" for question, part in zip(questions(run), PARTS, strict=True))
            note(f"Up for guessing: {one.after.step}, applied to {one.before.name} · guesses locked: {locked}", key=f"posed-{run}", tone="plain")


def _answer(room: Classroom, run: str) -> None:
    for question in questions(run):
        room.release(question)


@explained
def _class(room: Classroom) -> None:
    """Students and their sweeps; fills by itself."""
    if not is_teaching():  # the key has changed since
        st.rerun()
    records = [r for r in data.sweeps() if r.owner]
    heading("Students", key="students-section", below=f"{len(room.names())} have joined, {len(records)} sweeps are theirs.")
    frame = students_frame(room, records)
    if len(frame):
        alt = "Who joined, with sweeps, minutes, guesses and hand-ins"
        st.dataframe(frame, hide_index=True, key="students", column_config=capital_heads(frame), alt=alt)
    released = room.released_with(SWEEP)
    hidden = [r for r in records if SWEEP + r.run_id not in released]
    if len(hidden) > 1:
        asked = (_release, room, [r.run_id for r in hidden])
        st.button("Release all sweeps", key="release-all", icon=":material/visibility:", on_click=attempt, args=asked)
    for record in sorted(records, key=lambda r: -r.started_ms)[:_MOST]:
        _sweep(room, record, shown=SWEEP + record.run_id in released)


def _sweep(room: Classroom, record: SweepRecord, *, shown: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"row-class-{record.run_id}"):
        words, key, icon = ("Hide", "hide", "visibility_off") if shown else ("Release", "show", "visibility")
        st.button(
            words, key=f"{key}-{record.run_id}", type="tertiary", icon=f":material/{icon}:", on_click=attempt,
            args=(_hide if shown else _release, room, [record.run_id]),
        )  # fmt: skip
        st.page_link(routes.FRONTIER, label="Points", icon=":material/stairs_2:", query_params={routes.SWEEP: record.run_id})
        state = f"{record.state}, {record.done} of {record.total}" if record.total else record.state
        note(f"{record.owner}: {record.name} · {state}" + (" · all may see it" if shown else ""), key=f"class-{record.run_id}", tone="plain")


def _release(room: Classroom, runs: Sequence[str]) -> None:
    for run in runs:
        room.release(SWEEP + run)


def _hide(room: Classroom, runs: Sequence[str]) -> None:
    for run in runs:
        room.withdraw(SWEEP + run)


def students_frame(room: Classroom, records: Iterable[SweepRecord]) -> pd.DataFrame:
    """A row for each student: sweeps, minutes of how many, guesses and hand-ins."""
    swept = [r.owner for r in records]
    guessed, handed = [e.student for e in room.entries()], [h.student for h in room.handed_in()]
    quota = quota_minutes()
    return pd.DataFrame([
        {
            "student": name, "sweeps": swept.count(name), "minutes used": round(room.charged(name), 2),
            "minutes left": max(0.0, round(quota - room.charged(name), 2)), "guesses": guessed.count(name), "hand-ins": handed.count(name),
        }
        for name in room.names()
    ])  # fmt: skip


def _exports(room: Classroom) -> None:
    entries = room.entries()
    with st.container(horizontal=True, key="class-exports"):
        st.download_button(
            f"All {len(entries)} guesses as CSV", guesses_text(room), "guesses.csv", "text/csv", key="guesses-csv", icon=":material/download:"
        )
        frame = students_frame(room, [r for r in data.sweeps() if r.owner])
        st.download_button("The students as CSV", csv_text(frame), "students.csv", "text/csv", key="students-csv", icon=":material/download:")


def guesses_text(room: Classroom) -> str:
    """Every guess with its author and moment, as CSV."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["question", "student", "guess", "at"])
    writer.writerows([[e.question, plain(e.student), e.value, moment(e.at)] for e in room.entries()])
    return text.getvalue()


def moment(at_s: float) -> str:
    """Unix time as ISO 8601."""
    return datetime.fromtimestamp(at_s, tz=UTC).isoformat(timespec="seconds")


def plain(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name[:1] in "=+-@\t" else name


def _anew(room: Classroom) -> None:
    with st.popover("Start with an empty class", icon=":material/restart_alt:", key="popover-empty"):
        said = "Forgets all names, guesses, releases, hand-ins and minutes. Sweeps and their points stay; names that have some can't be taken again."
        note(said, key="empty-says", tone="plain")
        st.button("Forget the class", type="primary", key="empty-class", on_click=attempt, args=(room.empty,))
