"""A class: who may know what, and when."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from dashboard.classroom import KEY_FILE, KEY_VARIABLE, Classroom, Student, instructor_key, is_instructor
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
