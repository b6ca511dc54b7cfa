"""A class on one machine: names without accounts, guesses that nobody sees before they are released, the instructor's key."""

from __future__ import annotations

import hmac
import os
import secrets
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from dashboard.classroom.origin import WITHIN_H, Origin, names_per_address
from dashboard.classroom.register import register
from effcore.errors import EffcoreError

KEY_VARIABLE = "EFFCORE_INSTRUCTOR_KEY"
KEY_FILE = "instructor.key"
LEAST_KEY = 8
LONGEST_NAME = 40
MOST_STUDENTS = 500
DATABASE = "classroom.db"
_WORDS = (
    "amber", "birch", "cedar", "comet", "coral", "delta", "ember", "fjord", "grove", "heron", "iris", "jade", "kite", "lotus", "maple", "north",
    "ocean", "pearl", "quartz", "river", "sable", "tulip", "umber", "violet", "willow", "zephyr",
)  # fmt: skip
_TABLES = """
CREATE TABLE IF NOT EXISTS student (name TEXT PRIMARY KEY, word TEXT NOT NULL, joined REAL NOT NULL);
CREATE TABLE IF NOT EXISTS guess (question TEXT, student TEXT, value REAL NOT NULL, at REAL NOT NULL, PRIMARY KEY (question, student));
CREATE TABLE IF NOT EXISTS charge (sweep TEXT PRIMARY KEY, student TEXT NOT NULL, minutes REAL NOT NULL);
CREATE TABLE IF NOT EXISTS release (question TEXT PRIMARY KEY, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS hand_in (card TEXT, student TEXT, run TEXT, at REAL NOT NULL, PRIMARY KEY (card, student, run));
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS origin (student TEXT PRIMARY KEY, browser TEXT NOT NULL, address TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS posed (run TEXT PRIMARY KEY, recipe TEXT NOT NULL, structure TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS former (name TEXT PRIMARY KEY);
"""
_HELD = ("student", "guess", "charge", "release", "hand_in", "setting", "posed", "origin")
DOOR_CLOSED, NAMES_SHOWN, MORE_NAMES = "door closed", "names shown", "more names"
"""What an instructor may set: nobody joins any more; the leaderboard has names; a browser may join with a second name."""


@dataclass(frozen=True)
class Student:
    """Who joined.

    Attributes:
        name: As the student wrote it.
        word: What proves, after a page was closed, that it is the same student; shown to nobody else.
    """

    name: str
    word: str


@dataclass(frozen=True)
class HandedIn:
    """A point that a student handed in for a challenge.

    Attributes:
        run: Of the point.
        at: Unix time in seconds.
    """

    card: str
    student: str
    run: str
    at: float


@dataclass(frozen=True)
class Entry:
    """A guess with its author, for the instructor's export."""

    question: str
    student: str
    value: float
    at: float


@dataclass(frozen=True)
class Posed:
    """A step that the class is to guess.

    Attributes:
        run: Of the point that it leads to.
        recipe: What that point is made of, as canonical JSON: what was made further of it tells the answer too.
        structure: Of that point, where the step changed it: what shares it shares its latency. Empty where the step did not.
    """

    run: str
    recipe: str
    structure: str


