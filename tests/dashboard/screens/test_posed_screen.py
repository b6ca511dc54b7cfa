"""A step that is up for guessing: what tells of it is on no page of a student until it is released."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from page_charts import figures
from streamlit.testing.v1 import AppTest

from dashboard.classroom import KEY_VARIABLE, Classroom
from dashboard.classroom.audience import INSTRUCTOR, STUDENT
from dashboard.quantities import show
from dashboard.views.predict import StepQuestion, questions, step_question
from effcore.objectives import METRICS

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
    teacher.button(key="pose").click().run()
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
    entered(open_page("point", run=step.after.run_id), room).button(key="pose").click().run()
    asked = {"points": f"{step.before.run_id},{step.after.run_id}"} if page == "compare" else {"run": step.after.run_id}
    app = entered(open_page(page, **asked), room, name="Ada")
    said, accuracy = page_text(app), show(METRICS["accuracy"], step.after.metrics["accuracy"])
    assert not app.exception and f"{step.after.metrics['latency_ms']:.3g}" not in said
    assert accuracy not in said and accuracy.replace(" ", "") not in said
    before = show(METRICS["accuracy"], step.before.metrics["accuracy"])
    assert {"point": "The class is to guess what this point shows", "compare": "Choose two points", "predict": before}[page] in said
    if page == "predict":
        assert len(app.slider) == 2


def test_only_who_leads_puts_a_step_up(open_page: Open, page_text: Text, room: Classroom, step: StepQuestion) -> None:
    app = entered(open_page("point", run=step.after.run_id), room, name="Ada")
    assert not [b for b in app.button if b.key == "pose"] and not [x for x in app.get("page_link") if "guess" in x.proto.label]
    app = entered(open_page("predict", run=step.after.run_id), room, name="Bob")
    assert not [b for b in app.button if b.key in ("put-up", "take-down")]
    teacher = entered(open_page("predict", run=step.after.run_id), room)
    assert "It is not up" in page_text(teacher)
    teacher.button(key="put-up").click().run()
    assert room.posed() and "It is up" in page_text(teacher)
    teacher.button(key="take-down").click().run()
    assert not room.posed()
