"""The loop of a sweep: what has come is turned into results, written, and what is to come is asked of a source."""

from __future__ import annotations

import queue
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from effcore.analysis.variant import Variant, is_of_data
from effcore.cache import Cache
from effcore.catalogue.search import Budget
from effcore.context import current_context
from effcore.errors import Cancelled, Paused
from effcore.execution.cluster import ClusterEngine
from effcore.execution.execute import Engine
from effcore.execution.worker import Outcome, Standing
from effcore.forecast import Rates
from effcore.measure.environment import current
from effcore.measure.process import check_threads
from effcore.plan import Plan, Stage, VariantPlan, measure_stage
from effcore.spec import Spec
from effcore.stored import StoredTeachers
from effcore.sweep.clearing import is_due
from effcore.sweep.progress import Progress
from effcore.sweep.reckoning import Reckoning
from effcore.sweep.results import elsewhere, gather
from effcore.tracking import Heard, Store, VariantRecord
from effcore.tracking.rows import MEASUREMENT, VARIANT

BEAT_S, FORECAST_S = 3.0, 1.0
"""Between two signs of life, and two looks at how long it will still take, which go through all that is left."""

Events = queue.SimpleQueue[tuple[Stage, Outcome | BaseException] | None]
"""What stages came to; None is Ctrl-C. A simple queue, since a signal may come while its reader holds the lock of another."""

AnyEngine = Engine | ClusterEngine


