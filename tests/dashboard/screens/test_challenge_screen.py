"""Challenges on the page: the card, hand-ins out of the store judged at once, and who sees what of the leaderboard."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_store import CARD
from streamlit.testing.v1 import AppTest

from dashboard.classroom import KEY_VARIABLE, NAMES_SHOWN, Classroom
from dashboard.classroom.audience import INSTRUCTOR, STUDENT

Open = Callable[..., AppTest]
Text = Callable[[Any], str]
KEY = "the key of this test"


@pytest.fixture
def card(tmp_path: Path, store: Any) -> str:
    """A card of the one who runs the server, and which images each point has right."""
    folder = tmp_path / "home" / "challenges"
    folder.mkdir(parents=True)
    (folder / "small.yaml").write_text(CARD)
    for variant in store.frame:
        right = round(1000 * variant.metrics.get("accuracy", 0))
        answers = [1] * right + [0] * (1000 - right)
        store.files[variant.run_id, "correct.json"] = json.dumps({"test": answers, "validation": answers}).encode()
    return "small"


@pytest.fixture
def room(tmp_path: Path, card: str, store: Any, monkeypatch: pytest.MonkeyPatch) -> Classroom:
    """Ada owns the sweep with the points."""
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    store.records = [replace(r, owner="Ada") for r in store.records]
    return Classroom(tmp_path / "home")


def board(app: AppTest) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = app.dataframe[-1].value.to_dict(orient="records")
    return rows


def small(store: Any, *, within: bool) -> Any:
    """A point within the budget of the card or over it, without techniques that the card does not allow."""
    banned = ("augmentation", "distillation")
    fits = [v for v in store.frame if v.status == "FINISHED" and not any(name in json.dumps(v.recipe) for name in banned)]
    return next(v for v in fits if (v.metrics["size_mb"] < 0.2) == within and v.metrics["accuracy"] < 0.99)


def test_the_card_says_what_is_allowed_and_how_it_is_scored(open_page: Open, page_text: Text, card: str) -> None:
    app = open_page("challenge", card=card)
    said = page_text(app)
    assert not app.exception and "At most 200 kB" in said and "Budgets: file size at most 0.2 MB" in said
    assert "Techniques: quantization, pruning" in said and "Score: 100 * accuracy, the more the better" in said and "Nobody has handed in yet" in said


def test_alone_a_picked_point_is_judged_at_once_and_can_be_taken_back(open_page: Open, page_text: Text, card: str, store: Any) -> None:
    good, large = small(store, within=True), small(store, within=False)
    app = open_page("challenge", card=card, run=good.run_id)
    app.button(key="hand-in").click().run()
    assert f"{good.name}: accepted, score {100 * good.metrics['accuracy']:.4g}" in page_text(app)
    app.selectbox(key=f"pick-{card}").select(large.run_id)
    app.button(key="hand-in").click().run()
    said = page_text(app)
    assert f"{large.name}: not accepted" in said and "allowed is at most 0.2" in said
    assert [(r["rank"], r["student"]) for r in board(app)] == [("1", "you")]
    app.button(key=f"take-back-{good.run_id}").click().run()
    assert f"{good.name}: accepted" not in page_text(app) and board(app)[0]["verdict"].startswith("File size is")


def test_in_a_class_one_hands_in_what_is_ones_own(open_page: Open, page_text: Text, card: str, room: Classroom, store: Any) -> None:
    ada, bob = room.join("Ada"), room.join("Bob")
    good = small(store, within=True)
    app = open_page("challenge", card=card)
    assert "Join the class to hand in" in page_text(app)
    app.session_state[STUDENT] = bob
    assert "You have no point of mnist5k yet" in page_text(app.run())
    app = open_page("challenge", card=card)
    app.session_state[STUDENT] = ada
    app.run()
    app.selectbox(key=f"pick-{card}").select(good.run_id)
    app.button(key="hand-in").click().run()
    assert [h.run for h in room.handed_in(card)] == [good.run_id] and board(app)[0]["student"] == "Ada (you)"


def test_the_leaderboard_has_names_where_the_instructor_wishes(open_page: Open, page_text: Text, card: str, room: Classroom, store: Any) -> None:
    ada, bob = room.join("Ada"), room.join("Bob")
    room.hand_in(card, ada, small(store, within=True).run_id)
    app = open_page("challenge", card=card)
    app.session_state[STUDENT] = bob
    app.run()
    assert [r["student"] for r in board(app)] == ["another student"] and "point" not in board(app)[0]
    room.set(NAMES_SHOWN, True)
    assert [r["student"] for r in board(app.run())] == ["Ada"]
    room.set(NAMES_SHOWN, False)
    teacher = open_page("challenge", card=card)
    teacher.session_state[INSTRUCTOR] = KEY
    teacher.run()
    assert board(teacher)[0]["student"] == "Ada" and board(teacher)[0]["point"] == small(store, within=True).name


def test_the_address_names_a_card_that_is_not_there(open_page: Open, page_text: Text, card: str) -> None:
    app = open_page("challenge", card="../../etc/passwd")
    assert not app.exception and "which is not there" in page_text(app)


def test_a_verdict_that_could_not_be_found_is_looked_for_again(open_page: Open, page_text: Text, card: str, store: Any) -> None:
    good = small(store, within=True)
    answers = store.files.pop((good.run_id, "correct.json"))
    app = open_page("challenge", card=card, run=good.run_id)
    app.button(key="hand-in").click().run()
    assert f"{good.name}: not accepted" in page_text(app)
    store.files[good.run_id, "correct.json"] = answers  # the store was busy
    assert f"{good.name}: accepted" in page_text(app.run())


def test_points_that_look_the_same_can_be_told_apart(open_page: Open, card: str, store: Any) -> None:
    good = small(store, within=True)
    twin = replace(good, run_id=f"0twin{good.run_id}")
    store.frame.append(twin)
    store.files[twin.run_id, "correct.json"] = store.files[good.run_id, "correct.json"]
    app = open_page("challenge", card=card)
    box = app.selectbox(key=f"pick-{card}")
    assert len(set(box.proto.options)) == len(box.proto.options)
    box.select(good.run_id)
    app.button(key="hand-in").click().run()
    assert [b.key for b in app.button if b.key and b.key.startswith("take-back-")] == [f"take-back-{good.run_id}"]
