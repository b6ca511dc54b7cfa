"""How stages are run: Dask decides when, the fork server's children do the work, the cache keeps it."""

from __future__ import annotations

import json
import logging
import signal
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from effcore.cache import Cache, Entry
from effcore.children import SERVER_DIED, Child, Children
from effcore.errors import Cancelled, StageError
from effcore.forecast import core_count
from effcore.plan import Stage
from effcore.stages import FAILED, request
from effcore.stages import main as child_main

LOST_RETRIES = 1
"""A child that was killed from outside (by the system for memory, with its server) is tried once more."""


@dataclass(frozen=True)
class Outcome:
    """A stage that ended well.

    Attributes:
        reused: Whether its output was there before.
    """

    stage: Stage
    entry: Entry
    reused: bool


class Engine:
    """Runs stages on this host: as many at once as there are slots, an exclusive one alone.

    Use as a context manager; leaving it ends every child.

    Args:
        home: The state folder.
        slots: Stages that may run at once; the cores this process may use where it is None.
        preload: Module that the fork server imports.
        environment: Variables for the fork server.
        warm: Whether to start the fork server at once; without, it starts with the first stage that has to be run.
    """

    def __init__(self, *, home: Path, slots: int | None = None, preload: str = "effcore.stages.preload",
                 environment: dict[str, str] | None = None, warm: bool = True) -> None:  # fmt: skip
        self.home = home
        self.slots = slots or core_count()
        self._warm = warm
        self.cache = Cache(home)
        self.logs = home / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self._children = Children(preload=preload, log=self.logs / "forkserver.log", environment=environment)
        self._running: dict[str, Child] = {}
        self._lock = threading.Lock()
        self._closing = False
        self._futures: dict[str, Any] = {}

    def __enter__(self) -> Engine:
        if self._warm:
            self._children.warm()  # its imports run while the cluster and the store are set up
        from distributed import Client, LocalCluster

        logging.getLogger("distributed").setLevel(logging.ERROR)
        self._cluster = LocalCluster(
            n_workers=1, threads_per_worker=self.slots, processes=False, dashboard_address=None,
            resources={"core": self.slots}, silence_logs=logging.CRITICAL, memory_limit=0,
        )  # fmt: skip
        self._client = Client(self._cluster, set_as_default=False)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._closing = True
        self._children.close()
        self._futures.clear()
        self._client.close()
        self._cluster.close()

    def submit(self, stage: Stage, *, priority: int = 0, done: Callable[[Stage, Outcome | BaseException], None]) -> None:
        """Have a stage run when its inputs are there; a stage that was submitted before is not run again.

        Args:
            stage: Its inputs must have been submitted before.
            priority: A higher one runs first.
            done: Called once, from another thread, with the outcome or with what stopped it.
        """
        if stage.key not in self._futures:
            inputs = [self._futures[key] for _, key in stage.inputs if key in self._futures]
            self._futures[stage.key] = self._client.submit(
                self._perform, stage, inputs, key=stage.key, priority=priority, pure=False, retries=0,
                resources={"core": self.slots if stage.exclusive else 1},
            )  # fmt: skip
        self._futures[stage.key].add_done_callback(lambda future: done(stage, _result(future)))

    def cancel(self) -> None:
        """End every child and start nothing more."""
        self._closing = True
        with self._lock:
            running = list(self._running.values())
        for child in running:
            self._children.kill(child)

    def _perform(self, stage: Stage, inputs: list[Outcome]) -> Outcome:
        """Runs in a thread of the Dask worker."""
        del inputs  # they are files; Dask needs to know only that they are there
        entry = self.cache.find(stage.key)
        if entry is not None:
            return Outcome(stage, entry, True)
        for attempt in range(LOST_RETRIES + 1):
            status, cause = self._run_child(stage)
            if status >= 0 or attempt == LOST_RETRIES:
                break
        if status != 0:
            raise StageError(f"{stage.kind} ({stage.cost_class}): {cause}")
        entry = self.cache.find(stage.key)
        if entry is None:
            raise StageError(f"{stage.kind} ({stage.cost_class}): its output was damaged as soon as it was written. Check the disk.")
        return Outcome(stage, entry, False)

    def _run_child(self, stage: Stage) -> tuple[int, str]:
        outcome = self.home / "logs" / f"{stage.key}.{uuid.uuid4().hex[:8]}.json"
        log = self.logs / f"{stage.key}.log"
        with self._lock:
            if self._closing:
                raise Cancelled("The sweep was cancelled.")
            argument = request(stage, home=self.home, outcome=outcome)
            child = self._children.start(f"{child_main.__module__}:{child_main.__name__}", argument, log=log)
            self._running[stage.key] = child
        status = child.wait()
        with self._lock:
            self._running.pop(stage.key, None)
        if self._closing and status != 0:
            raise Cancelled("The sweep was cancelled.")
        cause = _cause(status, outcome, log)
        outcome.unlink(missing_ok=True)
        if status == 0 and log.exists() and log.stat().st_size == 0:
            log.unlink()
        return status, cause


def _result(future: Any) -> Outcome | BaseException:
    try:
        result: Outcome = future.result()
        return result
    except (Exception, CancelledError) as error:  # handed on as the result, to be judged by who asked
        return error


def _cause(status: int, outcome: Path, log: Path) -> str:
    """Why a child ended as it did, in a sentence."""
    if status == 0:
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
