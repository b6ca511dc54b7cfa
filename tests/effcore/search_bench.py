"""A search that nothing drives: candidates and outcomes are as a test says."""

from __future__ import annotations

import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from effcore.context import current_context
from effcore.execution.worker import Outcome
from effcore.forecast import Rates
from effcore.spec import Spec, parse
from effcore.sweep.candidate import Candidate
from effcore.sweep.sounding import SoundingSearcher
from effcore.sweep.spending import Clock

TEXT = """\
name: sounded
task: digits
objectives: [accuracy, latency_ms]
recipe:
  - architecture: {{family: {family}, width: {{low: 0.125, high: 2.0}}}}
  - training: {{epochs: {epochs}}}
  - quantization: [none, {quantization}]
  - runtime: onnxruntime
measure: {{processes: 3, width: 1.0, max_s: 1}}
search: {{strategy: random, budget: {{variants: {variants}}}}}
"""


def make_spec(*, family: str = "mlp", epochs: int = 4, quantization: str = "{mode: static}", variants: int = 8) -> Spec:
    return parse(TEXT.format(family=family, epochs=epochs, quantization=quantization, variants=variants))


class StandIn:
    """Stands where a driver stands: keeps what is submitted, and has outcomes that a test gives."""

    def __init__(self, spec: Spec, *, train_s: float) -> None:
        self.spec, self.slots, self.context = spec, 2, current_context()
        self.outcomes: dict[str, Any] = {}
        self.running: set[str] = set()
        self.errors: dict[str, str] = {}
        self.known, self.done, self.environments, self.teachers, self.idle = dict[Any, Any](), 0, [None], dict[str, Any](), False
        self.rates = Rates({}, {"train": train_s, "export": 2.0, "build": 0.5, "evaluate": 0.5, "measure": 4.0})

    def submit(self, stage: Any, *, priority: int = 0) -> None:
        self.running.add(stage.key)

    def add(self, plan: Any, stages: Any) -> None:
        pass

    def discard(self, variants: Any, reason: str) -> None:
        self.errors |= {variant.key: reason for variant in variants}

    def measure_alone(self, export: str, runtime: str) -> str:
        return "measure-1"

    def give(self, key: str, **facts: Any) -> None:
        self.running.discard(key)
        stage = SimpleNamespace(kind=key.split("-")[0], units=1.0, key=key)
        self.outcomes[key] = Outcome(stage, SimpleNamespace(facts=facts, seconds=3.0), False)  # type: ignore[arg-type]


class Bench:
    """A search that nothing drives."""

    def __init__(self, spec: Spec, *, train_s: float, storage: str | None = None, clock: Clock = time.monotonic) -> None:
        assert spec.space is not None
        self.driver = StandIn(spec, train_s=train_s)
        self.search = SoundingSearcher(self.driver, spec.space, storage=storage, clock=clock)  # type: ignore[arg-type]
        self.study, self.figures = self.search.study, self.search.figures

    def candidate(self, width: float) -> Candidate:
        """One that was asked for, of another width than the strategy chose."""
        trial = self.study.ask(lambda _: {"recipe": "r"})
        assert trial is not None
        assignment = {"architecture.width": width, "quantization": 0.0}
        candidate = self.search.maker.candidate(replace(trial, assignment=assignment))
        self.study.update(trial.number, note={"recipe": "r"})
        return candidate

    def learn(self, count: int = 8) -> None:
        """Candidates whose latency follows from their width, all as accurate, and a better one with the latency of a width of 0.7."""
        for index in range(count):
            width = 0.125 + 1.5 * index / count
            self.figures.learn(self.candidate(width), {"val_accuracy": 0.9, "latency_ms": 0.01 * width})
        best = self.candidate(0.7)
        best.ended, best.values = True, (0.95, 0.007)
        self.search.candidates[best.number] = best

    def launch(self, width: float) -> Candidate:
        candidate = self.search._begin(self.candidate(width))
        self.search._launch(candidate, candidate.bracket)
        return candidate

    def is_sounded(self, candidate: Candidate) -> bool:
        return candidate.number in self.search._soundings


def at_rung(bench: Bench, width: float, accuracy: float) -> Candidate:
    """A candidate that has come to its first rung and waits there."""
    candidate = bench.launch(width)
    for key in candidate.segments[0]:
        bench.driver.give(key, val_accuracy=accuracy)
        bench.driver.outcomes[key] = replace(bench.driver.outcomes[key], stage=bench.search.planner.stages[key])
    bench.search._look(candidate)
    return candidate


def measured(bench: Bench, candidate: Candidate, **metrics: float) -> None:
    for plan in candidate.plans:
        record: Any = SimpleNamespace(error="", metrics=metrics, recipe=plan.recipe)
        bench.search.logged(bench.driver, plan, record)  # type: ignore[arg-type]
