"""A class: who may know what, and when."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from dashboard.classroom import _TABLES, DOOR_CLOSED, KEY_FILE, KEY_VARIABLE, Classroom, Student, instructor_key, is_instructor
from dashboard.classroom.register import register
from effcore.errors import EffcoreError


@pytest.fixture
def room(tmp_path: Path) -> Classroom:
    return Classroom(tmp_path)


def test_a_name_is_one_students(room: Classroom) -> None:
    ada = room.join("  Ada   L. ")
    assert ada.name == "Ada L."
    with pytest.raises(EffcoreError, match="taken"):
        room.join("Ada L.")
    assert room.come_back("Ada L.", ada.word.upper()) == ada
    for name, word in (("Ada L.", "wrong"), ("Bob", ada.word), ("Ada L.", "")):
        with pytest.raises(EffcoreError, match="do not go together"):
            room.come_back(name, word)


@pytest.mark.parametrize("name", ["", "   ", "x" * 41, "a\x00b"])
def test_what_is_no_name(room: Classroom, name: str) -> None:
    with pytest.raises(EffcoreError, match="1 to 40"):
        room.join(name)


def test_a_guess_is_locked_once_and_seen_by_its_author_alone_until_released(room: Classroom) -> None:
    ada, bob = room.join("Ada"), room.join("Bob")
    room.lock("q", ada, 3.0)
    with pytest.raises(EffcoreError, match="locked already"):
        room.lock("q", ada, 4.0)
    room.lock("q", bob, 1.0)
    assert (room.own_guess("q", ada), room.own_guess("q", bob), room.own_guess("other", ada)) == (3.0, 1.0, None)
    assert room.count("q") == (2, 2)
    with pytest.raises(EffcoreError, match="not released"):
        room.guesses("q")
    room.release("q")
    assert room.guesses("q") == (1.0, 3.0)
    with pytest.raises(EffcoreError, match="too late"):
        room.lock("q", room.join("Cy"), 2.0)
    room.reset("q")
    assert room.count("q") == (0, 3) and not room.released("q")


def test_nobody_guesses_for_another(room: Classroom) -> None:
    room.join("Ada")
    with pytest.raises(EffcoreError, match="do not go together"):
        room.lock("q", Student("Ada", "made-up-1"), 9.0)


def test_thirty_at_once_lose_nothing(room: Classroom, tmp_path: Path) -> None:
    def one(number: int) -> None:
        own = Classroom(tmp_path)
        own.lock("q", own.join(f"student {number}"), float(number))

    threads = [threading.Thread(target=one, args=(n,)) for n in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    room.release("q")
    assert room.guesses("q") == tuple(float(n) for n in range(30))
    assert sorted(e.student for e in room.entries()) == sorted(f"student {n}" for n in range(30))


def test_the_instructors_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    assert instructor_key(tmp_path) is None and not is_instructor("", tmp_path)
    (tmp_path / KEY_FILE).write_text("long enough\n")
    assert is_instructor("long enough", tmp_path) and not is_instructor("long enougi", tmp_path)
    monkeypatch.setenv(KEY_VARIABLE, "from the environment")
    assert is_instructor("from the environment", tmp_path) and not is_instructor("long enough", tmp_path)
    monkeypatch.setenv(KEY_VARIABLE, "short")
    with pytest.raises(EffcoreError, match="at least 8"):
        instructor_key(tmp_path)


def test_the_instructor_closes_the_door_and_opens_it(room: Classroom) -> None:
    ada = room.join("Ada")
    room.set(DOOR_CLOSED, True)
    with pytest.raises(EffcoreError, match="closed the door"):
        room.join("Bob")
    assert room.come_back("Ada", ada.word) == ada
    room.set(DOOR_CLOSED, False)
    room.join("Bob")
    assert room.names() == ("Ada", "Bob")


def test_hand_ins_are_counted_once_and_can_be_taken_back(room: Classroom) -> None:
    ada = room.join("Ada")
    for run in ("r1", "r2", "r1"):
        room.hand_in("card", ada, run)
    assert [(h.card, h.student, h.run) for h in room.handed_in("card")] == [("card", "Ada", "r1"), ("card", "Ada", "r2")]
    assert room.handed_in("another") == () and len(room.handed_in()) == 2
    room.take_back("card", ada, "r1")
    assert [h.run for h in room.handed_in("card")] == ["r2"]
    with pytest.raises(EffcoreError, match="do not go together"):
        room.hand_in("card", Student("Ada", "made-up-1"), "r3")


def test_an_emptied_class_knows_nobody(room: Classroom) -> None:
    ada, _ = room.join("Ada"), room.join("Bob")
    room.lock("q", ada, 1.0)
    room.release("q")
    room.charge("Bob", "sweep", 3.0)
    room.set(DOOR_CLOSED, True)
    room.empty()
    assert not room.knows(ada) and room.names() == room.entries() == () and room.charged("Bob") == 0.0
    assert not room.released("q") and not room.is_set(DOOR_CLOSED)
    assert room.knows(room.join("Ada")) and not room.knows(ada)
    with pytest.raises(EffcoreError, match="'Bob' has sweeps of an earlier class"):  # which the next Bob would see as own
        room.join("Bob")


def test_one_connection_serves_all_looks_and_finds_a_file_that_was_made_anew(tmp_path: Path) -> None:
    one, another = Classroom(tmp_path), Classroom(tmp_path)
    one.join("Ada")
    with register(tmp_path / "classroom.db", _TABLES).open() as first, register(tmp_path / "classroom.db", _TABLES).open() as second:
        assert first is second
    (tmp_path / "classroom.db").unlink()
    assert another.names() == ()
    one.join("Ada")
    assert another.names() == ("Ada",)
