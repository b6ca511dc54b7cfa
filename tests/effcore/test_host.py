"""The host as a shared resource, between real processes: together, alone, in turn, and freed by a kill."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from processes import PATIENCE_S, ROOT, finish, read_line, start

from effcore import host

HEAD = """
import sys, time
from pathlib import Path
from effcore import host
home, name = Path(sys.argv[1]), sys.argv[2]
host._folder = lambda: home / "host"
def note(what):
    with open(home / "log", "a") as file:
        file.write(f"{what} {name}\\n")
"""
HOLD = (
    HEAD
    + """
print("here", flush=True)
with host.host_lock(exclusive=sys.argv[3] == "alone"):
    note("in")
    print("in", flush=True)
    sys.stdin.readline()
    note("out")
"""
)
STREAM = (
    HEAD
    + """
while not (home / "stop").exists():
    with host.host_lock(exclusive=False):
        note("in")
        time.sleep(0.02)
        note("out")
"""
)


class Holder:
    """A process that holds the host until it is told to let go."""

    def __init__(self, home: Path, name: str, how: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(home), name, how], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert read_line(self.process) == "here"

    def holds(self) -> None:
        assert read_line(self.process) == "in"

    def let_go(self) -> None:
        assert self.process.communicate("\n", timeout=PATIENCE_S)[1] == ""

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()


def log(home: Path) -> list[str]:
    return (home / "log").read_text().splitlines()


def test_shared_holders_are_in_together(tmp_path: Path) -> None:
    first, second = Holder(tmp_path, "a", "together"), Holder(tmp_path, "b", "together")
    first.holds()
    second.holds()
    first.let_go()
    second.let_go()
    assert sorted(log(tmp_path)[:2]) == ["in a", "in b"]


def test_an_exclusive_holder_is_alone(tmp_path: Path) -> None:
    alone = Holder(tmp_path, "measurement", "alone")
    alone.holds()
    others = [Holder(tmp_path, "training", "together"), Holder(tmp_path, "other", "alone")]
    time.sleep(0.2)  # for them to come to the lock and wait
    alone.let_go()
    for other in others:
        assert other.process.stdin is not None
        other.process.stdin.write("\n")
        other.process.stdin.flush()
    for other in others:
        other.let_go()
    lines = log(tmp_path)
    assert lines[:2] == ["in measurement", "out measurement"]
    assert [a.split()[1] == b.split()[1] for a, b in zip(lines[::2], lines[1::2], strict=True)] == [True] * 3


def test_an_exclusive_one_waits_for_all_shared_ones(tmp_path: Path) -> None:
    trainings = [Holder(tmp_path, name, "together") for name in ("a", "b")]
    for training in trainings:
        training.holds()
    alone = Holder(tmp_path, "measurement", "alone")
    for training in trainings:
        training.let_go()
    alone.holds()
    alone.let_go()
    assert log(tmp_path)[-2:] == ["in measurement", "out measurement"]


def test_a_stream_of_shared_ones_does_not_keep_an_exclusive_one_out(tmp_path: Path) -> None:
    streams = [start(STREAM, tmp_path, f"training{n}") for n in range(3)]
    while not (tmp_path / "log").exists() or len(log(tmp_path)) < 20:
        pass
    alone = Holder(tmp_path, "measurement", "alone")
    alone.holds()  # without the turnstile at least one of the three is always in
    alone.let_go()
    (tmp_path / "stop").touch()
    finish(*streams)
    lines = log(tmp_path)
    index = lines.index("in measurement")
    assert lines[index + 1] == "out measurement"
    before = lines[:index]
    assert sum(line.startswith("in ") for line in before) == sum(line.startswith("out ") for line in before)


@pytest.mark.parametrize("how", ["alone", "together"])
def test_the_host_is_free_again_when_its_holder_is_killed(tmp_path: Path, how: str) -> None:
    holder = Holder(tmp_path, "killed", how)
    holder.holds()
    after = Holder(tmp_path, "after", "alone")
    holder.kill()
    after.holds()
    after.let_go()
    assert log(tmp_path) == ["in killed", "in after", "out after"]


def test_a_killed_waiter_is_not_in_the_way(tmp_path: Path) -> None:
    holder = Holder(tmp_path, "training", "together")
    holder.holds()
    waiter = Holder(tmp_path, "waiter", "alone")
    waiter.kill()
    other = Holder(tmp_path, "other", "together")
    other.holds()
    other.let_go()
    holder.let_go()


def test_the_lock_is_outside_of_every_home_and_open_to_all_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(host.VARIABLE, str(tmp_path / "mounted"))
    assert host._folder() == tmp_path / "mounted", "containers with a folder in common meet there"
    monkeypatch.delenv(host.VARIABLE)
    assert host._folder() == Path("/tmp/effcore-host")
    monkeypatch.setattr(host, "_folder", lambda: tmp_path / "host")
    with host.host_lock(exclusive=True):
        pass
    with host.host_lock(exclusive=False):
        pass
    assert stat.S_IMODE((tmp_path / "host").stat().st_mode) == 0o777
    assert {p.name for p in (tmp_path / "host").iterdir()} == {"turnstile.lock", "work.lock"}


def test_the_host_is_free_after_an_exception(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "_folder", lambda: tmp_path / "host")
    with pytest.raises(RuntimeError), host.host_lock(exclusive=True):
        raise RuntimeError
    with host.host_lock(exclusive=True):
        pass


def waits_for(pid: int, reason: str) -> host.Hold:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = host.held_up({pid})
        if found is not None and found.reason == reason:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{host.held_up({pid})} is not {reason}")


@pytest.mark.skipif(not host.LOCKS.exists(), reason="only Linux tells who holds a lock")
def test_who_keeps_a_process_from_the_host_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "_folder", lambda: tmp_path / "host")
    assert host.held_up({os.getpid()}) is None, "nobody has asked for the host yet"
    first = Holder(tmp_path, "a", "together")
    first.holds()
    second = Holder(tmp_path, "b", "alone")
    assert waits_for(second.process.pid, "work").by == (first.process.pid,)
    third = Holder(tmp_path, "c", "together")
    assert waits_for(third.process.pid, "turn").by == (second.process.pid,)
    assert host.held_up({first.process.pid}) is None
    assert host.held_up({first.process.pid, second.process.pid}) is None, "what is ours keeps nothing of ours from others' sight"
    first.let_go()
    second.holds()
    assert waits_for(third.process.pid, "measurement").by == (second.process.pid,)
    second.let_go()
    third.holds()
    third.let_go()


def test_a_lock_of_another_place_is_of_another_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "_folder", lambda: tmp_path)
    for name in ("turnstile", "work"):
        (tmp_path / f"{name}.lock").touch()
    locks = tmp_path / "locks"
    locks.write_text(
        "1: POSIX  ADVISORY  WRITE 5 fe:00:77 0 EOF\n2: FLOCK  ADVISORY  WRITE 6 fe:00:77 0 EOF\n2: -> FLOCK  ADVISORY  WRITE 7 fe:00:77 0 EOF\n"
    )
    assert host.held_up({7}, locks=locks) == host.Hold(reason="same", by=(6,))
    assert host.held_up({5, 6, 8}, locks=locks) is None and host.held_up({6, 7}, locks=locks) is None
    assert host.held_up({7}, locks=tmp_path / "none") is None