class Classroom:
    """What a class has done so far, in one file of the state folder; any number of pages use it at once.

    Args:
        home: The state folder; it must be there.
    """

    def __init__(self, home: Path) -> None:
        self._open = register(home / DATABASE, _TABLES).open

    def join(self, name: str, *, origin: Origin | None = None) -> Student:
        """Take a name that nobody has.

        Args:
            name: As it is written.
            origin: Where the student joins from; None where that does not matter.

        Raises:
            EffcoreError: It is empty, too long, taken or was in an earlier class, the class is full or closed, or too many have joined from there.
        """
        if self.is_set(DOOR_CLOSED):
            raise EffcoreError("The instructor has closed the door: nobody joins any more. Who was here before comes back with name and word.")
        plain = " ".join(name.split())
        if not plain or len(plain) > LONGEST_NAME or not plain.isprintable():
            raise EffcoreError(f"A name must have 1 to {LONGEST_NAME} letters. Got {plain[:50]!r}.")
        student = Student(plain, "-".join([*(secrets.choice(_WORDS) for _ in range(2)), str(secrets.randbelow(900) + 100)]))
        try:
            with self._open() as database:
                if database.execute("SELECT count(*) FROM student").fetchone()[0] >= MOST_STUDENTS:
                    raise EffcoreError(f"A class has at most {MOST_STUDENTS} students.")
                if database.execute("SELECT 1 FROM former WHERE name = ?", (student.name,)).fetchone():
                    raise EffcoreError(f"The name {plain!r} has sweeps of an earlier class. Choose another one.")
                database.execute("INSERT INTO student VALUES (?, ?, ?)", (student.name, student.word, time.time()))
                if origin is not None:
                    _require_few(database, origin)
                    database.execute("INSERT INTO origin VALUES (?, ?, ?, ?)", (student.name, origin.browser, origin.address, time.time()))
        except sqlite3.IntegrityError:
            raise EffcoreError(f"The name {plain!r} is taken. Choose another one, or come back with the word that was shown.") from None
        return student

    def come_back(self, name: str, word: str) -> Student:
        """The student of that name.

        Raises:
            EffcoreError: There is none, or the word is another one.
        """
        plain = " ".join(name.split())
        with self._open() as database:
            row = database.execute("SELECT word FROM student WHERE name = ?", (plain,)).fetchone()
        known = row[0] if row else secrets.token_hex(8)  # so that a name that is not there takes as long
        if not hmac.compare_digest(known.encode(), word.strip().lower().encode()) or row is None:
            raise EffcoreError("Name and word do not go together.")
        return Student(plain, known)

    def knows(self, student: Student) -> bool:
        """Whether a student is of the class, which the instructor may have emptied since."""
        with self._open() as database:
            return database.execute("SELECT 1 FROM student WHERE name = ? AND word = ?", (student.name, student.word)).fetchone() is not None

    def lock(self, question: str, student: Student, value: float) -> None:
        """Write a guess down, once and for all.

        Raises:
            EffcoreError: There is one already, the answer has been released, or the student is not of the class.
        """
        self.come_back(student.name, student.word)
        try:
            with self._open() as database:
                if database.execute("SELECT 1 FROM release WHERE question = ?", (question,)).fetchone():
                    raise EffcoreError("The answer has been released: it is too late for a guess.")
                database.execute("INSERT INTO guess VALUES (?, ?, ?, ?)", (question, student.name, value, time.time()))
        except sqlite3.IntegrityError:
            raise EffcoreError("A guess is locked already.") from None

    def own_guess(self, question: str, student: Student) -> float | None:
        """The student's own guess."""
        with self._open() as database:
            row = database.execute("SELECT value FROM guess WHERE question = ? AND student = ?", (question, student.name)).fetchone()
        return float(row[0]) if row else None

    def count(self, question: str) -> tuple[int, int]:
        """How many have locked a guess, of how many."""
        with self._open() as database:
            locked = database.execute("SELECT count(*) FROM guess WHERE question = ?", (question,)).fetchone()[0]
            return int(locked), int(database.execute("SELECT count(*) FROM student").fetchone()[0])

    def released(self, question: str) -> bool:
        """Whether everyone may see the answer."""
        with self._open() as database:
            return database.execute("SELECT 1 FROM release WHERE question = ?", (question,)).fetchone() is not None

    def released_with(self, prefix: str) -> frozenset[str]:
        """Everything that was released whose name begins so."""
        with self._open() as database:
            rows = database.execute("SELECT question FROM release WHERE substr(question, 1, ?) = ?", (len(prefix), prefix))
            return frozenset(str(row[0]) for row in rows)

    def charge(self, student: str, sweep: str, minutes: float) -> None:
        """Take minutes off what a student has; once for a sweep."""
        with self._open() as database:
            database.execute("INSERT OR IGNORE INTO charge VALUES (?, ?, ?)", (sweep, student, minutes))

    def refund(self, sweep: str) -> None:
        """Give back what a sweep was charged, which was cancelled before it began."""
        with self._open() as database:
            database.execute("DELETE FROM charge WHERE sweep = ?", (sweep,))

    def charge_of(self, sweep: str) -> float:
        """Minutes that one sweep was charged."""
        with self._open() as database:
            return float(database.execute("SELECT coalesce(sum(minutes), 0) FROM charge WHERE sweep = ?", (sweep,)).fetchone()[0])

    def charged(self, student: str) -> float:
        """Minutes that a student has used."""
        with self._open() as database:
            return float(database.execute("SELECT coalesce(sum(minutes), 0) FROM charge WHERE student = ?", (student,)).fetchone()[0])

    def guesses(self, question: str) -> tuple[float, ...]:
        """All guesses without their authors, by value.

        Raises:
            EffcoreError: They are not released.
        """
        if not self.released(question):
            raise EffcoreError("The guesses are not released.")
        with self._open() as database:
            rows = database.execute("SELECT value FROM guess WHERE question = ? ORDER BY value", (question,)).fetchall()
        return tuple(float(row[0]) for row in rows)

    def release(self, question: str) -> None:
        """Let everyone see the answer and all guesses; for the instructor."""
        with self._open() as database:
            database.execute("INSERT OR IGNORE INTO release VALUES (?, ?)", (question, time.time()))

    def reset(self, question: str) -> None:
        """Forget the guesses of a question and its release; for the instructor."""
        with self._open() as database:
            database.execute("DELETE FROM guess WHERE question = ?", (question,))
            database.execute("DELETE FROM release WHERE question = ?", (question,))

    def names(self) -> tuple[str, ...]:
        """Of all students, in the order in which they joined; for the instructor."""
        with self._open() as database:
            return tuple(str(row[0]) for row in database.execute("SELECT name FROM student ORDER BY joined, name"))

    def withdraw(self, question: str) -> None:
        """Take a release back and keep the guesses; for the instructor."""
        with self._open() as database:
            database.execute("DELETE FROM release WHERE question = ?", (question,))

    def is_set(self, setting: str) -> bool:
        """Whether something holds that the instructor may set."""
        with self._open() as database:
            return database.execute("SELECT 1 FROM setting WHERE name = ?", (setting,)).fetchone() is not None

    def set(self, setting: str, on: bool) -> None:
        """Have it hold, or not; for the instructor."""
        with self._open() as database:
            database.execute("INSERT OR IGNORE INTO setting VALUES (?)" if on else "DELETE FROM setting WHERE name = ?", (setting,))

    def hand_in(self, card: str, student: Student, run: str) -> None:
        """Write down that a point is handed in; the first time counts.

        Raises:
            EffcoreError: The student is not of the class.
        """
        self.come_back(student.name, student.word)
        with self._open() as database:
            database.execute("INSERT OR IGNORE INTO hand_in VALUES (?, ?, ?, ?)", (card, student.name, run, time.time()))

    def take_back(self, card: str, student: Student, run: str) -> None:
        """Forget that a point was handed in."""
        with self._open() as database:
            database.execute("DELETE FROM hand_in WHERE card = ? AND student = ? AND run = ?", (card, student.name, run))

    def handed_in(self, card: str | None = None) -> tuple[HandedIn, ...]:
        """All hand-ins for a challenge, or for every one, in the order they came in."""
        with self._open() as database:
            rows = database.execute("SELECT card, student, run, at FROM hand_in WHERE ? IS NULL OR card = ? ORDER BY at", (card, card)).fetchall()
        return tuple(HandedIn(*row) for row in rows)

    def pose(self, step: Posed) -> None:
        """Put a step up for guessing; for the instructor."""
        with self._open() as database:
            database.execute("INSERT OR REPLACE INTO posed VALUES (?, ?, ?, ?)", (step.run, step.recipe, step.structure, time.time()))

    def take_down(self, run: str) -> None:
        """Have a step not be up for guessing any more; for the instructor."""
        with self._open() as database:
            database.execute("DELETE FROM posed WHERE run = ?", (run,))

    def posed(self) -> tuple[Posed, ...]:
        """Every step that was put up for guessing, whether its answer has been released or not, in that order."""
        with self._open() as database:
            return tuple(Posed(*row) for row in database.execute("SELECT run, recipe, structure FROM posed ORDER BY at, run"))

    def empty(self) -> None:
        """Forget everybody and everything that was done; a name whose sweeps stay is nobody's any more; for the instructor."""
        with self._open() as database:
            database.execute("INSERT OR IGNORE INTO former SELECT DISTINCT student FROM charge")
            for table in _HELD:
                database.execute(f"DELETE FROM {table}")

    def entries(self) -> tuple[Entry, ...]:
        """Every guess with its author, in the order they came in; for the instructor."""
        with self._open() as database:
            return tuple(Entry(*row) for row in database.execute("SELECT question, student, value, at FROM guess ORDER BY at"))