class Source(Protocol):
    """What a sweep consists of, piece by piece; `guided` says whether results decide what comes next."""

    guided: bool

    @property
    def total(self) -> int:
        """Variants that are expected."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""

    def step(self, driver: Driver) -> None:
        """Add what is to be run next; called at first, and whenever something has come."""

    def logged(self, driver: Driver, plan: VariantPlan, record: VariantRecord) -> None:
        """A variant has been written."""

    def rebudget(self, budget: Budget) -> None:
        """Go on with another budget; does nothing for a source that has none."""
        return

    def rest(self) -> None:
        """Write down what a pause must not forget, beside what the cache holds; called while the last stages come to their end."""
        return

    def remaining_s(self, driver: Driver) -> float:
        """Expected seconds until the end."""


@dataclass
class _State:
    """What is known of one variant while the sweep runs."""

    plan: VariantPlan
    measures: tuple[str, ...] = ()
    logged: bool = False


class Driver:
    """Everything is written and decided in one thread, fed by a queue; an event costs the variants that it concerns and no others."""

    def __init__(
        self, spec: Spec, store: Store, run_id: str, home: Path, slots: int, report: Callable[[Progress], None], events: Events
    ) -> None:
        self.spec, self.store, self.run_id, self.home, self.slots = spec, store, run_id, home, slots
        self.report, self.events, self.context = report, events, current_context()
        self.teachers = StoredTeachers(store, cache=Cache(home))
        self.on_beat: Callable[[], None] = lambda: None
        for threads in spec.measure.threads:
            check_threads(threads)
        self.environments = [current(batch=batch, threads=threads) for batch, threads in spec.measure.sizes]
        self.stages: dict[str, Stage] = {}
        self.outcomes: dict[str, Outcome | BaseException] = {}
        self.running: set[str] = set()
        self.waiting: dict[str, Stage] = {}
        self.errors: dict[str, str] = {}
        self.done = 0
        self.counts: Counter[str] = Counter()
        self.rates = Rates.of(home)
        self.reckoning = Reckoning(store.bill(run_id), slots=slots)
        self.known = store.begun(run_id)
        self._states: dict[str, _State] = {}
        self._users: dict[str, list[_State]] = defaultdict(list)
        self._structures: set[str] = set()
        self._touched: dict[str, _State] = {}
        self._measured = self._sent_off = 0
        self._engine: AnyEngine | None = None
        self._last_beat = self._last_look = 0.0
        self._pausing, self._budget = False, ""
        self._left_s, self._standing = 0.0, Standing()

    def run(self, source: Source, engine: AnyEngine) -> None:
        """Run what a source says until there is nothing more."""
        self.source, self._engine = source, engine
        source.step(self)
        self._settle()
        while not source.ended:
            self._step()

    def expect(self, seconds: float) -> None:
        """Say what it is expected to take, without what is there already, which the first look at what is left does not know yet."""
        self.reckoning.expect(seconds)
        self._left_s, self._last_look = seconds, time.monotonic()

    # What a source asks for

    def add(self, variant: VariantPlan, stages: Mapping[str, Stage]) -> None:
        """Have a variant written, once, when all of its stages, which are submitted apart, and its measurements have come.

        Args:
            variant: Its plan.
            stages: Where the stages of the plan are found.
        """
        if variant.key in self._states:
            return
        state = _State(variant)
        self._states[variant.key] = state
        self._structures.add(variant.structure)
        for key in variant.stages:
            self.stages[key] = stages[key]
            self._users[key].append(state)
        self._touched[variant.key] = state

    def submit(self, stage: Stage, *, priority: int = 0) -> None:
        """Have a stage run, unless it was submitted before; its inputs must have been.

        Args:
            stage: What is run.
            priority: A higher one runs first.
        """
        assert self._engine is not None, "a source submits while its sweep runs"
        self.stages[stage.key] = stage
        if stage.key not in self.running and stage.key not in self.outcomes:
            self.running.add(stage.key)
            self._sent_off += stage.kind == "measure"
            self._engine.submit(stage, priority=priority, done=lambda done, outcome: self.events.put((done, outcome)))

    def measure_alone(self, export: str, runtime: str) -> str:
        """Have a file measured that is of no variant; the key of its measurement in the sweep's own environment.

        Args:
            export: Key of the stage that has made it, which has come.
            runtime: That runs it.
        """
        outcome = self.outcomes[export]
        assert isinstance(outcome, Outcome), "a file that is there"
        stage = self._measurements(export, runtime, outcome.entry.facts["structure"])[0]
        if stage.key not in self.running and stage.key not in self.outcomes:
            self.waiting[stage.key] = stage
        return stage.key

    def measures(self, variant: VariantPlan) -> tuple[str, ...]:
        """Keys of the measurements of a variant that was added, as far as they are known."""
        return self._states[variant.key].measures

    def discard(self, variants: Iterable[VariantPlan], reason: str) -> None:
        """Count variants that were written as failed, since the source can make nothing of them."""
        failed = {variant.key: reason for variant in variants}
        self.done -= len(failed)
        self.errors |= failed

    @property
    def idle(self) -> bool:
        """Whether nothing runs and nothing waits to be measured."""
        return not self.running and not self.waiting and not self._touched

    # What has come

    def _step(self) -> None:
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
        self._settle()
        if self._pausing:
            self._rest()
        else:
            self.source.step(self)
            self._settle()
        self._beat()

    def _rest(self) -> None:
        """Stand still as soon as what ran has come; what had not begun is asked for again when it goes on."""
        self.source.rest()
        if not self.running and not self.source.ended:
            self._write_beat()
            raise Paused("The sweep was paused from the page. What had finished is kept; it goes on where it stood.")

    def _receive(self, stage: Stage, outcome: Outcome | BaseException) -> None:
        if isinstance(outcome, Cancelled):
            if not self._pausing:
                raise outcome
            self.running.discard(stage.key)
            return
        self.outcomes[stage.key] = outcome
        self.running.discard(stage.key)
        self._measured += stage.kind == "measure"
        if isinstance(outcome, Outcome):
            self.counts["reused" if outcome.reused else "executed"] += 1
            self.reckoning.ran(outcome)
        for state in self._users.get(stage.key, ()):
            self._touched[state.plan.key] = state

    def _settle(self) -> None:
        """Advance every variant that something has come for, and send measurements off."""
        while self._touched:
            states, self._touched = list(self._touched.values()), {}
            for state in states:
                if not state.logged:
                    self._advance(state)
        self._measure()

    def _advance(self, state: _State) -> None:
        """Ask for the measurement of a variant whose file is there; log it when nothing is missing."""
        keys = (*state.plan.stages, *state.measures)
        broken = next((self.outcomes[k] for k in keys if isinstance(self.outcomes.get(k), BaseException)), None)
        if broken is not None:
            self._log(state, error=str(broken) or type(broken).__name__)
            return
        export = self.outcomes.get(state.plan.export)
        if isinstance(export, Outcome) and not state.measures:
            stages = self._measurements(state.plan.export, state.plan.recipe.runtime, export.entry.facts["structure"])
            state.measures = tuple(stage.key for stage in stages)
            for stage in stages:
                self._users[stage.key].append(state)
                if stage.key not in self.running and stage.key not in self.outcomes:
                    self.waiting[stage.key] = stage
        if state.measures and all(k in self.outcomes for k in (*state.plan.stages, *state.measures)):
            self._log(state)

    def _measurements(self, export: str, runtime: str, structure: str) -> list[Stage]:
        """One stage for each environment, the sweep's own first."""
        return [
            measure_stage(
                structure, export, task=self.spec.task, runtime=runtime, settings=self.spec.measure.settings,
                environment=environment.key, context=self.context, batch=environment.batch, threads=environment.threads,
            )
            for environment in self.environments
        ]  # fmt: skip

    def _measure(self) -> None:
        """Send waiting measurements off, see `is_due`."""
        running = [self.stages[key] for key in self.running]
        due = is_due(self.waiting, running, slots=self.slots, sent_off=self._sent_off, rates=self.rates, guided=self.source.guided)
        if due and not self._pausing:
            for stage in self.waiting.values():
                self.submit(stage, priority=1_000_000)
            self.waiting.clear()

    def _log(self, state: _State, *, error: str = "") -> None:
        state.logged = True
        plan = state.plan
        found = {k: o for k in (*plan.stages, *state.measures) if isinstance(o := self.outcomes.get(k), Outcome)}
        record = gather(self.run_id, plan, Plan(variants=(), stages=self.stages), found, measures=state.measures, error=error)
        if error:
            self.errors[plan.key] = error
        else:
            self.done += 1
            self.reckoning.written(found.values())
        run_id = self._write(self.run_id, record, self.known.get((plan.recipe.key, plan.seed)))
        for key in () if error else state.measures[1:]:
            further = elsewhere(record, found[key])
            self._write(run_id, further, self.store.measurement(run_id, further.environment), kind=MEASUREMENT)
        self.source.logged(self, plan, record)

    def _write(self, under: str, record: VariantRecord, known: Variant | None, *, kind: str = VARIANT) -> str:
        """Write what is not in the store yet, was begun there and not ended, or has changed; its run."""
        same = known is not None and known.metrics == dict(record.metrics) and is_of_data(known, record.data)
        if known is not None and same and not record.error and known.status == "FINISHED":
            return known.run_id
        return self.store.log_variant(under, record, run_id=known.run_id if known else None, kind=kind)

    def _beat(self) -> None:
        self.report(self._progress())
        if time.monotonic() - self._last_beat < BEAT_S:
            return
        self._last_beat = time.monotonic()
        asked = self._write_beat()
        assert self._engine is not None, "a sweep beats while it runs"
        if asked.cancel:
            self._engine.cancel()
            raise Cancelled("The sweep was cancelled from the page. What had finished is kept; run the same command to go on.")
        if asked.pause and not self._pausing:
            self._pausing = True
            self._engine.hold()
        if asked.budget and asked.budget != self._budget:
            self._budget = asked.budget
            self.source.rebudget(Budget.model_validate_json(asked.budget))
        self.on_beat()

    def _write_beat(self) -> Heard:
        return self.store.beat(self.run_id, total=self.source.total, done=self.done, failed=len(self.errors), bill=self.reckoning.bill)

    def _progress(self) -> Progress:
        if time.monotonic() - self._last_look >= FORECAST_S or self.source.ended:
            self._last_look, self._left_s = time.monotonic(), 0.0 if self.source.ended else self.source.remaining_s(self)
            self._standing = self._engine.standing if self._engine is not None else Standing()
        return Progress(
            variants_done=self.done, variants_total=self.source.total, failed=len(self.errors), stages_done=len(self.outcomes),
            stages_total=len(self.stages) - self._sent_off + self.measurements, remaining_s=self._left_s,
            standing=self._standing,
        )  # fmt: skip

    @property
    def measured(self) -> int:
        """Measurements that have come."""
        return self._measured

    @property
    def measurements(self) -> int:
        """Measurements that are expected of what was added so far."""
        return max(len(self._structures) * len(self.environments), self._measured)

    def work_left_s(self) -> float:
        """Seconds that what was added and has not come takes, by what such stages took before."""
        missing = [s for k, s in self.stages.items() if k not in self.outcomes and s.kind != "measure"]
        return self.rates.elapsed_s(missing, measurements=self.measurements - self.measured, slots=self.slots)
