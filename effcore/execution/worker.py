"""One host's hands: runs a stage in a child process, unless its output is in the cache."""

from __future__ import annotations

import json
import signal
import threading
import uuid
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from effcore.cache import Cache, Entry
from effcore.errors import Cancelled, StageError
from effcore.execution.children import SERVER_DIED, Child, Children
from effcore.home import HOME
from effcore.host import Hold, held_up
from effcore.plan import Stage
from effcore.stages import FAILED, FOUND, request
from effcore.stages import main as child_main

LOST_RETRIES = 1
"""A child that was killed from outside (by the system for memory, with its server) is tried once more."""

TARGET = f"{child_main.__module__}:{child_main.__name__}"


@dataclass(frozen=True)
class Outcome:
    """A stage that ended well.

    Attributes:
        reused: Whether its output was there before.
    """

    stage: Stage
    entry: Entry
    reused: bool


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What a worker is at.

    Attributes:
        begun: Stages that have a process.
        starting: Whether none has, since what all of them need is still being loaded.
        hold: What of others keeps one of them waiting.
    """

    begun: tuple[Stage, ...] = ()
    starting: bool = False
    hold: Hold | None = None

    @property
    def doing(self) -> str:
        """In words, as `training mlp x0.25 on digits, exporting (2)`; empty where nothing is known to run."""
        if self.starting and self.hold is None:
            return "loading torch"
        counts = Counter(stage.words for stage in self.begun)
        return ", ".join(words if n == 1 else f"{words} ({n})" for words, n in counts.items())

    @property
    def waits(self) -> str:
        """Why it stands still, in words; empty where it does not."""
        if self.hold is None:
            return ""
        who = ", ".join(map(str, self.hold.by))
        process = f"process {who}" if len(self.hold.by) == 1 else f"processes {who}"
        return {
            "work": f"waits to measure until other work of effcore on this host has ended ({process})",
            "measurement": f"waits until another measurement on this host has ended ({process}); nothing may run beside it",
            "turn": f"waits behind a measurement on this host that comes first ({process})",
            "same": f"waits for another sweep that is making the same ({process})",
        }[self.hold.reason]


class Worker:
    """Runs stages on this host, each in a child process.

    Args:
        home: The state folder.
        preload: Module that the fork server imports.
        environment: Variables for the fork server.
    """

    def __init__(self, home: Path, *, preload: str, environment: dict[str, str] | None = None) -> None:
        self.home = home
        self.cache = Cache(home)
        self.logs = home / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self._children = Children(preload=preload, log=self.logs / "forkserver.log", environment=(environment or {}) | {HOME: str(home)})
        self._lock = threading.Lock()
        self._closing = self._holding = False
        self._at_work: dict[str, tuple[Stage, Child]] = {}

    def warm(self) -> None:
        """Start the fork server, so that its imports run while the caller does something else."""
        self._children.warm()

    @property
    def standing(self) -> Standing:
        """What it is at."""
        at_work = list(self._at_work.values())
        begun = tuple(stage for stage, child in at_work if child.pid is not None)
        return Standing(begun=begun, starting=bool(at_work) and not begun, hold=held_up(self._children.pids) if at_work else None)

    def close(self) -> None:
        """End every child and its server, and start nothing more."""
        with self._lock:  # a stage is started before this, and ended here, or not at all
            self._closing = True
        self._children.close()

    def hold(self) -> None:
        """Start nothing more; what runs comes to its end."""
        with self._lock:
            self._holding = True

    def perform(self, stage: Stage) -> Outcome:
        """Run a stage, or take its output from the cache.

        Raises:
            StageError: It failed; the text is the cause.
            Cancelled: The worker was closed, or holds.
        """
        entry = self.cache.find(stage.key)
        if entry is not None:
            return Outcome(stage, entry, True)
        for attempt in range(LOST_RETRIES + 1):
            status, cause = self._run_child(stage)
            if status >= 0 or attempt == LOST_RETRIES:
                break
        if status not in (0, FOUND):
            raise StageError(f"{stage.words}: {cause}")
        entry = self.cache.find(stage.key)
        if entry is None:
            raise StageError(f"{stage.words}: its output was damaged as soon as it was written. Check the disk.")
        return Outcome(stage, entry, status == FOUND)

    def _run_child(self, stage: Stage) -> tuple[int, str]:
        attempt = f"{stage.key}.{uuid.uuid4().hex[:8]}"  # its own files: another process may want the same stage at this moment
        outcome, log = self.logs / f"{attempt}.json", self.logs / f"{attempt}.log"
        with self._lock:
            if self._closing or self._holding:
                raise Cancelled("The sweep was cancelled." if self._closing else "The sweep stands still.")
            child = self._children.start(TARGET, request(stage, home=self.home, outcome=outcome), log=log)
            self._at_work[stage.key] = (stage, child)
        status = child.wait()
        self._at_work.pop(stage.key, None)
        if self._closing and status not in (0, FOUND):
            raise Cancelled("The sweep was cancelled.")
        cause = _cause(status, outcome, log)
        outcome.unlink(missing_ok=True)
        if status in (0, FOUND) and log.exists() and log.stat().st_size == 0:
            log.unlink()
        return status, cause


def _cause(status: int, outcome: Path, log: Path) -> str:
    """Why a child ended as it did, in a sentence."""
    if status in (0, FOUND):
        return ""
    if status == FAILED and outcome.exists():
        return str(json.loads(outcome.read_text())["cause"])
    if status == SERVER_DIED:
        return "the process that runs the stages was killed. Run the same command again to go on."
    if status < 0:
        name = signal.Signals(-status).name
        hint = " The system may have run out of memory." if -status == signal.SIGKILL else ""
        return f"its process was ended by {name}.{hint} Run the same command again to go on."
    return f"its process ended with exit code {status}; what it printed is in {log}."
