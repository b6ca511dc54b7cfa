"""Lessons as pages: every step of every lesson, what is hidden before the guess, and a class that waits for its instructor."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from page_charts import charts, figures
from streamlit.testing.v1 import AppTest

from dashboard.classroom import KEY_VARIABLE, Classroom
from dashboard.classroom.audience import INSTRUCTOR, STUDENT
from dashboard.lessons import LESSONS, architectures, recorded
from dashboard.views.predict import step_question

Open = Callable[..., AppTest]
Text = Callable[[Any], str]


OFTEN = ("frontier", "quantization", "search")
"""Lessons that every run of the tests opens; the slow ones open all."""


@pytest.mark.parametrize("key", [k if k in OFTEN else pytest.param(k, marks=pytest.mark.slow) for k in LESSONS])
def test_every_step_of_a_lesson(key: str, open_page: Open, page_text: Text) -> None:
    lesson, data = LESSONS[key], recorded.read()
    guess = open_page("lesson", lesson=key)
    assert not guess.exception and lesson.question in page_text(guess)
    assert lesson.truth(data).text not in page_text(guess) and len(guess.slider) == 1
    see = open_page("lesson", lesson=key, step="1")
    assert not see.exception and lesson.truth(data).text in page_text(see)
    learned = open_page("lesson", lesson=key, step="2")
    assert not learned.exception and all(s in page_text(learned) for s in lesson.learned(data))


def test_the_list_has_every_lesson(open_page: Open, page_text: Text) -> None:
    app = open_page("lessons")
    assert not app.exception and all(lesson.question in page_text(app) for lesson in LESSONS.values())


def test_a_lesson_that_is_not_there(open_page: Open, page_text: Text) -> None:
    app = open_page("lesson", lesson="<b>x", step="9")
    assert not app.exception and "There is no lesson '<b>x'" in page_text(app)


def test_a_guess_is_locked_and_compared(open_page: Open, page_text: Text) -> None:
    app = open_page("lesson", lesson="frontier")
    app.slider[0].set_value(5.0)
    app.button(key="lock-lesson-frontier").click().run()
    assert "Locked: 5 networks" in page_text(app) and app.slider[0].disabled
    app.query_params["step"] = "1"
    assert "You guessed 5 networks" in page_text(app.run())


def test_the_bars_of_all_hints_are_told_with_their_figures(open_page: Open) -> None:
    told = [c["alt"] for c in charts(open_page("lesson", lesson="architectures", step="1"))]
    (bars,) = [alt for alt in told if alt.startswith("Rank correlation of each hint: ")]
    found = architectures.proxies(recorded.read())
    assert len(found) > 2 and all(f"{p.label} {p.tau:+.2f}" in bars for p in found)


def test_a_guess_without_a_unit_is_told_without_a_blank_for_it(open_page: Open, page_text: Text) -> None:
    app = open_page("lesson", lesson="architectures")
    app.slider[0].set_value(-1.0)
    app.button(key="lock-lesson-architectures").click().run()
    assert "Locked: -1.\n" in page_text(app) + "\n"
    app.query_params["step"] = "1"
    told = next(line for line in page_text(app.run()).splitlines() if line.startswith("You guessed"))
    assert re.fullmatch(r"You guessed -1: \d\.\d+ off\.", told)


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Classroom:
    monkeypatch.setenv(KEY_VARIABLE, "the key of this test")
    (tmp_path / "home").mkdir(exist_ok=True)
    return Classroom(tmp_path / "home")


def test_in_a_class_the_answer_waits_for_the_instructor(open_page: Open, page_text: Text, room: Classroom) -> None:
    truth = LESSONS["frontier"].truth(recorded.read())
    app = open_page("lesson", lesson="frontier", step="1")
    assert truth.text not in page_text(app) and "when the instructor releases it" in page_text(app)
    assert figures(app) == []
    learned = open_page("lesson", lesson="frontier", step="2")
    assert LESSONS["frontier"].learned(recorded.read())[1] not in page_text(learned)
    room.lock("lesson-frontier", room.join("Ada"), 3.0)
    room.release("lesson-frontier")
    assert truth.text in page_text(open_page("lesson", lesson="frontier", step="1"))


def test_only_the_instructor_can_release(open_page: Open, room: Classroom) -> None:
    app = open_page("lesson", lesson="frontier", step="1")
    assert "release-lesson-frontier" not in [b.key for b in app.button]
    app.session_state[INSTRUCTOR] = "not the key"
    assert "release-lesson-frontier" not in [b.key for b in app.run().button]
    app.session_state[INSTRUCTOR] = "the key of this test"
    app.run()
    app.button(key="release-lesson-frontier").click().run()
    assert room.released("lesson-frontier")


def test_who_has_not_joined_can_not_lock(open_page: Open, page_text: Text, room: Classroom) -> None:
    app = open_page("lesson", lesson="frontier")
    assert "join it to guess" in page_text(app) and not app.slider
    app.session_state[STUDENT] = room.join("Ada")
    app.run()
    app.slider[0].set_value(7.0)
    app.button(key="lock-lesson-frontier").click().run()
    assert room.count("lesson-frontier") == (1, 1)


def test_joining(open_page: Open, page_text: Text, room: Classroom) -> None:
    app = open_page("class_room")
    app.text_input(key="join-name").set_value("<i>Ada</i>")
    app.button[0].click().run()
    assert "You are <i>Ada</i>." in page_text(app) and "Your word is " in page_text(app)
    again = open_page("class_room")
    again.text_input(key="join-name").set_value("<i>Ada</i>")
    again.button[0].click().run()
    assert "is taken" in page_text(again)


def test_without_a_key_there_is_no_class(open_page: Open, page_text: Text) -> None:
    assert "There is no class here" in page_text(open_page("class_room"))


def test_any_step_can_be_guessed(open_page: Open, page_text: Text, store: Any) -> None:
    variants = store.variants()
    step = next(v for v in variants if v.technique == "pruning" and step_question(variants, v.run_id))
    app = open_page("predict", run=step.run_id)
    assert not app.exception and "What does this step do" in page_text(app) and figures(app) == []
    assert step.name not in page_text(app)
    faster, points = app.select_slider(key=f"slider-step-{step.run_id}-latency"), app.slider(key=f"slider-step-{step.run_id}-accuracy")
    assert (faster.value, points.value) == (1.0, 0.0)
    faster.set_value(2.0)
    points.set_value(-1.0)
    for _ in range(2):
        next(b for b in app.button if b.key and b.key.startswith("lock")).click().run()
    said = page_text(app)
    assert not app.exception and "times as fast" in said and "points of accuracy" in said and "You guessed 2 times" in said


def test_a_guess_that_was_locked_before_the_slider_had_other_places_is_shown(open_page: Open, page_text: Text, store: Any, room: Classroom) -> None:
    variants = store.variants()
    step = next(v for v in variants if v.technique == "pruning" and step_question(variants, v.run_id))
    ada = room.join("Ada")
    room.lock(f"step-{step.run_id}-latency", ada, 2.3)
    app = open_page("predict", run=step.run_id)
    app.session_state[STUDENT] = ada
    app.run()
    assert not app.exception and "Locked: 2.3 times." in page_text(app) and app.select_slider[0].value == 2.3


def test_a_step_without_a_measured_parent(open_page: Open, page_text: Text) -> None:
    assert "There is no such step" in page_text(open_page("predict", run="none"))
