"""Who may see and do what in a class, asked as a request would ask it, not as a page would allow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fake_store import FakeStore, FakeSweep

from dashboard import data
from dashboard.classroom import Classroom, Posed
from dashboard.classroom.audience import (
    QUOTA_VARIABLE,
    SWEEP,
    Visitor,
    cancel,
    file,
    held_back,
    may_touch,
    quota_minutes,
    rebudget,
    require_modest,
    require_own,
    require_turn,
    resume,
    seen,
    seen_of,
    seen_runs,
    signed,
    up,
)
from dashboard.views.predict import questions, step_question
from effcore.errors import EffcoreError
from effcore.forecast import Forecast
from effcore.recipe import canonical
from effcore.spec import Spec, parse
from effcore.tracking import Bill, SweepRecord

SPEC = """name: homework
task: digits
recipe:
  - architecture: {family: mlp}
  - training: {epochs: 1}
  - runtime: onnxruntime
"""


@pytest.fixture
def room(tmp_path: Path) -> Classroom:
    return Classroom(tmp_path)


def sweep(name: str, owner: str, state: str = "done") -> SweepRecord:
    return SweepRecord(
        run_id=name, name=name, key=name, state=state, task="digits", objectives=("accuracy",), total=1, done=0, failed=0, started_ms=0,
        ended_ms=None, heartbeat_ms=0, error="", origin="page", owner=owner,
    )  # fmt: skip


RECORDS = (sweep("lecture", ""), sweep("adas", "Ada"), sweep("bobs", "Bob"))


def test_students_see_their_own_the_lecturers_and_what_was_released(room: Classroom) -> None:
    ada, bob = (Visitor(room, room.join(name), False) for name in ("Ada", "Bob"))
    nobody, teacher, alone = Visitor(room, None, False), Visitor(room, None, True), Visitor(None, None, False)
    assert seen_runs(RECORDS, ada) == {"lecture", "adas"} and seen_runs(RECORDS, bob) == {"lecture", "bobs"}
    assert seen_runs(RECORDS, nobody) == {"lecture"} and [r.run_id for r in seen(RECORDS, ada)] == ["lecture", "adas"]
    assert seen_runs(RECORDS, teacher) is seen_runs(RECORDS, alone) is None and seen(RECORDS, teacher) == RECORDS
    room.release(SWEEP + "bobs")
    assert seen_runs(RECORDS, ada) == {"lecture", "adas", "bobs"}


def test_nobody_touches_what_is_anothers(room: Classroom) -> None:
    ada = Visitor(room, room.join("Ada"), False)
    require_own("adas", RECORDS, ada)
    for who, run_id in ((ada, "bobs"), (ada, "lecture"), (ada, "not there"), (Visitor(room, None, False), "lecture")):
        with pytest.raises(EffcoreError, match="another one's"):
            require_own(run_id, RECORDS, who)
    require_own("bobs", RECORDS, Visitor(room, None, True))
    require_own("bobs", RECORDS, Visitor(None, None, False))


def test_one_sweep_at_a_time_and_no_more_minutes_than_there_are(room: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = Visitor(room, room.join("Ada"), False)
    require_turn(RECORDS, ada, minutes=1000)
    with pytest.raises(EffcoreError, match="One sweep at a time: second"):
        require_turn([*RECORDS, sweep("second", "Ada", "waiting")], ada, minutes=0)
    require_turn([*RECORDS, sweep("other", "Bob", "running")], ada, minutes=0)
    with pytest.raises(EffcoreError, match="Join the class"):
        require_turn(RECORDS, Visitor(room, None, False), minutes=0)
    monkeypatch.setenv(QUOTA_VARIABLE, "5")
    room.charge("Ada", "adas", 3.0)
    room.charge("Ada", "adas", 3.0)  # once for a sweep
    require_turn(RECORDS, ada, minutes=2.0)
    with pytest.raises(EffcoreError, match="about 2.5 minutes, and 2.0 of your 5 are left"):
        require_turn(RECORDS, ada, minutes=2.5)
    room.refund("adas")
    require_turn(RECORDS, ada, minutes=5.0)
    require_turn(RECORDS, Visitor(room, None, True), minutes=1000)
    for wrong in ("five", "nan"):
        monkeypatch.setenv(QUOTA_VARIABLE, wrong)
        with pytest.raises(EffcoreError, match="number of minutes"):
            quota_minutes()


def test_equal_specs_of_two_students_are_two_sweeps(room: Classroom) -> None:
    spec = parse(SPEC)
    keys = set()
    for name in ("Ada", "Bob", "Åsa <b>", "A" * 40, "a b-c", "a-b c"):
        mine = parse(signed(spec, Visitor(room, room.join(name), False)))
        assert mine.name.startswith("homework - ") and mine.recipes == spec.recipes
        keys.add(mine.key)
    assert len(keys) == 6 and spec.key not in keys
    assert signed(spec, Visitor(None, None, False)) == SPEC


def test_a_student_may_touch_only_what_is_that_students(room: Classroom) -> None:
    ada = Visitor(room, room.join("Ada"), False)
    assert [may_touch(run, RECORDS, ada) for run in ("adas", "bobs", "lecture", "not there")] == [True, False, False, False]
    assert may_touch("bobs", RECORDS, Visitor(room, None, True)) and not may_touch("lecture", RECORDS, Visitor(room, None, False))


@pytest.mark.parametrize("measure", ["{max_s: 600}", "{processes: 50}", "{width: 0.001}"])
def test_a_students_measuring_is_no_longer_than_usual(room: Classroom, measure: str) -> None:
    spec, ada = parse(f"{SPEC}measure: {measure}\n"), Visitor(room, room.join("Ada"), False)
    with pytest.raises(EffcoreError, match="In a class `measure` may have at most max_s 8 and processes 5"):
        require_modest(spec, ada)
    require_modest(parse(f"{SPEC}measure: {{max_s: 1, processes: 3}}\n"), ada)
    require_modest(spec, Visitor(room, None, True))


SEARCH = SPEC + "search: {strategy: random, budget: {minutes: 1}}\n"


def forecast_of(spec: Spec) -> Forecast:
    """As long as its budget says."""
    minutes = spec.search.budget.minutes or 0.0
    counts = dict.fromkeys(("variants", "stages_total", "stages_distinct", "stages_cached", "trainings", "trainings_cached", "measurements"), 1)
    return Forecast(**counts, estimated_s=60 * minutes, slots=2, learned=True)


def test_a_student_lets_only_the_own_sweep_go_on_and_one_at_a_time(room: Classroom) -> None:
    ada, bob, store = Visitor(room, room.join("Ada"), False), Visitor(room, room.join("Bob"), False), FakeStore()
    store.records = [FakeSweep(run_id=name, name=name, state=state, owner="Ada") for name, state in (("still", "paused"), ("new", "running"))]
    with pytest.raises(EffcoreError, match="another one's"):
        resume("still", store, bob)  # type: ignore[arg-type]
    with pytest.raises(EffcoreError, match="One sweep at a time: new"):
        resume("still", store, ada)  # type: ignore[arg-type]
    store.records = store.records[:1]
    resume("still", store, ada)  # type: ignore[arg-type]
    assert store.records[0].state == "waiting"


def test_a_larger_budget_is_charged_in_the_place_of_the_one_before(room: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(QUOTA_VARIABLE, "5")
    ada, bob, store = Visitor(room, room.join("Ada"), False), Visitor(room, room.join("Bob"), False), FakeStore()
    store.records = [FakeSweep(run_id="mine", name="mine", state="running", owner="Ada", strategy="random")]
    room.charge("Ada", "mine", 1.0)
    room.charge("Ada", "before", 2.0)

    def ask(minutes: float, who: Visitor) -> None:
        rebudget("mine", parse(SEARCH.replace("minutes: 1", f"minutes: {minutes:g}")), store, who, cost=forecast_of)  # type: ignore[arg-type]

    with pytest.raises(EffcoreError, match="about 4.0 minutes, and 3.0 of your 5 are left"):
        ask(4, ada)
    with pytest.raises(EffcoreError, match="another one's"):
        ask(2, bob)
    assert room.charged("Ada") == 3.0 and store.texts == {}
    ask(3, ada)
    assert room.charged("Ada") == 5.0 and "minutes: 3" in store.texts["mine"]


def test_what_stood_still_before_it_began_gives_its_minutes_back(room: Classroom) -> None:
    ada, store = Visitor(room, room.join("Ada"), False), FakeStore()
    for run_id, took_s, left in (("fresh", 0.0, 0.0), ("begun", 12.0, 2.0)):
        store.records = [FakeSweep(run_id=run_id, name=run_id, state="paused", owner="Ada", bill=Bill(took_s=took_s))]
        room.charge("Ada", run_id, 2.0)
        cancel(run_id, store, ada)  # type: ignore[arg-type]
        assert (room.charge_of(run_id), store.records[0].state) == (left, "cancelled")


def test_what_tells_of_a_step_is_no_teacher_and_no_point_before_it_is_released(room: Classroom, store: FakeStore) -> None:
    step = next(q for v in store.frame if v.technique == "pruning" and (q := step_question(store.frame, v.run_id)))
    ada, teacher = Visitor(room, room.join("Ada"), False), Visitor(room, None, True)
    posed = Posed(step.after.run_id, canonical(step.after.recipe), step.after.structure)
    room.pose(posed)
    further = {v.run_id for v in store.frame if v.name.startswith(step.after.name)}
    again = replace(step.after, run_id="again", sweep="another", seed=7, environment="another")
    held = held_back([*store.frame, again], ada)
    assert held >= further | {"again"} and len(further) > 1 and step.before.run_id not in held
    assert all(v.structure == step.after.structure or "pruning" in str(v.recipe) for v in store.frame if v.run_id in held)
    assert {v.run_id for v in seen_of(store, ada).variants()} == {v.run_id for v in store.frame} - held  # type: ignore[arg-type]
    assert held_back(store.frame, teacher) == frozenset() and seen_of(store, teacher) is store  # type: ignore[arg-type]
    for question in questions(step.after.run_id):
        assert up(ada) == (posed,)
        room.release(question)
    assert up(ada) == () and held_back(store.frame, ada) == frozenset()
    room.empty()
    assert room.posed() == ()


def test_a_sweep_that_comes_while_the_sweeps_are_looked_at_is_not_shown(room: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = Visitor(room, room.join("Ada"), False)
    looks = iter([RECORDS, (*RECORDS, sweep("carls", "Carl"))])
    monkeypatch.setattr(data, "_all_sweeps", lambda: next(looks))
    monkeypatch.setattr("dashboard.classroom.audience.visitor", lambda home: ada)
    assert [r.run_id for r in data.sweeps()] == [r.run_id for r in data.sweeps()] == ["lecture", "adas"]


def test_a_second_click_is_the_same_sweep_and_another_budget_of_it_is_charged(room: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(QUOTA_VARIABLE, "5")
    ada, bob, store = Visitor(room, room.join("Ada"), False), Visitor(room, room.join("Bob"), False), FakeStore()

    def ask(minutes: float, who: Visitor) -> str:
        return file(parse(SEARCH.replace("minutes: 1", f"minutes: {minutes:g}")), store, who, cost=forecast_of)  # type: ignore[arg-type]

    run = ask(3, ada)
    assert ask(3, ada) == run and room.charged("Ada") == 3.0 and len(store.records) == 1
    assert ask(5, ada) == run and room.charged("Ada") == 5.0
    with pytest.raises(EffcoreError, match="about 6.0 minutes, and 5.0 of your 5 are left"):
        ask(6, ada)
    assert ask(2, ada) == run and room.charged("Ada") == 2.0  # it waits
    assert ask(3, bob) != run and room.charged("Bob") == 3.0
    with pytest.raises(EffcoreError, match="One sweep at a time"):
        file(parse(SPEC), store, ada, cost=forecast_of)  # type: ignore[arg-type]


def test_of_a_search_that_runs_no_minutes_come_back(room: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, store = Visitor(room, room.join("Ada"), False), FakeStore()
    store.records = [FakeSweep(run_id="mine", name="mine", state="running", owner="Ada", strategy="random")]
    room.charge("Ada", "mine", 4.0)
    rebudget("mine", parse(SEARCH), store, ada, cost=forecast_of)  # type: ignore[arg-type]  # what is done of it costs nothing any more
    assert room.charged("Ada") == 4.0


def test_what_could_not_be_cancelled_gives_nothing_back(room: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, store = Visitor(room, room.join("Ada"), False), FakeStore()
    store.records = [FakeSweep(run_id="mine", name="mine", state="waiting", owner="Ada")]
    room.charge("Ada", "mine", 4.0)

    def locked(run_id: str) -> None:
        raise EffcoreError("locked")

    monkeypatch.setattr(store, "cancel", locked)
    with pytest.raises(EffcoreError, match="locked"):
        cancel("mine", store, ada)  # type: ignore[arg-type]
    assert room.charged("Ada") == 4.0