def _require_few(database: sqlite3.Connection, origin: Origin) -> None:
    """Refuse a further name from one browser, or from one address beyond what a class has.

    Raises:
        EffcoreError: There are that many.
    """
    since = time.time() - 3600 * WITHIN_H
    if database.execute("SELECT 1 FROM setting WHERE name = ?", (MORE_NAMES,)).fetchone():
        return
    if database.execute("SELECT 1 FROM origin WHERE browser = ? AND at > ?", (origin.browser, since)).fetchone():
        raise EffcoreError("Somebody has joined from this browser already. Come back with that name and its word, or ask the instructor.")
    most = names_per_address()
    if database.execute("SELECT count(*) FROM origin WHERE address = ? AND at > ?", (origin.address, since)).fetchone()[0] >= most:
        raise EffcoreError(f"{most} names have joined from your address in the last {WITHIN_H} hours. Ask the instructor to let more in.")


def instructor_key(home: Path) -> str | None:
    """The instructor's key: from the environment, or from a file of the state folder; None where there is no class.

    Raises:
        EffcoreError: It is too short to be one.
    """
    path = home / KEY_FILE
    key = os.environ.get(KEY_VARIABLE, "").strip() or (path.read_text().strip() if path.is_file() else "")
    if key and len(key) < LEAST_KEY:
        raise EffcoreError(f"The instructor's key must have at least {LEAST_KEY} characters. Got {len(key)}. Set {KEY_VARIABLE}, or {KEY_FILE}.")
    return key or None


def is_instructor(given: str, home: Path) -> bool:
    """Whether that is the instructor's key, compared in constant time."""
    key = instructor_key(home)
    return key is not None and hmac.compare_digest(given.encode(), key.encode())
