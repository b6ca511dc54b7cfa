"""A class of thirty: all launch within a minute on the real server, each gets its turn, and nobody reaches what is another's."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import psutil
import pytest
from homes import Command, Home, free_port, wait_for
from viewers import Viewer

from dashboard.classroom import KEY_FILE, Classroom
from dashboard.classroom.audience import QUOTA_VARIABLE
from dashboard.routes import PASTE
from effcore.home import pause
from effcore.tracking import Store, SweepRecord

pytestmark = pytest.mark.slow

STUDENTS = 30
QUOTA_MINUTES = 2.0
MOST_PAGE_MB = 900.0
"""Of the page with thirty sessions; it has about 250 MB before the first one comes."""
SPEC = """name: {name}
task: digits
seeds: [{seed}]
recipe:
  - architecture: {{family: mlp, width: 0.25}}
  - training: {{epochs: {epochs}}}
  - runtime: onnxruntime
measure: {{processes: 3, max_s: {max_s}}}
"""


@dataclass
class School:
    """A served class."""

    home: Home
    store: Store
    command: Command
    port: int

    @property
    def page(self) -> psutil.Process:
        """The process that serves the pages."""
        return psutil.Process(next(pid for pid, line in self.home.alive().items() if "dashboard" in line))

    def launched(self) -> list[SweepRecord]:
        """Everything in the queue and everything that was, in the order in which it was filed."""
        return sorted(self.store.sweeps(), key=lambda s: (s.started_ms, s.run_id))

    def of(self, name: str) -> list[SweepRecord]:
        return [s for s in self.launched() if s.owner == name]


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    home = Home(tmp_path_factory.mktemp("school") / "home")
    home.path.mkdir()
    (home.path / KEY_FILE).write_text("the key of this class")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(QUOTA_VARIABLE, str(QUOTA_MINUTES))
        command = home.start("serve", "--port", free_port())
    line = wait_for(lambda: re.search(r"Dashboard: http://127.0.0.1:(\d+)\n", command.stderr), command, every_s=0.1)
    yield School(home, Store(home.path), command, int(line.group(1)))
    home.end()


@dataclass
class Student:
    """One of the class, with an open page."""

    name: str
    viewer: Viewer
    word: str = ""

    def join(self) -> None:
        self.viewer.open("class")
        self.viewer.press("Join", join_name=self.name)
        assert self.viewer.says(f"You are {self.name}.")
        self.word = next(re.search(r"Your word is (\S+)\.", t).group(1) for t in self.viewer.texts if "Your word is" in t)  # type: ignore[union-attr]

    def launch(self, *, name: str = "homework", seed: int | str = 0, epochs: int = 1, max_s: float = 1) -> str:
        """What the page says after the button was pressed."""
        viewer = self.viewer
        viewer.open("launch")
        viewer.fill(launch_mode=[PASTE])
        viewer.fill(pasted_spec=SPEC.format(name=name, seed=seed, epochs=epochs, max_s=max_s))
        viewer.press("submit")
        return next(t for t in viewer.texts if t.startswith(("In the queue.", "It is in the queue", "Not submitted")))


def together(students: list[Student], act: Callable[[Student], None]) -> None:
    """All at once, each in a thread of its own."""
    with ThreadPoolExecutor(max_workers=len(students)) as pool:
        list(pool.map(act, students))


def test_thirty_launch_within_a_minute_and_each_gets_its_turn(school: School) -> None:
    students = [Student(f"Student{i:02}", Viewer(school.port)) for i in range(STUDENTS)]
    together(students, Student.join)
    begun = time.monotonic()
    together(students, lambda s: said(s.launch(seed=int(s.name[-2:]) % 3), "In the queue."))
    launching_s = time.monotonic() - begun
    records = school.launched()
    assert sorted(s.owner for s in records) == [s.name for s in students], "nothing is lost, nothing is there twice"

    nobody_reaches_anothers(school, students)
    first = wait_for(lambda: [s for s in students if school.of(s.name)[0].state == "done"], school.command, every_s=0.2)[0]
    said(first.launch(name="second", seed=7), "In the queue.")
    for record in school.launched():
        wait_for(lambda run=record.run_id: school.store.sweep(run).state == "done", school.command, every_s=1.0)

    ended = sorted(school.launched(), key=lambda s: s.ended_ms or 0)
    assert [s.state for s in ended] == ["done"] * (STUDENTS + 1) and all(s.done == 1 for s in ended)
    assert [s.run_id for s in ended[:STUDENTS]] == [s.run_id for s in records], "in the order in which they were filed"
    assert ended[-1].owner == first.name and ended[-1].name.startswith("second"), "the second of one comes after the first of all others"
    memory_mb = school.page.memory_info().rss / 1e6
    assert memory_mb < MOST_PAGE_MB
    room = Classroom(school.home.path)
    assert all(0 < room.charged(s.name) <= QUOTA_MINUTES for s in students)
    for student in students:
        student.viewer.open("frontier")
        student.viewer.open("launch")
    nobody_heard_of_another(school, students)
    print(f"{STUDENTS} launched in {launching_s:.1f} s, all done after {time.monotonic() - begun:.0f} s, page {memory_mb:.0f} MB")


def said(line: str, beginning: str) -> None:
    assert line.startswith(beginning), line


def nobody_reaches_anothers(school: School, students: list[Student]) -> None:
    """By the page, and by what a page never sends."""
    thief, victim, other = students[-1], students[-2], students[-3]
    run_id = school.of(victim.name)[0].run_id
    victim.viewer.open("launch")
    cancel = victim.viewer.widgets[f"cancel-{run_id}"]
    thief.viewer.open("launch")
    assert f"cancel-{run_id}" not in thief.viewer.widgets
    thief.viewer.forge(cancel)
    assert school.of(victim.name)[0].state == "waiting"
    for page, query in (("point", f"run={run_id}"), ("frontier", f"sweep={run_id}"), ("search", f"sweep={run_id}"), ("predict", f"run={run_id}")):
        thief.viewer.open(page, query)
    said(thief.launch(name="one more"), "Not submitted: One sweep at a time")
    victim.viewer.open("launch")
    victim.viewer.forge(cancel)
    wait_for(lambda: school.of(victim.name)[0].state == "cancelled", school.command, every_s=0.2)
    assert Classroom(school.home.path).charged(victim.name) == 0.0, "what never began costs nothing"
    said(victim.launch(seed=int(victim.name[-2:]) % 3), "In the queue.")
    assert school.of(other.name)[0].state == "waiting"


def nobody_heard_of_another(school: School, students: list[Student]) -> None:
    owners = {s.run_id: s.owner for s in school.launched()}
    asked = {s.run_id for s in school.of(students[-2].name)}  # which the thief asked for, and so was told back in its own words
    for student in students:
        others = [run for run, owner in owners.items() if owner != student.name and run not in asked]
        heard = [text for text in (*others, *(s.name for s in students if s is not student)) if student.viewer.heard(text)]
        assert heard == [], f"{student.name} heard of {heard}"


def test_no_more_than_one_has(school: School) -> None:
    """Two tabs at once, more minutes than there are, long measuring, and a launch without a name."""
    name = "Twice"
    first, second = Student(name, Viewer(school.port)), Student(name, Viewer(school.port))
    first.join()
    second.viewer.open("class")
    second.viewer.press("Come back", back_name=name, back_word=first.word)
    assert second.viewer.says(f"You are {name}.")
    pause(school.home.path, True)
    try:
        answers: list[str] = []
        barrier = threading.Barrier(2)

        def go(student: Student, title: str) -> None:
            barrier.wait()
            answers.append(student.launch(name=title))

        together([replace(first, word="left"), replace(second, word="right")], lambda s: go(s, s.word))
        assert sorted(a[:12] for a in answers) == ["In the queue", "Not submitte"]
        assert [s.state for s in school.of(name)] == ["waiting"]
        run_id = school.of(name)[0].run_id
        first.viewer.open("launch")
        first.viewer.press(f"cancel-{run_id}")
        said(first.launch(name="long", seed="0, 1, 2, 3, 4, 5, 6, 7", epochs=1000), "Not submitted: It would take about")
        said(first.launch(name="slow", max_s=600), "Not submitted: In a class `measure` may have at most")
        said(Student("", Viewer(school.port)).launch(), "Not submitted: Join the class")
        assert len(school.of(name)) == 1
    finally:
        pause(school.home.path, False)


def test_another_ones_point_is_no_teacher(school: School) -> None:
    """A point that may not be seen may not be learned from either."""
    owned = next(s for s in school.launched() if s.state == "done")
    point = school.store.variants(sweep=owned.run_id)[0].run_id
    spec = SPEC.format(name="pupil", seed=0, epochs=1, max_s=1).replace(
        "  - runtime", f"  - distillation: {{teacher: {{point: '{point}'}}}}\n  - runtime"
    )
    nosy = Student("Nosy", Viewer(school.port))
    nosy.join()
    nosy.viewer.open("launch")
    nosy.viewer.fill(launch_mode=[PASTE])
    nosy.viewer.fill(pasted_spec=spec)
    assert nosy.viewer.says("must be a point of the store") and "submit" not in nosy.viewer.widgets
    assert not nosy.viewer.heard(owned.owner)
