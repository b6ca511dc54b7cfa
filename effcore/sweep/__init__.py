"""One sweep from start to end: plan, run, measure, log."""

from __future__ import annotations

import fcntl
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from effcore.cache import Cache
from effcore.catalogue import TASKS
from effcore.errors import BusyError, Cancelled, EffcoreError, Paused
from effcore.execution.cluster import Cluster, ClusterEngine
from effcore.execution.execute import Engine
from effcore.forecast import forecast, missing_structures
from effcore.home import lock_file, own_search_storage, search_storage, sweep_lock
from effcore.measure.load import core_count
from effcore.own import VERSION_VARIABLE, known, pinned, refresh, to_stderr
from effcore.plan import make_plan
from effcore.recipe import canonical, digest
from effcore.search.history import History
from effcore.spec import Spec
from effcore.stages import LIMIT_VARIABLE, TASK_VARIABLE
from effcore.stored import StoredTeachers, require_teachers
from effcore.sweep.driver import Driver, Events, Source
from effcore.sweep.grid import Grid
from effcore.sweep.one_shot import OneShot
from effcore.sweep.progress import Progress
from effcore.sweep.recorded import history_of
from effcore.sweep.searcher import Searcher
from effcore.sweep.sounding import SoundingSearcher
from effcore.tracking import Store
from effcore.tracking.searches import log_search

__all__ = ["Progress", "SweepResult", "run_sweep"]


@dataclass(frozen=True, kw_only=True)
class SweepResult:
    """How a sweep ended.

    Attributes:
        variants: That came to an end, those that failed among them.
        history: Of a search.
    """

    run_id: str
    name: str
    variants: int
    failed: int
    executed: int
    reused: int
    elapsed_s: float
    errors: tuple[str, ...]
    history: History | None = None


def run_sweep(
    spec: Spec,
    *,
    store: Store,
    home: Path,
    slots: int | None = None,
    run_id: str | None = None,
    cluster: Cluster | None = None,
    report: Callable[[Progress], None] = lambda progress: None,
) -> SweepResult:
    """Run a sweep, or go on with one that was interrupted.

    Args:
        spec: What to run.
        store: Where results are written.
        home: The state folder.
        slots: Stages that run at once; the cores of this machine where it is None.
        run_id: The run that the sweep was filed under, where it was.
        cluster: Where the stages run; on this host where it is None.
        report: Called whenever something has changed.

    Raises:
        BusyError: The same sweep runs already.
        Cancelled: Someone asked for it to stop; what has finished is kept.
        Paused: Someone asked for it to stand still; the same, and it waits in the queue.
    """
    started = time.monotonic()
    events: Events = queue.SimpleQueue()
    refresh(home, spec.task, say=to_stderr)
    if run_id is None:  # nothing is written of a spec that can't be run; one that was filed ends as a failed sweep
        require_teachers(spec.recipes, StoredTeachers(store), document=spec.document)
    with _only_one(spec, home), _interrupts_told(events):
        sweep_run = store.open_sweep(spec, run_id=run_id)
        try:
            if spec.task in known().data:
                store.log_data(sweep_run, dict(known().data[spec.task].health) | {"fingerprint": TASKS[spec.task].fingerprint})
            require_teachers(spec.recipes, StoredTeachers(store), document=spec.document)
            driver = Driver(spec, store, sweep_run, home, slots or core_count(), report, events)
            source = _run(driver, cluster)
            history = history_of(source) if isinstance(source, Searcher) else None
        except (Cancelled, KeyboardInterrupt) as stop:
            if isinstance(stop, Paused) or (run_id is not None and isinstance(stop, KeyboardInterrupt)):
                store.requeue(sweep_run)  # not the sweep is to end but its runner, or it stands still
            else:
                store.finish_sweep(sweep_run, status="KILLED", error="Cancelled. What had finished is kept.")
            raise
        except Exception as error:  # a mistake of ours too ends as a failed sweep with its cause, not as one that hangs
            cause = str(error) if isinstance(error, EffcoreError) else f"{type(error).__name__}: {error}"
            store.finish_sweep(sweep_run, status="FAILED", error=cause)
            raise
        failed = len(driver.errors)
        store.beat(sweep_run, total=source.total, done=driver.done, failed=failed, bill=driver.reckoning.bill)
        store.finish_sweep(sweep_run, status="FINISHED" if driver.done else "FAILED", error="" if driver.done else "Every variant failed.")
        return SweepResult(
            run_id=sweep_run, name=spec.name, variants=driver.done + failed, failed=failed,
            executed=driver.counts["executed"], reused=driver.counts["reused"],
            elapsed_s=time.monotonic() - started, errors=tuple(dict.fromkeys(driver.errors.values())), history=history,
        )  # fmt: skip


