"""How stages are run: Dask decides when, a worker's children do the work, the cache keeps it."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from concurrent.futures import CancelledError
from pathlib import Path
from types import TracebackType
from typing import Any

from effcore.execution.worker import Outcome, Standing, Worker
from effcore.measure.load import core_count
from effcore.plan import Stage

_WORKERS: dict[str, Worker] = {}
"""Workers of this process; Dask copies what it is given, so that a task can carry only the name of one."""


class NoPages:
    """Part of a Dask server without the pages that it would show to the whole network."""

    def start_http_server(self, *args: Any, **kwargs: Any) -> None:
        """Dask would listen on all interfaces here, with `dashboard_address=None` too."""


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

    def __init__(
        self,
        *,
        home: Path,
        slots: int | None = None,
        preload: str = "effcore.stages.preload",
        environment: dict[str, str] | None = None,
        warm: bool = True,
    ) -> None:
        self.slots = slots or core_count()
        self._worker = Worker(home, preload=preload, environment=environment)
        self._name = uuid.uuid4().hex
        self._warm = warm
        self._futures: dict[str, Any] = {}

    def __enter__(self) -> Engine:
        if self._warm:
            self._worker.warm()  # its imports run while the cluster is set up
        from distributed import Client

        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        _WORKERS[self._name] = self._worker
        self._cluster: Any = _make_cluster(self.slots)
        self._client: Any = Client(self._cluster, set_as_default=False)  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._worker.close()
        self._futures.clear()
        self._client.close()
        self._cluster.close()
        _WORKERS.pop(self._name, None)

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
                _perform, self._name, stage, inputs, key=stage.key, priority=priority, pure=False, retries=0,
                resources={"core": self.slots if stage.exclusive else 1},
            )  # fmt: skip
        self._futures[stage.key].add_done_callback(lambda future: done(stage, outcome_of(future)))

    @property
    def standing(self) -> Standing:
        """What it is at."""
        return self._worker.standing

    def hold(self) -> None:
        """Start nothing more; what runs comes to its end, and the rest comes as cancelled."""
        self._worker.hold()

    def cancel(self) -> None:
        """End every child and start nothing more."""
        self._worker.close()


def _make_cluster(slots: int) -> Any:
    """A scheduler and one worker in this process, with as many threads as there are slots, that open no socket."""
    from distributed import Scheduler, Security, SpecCluster, Worker

    class QuietScheduler(NoPages, Scheduler):
        pass

    class QuietWorker(NoPages, Worker):
        pass

    both = {"protocol": "inproc://", "dashboard": False, "security": Security()}  # type: ignore[no-untyped-call]
    work = {"nthreads": slots, "resources": {"core": slots}, "memory_limit": 0, "silence_logs": logging.CRITICAL}
    scheduler = {"cls": QuietScheduler, "options": both | {"port": 0}}
    worker = {"cls": QuietWorker, "options": both | work}
    return SpecCluster(scheduler=scheduler, workers={0: worker}, worker=worker, silence_logs=logging.CRITICAL)  # type: ignore[no-untyped-call]


def _perform(worker: str, stage: Stage, inputs: list[Outcome]) -> Outcome:
    """A task of Dask; the inputs are files, Dask needs to know only that they are there."""
    del inputs
    return _WORKERS[worker].perform(stage)


def outcome_of(future: Any) -> Outcome | BaseException:
    """What a finished future of Dask holds: an outcome, or what stopped it."""
    try:
        result: Outcome = future.result()
        return result
    except (Exception, CancelledError) as error:  # handed on as the result, to be judged by who asked
        return error
