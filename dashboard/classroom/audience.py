"""Who is looking, and what of the class's work that person may see and do; checked on the server for every read and write."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from dashboard.classroom import Classroom, Posed, Student, instructor_key, is_instructor
from dashboard.form.spec_yaml import to_yaml
from dashboard.views.predict import STEP, questions, tells_of
from dashboard.views.queue import ACTIVE
from effcore.analysis.frontier import Variant
from effcore.errors import EffcoreError
from effcore.forecast import Forecast
from effcore.spec import Measure, Spec, parse
from effcore.stored import Points
from effcore.tracking import Store, SweepRecord

STUDENT, INSTRUCTOR = "class-student", "class-instructor"
"""In the session: who this is, and the key that was given."""
QUOTA_VARIABLE = "EFFCORE_QUOTA_MINUTES"
SWEEP = "sweep-"
"""Before the run of a sweep whose results are released to all."""
_filing = threading.Lock()
"""From the look whether it is a student's turn until the sweep stands in the queue: two tabs at once are one launch."""


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
    room, student = Classroom(home), st.session_state.get(STUDENT)
    known = student if student is not None and room.knows(student) else None
    return Visitor(room, known, is_instructor(st.session_state.get(INSTRUCTOR, ""), home))


def seen(records: Iterable[SweepRecord], who: Visitor) -> tuple[SweepRecord, ...]:
    """The sweeps that this visitor may see: all but those of other students, until they are released."""
    if who.free or who.room is None:
        return tuple(records)
    released = who.room.released_with(SWEEP)
    return tuple(r for r in records if not r.owner or r.owner == who.name or SWEEP + r.run_id in released)


def seen_runs(records: Iterable[SweepRecord], who: Visitor) -> frozenset[str] | None:
    """Runs of the sweeps whose variants this visitor may see; None where nothing is hidden.

    Variants may have been read after the sweeps: one whose sweep is not among them is not shown either, as nobody knows yet whose it is.
    """
    return None if who.free else frozenset(r.run_id for r in seen(records, who))


def up(who: Visitor) -> tuple[Posed, ...]:
    """The steps that the class is to guess and whose answers are not released, both parts of them."""
    if who.room is None:
        return ()
    posed = who.room.posed()
    released = who.room.released_with(STEP) if posed else frozenset()
    return tuple(step for step in posed if not released.issuperset(questions(step.run)))


def held_back(variants: Iterable[Variant], who: Visitor) -> frozenset[str]:
    """Runs that tell the answer to a step that is up for guessing; none for who leads."""
    return frozenset() if who.free else telling(variants, up(who))


def telling(variants: Iterable[Variant], steps: Sequence[Posed]) -> frozenset[str]:
    """Runs that tell what one of the steps did."""
    asked = [(json.loads(step.recipe), step.structure) for step in steps]
    return frozenset(v.run_id for v in variants if any(tells_of(v, recipe=recipe, structure=structure) for recipe, structure in asked))


class _Seen:
    """The part of a store that points may be looked for in."""

    def __init__(self, store: Store, who: Visitor) -> None:
        self._store, self._who = store, who
        self._sweeps = seen_runs(store.sweeps(), who)

    def variants(self, *, sweep: str | None = None) -> list[Variant]:
        found = [v for v in self._store.variants(sweep=sweep) if self._sweeps is None or v.sweep in self._sweeps]
        held = held_back(found, self._who)
        return [v for v in found if v.run_id not in held]

    def file(self, run_id: str, name: str) -> Path:
        return self._store.file(run_id, name)


def seen_of(store: Store, who: Visitor) -> Points:
    """The store as this visitor may look for points in it, so that nobody learns from another's point before it is released."""
    return store if who.free else _Seen(store, who)


def file(spec: Spec, store: Store, who: Visitor, *, cost: Callable[[Spec], Forecast]) -> str:
    """Put a spec into the queue under the visitor's name, and charge what it is expected to take; returns its run.

    Raises:
        EffcoreError: As `require_turn` and `require_modest`.
    """
    require_modest(spec, who)
    minutes = 0.0 if who.free else cost(spec).estimated_s / 60
    text = signed(spec, who)
    with _filing:
        records = store.sweeps()
        same = None if who.free else _own_active(records, who, parse(text).key)
        if same is None:
            require_turn(records, who, minutes=minutes)
        else:  # the second click of two, or another budget of the same search
            _require_more(same, who, minutes)
        run_id = store.schedule(text, owner=who.name)
        _charge(same, run_id, who, minutes)
    return run_id


def _own_active(records: Sequence[SweepRecord], who: Visitor, key: str) -> SweepRecord | None:
    return next((r for r in records if r.key == key and r.owner == who.name and bool(who.name) and r.state in ACTIVE), None)


def _require_more(record: SweepRecord, who: Visitor, minutes: float) -> None:
    """As `require_minutes`, of a sweep that minutes were charged for already."""
    require_minutes(who, minutes, beside=who.room.charge_of(record.run_id) if who.room is not None else 0.0)


