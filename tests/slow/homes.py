"""State folders with commands that run on them as a user's do, seen from outside: processes, executions, the store."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[2]
MARK = "EFFCORE_TEST_MARK"
PATIENCE_S = 600.0
"""Far longer than anything here takes; only a test that would fail anyway waits so long."""
SHORTLY_S = 20.0
"""In which everything must be gone: the kernel ends it at once, but a busy machine may need a while to get there."""


class Command:
    """A command that was started; what it prints goes to files, so that nothing that it leaves behind holds up a reader."""

    def __init__(self, arguments: list[str], *, environment: dict[str, str], log: Path, cwd: Path | None) -> None:
        self.out, self.err = log.with_suffix(".out"), log.with_suffix(".err")
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment, cwd=cwd, start_new_session=True
            )
        self.pid = self.process.pid

    def end(self) -> int:
        """Wait for its end and return the exit code."""
        return self.process.wait(timeout=PATIENCE_S)

    def well(self) -> Any:
        """Wait for its end, which must be a good one, and return what it printed: the document of `--json`, or text."""
        assert self.end() == 0, self.stderr
        text = self.stdout
        return json.loads(text) if text.startswith("{") else text

    def kill(self, *, group: bool) -> None:
        """`kill -9` of it alone, or of its process group."""
        (os.killpg if group else os.kill)(self.pid, signal.SIGKILL)
        assert self.end() == -signal.SIGKILL

    @property
    def stdout(self) -> str:
        return self.out.read_text()

    @property
    def stderr(self) -> str:
        return self.err.read_text()


class Home:
    """A state folder.

    Args:
        path: Need not be there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.mark = uuid.uuid4().hex
        self._logs = path.with_name(path.name + " commands")
        self._logs.mkdir(parents=True)
        self._count = 0

    # Commands

    def start(self, *arguments: object, cwd: Path | None = None) -> Command:
        """Start `effcore ...` on this folder; all processes that come of it carry the mark in their environment."""
        return self.start_python("-m", "effcore", *arguments, "--home", self.path, cwd=cwd)

    def start_python(self, *arguments: object, cwd: Path | None = None) -> Command:
        """Start Python as `start` does."""
        self._count += 1
        environment = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}  # MLflow is another one under pytest
        environment |= {MARK: self.mark, "PYTHONPATH": str(ROOT)}
        return Command([sys.executable, *map(str, arguments)], environment=environment, log=self._logs / f"{self._count}.log", cwd=cwd)

    def file(self, name: str, text: str) -> Path:
        """A file with a spec, or with something else where the name says so."""
        path = self._logs / (name if "." in name else f"{name}.yaml")
        path.write_text(text)
        return path

    # Processes

    def alive(self) -> dict[int, list[str]]:
        """Command lines of all processes that came of its commands, by process id; those that wait to be reaped have ended."""
        found = {}
        for pid in psutil.pids():
            if self._owns(pid):
                try:
                    found[pid] = psutil.Process(pid).cmdline()
                except psutil.Error:
                    continue
        return found

    def _owns(self, pid: int) -> bool:
        """Whether a process came of this home's commands; of one that has ended, or is just ending, the kernel shows no environment."""
        try:
            return psutil.Process(pid).environ().get(MARK) == self.mark
        except psutil.Error:
            return False

    def server(self) -> int | None:
        """Process id of the fork server; its children have its command line and another session leader than themselves."""
        for pid, command in self.alive().items():
            try:
                if "effcore.execution.forkserver" in command and os.getsid(pid) == pid:
                    return pid
            except ProcessLookupError:
                continue
        return None

    def measures(self) -> bool:
        """Whether a measuring process runs."""
        return any(command[-1:] and command[-1].endswith("probe.py") for command in self.alive().values())

    def gone(self) -> None:
        """Wait until nothing runs any more, which must be soon."""
        end = time.monotonic() + SHORTLY_S
        while left := self.alive():
            assert time.monotonic() < end, f"still there: {left}"
            time.sleep(0.02)

    def end(self) -> None:
        """End what is left; after a test that went well nothing is."""
        for pid in self.alive():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    # What was executed

    def executions(self) -> list[dict[str, Any]]:
        """The log of executions."""
        path = self.path / "executions.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def running(self, kind: str) -> list[dict[str, Any]]:
        """Stages of a kind that have started and not ended, nor been killed."""
        lines = self.executions()
        ended = {(line["key"], line["pid"]) for line in lines if line["event"] != "started"}
        begun = [line for line in lines if line["event"] == "started" and line["kind"] == kind and (line["key"], line["pid"]) not in ended]
        return [line for line in begun if self._owns(line["pid"])]

    def started(self, kind: str) -> list[dict[str, Any]]:
        """All starts of stages of a kind."""
        return [line for line in self.executions() if line["event"] == "started" and line["kind"] == kind]

    # What was written

    def store_bytes(self) -> int:
        """Size of all files of the tracking store's database."""
        sizes = 0
        for path in self.path.glob("mlflow.db*"):
            try:
                sizes += path.stat().st_size
            except FileNotFoundError:  # a journal that was taken away
                continue
        return sizes

    def statuses(self, kind: str) -> list[str]:
        """MLflow's status of all runs of a kind, read beside MLflow; empty while there is no store."""
        path = self.path / "mlflow.db"
        if not path.exists():
            return []
        text = "SELECT r.status FROM runs r JOIN tags t ON t.run_uuid = r.run_uuid WHERE t.key = 'effcore.type' AND t.value = ?"
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=20)
        try:
            return [status for (status,) in connection.execute(text, (kind,))]
        except sqlite3.OperationalError:  # its tables are being made
            return []
        finally:
            connection.close()


def wait_for(condition: Callable[[], Any], command: Command, *, every_s: float = 0.02) -> Any:
    """Wait for something that a running command brings about, and return what the condition returned.

    Raises:
        AssertionError: The command ended before.
    """
    end = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert command.process.poll() is None, f"ended with {command.process.returncode} before it came about\n{command.stderr}"
        assert time.monotonic() < end, "it did not come about"
        time.sleep(every_s)
    return found


def free_port() -> int:
    """A port that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
