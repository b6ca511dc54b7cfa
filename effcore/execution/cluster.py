"""Stages on many hosts: an existing Dask scheduler, one `effcore worker` a host, TLS only, one state folder that all hosts see."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from effcore.errors import Cancelled, EffcoreError
from effcore.execution.execute import NoPages, outcome_of
from effcore.execution.worker import Outcome, Standing, Worker
from effcore.measure.environment import current
from effcore.measure.load import core_count
from effcore.plan import Stage

TLS_FILES = ("ca.pem", "cert.pem", "key.pem")
CONNECT_S = 20

IDLE_S = 600.0
"""After which the fork server of a sweep that sends nothing more is ended, as of one whose driver was killed; the next stage starts another."""


@dataclass
class _Seat:
    """What a sweep has in a worker's process.

    Attributes:
        users: Threads that are at one of its stages.
        left: When the last one was left, by `time.monotonic`.
    """

    worker: Worker
    users: int = 0
    left: float = 0.0


_LOCK = threading.Lock()
_SEATS: dict[str, _Seat] = {}
"""In a worker's process: one for each sweep that sends it stages."""

_HELD: set[str] = set()
_CLOSED: set[str] = set()
"""In a worker's process: sweeps that stand still, and those that have ended, of which a stage may still be on its way here."""


@dataclass(frozen=True)
class Cluster:
    """A scheduler and what proves who may talk to it.

    Attributes:
        address: `tls://host:port`.
        tls: Folder with `ca.pem`, `cert.pem` and `key.pem`, the same authority for scheduler, workers and clients.
    """

    address: str
    tls: Path

    def security(self) -> Any:
        """The TLS settings of Dask.

        Raises:
            EffcoreError: The address is not a TLS one, or a file is missing.
        """
        from distributed import Security

        if not self.address.startswith("tls://"):
            raise EffcoreError(f"A cluster must be reached by TLS, as tls://host:8786. Got {self.address!r}.")
        missing = [name for name in TLS_FILES if not (self.tls / name).is_file()]
        if missing:
            raise EffcoreError(f"The folder {self.tls} must hold {', '.join(TLS_FILES)}. Missing: {', '.join(missing)}.")
        ca, cert, key = (str(self.tls / name) for name in TLS_FILES)
        return Security(  # type: ignore[no-untyped-call]
            tls_ca_file=ca, tls_client_cert=cert, tls_client_key=key, tls_worker_cert=cert, tls_worker_key=key, require_encryption=True
        )


class ClusterEngine:
    """Runs stages on the workers of a cluster, with the interface of `execute.Engine`.

    Any worker trains and exports; only hosts of this host's kind evaluate and measure, since both depend on the processor.

    Args:
        cluster: Where the scheduler is.
        environment: Variables for the fork servers of the workers.
    """

    def __init__(self, cluster: Cluster, *, environment: dict[str, str]) -> None:
        self._cluster, self._environment = cluster, environment
        self._name = uuid.uuid4().hex
        self._kind = current().key
        self._futures: dict[str, Any] = {}

    def __enter__(self) -> ClusterEngine:
        from distributed import Client

        try:
            security = self._cluster.security()
            self._client: Any = Client(self._cluster.address, security=security, timeout=CONNECT_S, set_as_default=False)  # type: ignore[no-untyped-call]
        except (OSError, TimeoutError) as error:
            raise EffcoreError(f"No scheduler answers at {self._cluster.address}: {error}. Start one with `dask scheduler`.") from error
        self._require_workers()
        return self

    def _require_workers(self) -> None:
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        kinds = sorted({name for w in workers for name in w["resources"] if name.startswith("measure-")})
        if f"measure-{self._kind}" not in kinds:
            self._client.close()
            found = f"{len(workers)} workers, measuring kinds: {', '.join(kinds) or 'none'}"
            raise EffcoreError(
                f"No worker at {self._cluster.address} is of this host's kind, {self._kind}, to evaluate and measure. Found {found}. "
                "Start `effcore worker` on a host like this one."
            )

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.cancel()
        self._futures.clear()
        self._client.close()

    def submit(self, stage: Stage, *, priority: int = 0, done: Callable[[Stage, Outcome | BaseException], None]) -> None:
        """As `execute.Engine.submit`."""
        if stage.key not in self._futures:
            inputs = [self._futures[key] for _, key in stage.inputs if key in self._futures]
            self._futures[stage.key] = self._client.submit(
                _perform, self._name, self._environment, stage, inputs, key=stage.key, priority=priority, pure=False,
                resources=resources(stage, kind=self._kind),
            )  # fmt: skip
        self._futures[stage.key].add_done_callback(lambda future: done(stage, outcome_of(future)))

    @property
    def standing(self) -> Standing:
        """What it is at is known on the hosts alone."""
        return Standing()

    def hold(self) -> None:
        """As `execute.Engine.hold`, on every host."""
        self._client.run(_hold, self._name)

    def cancel(self) -> None:
        """End the children of this sweep on every host."""
        self._client.run(_close, self._name)