@contextmanager
def _interrupts_told(events: Events) -> Iterator[None]:
    """Make an event of Ctrl-C, so that it stops the sweep between two writes and not within one; a second one stops at once.

    SIGTERM too, where it is treated as Ctrl-C already. Outside of the main thread Python knows no signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours = [s for s in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(s) is signal.default_int_handler]

    def give_back() -> None:
        for number in ours:
            signal.signal(number, signal.default_int_handler)

    def tell(*_: object) -> None:
        give_back()
        events.put(None)

    for number in ours:
        signal.signal(number, tell)
    try:
        yield
    finally:
        give_back()


@contextmanager
def _only_one(spec: Spec, home: Path) -> Iterator[None]:
    """Hold the sweep, so that two processes can't run it at once; freed by the kernel on a kill."""
    path = lock_file(home, sweep_lock(spec.key))
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise BusyError(f"The sweep {spec.name!r} is being run already, by process {file.read() or '?'}. Wait for it, or end it.") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _run(driver: Driver, cluster: Cluster | None) -> Source:
    """Run a sweep to its end; what it consisted of."""
    spec, home = driver.spec, driver.home
    limit = spec.limits.train_ram_mb
    variables = {TASK_VARIABLE: spec.task, LIMIT_VARIABLE: "" if limit is None else repr(limit), VERSION_VARIABLE: pinned(home)}
    source, has_work = _source(driver)
    engine: Engine | ClusterEngine
    if cluster is not None:
        engine = ClusterEngine(cluster, environment=variables)
    else:
        engine = Engine(home=home, slots=driver.slots, environment=variables, warm=has_work)
    with engine, _recorded(driver, source):
        driver.run(source, engine)
    return source


@contextmanager
def _recorded(driver: Driver, source: Source) -> Iterator[None]:
    """Write the history of a search beside its variants, now and then and however it ends."""
    if not isinstance(source, Searcher):
        yield
        return
    written = ""

    def record() -> None:
        nonlocal written
        document = history_of(source).document
        seen = canonical(document["tried"])
        if seen != written:
            log_search(driver.store, driver.run_id, document)
            written = seen

    driver.on_beat = record
    try:
        yield
    finally:
        log_search(driver.store, driver.run_id, history_of(source).document)


def _source(driver: Driver) -> tuple[Source, bool]:
    """What a sweep consists of, and whether something of it is to be computed, as far as that is known."""
    spec = driver.spec
    if spec.space is not None:
        driver.expect(forecast(spec, home=driver.home, slots=driver.slots, stored=driver.teachers).estimated_s)
    if spec.parts is not None:
        return OneShot(driver, spec.parts), True
    if spec.space is not None:
        storage = search_storage(driver.home)
        return SoundingSearcher(driver, spec.space, storage=storage, name=_study_name(driver, storage)), True
    plan = make_plan(spec.variants, context=driver.context, stored=driver.teachers)
    cached = Cache(driver.home).keys()
    missing = missing_structures(plan, spec, home=driver.home, cached=cached, context=driver.context)
    new = [stage for key, stage in plan.stages.items() if key not in cached]
    driver.expect(driver.rates.elapsed_s(new, measurements=len(missing), slots=driver.slots))
    return Grid(plan), bool(missing or new)


def _study_name(driver: Driver, storage: str) -> str:
    """What makes it the same search: its spec, what an operator brought, and, in a storage that others may use too, its run."""
    spec, own = driver.spec, known()
    brought = {
        "data": own.data[spec.task].key if spec.task in own.data else "", "plugins": sorted(p.sha256 for p in own.plugins),
        "checkpoints": {name: one.sha256 for name, (one, _) in own.checkpoints.items()},
    }  # fmt: skip
    parts = [spec.name, spec.key]
    parts += [digest(brought)] if any(brought.values()) else []
    parts += [driver.run_id] if storage != own_search_storage(driver.home) else []
    return " ".join(parts)