def _charge(record: SweepRecord | None, run_id: str, who: Visitor, minutes: float) -> None:
    """Charge a sweep, in the place of what was charged before; of one that has begun no less, since it costs less the more of it is done."""
    if who.room is None or not who.name:
        return
    before = who.room.charge_of(run_id) if record is not None and _begun(record) else 0.0
    if record is not None:
        who.room.refund(run_id)
    who.room.charge(who.name, run_id, max(minutes, before))


def _begun(record: SweepRecord) -> bool:
    return record.state not in ("waiting", "paused") or record.bill.took_s > 0


def cancel(run_id: str, store: Store, who: Visitor) -> None:
    """Ask the runner to end a sweep; one that has not begun gives its minutes back.

    Raises:
        EffcoreError: As `require_own`.
    """
    records = store.sweeps()
    require_own(run_id, records, who)
    begun = any(r.run_id == run_id and _begun(r) for r in records)
    store.cancel(run_id)
    if who.room is not None and not begun:
        who.room.refund(run_id)


def resume(run_id: str, store: Store, who: Visitor) -> None:
    """Let a sweep that stands still go on; its minutes were charged when it was launched.

    Raises:
        EffcoreError: As `require_own`, or another sweep of this student is under way.
    """
    with _filing:
        records = store.sweeps()
        require_own(run_id, records, who)
        require_alone([r for r in records if r.run_id != run_id], who)
        store.resume(run_id)


def rebudget(run_id: str, spec: Spec, store: Store, who: Visitor, *, cost: Callable[[Spec], Forecast]) -> None:
    """Give a search another budget, and charge what it is expected to take with that in the place of what was charged.

    Raises:
        EffcoreError: As `require_own`, the minutes are used up, or it can't be changed now.
    """
    require_own(run_id, store.sweeps(), who)
    minutes = 0.0 if who.free else cost(spec).estimated_s / 60
    with _filing:
        record = next((r for r in store.sweeps() if r.run_id == run_id), None)
        if record is not None:
            _require_more(record, who, minutes)
        store.set_budget(run_id, spec.text)
        if not who.free:
            _charge(record, run_id, who, minutes)


def require_own(run_id: str, records: Sequence[SweepRecord], who: Visitor) -> None:
    """Refuse to touch a sweep that is another's.

    Raises:
        EffcoreError: It is.
    """
    if not may_touch(run_id, records, who):
        raise EffcoreError("This is another one's. Only who launched it, or the instructor, can do that.")


def may_touch(run_id: str, records: Sequence[SweepRecord], who: Visitor) -> bool:
    """Whether a sweep is the visitor's own, or the visitor may do everything."""
    return who.free or any(r.run_id == run_id and r.owner == who.name and bool(who.name) for r in records)


def require_modest(spec: Spec, who: Visitor) -> None:
    """Refuse a student's spec whose measuring takes longer than it is estimated to.

    Raises:
        EffcoreError: It asks for more than what stands in a spec that says nothing.
    """
    usual, asked = Measure(), spec.measure
    if not who.free and (asked.max_s > usual.max_s or asked.processes > usual.processes or asked.width < usual.width):
        raise EffcoreError(
            f"In a class `measure` may have at most max_s {usual.max_s:g} and processes {usual.processes}, and at least width {usual.width:g}. "
            f"Got max_s {asked.max_s:g}, processes {asked.processes}, width {asked.width:g}."
        )


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
    require_alone(records, who)
    require_minutes(who, minutes)


def require_alone(records: Sequence[SweepRecord], who: Visitor) -> None:
    """Refuse a second sweep of one student at a time.

    Raises:
        EffcoreError: One is under way.
    """
    running = [] if who.free else [r.name for r in records if r.owner == who.name and r.state in ACTIVE]
    if running:
        raise EffcoreError(f"One sweep at a time: {running[0]} is waiting or running. Wait for it, or cancel it.")


def require_minutes(who: Visitor, minutes: float, *, beside: float = 0.0) -> None:
    """Refuse what takes more than a student has left.

    Args:
        who: The student.
        minutes: That it is expected to take.
        beside: What was charged for it already.

    Raises:
        EffcoreError: It does.
    """
    if who.free or who.room is None:
        return
    left = quota_minutes() - who.room.charged(who.name) + beside
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
        minutes = float(text) if text else math.inf
    except ValueError:
        minutes = math.nan
    if math.isnan(minutes):
        raise EffcoreError(f"{QUOTA_VARIABLE} must be a number of minutes. Got {text[:40]!r}.")
    return minutes


def signed(spec: Spec, who: Visitor) -> str:
    """The text of a spec under its student's name, so that equal specs of two students are two sweeps."""
    if who.free or not who.name:
        return spec.text
    plain = re.sub(r"[^A-Za-z0-9]+", "-", who.name).strip("-") or "student"
    mark = hashlib.sha256(who.name.encode()).hexdigest()[:6]  # `a b-c` and `a-b c` are two students
    name = f"{spec.name[: 60 - len(plain[:20]) - 10]} - {plain[:20]}-{mark}"
    return to_yaml(dict(spec.document) | {"name": name})