def resources(stage: Stage, *, kind: str) -> dict[str, int]:
    """What a host must have for a stage.

    A measurement asks for no core: the lock of its host keeps everything else away while it runs.

    Args:
        stage: What is to be run.
        kind: Key of the environment that is measured in.
    """
    if stage.exclusive:
        return {f"measure-{kind}": 1}
    return {"core": 1} | ({f"kind-{kind}": 1} if stage.kind == "evaluate" else {})


def serve_worker(cluster: Cluster, *, home: Path, slots: int | None = None) -> None:
    """Join a cluster and run stages until the scheduler goes away or the process is ended.

    Args:
        cluster: Where the scheduler is.
        home: The state folder, which all hosts see.
        slots: Stages that may run at once; the cores of this host where it is None.
    """
    cores = slots or core_count()
    kind = current().key
    offers = {"core": cores, f"kind-{kind}": cores, f"measure-{kind}": 1}
    try:
        asyncio.run(_serve(cluster, home, cores, offers))
    except (OSError, TimeoutError) as error:
        raise EffcoreError(f"No scheduler answers at {cluster.address}: {error}. Start one with `dask scheduler`.") from error


async def _serve(cluster: Cluster, home: Path, cores: int, offers: Mapping[str, int]) -> None:
    from distributed import Worker as DaskWorker

    class QuietWorker(NoPages, DaskWorker):
        effcore_home = home

    worker: Any = QuietWorker(
        cluster.address, security=cluster.security(), nthreads=cores + 1, resources={name: float(count) for name, count in offers.items()},
        memory_limit=0, dashboard=False, death_timeout=CONNECT_S,
    )  # fmt: skip
    async with worker:
        tidying = asyncio.create_task(_tidy())
        await worker.finished()
        tidying.cancel()
    for seat in list(_SEATS.values()):
        seat.worker.close()


async def _tidy() -> None:
    while True:
        await asyncio.sleep(IDLE_S / 10)
        await asyncio.to_thread(_drop_idle)


def _drop_idle(*, idle_s: float = IDLE_S) -> None:
    """End what sweeps have here that sent nothing for so long."""
    with _LOCK:
        idle = [name for name, seat in _SEATS.items() if not seat.users and time.monotonic() - seat.left > idle_s]
        seats = [_SEATS.pop(name) for name in idle]
    for seat in seats:
        seat.worker.close()


def _perform(name: str, environment: dict[str, str], stage: Stage, inputs: list[Outcome]) -> Outcome:
    """A task of Dask, in a thread of an `effcore worker`."""
    from distributed import get_worker

    del inputs  # they are files in the shared folder; Dask needs to know only that they are there
    joined: Any = get_worker()
    home: Path = joined.effcore_home
    with _LOCK:
        if name in _CLOSED:
            raise Cancelled("The sweep was cancelled.")
        if name in _HELD:
            raise Cancelled("The sweep stands still.")
        if name not in _SEATS:
            _SEATS[name] = _Seat(Worker(home, preload="effcore.stages.preload", environment=environment))
        seat = _SEATS[name]
        seat.users += 1
    try:
        return seat.worker.perform(stage)
    finally:
        with _LOCK:
            seat.users, seat.left = seat.users - 1, time.monotonic()


def _hold(name: str) -> None:
    with _LOCK:
        _HELD.add(name)
        seat = _SEATS.get(name)
    if seat is not None:
        seat.worker.hold()


def _close(name: str) -> None:
    with _LOCK:
        _CLOSED.add(name)
        seat = _SEATS.pop(name, None)
    if seat is not None:
        seat.worker.close()
