"""Children of the fork server end as they should, and nothing is left whoever is killed."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import HERE, ROOT, is_gone, start, wait_until

from effcore.execution.children import SERVER_DIED, Children

PATHS = {"PYTHONPATH": f"{ROOT}{os.pathsep}{HERE}"}


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Children]:
    found = Children(preload="", log=tmp_path / "server.log", environment=PATHS)
    yield found
    found.close()


def pids(path: Path) -> tuple[int, int]:
    """The two process ids that a child wrote."""
    wait_until(path.exists)
    first, second = path.read_text().split()
    return int(first), int(second)


@pytest.mark.parametrize("status", [0, 1, 3, 77])
def test_the_exit_code_is_what_the_function_returned(children: Children, tmp_path: Path, status: int) -> None:
    child = children.start("targets:leave", {"status": status}, log=tmp_path / "log")
    assert child.wait() == status
    assert (tmp_path / "log").read_text() == "said before leaving\n"


def test_an_exception_is_exit_code_1_and_its_traceback_is_in_the_log(children: Children, tmp_path: Path) -> None:
    child = children.start("targets:fail", {"text": "what went wrong"}, log=tmp_path / "log")
    assert child.wait() == 1
    text = (tmp_path / "log").read_text()
    assert "Traceback" in text and text.rstrip().endswith("ValueError: what went wrong")


@pytest.mark.parametrize("target", ["targets:no_such_function", "no_such_module:main"])
def test_a_target_that_is_not_there_is_exit_code_1(children: Children, tmp_path: Path, target: str) -> None:
    assert children.start(target, {}, log=tmp_path / "log").wait() == 1
    assert target.split(":")[0 if "module" in target else 1] in (tmp_path / "log").read_text()


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV", "SIGTERM"])
def test_a_signal_is_a_negative_number(children: Children, tmp_path: Path, name: str) -> None:
    child = children.start("targets:end_itself", {"signal": name}, log=tmp_path / "log")
    assert child.wait() == -signal.Signals[name]


def test_a_child_has_its_group_and_goes_first_when_memory_runs_out(tmp_path: Path) -> None:
    children = Children(preload="mark_of_preload", log=tmp_path / "server.log", environment=PATHS)
    assert children.start("targets:tell", {"file": str(tmp_path / "told")}, log=tmp_path / "log").wait() == 0
    children.close()
    assert (tmp_path / "told").read_text() == "800 True True True True 1"


def test_a_long_argument_arrives_whole(children: Children, tmp_path: Path) -> None:
    argument = {"file": str(tmp_path / "told"), "load": "x" * 200}
    assert children.start("targets:tell", argument | {"more": "é" * 300_000}, log=tmp_path / "log").wait() == 200


def test_many_children_at_once_each_get_their_own_answer(children: Children, tmp_path: Path) -> None:
    asked = [children.start("targets:leave", {"status": n}, log=tmp_path / f"{n}.log") for n in range(40)]
    assert [child.wait() for child in asked] == list(range(40))


def test_children_can_be_asked_for_from_several_threads(children: Children, tmp_path: Path) -> None:
    answers: dict[int, int] = {}

    def ask(n: int) -> None:
        answers[n] = children.start("targets:leave", {"status": n}, log=tmp_path / f"{n}.log").wait()

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {n: n for n in range(12)}


def test_killing_ends_a_child_and_what_it_started(children: Children, tmp_path: Path) -> None:
    child = children.start("targets:sleep_with_a_child", {"file": str(tmp_path / "pids")}, log=tmp_path / "log")
    own, grandchild = pids(tmp_path / "pids")
    children.kill(child)
    assert child.wait() == -signal.SIGKILL
    wait_until(lambda: is_gone(own) and is_gone(grandchild))
    assert children.start("targets:leave", {"status": 5}, log=tmp_path / "log").wait() == 5


def test_a_child_that_is_killed_before_it_has_a_number_ends_too(children: Children, tmp_path: Path) -> None:
    child = children.start("targets:sleep", {"file": str(tmp_path / "pids")}, log=tmp_path / "log")
    children.kill(child)
    assert child.wait() == -signal.SIGKILL


def test_killing_a_child_that_has_ended_harms_nobody(children: Children, tmp_path: Path) -> None:
    child = children.start("targets:leave", {"status": 0}, log=tmp_path / "log")
    assert child.wait() == 0
    children.kill(child)
    assert child.wait() == 0


def test_a_server_that_is_killed_takes_its_children_along_and_a_new_one_is_started(children: Children, tmp_path: Path) -> None:
    asked = [children.start("targets:sleep", {"file": str(tmp_path / f"{n}")}, log=tmp_path / "log") for n in range(2)]
    found = [pids(tmp_path / f"{n}") for n in range(2)]
    server = children.server_pid
    assert server is not None and {parent for _, parent in found} == {server}
    os.kill(server, signal.SIGKILL)
    assert [child.wait() for child in asked] == [SERVER_DIED, SERVER_DIED]
    wait_until(lambda: is_gone(server) and all(is_gone(pid) for pid, _ in found))
    assert children.start("targets:leave", {"status": 7}, log=tmp_path / "log").wait() == 7
    assert children.server_pid not in (None, server)


def test_a_child_of_a_new_server_is_not_lost_with_the_old_one(children: Children, tmp_path: Path) -> None:
    before, late = set(threading.enumerate()), threading.Event()
    children.warm()
    server = children._server
    assert server is not None
    (listener,) = set(threading.enumerate()) - before
    server.wait = lambda timeout=None: int(late.wait(timeout))  # type: ignore[method-assign]
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: is_gone(server.pid))
    child = children.start("targets:sleep", {"file": str(tmp_path / "pids")}, log=tmp_path / "log")
    pids(tmp_path / "pids")
    late.set()  # only now the thread that listened to the old server comes to know that it died
    listener.join()
    assert not child.done.is_set() and children.server_pid not in (None, server.pid)
    children.kill(child)
    assert child.wait() == -signal.SIGKILL


def test_a_server_that_cannot_start_is_told_as_died_and_says_why_in_its_log(tmp_path: Path) -> None:
    children = Children(preload="no_such_module", log=tmp_path / "server.log", environment=PATHS)
    assert children.start("targets:leave", {"status": 0}, log=tmp_path / "log").wait() == SERVER_DIED
    children.close()
    assert "No module named 'no_such_module'" in (tmp_path / "server.log").read_text()


def test_closing_ends_the_server_and_every_child(tmp_path: Path) -> None:
    children = Children(preload="", log=tmp_path / "server.log", environment=PATHS)
    child = children.start("targets:sleep", {"file": str(tmp_path / "pids")}, log=tmp_path / "log")
    own, server = pids(tmp_path / "pids")
    children.close()
    assert child.wait() in (-signal.SIGKILL, SERVER_DIED)
    wait_until(lambda: is_gone(own) and is_gone(server))
    assert children.server_pid is None
    children.close()


def test_a_server_starts_with_the_first_child_or_when_it_is_warmed(children: Children) -> None:
    assert children.server_pid is None
    children.warm()
    server = children.server_pid
    assert server is not None
    children.warm()
    assert children.server_pid == server


DRIVER = """
import sys, time
from pathlib import Path
from effcore.execution.children import Children
folder = Path(sys.argv[1])
children = Children(preload="", log=folder / "server.log")
children.start("targets:sleep", {"file": str(folder / "pids")}, log=folder / "log")
time.sleep(600)
"""


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_a_driver_that_is_killed_leaves_neither_server_nor_child(tmp_path: Path, name: str) -> None:
    driver = start(DRIVER, tmp_path)
    own, server = pids(tmp_path / "pids")
    driver.send_signal(signal.Signals[name])
    driver.communicate()
    wait_until(lambda: is_gone(own) and is_gone(server))
