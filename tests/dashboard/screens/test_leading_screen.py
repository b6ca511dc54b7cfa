"""What the instructor does from the page, and that nobody else can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.classroom import DOOR_CLOSED, KEY_VARIABLE, Classroom
from dashboard.classroom.audience import INSTRUCTOR, STUDENT
from dashboard.screens.leading import guesses_text, students_frame
from dashboard.views.predict import step_question
from effcore.home import is_paused, pause

Open = Callable[..., AppTest]
Text = Callable[[Any], str]
KEY = "the key of this test"


@pytest.fixture
def room(tmp_path: Path, store: Any, monkeypatch: pytest.MonkeyPatch) -> Classroom:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    (tmp_path / "home").mkdir(exist_ok=True)
    store.records = [replace(r, owner="Ada") for r in store.records]
    return Classroom(tmp_path / "home")


@pytest.fixture
def panel(open_page: Open, room: Classroom) -> AppTest:
    app = open_page("class_room")
    app.session_state[INSTRUCTOR] = KEY
    return app.run()


def test_a_sweep_is_released_to_all_and_hidden_again(open_page: Open, page_text: Text, panel: AppTest, room: Classroom) -> None:
    bob = room.join("Bob")
    student = open_page("frontier")
    student.session_state[STUDENT] = bob
    assert "Nothing has been measured yet" in page_text(student.run())
    panel.run()
    panel.button(key="show-sweep0").click().run()
    assert not panel.exception and room.released("sweep-sweep0") and "all may see it" in page_text(panel)
    assert "Accuracy against latency" in page_text(student.run())
    panel.button(key="hide-sweep0").click().run()
    assert not room.released("sweep-sweep0")
    assert "Nothing has been measured yet" in page_text(student.run())


def test_the_queue_is_paused_and_the_door_closed(panel: AppTest, room: Classroom, tmp_path: Path, open_page: Open, page_text: Text) -> None:
    panel.toggle(key="pause-queue").set_value(True).run()
    assert is_paused(tmp_path / "home") and "The queue is paused" in page_text(open_page("launch"))
    panel.toggle(key="pause-queue").set_value(False).run()
    assert not is_paused(tmp_path / "home")
    panel.toggle(key="set-door").set_value(True).run()
    assert room.is_set(DOOR_CLOSED)


def test_the_switches_stand_as_what_holds_after_the_class_was_forgotten_and_after_another_page_paused(
    panel: AppTest, room: Classroom, tmp_path: Path
) -> None:
    for key in ("set-door", "set-names", "set-more"):
        panel.toggle(key=key).set_value(True).run()
    panel.button(key="empty-class").click().run()
    switches = {t.key: t.value for t in panel.toggle}
    assert switches == {"pause-queue": False, "set-door": False, "set-names": False, "set-more": False} and not room.is_set(DOOR_CLOSED)
    pause(tmp_path / "home", True)
    assert panel.run().toggle(key="pause-queue").value
    panel.toggle(key="pause-queue").set_value(False).run()
    assert not is_paused(tmp_path / "home") and not panel.toggle(key="pause-queue").value
    panel.toggle(key="set-door").set_value(True).run()
    assert room.is_set(DOOR_CLOSED) and panel.toggle(key="set-door").value and not panel.exception


def test_an_emptied_class_throws_its_students_out(panel: AppTest, room: Classroom, open_page: Open, page_text: Text) -> None:
    student = open_page("class_room")
    student.session_state[STUDENT] = room.join("Ada")
    assert "You are Ada." in page_text(student.run())
    panel.run()
    panel.button(key="empty-class").click().run()
    assert room.names() == () and "You are Ada." not in page_text(student.run())


def test_a_student_has_no_panel(open_page: Open, page_text: Text, room: Classroom) -> None:
    app = open_page("class_room")
    app.session_state[STUDENT] = room.join("Ada")
    app.run()
    assert not app.toggle and not [b for b in app.button if b.key and b.key.startswith(("show-", "hide-", "empty"))]


def test_what_is_exported(room: Classroom, store: Any) -> None:
    ada = room.join("=Ada")
    room.lock("lesson-frontier", ada, 4.0)
    room.charge("=Ada", "sweep0", 1.25)
    assert guesses_text(room).splitlines()[1].startswith("lesson-frontier,'=Ada,4.0,")
    row = students_frame(room, [replace(r, owner="=Ada") for r in store.records]).iloc[0]
    assert (row["sweeps"], row["minutes used"], row["guesses"], row["hand-ins"]) == (1, 1.25, 1, 0)


def test_a_point_leads_to_the_guess_of_its_step(open_page: Open, store: Any) -> None:
    step = next(v for v in store.frame if v.technique == "pruning" and step_question(store.frame, v.run_id))
    app = open_page("point", run=step.run_id)
    links = {link.proto.label: link.proto for link in app.get("page_link")}
    assert links["Let the class guess this step"].page == "predict" and f"run={step.run_id}" in links["Let the class guess this step"].query_string
