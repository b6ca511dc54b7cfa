"""One sweep from start to end: plan, run, measure, log."""

from __future__ import annotations

import fcntl
import os
import queue
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from effcore.cache import Cache
from effcore.catalogue import TASKS
from effcore.cluster import Cluster, ClusterEngine
from effcore.context import current_context
from effcore.errors import BusyError, Cancelled, EffcoreError
from effcore.execute import Engine
from effcore.forecast import Rates, core_count, missing_structures
from effcore.measure.environment import current
from effcore.measure.process import check_threads
from effcore.own import VERSION_VARIABLE, known, pinned, refresh, to_stderr
from effcore.plan import Plan, Stage, VariantPlan, make_plan, measure_stage
from effcore.results import elsewhere, gather
from effcore.spec import Spec
from effcore.stages import LIMIT_VARIABLE, TASK_VARIABLE
from effcore.tracking import Store
from effcore.tracking.rows import MEASUREMENT
from effcore.worker import Outcome

BATCH = 5
"""Structures that wait before the host is cleared to measure them: clearing it costs the end of a running stage a core."""

BEAT_S = 3.0

Events = queue.SimpleQueue[tuple[Stage, Outcome | BaseException] | None]
"""What stages came to; None is Ctrl-C. A simple queue, since a signal may come while its reader holds the lock of another."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a sweep is.

    Attributes:
        stages_done, stages_total: Distinct stages, measurements among them.
        remaining_s: Expected seconds until the end.
    """

    variants_done: int
    variants_total: int
    failed: int
    stages_done: int
    stages_total: int
    remaining_s: float


