"""A step that is up for guessing: what tells of it is on no page of a student until it is released."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_store import FakeSweep, searched
from page_charts import figures
from streamlit.testing.v1 import AppTest

from dashboard import data
from dashboard.classroom import KEY_VARIABLE, Classroom, Posed, audience
from dashboard.classroom.audience import INSTRUCTOR, STUDENT, SWEEP
from dashboard.classroom.register import Register
from dashboard.quantities import show
from dashboard.views.predict import StepQuestion, questions, step_question
from effcore.objectives import METRICS
from effcore.recipe import canonical

Open = Callable[..., AppTest]
Text = Callable[[Any], str]
KEY = "the key of this test"


@pytest.fixture
def room(tmp_path: Path, store: Any, monkeypatch: pytest.MonkeyPatch) -> Classroom:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    (tmp_path / "home").mkdir(exist_ok=True)
    return Classroom(tmp_path / "home")


@pytest.fixture
def step(store: Any) -> StepQuestion:
    """Pruning of a network that was further quantized; two networks beside it share its structure."""
    found = next(q for v in store.frame if v.technique == "pruning" and (q := step_question(store.frame, v.run_id)))
    store.frame = [replace(v, structure=found.after.structure) if v.name == "residual x1 · affine" else v for v in store.frame]
    return next(q for q in [step_question(store.frame, found.after.run_id)] if q)


@pytest.fixture
def telling(store: Any, step: StepQuestion) -> set[str]:
    """Runs that tell what the step did: its point, what was made of it, and what shares its structure."""
    own = json.dumps(step.after.recipe["steps"][:-1])[1:-1].split("}, {")
    return {v.run_id for v in store.frame if v.structure == step.after.structure or all(part.strip("{}") in json.dumps(v.recipe) for part in own)}


def entered(app: AppTest, room: Classroom, *, name: str = "") -> AppTest:
    """As a student, or as the instructor."""
    if name:
        app.session_state[STUDENT] = room.join(name)
    else:
        app.session_state[INSTRUCTOR] = KEY
    return app.run()


def runs(app: AppTest) -> set[str]:
    """Every run that any chart names."""
    specs = figures(app)
    return {str(run) for s in specs for t in s["data"] for row in t.get("customdata", ()) for run in (row if isinstance(row, list) else [row])}


def test_what_tells_of_a_step_is_kept_back_until_both_answers_are_released(
    open_page: Open, page_text: Text, room: Classroom, step: StepQuestion, telling: set[str]
) -> None:
    teacher = entered(open_page("point", run=step.after.run_id), room)
    teacher.button(key=f"pose-{step.after.run_id}").click().run()
    assert [p.run for p in room.posed()] == [step.after.run_id] and not teacher.exception
    teacher = entered(open_page("predict", run=step.after.run_id), room)
    assert f"It is up: {len(telling)} runs that tell of it" in page_text(teacher)
    student = entered(open_page("frontier"), room, name="Ada")
    assert not student.exception and not runs(student) & telling and step.before.run_id in runs(student)
    assert f"The class guesses a step: {step.after.step}, applied to {step.before.name}" in page_text(student)
    assert telling <= runs(entered(open_page("frontier"), room))
    first, second = questions(step.after.run_id)
    room.release(first)
    assert not runs(student.run()) & telling
    room.release(second)
    assert telling <= runs(student.run())
    room.reset(second)
    assert not runs(student.run()) & telling
    room.take_down(step.after.run_id)
    assert telling <= runs(student.run())


@pytest.mark.parametrize("page", ["point", "compare", "predict"])
def test_its_figures_are_on_no_page_and_the_question_still_is(
    open_page: Open, page_text: Text, room: Classroom, step: StepQuestion, page: str
) -> None:
    entered(open_page("point", run=step.after.run_id), room).button(key=f"pose-{step.after.run_id}").click().run()
    asked = {"points": f"{step.before.run_id},{step.after.run_id}"} if page == "compare" else {"run": step.after.run_id}
    app = entered(open_page(page, **asked), room, name="Ada")
    said, accuracy = page_text(app), show(METRICS["accuracy"], step.after.metrics["accuracy"])
    assert not app.exception and f"{step.after.metrics['latency_ms']:.3g}" not in said
    assert accuracy not in said and accuracy.replace(" ", "") not in said
    before = show(METRICS["accuracy"], step.before.metrics["accuracy"])
    assert {"point": "The class is to guess what this point shows", "compare": "Choose two points", "predict": before}[page] in said
    if page == "predict":
        assert (len(app.select_slider), len(app.slider)) == (1, 1)


def test_only_who_leads_puts_a_step_up(open_page: Open, page_text: Text, room: Classroom, step: StepQuestion) -> None:
    app = entered(open_page("point", run=step.after.run_id), room, name="Ada")
    assert not [b for b in app.button if b.key and b.key.startswith("pose-")] and not [x for x in app.get("page_link") if "guess" in x.proto.label]
    app = entered(open_page("predict", run=step.after.run_id), room, name="Bob")
    assert not [b for b in app.button if b.key in ("put-up", "take-down")]
    teacher = entered(open_page("predict", run=step.after.run_id), room)
    assert "It is not up" in page_text(teacher)
    teacher.button(key="put-up").click().run()
    assert room.posed() and "It is up" in page_text(teacher)
    teacher.button(key="take-down").click().run()
    assert not room.posed()


def test_a_step_that_is_taken_down_while_a_page_looks_is_hidden_when_it_is_up_again(
    open_page: Open, room: Classroom, step: StepQuestion, telling: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    posed = Posed(step.after.run_id, canonical(step.after.recipe), step.after.structure)
    room.pose(posed)
    look = audience.up

    def up(who: audience.Visitor) -> tuple[Posed, ...]:
        found = look(who)
        room.take_down(posed.run)
        return found

    monkeypatch.setattr(audience, "up", up)
    student = entered(open_page("frontier"), room, name="Ada")
    monkeypatch.setattr(audience, "up", look)
    assert telling <= runs(student.run())
    room.pose(posed)
    assert not runs(student.run()) & telling


def test_what_is_hidden_again_leaves_the_page_of_who_has_it_open(open_page: Open, store: Any, room: Classroom) -> None:
    store.records = [replace(r, owner="Bob") for r in store.records]
    room.release(f"{SWEEP}sweep0")
    ringed = next(v.run_id for v in store.frame if v.status == "FINISHED")
    student = entered(open_page("frontier", sel=ringed), room, name="Ada")
    assert ringed in runs(student)
    room.withdraw(f"{SWEEP}sweep0")
    assert not student.run().exception and not runs(student)


def test_a_search_that_stopped_what_is_asked_for_is_not_shown_before_the_answer(
    open_page: Open, store: Any, page_text: Text, room: Classroom, step: StepQuestion
) -> None:
    history = searched()
    tried = [replace(t, recipe=step.after.recipe_key if t.number == 1 else t.recipe, fate="stopped") for t in history.tried]
    store.files["other", "search.json"] = json.dumps(replace(history, tried=tuple(tried)).document).encode()
    store.records = [*store.records, FakeSweep(run_id="other", name="other", state="done")]
    student = entered(open_page("search", sweep="other"), room, name="Ada")
    assert "tried 3 candidates" in page_text(student)
    room.pose(Posed(step.after.run_id, canonical(step.after.recipe), step.after.structure))
    assert "Not before the class has guessed" in page_text(student.run()) and "tried 3 candidates" not in page_text(student)


def test_a_student_marks_only_own_points(open_page: Open, store: Any, room: Classroom) -> None:
    run = next(v.run_id for v in store.frame if v.status == "FINISHED")
    student = entered(open_page("point", run=run), room, name="Ada")
    assert not student.exception and not [b for b in student.button if b.key and b.key.startswith(("star-", "keep-note-"))]
    assert [b for b in entered(open_page("point", run=run), room).button if b.key == f"star-{run}"]
    store.records = [replace(r, owner="Ada") for r in store.records]
    data.forget_sweeps()
    student.run().button(key=f"star-{run}").click().run()
    assert store.marks.said[run].star


def test_a_class_whose_file_is_busy_is_a_designed_page(
    open_page: Open, page_text: Text, room: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    student = entered(open_page("class_room"), room, name="Ada")

    def busy(self: Register) -> sqlite3.Connection:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(Register, "_current", busy)
    student.run()
    assert not student.exception and "classroom.db in the state folder can't be used now: database is locked." in page_text(student)
