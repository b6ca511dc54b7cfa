"""The fork server before its first child: while it loads what children share."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from processes import HERE, ROOT, is_gone, read_line, start, wait_until

from effcore.execution.children import Children
from effcore.host import host_lock

PATHS = {"PYTHONPATH": f"{ROOT}{os.pathsep}{HERE}"}

DRIVER = """
import sys, time
from pathlib import Path
from effcore.execution.children import Children
children = Children(preload="slow_preload", log=Path(sys.argv[1]))
children.warm()
print(children.server_pid, flush=True)
time.sleep(600)
"""


def test_a_server_that_still_loads_dies_with_its_driver(tmp_path: Path) -> None:
    driver = start(DRIVER, tmp_path / "log")
    server = int(read_line(driver))
    wait_until(lambda: "forkserver" in Path(f"/proc/{server}/cmdline").read_text())
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    wait_until(lambda: is_gone(server))


def test_loading_waits_for_a_measurement(tmp_path: Path) -> None:
    children = Children(preload="mark_of_preload", log=tmp_path / "log", environment=PATHS)
    with host_lock(exclusive=True):
        child = children.start("targets:leave", {"status": 0}, log=tmp_path / "child.log")
        assert not child.done.wait(1.0)
        assert child.pid is None
    assert child.wait() == 0
    children.close()


def test_a_server_that_still_loads_is_ended_with_what_waits_for_it(tmp_path: Path) -> None:
    children = Children(preload="slow_preload", log=tmp_path / "log", environment=PATHS)
    child = children.start("targets:leave", {"status": 0}, log=tmp_path / "child.log")
    server = children.server_pid
    assert server is not None
    children.close()
    assert child.wait() < 0 and is_gone(server)


def test_a_child_says_that_it_is_done_before_it_is_gone(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "effcore.execution.forkserver", str(theirs.fileno()), "targets", str(os.getpid())]
    server = subprocess.Popen(command, pass_fds=[theirs.fileno()], env=os.environ | PATHS)
    theirs.close()
    request = {"id": 5, "target": "targets:leave", "argument": {"status": 7}, "log": str(tmp_path / "log")}
    ours.sendall(json.dumps(request).encode() + b"\n")
    with ours, ours.makefile() as lines:
        answers = [json.loads(lines.readline()) for _ in range(3)]
    server.wait()
    assert [a for a in answers if "status" in a] == [{"id": 5, "status": 7}] * 2, "by itself, and by the server"
