"""Who is looking, and what of the class's work that person may see and do; checked on the server for every read and write."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from dashboard.classroom import Classroom, Student, instructor_key, is_instructor
from dashboard.form import to_yaml
from dashboard.views.queue import ACTIVE
from effcore.errors import EffcoreError
from effcore.forecast import Forecast
from effcore.spec import Spec
from effcore.tracking import Store, SweepRecord

STUDENT, INSTRUCTOR = "class-student", "class-instructor"
"""In the session: who this is, and the key that was given."""
QUOTA_VARIABLE = "EFFCORE_QUOTA_MINUTES"
SWEEP = "sweep-"
"""Before the run of a sweep whose results are released to all."""


@dataclass(frozen=True)
class Visitor:
    """Who is looking.

    Attributes:
        room: The class; None where there is none, and everybody may do everything.
        student: Who joined.
        teaching: Whether the instructor's key was given.
    """

    room: Classroom | None
    student: Student | None
    teaching: bool

    @property
    def free(self) -> bool:
        """Whether nothing is hidden and nothing refused."""
        return self.room is None or self.teaching

    @property
    def name(self) -> str:
        """Of the student; empty for others."""
        return self.student.name if self.student else ""


def visitor(home: Path) -> Visitor:
    """Who is looking in this session; the instructor's key is compared again, in case it has changed."""
    if not home.is_dir() or instructor_key(home) is None:
        return Visitor(None, None, False)
    return Visitor(Classroom(home), st.session_state.get(STUDENT), is_instructor(st.session_state.get(INSTRUCTOR, ""), home))


def hidden(records: Iterable[SweepRecord], who: Visitor) -> frozenset[str]:
    """Runs of the sweeps that this visitor may not see: those of other students, until they are released."""
    if who.free or who.room is None:
        return frozenset()
    released = who.room.released_with(SWEEP)
    return frozenset(r.run_id for r in records if r.owner and r.owner != who.name and SWEEP + r.run_id not in released)


def file(spec: Spec, store: Store, records: Sequence[SweepRecord], who: Visitor, *, cost: Callable[[Spec], Forecast]) -> str:
    """Put a spec into the queue under the visitor's name, and charge what it is expected to take; returns its run.

    Raises:
        EffcoreError: As `require_turn`.
    """
    minutes = 0.0 if who.free else cost(spec).estimated_s / 60
    require_turn(records, who, minutes=minutes)
    run_id = store.schedule(signed(spec, who), owner=who.name)
    if who.room is not None and who.name:
        who.room.charge(who.name, run_id, minutes)
    return run_id


def cancel(run_id: str, store: Store, who: Visitor) -> None:
    """Ask the runner to end a sweep; one that has not begun gives its minutes back.

    Raises:
        EffcoreError: As `require_own`.
    """
    records = store.sweeps()
    require_own(run_id, records, who)
    if who.room is not None and any(r.run_id == run_id and r.state == "waiting" for r in records):
        who.room.refund(run_id)
    store.cancel(run_id)


def require_own(run_id: str, records: Sequence[SweepRecord], who: Visitor) -> None:
    """Refuse to touch a sweep that is another's.

    Raises:
        EffcoreError: It is.
    """
    record = next((r for r in records if r.run_id == run_id), None)
    if not who.free and (record is None or record.owner != who.name or not who.name):
        raise EffcoreError("This is another one's. Only who launched it, or the instructor, can do that.")


def require_turn(records: Sequence[SweepRecord], who: Visitor, *, minutes: float) -> None:
    """Refuse a launch beyond what a student has.

    Args:
        records: All sweeps.
        minutes: That the new one is expected to take.

    Raises:
        EffcoreError: Nobody joined, one is under way, or the minutes are used up.
    """
    if who.free or who.room is None:
        return
    if not who.name:
        raise EffcoreError("Join the class before you launch a sweep.")
    running = [r.name for r in records if r.owner == who.name and r.state in ACTIVE]
    if running:
        raise EffcoreError(f"One sweep at a time: {running[0]} is waiting or running. Wait for it, or cancel it.")
    left = quota_minutes() - who.room.charged(who.name)
    if minutes > left:
        said = f"It would take about {minutes:.1f} minutes, and {max(0.0, left):.1f} of your {quota_minutes():g} are left."
        raise EffcoreError(f"{said} Make it smaller.")


def quota_minutes() -> float:
    """Minutes of sweeps that each student has, as they are estimated when they are launched; without end where none is set.

    Raises:
        EffcoreError: What is set is no number.
    """
    text = os.environ.get(QUOTA_VARIABLE, "").strip()
    try:
        return float(text) if text else math.inf
    except ValueError:
        raise EffcoreError(f"{QUOTA_VARIABLE} must be a number of minutes. Got {text[:40]!r}.") from None


def signed(spec: Spec, who: Visitor) -> str:
    """The text of a spec under its student's name, so that equal specs of two students are two sweeps."""
    if who.free or not who.name:
        return spec.text
    plain = re.sub(r"[^A-Za-z0-9]+", "-", who.name).strip("-") or "student"
    number = sum(who.name.encode()) % 1000
    name = f"{spec.name[: 60 - len(plain[:20]) - 5]} - {plain[:20]}{number}"
    return to_yaml(dict(spec.document) | {"name": name})