@dataclass(frozen=True, kw_only=True)
class SweepResult:
    """How a sweep ended."""

    run_id: str
    name: str
    variants: int
    failed: int
    executed: int
    reused: int
    elapsed_s: float
    errors: tuple[str, ...]


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
    """
    started = time.monotonic()
    events: Events = queue.SimpleQueue()
    refresh(home, spec.task, say=to_stderr)
    with _only_one(spec, home), _interrupts_told(events):
        sweep_run = store.open_sweep(spec, run_id=run_id)
        try:
            if spec.task in known().data:
                store.log_data(sweep_run, dict(known().data[spec.task].health) | {"fingerprint": TASKS[spec.task].fingerprint})
            plan = make_plan(spec.variants, context=current_context())
            driver = _Driver(spec, plan, store, sweep_run, home, slots or core_count(), report, events)
            driver.run(cluster)
        except (Cancelled, KeyboardInterrupt) as stop:
            if run_id is not None and isinstance(stop, KeyboardInterrupt):
                store.requeue(sweep_run)  # not the sweep is to end but its runner
            else:
                store.finish_sweep(sweep_run, status="KILLED", error="Cancelled. What had finished is kept.")
            raise
        except Exception as error:  # a mistake of ours too ends as a failed sweep with its cause, not as one that hangs
            cause = str(error) if isinstance(error, EffcoreError) else f"{type(error).__name__}: {error}"
            store.finish_sweep(sweep_run, status="FAILED", error=cause)
            raise
        failed = len(driver.errors)
        store.beat(sweep_run, total=len(plan.variants), done=len(plan.variants) - failed, failed=failed)
        store.finish_sweep(sweep_run, status="FINISHED" if failed < len(plan.variants) else "FAILED",
                           error="" if failed < len(plan.variants) else "Every variant failed.")  # fmt: skip
        return SweepResult(
            run_id=sweep_run, name=spec.name, variants=len(plan.variants), failed=failed,
            executed=driver.counts["executed"], reused=driver.counts["reused"],
            elapsed_s=time.monotonic() - started, errors=tuple(dict.fromkeys(driver.errors.values())),
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
    path = home / "locks" / f"sweep-{spec.key}.lock"
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


@dataclass
class _State:
    """What is known of one variant while the sweep runs."""

    plan: VariantPlan
    measures: tuple[str, ...] = ()
    logged: bool = False


class _Driver:
    """The loop of a sweep: everything is written and decided in one thread, fed by a queue."""

    def __init__(
        self, spec: Spec, plan: Plan, store: Store, run_id: str, home: Path, slots: int,
        report: Callable[[Progress], None], events: Events,
    ) -> None:  # fmt: skip
        self.spec, self.plan, self.store, self.run_id, self.home, self.slots = spec, plan, store, run_id, home, slots
        self.report, self.context = report, current_context()
        for threads in spec.measure.threads:
            check_threads(threads)
        self.environments = [current(batch=batch, threads=threads) for batch, threads in spec.measure.sizes]
        self.states = {v.key: _State(v) for v in plan.variants}
        self.events = events
        self.outcomes: dict[str, Outcome | BaseException] = {}
        self.submitted: set[str] = set()
        self.waiting: dict[str, Stage] = {}
        self.errors: dict[str, str] = {}
        self.counts: Counter[str] = Counter()
        self.rates = Rates.of(home)
        self.last_beat = 0.0
        self.known = store.begun(run_id)

    def run(self, cluster: Cluster | None) -> None:
        """Submit everything and turn outcomes into results until every variant is logged."""
        with self._engine(cluster) as engine:
            self._submit_all(engine)
            while any(not s.logged for s in self.states.values()):
                self._step(engine)

    def _engine(self, cluster: Cluster | None) -> Engine | ClusterEngine:
        limit = self.spec.limits.train_ram_mb
        variables = {TASK_VARIABLE: self.spec.task, LIMIT_VARIABLE: "" if limit is None else repr(limit), VERSION_VARIABLE: pinned(self.home)}
        if cluster is not None:
            return ClusterEngine(cluster, environment=variables)
        return Engine(home=self.home, slots=self.slots, environment=variables, warm=self._has_work())

    def _has_work(self) -> bool:
        cached = Cache(self.home).keys()
        missing = missing_structures(self.plan, self.spec, home=self.home, cached=cached, context=self.context)
        return bool(missing or self.plan.stages.keys() - cached)

    def _submit_all(self, engine: Engine | ClusterEngine) -> None:
        # Variants in turn and their stages in order: an early variant is whole, and on the page, before a late one begins.
        for rank, variant in enumerate(self.plan.variants):
            for key in variant.stages:
                if key not in self.submitted:
                    self.submitted.add(key)
                    engine.submit(self.plan.stages[key], priority=-rank, done=self._done)

    def _done(self, stage: Stage, outcome: Outcome | BaseException) -> None:
        self.events.put((stage, outcome))

    def _step(self, engine: Engine | ClusterEngine) -> None:
        """Wait for the next outcome and act on all that are there."""
        try:
            events = [self.events.get(timeout=BEAT_S)]
            while not self.events.empty():
                events.append(self.events.get())
        except queue.Empty:
            events = []
        for event in events:
            if event is None:
                raise KeyboardInterrupt
            self._receive(*event)
        for state in self.states.values():
            if not state.logged:
                self._advance(state)
        self._measure(engine)
        self._beat(engine)

    def _receive(self, stage: Stage, outcome: Outcome | BaseException) -> None:
        if isinstance(outcome, Cancelled):
            raise outcome
        self.outcomes[stage.key] = outcome
        if isinstance(outcome, Outcome):
            self.counts["reused" if outcome.reused else "executed"] += 1

    def _advance(self, state: _State) -> None:
        """Ask for the measurement of a variant whose file is there; log it when nothing is missing."""
        keys = (*state.plan.stages, *state.measures)
        broken = next((self.outcomes[k] for k in keys if isinstance(self.outcomes.get(k), BaseException)), None)
        if broken is not None:
            self._log(state, error=str(broken) or type(broken).__name__)
            return
        export = self.outcomes.get(state.plan.export)
        if isinstance(export, Outcome) and not state.measures:
            stages = self._measurements(state.plan, export.entry.facts["structure"])
            state.measures = tuple(stage.key for stage in stages)
            self.waiting |= {stage.key: stage for stage in stages if stage.key not in self.submitted}
        if state.measures and all(k in self.outcomes for k in (*state.plan.stages, *state.measures)):
            self._log(state)

    def _measurements(self, variant: VariantPlan, structure: str) -> list[Stage]:
        """One stage for each environment, the sweep's own first."""
        return [
            measure_stage(
                structure, variant.export, task=self.spec.task, runtime=variant.recipe.runtime, settings=self.spec.measure.settings,
                environment=environment.key, context=self.context, batch=environment.batch, threads=environment.threads,
            )
            for environment in self.environments
        ]  # fmt: skip

    def _measure(self, engine: Engine | ClusterEngine) -> None:
        """Send waiting measurements off: the first one at once, so that the page fills, later ones in batches."""
        nothing_else = all(key in self.outcomes for key in self.submitted)
        first = not any(key.startswith("measure-") for key in self.submitted)
        if self.waiting and (len(self.waiting) >= BATCH or nothing_else or first):
            for stage in self.waiting.values():
                self.submitted.add(stage.key)
                engine.submit(stage, priority=1, done=self._done)
            self.waiting.clear()

    def _log(self, state: _State, *, error: str = "") -> None:
        state.logged = True
        plan = state.plan
        keys = (*plan.stages, *state.measures)
        found = {k: o for k in keys if isinstance(o := self.outcomes.get(k), Outcome)}
        record = gather(self.run_id, plan, self.plan, found, measures=state.measures, error=error)
        if error:
            self.errors[plan.key] = error
        before = self.known.get((plan.recipe.key, plan.seed))
        run_id = before.run_id if before else None
        changed = error or before is None or before.status != "FINISHED" or before.metrics != dict(record.metrics)
        if changed or run_id is None:
            run_id = self.store.log_variant(self.run_id, record, run_id=run_id)
        for key in () if error else state.measures[1:]:
            further = elsewhere(record, found[key])
            known = self.store.measurement(run_id, further.environment)
            if changed or known is None:
                self.store.log_variant(run_id, further, run_id=known, kind=MEASUREMENT)

    def _beat(self, engine: Engine | ClusterEngine) -> None:
        done = sum(1 for s in self.states.values() if s.logged) - len(self.errors)
        self.report(self._progress(done))
        if time.monotonic() - self.last_beat < BEAT_S:
            return
        self.last_beat = time.monotonic()
        if self.store.beat(self.run_id, total=len(self.states), done=done, failed=len(self.errors)):
            engine.cancel()
            raise Cancelled("The sweep was cancelled from the page. What had finished is kept; run the same command to go on.")

    def _progress(self, done: int) -> Progress:
        todo = [s for k, s in self.plan.stages.items() if k not in self.outcomes]
        measured = sum(1 for k in self.outcomes if k.startswith("measure-"))
        structures = max(self.plan.structures * len(self.environments), measured)
        return Progress(
            variants_done=done, variants_total=len(self.states), failed=len(self.errors), stages_done=len(self.outcomes),
            stages_total=len(self.plan.stages) + structures,
            remaining_s=self.rates.elapsed_s(todo, measurements=structures - measured, slots=self.slots),
        )  # fmt: skip
