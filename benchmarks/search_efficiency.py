"""Hypervolume against compute: the default search with early stopping and latency first, against random search with neither.

    python benchmarks/search_efficiency.py [--seeds 10] [--first-seed 200] [--table benchmarks/search_table_mnist5k.json]

The search is the product's own, with its rungs, its promotion and what it puts off; only the stages are looked up in a table of results
(`benchmarks/search_table.py` makes it) and time is that of the table, on two cores. Everything is charged: training, exporting, evaluating,
measuring (which takes both cores), cores that wait, and the time in which the search itself chooses, as it is here.
For every seed: random search trains and measures `--candidates` candidates; its hypervolume at its end is the mark. Printed is which share of its
core-seconds the other one took to reach that mark; `none` where it did not reach it with the same core-seconds, a loss.
Then where the core-seconds went, and the share that the same search takes without latency first. Loading libraries is charged to none of them.
Hypervolume is of validation accuracy and the logarithm of latency, each scaled to the whole table, up to 1.1 times the range.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from effcore.cache import Entry
from effcore.execution.worker import Outcome
from effcore.forecast import Rates
from effcore.plan import Context, Stage, VariantPlan
from effcore.search.analysis import Scale, growth, report, scale_of
from effcore.spec import Spec, parse
from effcore.sweep.clearing import is_due
from effcore.sweep.recorded import history_of
from effcore.sweep.sounding import SoundingSearcher

SLOTS = 2
BUILD_S, EVALUATE_S, MEASURE_S = 0.5, 0.5, 4.0
"""What effcore forecasts before anything has run, see `effcore/forecast.py`; for a table that does not say how long it took."""

SPEC = """
name: table
task: {task}
objectives: [accuracy, latency_ms]
recipe:
  - architecture: {{family: {families}, width: {widths}}}
  - training: {{epochs: {epochs}, learning_rate: {rates}, batch_size: {batches}}}
  - runtime: onnxruntime
search: {search}
"""


class Table:
    """Results that were computed before.

    Args:
        document: From `benchmarks/search_table.py`.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.rungs: list[int] = document["rungs"]
        self.structures = {(s["family"], s["width"]): s for s in document["structures"]}
        self.trainings = {(t["family"], t["width"], t["learning_rate"], t["batch_size"]): t for t in document["trainings"]}

    def structure_s(self, kind: str, otherwise: float) -> float:
        """Median seconds of one kind of work on a structure."""
        return statistics.median(s.get(f"{kind}_s", otherwise) for s in self.document["structures"])

    @property
    def scale(self) -> Scale:
        """Of the hypervolume: what all results together span."""
        values = [(t["val_accuracy"][-1], self.structures[t["family"], t["width"]]["latency_ms"]) for t in self.document["trainings"]]
        return scale_of(values, ("accuracy", "latency_ms"))

    def spec(self, search: str) -> Spec:
        """A search of the space of the table."""
        columns = {name: sorted({t[name] for t in self.document["trainings"]}) for name in ("width", "learning_rate", "batch_size")}
        families = sorted({t["family"] for t in self.document["trainings"]})
        return parse(SPEC.format(
            task=self.document["task"], families=families, widths=columns["width"], epochs=self.document["epochs"], rates=columns["learning_rate"],
            batches=columns["batch_size"], search=search,
        ))  # fmt: skip

    def training(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """The row of a stage of training."""
        a, t = config["architecture"], config["training"]
        found: Mapping[str, Any] = self.trainings[a["family"], a["width"], t["learning_rate"], t["batch_size"]]
        return found


class TableDriver:
    """Stands where the driver of a sweep stands, with time of its own and stages that are looked up."""

    def __init__(self, spec: Spec, table: Table) -> None:
        self.spec, self.table, self.slots = spec, table, SLOTS
        self.context, self.home, self.rates = Context(exact_int8=False, machine="table"), Path("."), Rates({}, {})
        self.environments, self.known, self.done = [None], dict[Any, Any](), 0
        self.teachers: dict[str, Any] = {}
        self.outcomes: dict[str, Outcome] = {}
        self.running: set[str] = set()
        self.now = 0.0
        self._began = time.process_time()
        self._queue: list[tuple[int, int, Stage]] = []
        self._busy: list[tuple[float, Stage]] = []
        self._order = itertools.count()
        self._plans: list[VariantPlan] = []
        self._files: dict[str, tuple[str, str]] = {}
        self._waiting: dict[str, Stage] = {}
        self._sent_off = 0
        self.written: list[float] = []
        self.ran: list[tuple[float, float, Stage]] = []

    def clock(self) -> float:
        """Time of the table, and the time that choosing has really taken."""
        return self.now + time.process_time() - self._began

    def submit(self, stage: Stage, *, priority: int = 0) -> None:
        if stage.key not in self.running and stage.key not in self.outcomes:
            self.running.add(stage.key)
            self._queue.append((-priority, next(self._order), stage))

    def add(self, plan: VariantPlan, stages: Mapping[str, Stage]) -> None:
        if plan.key not in {p.key for p in self._plans}:
            self._plans.append(plan)

    def measures(self, plan: VariantPlan) -> tuple[str, ...]:
        return (_measurement(_architecture(plan)).key,)

    def measure_alone(self, export: str, runtime: str) -> str:
        (built,) = (key for role, key in self.outcomes[export].stage.inputs if role == "model")
        return self._wait(self.outcomes[built].stage.config["architecture"])

    def _wait(self, architecture: Mapping[str, Any]) -> str:
        """Have a structure measured as soon as the host is cleared for it."""
        stage = _measurement(architecture)
        if stage.key not in self.running and stage.key not in self.outcomes:
            self._waiting[stage.key] = stage
        return stage.key

    @property
    def idle(self) -> bool:
        return not self.running and not self._waiting

    def run(self, searcher: SoundingSearcher) -> None:
        """Until the search ends."""
        searcher.step(self)  # type: ignore[arg-type]
        while not searcher.ended:
            self._start()
            if self._busy:
                self._busy.sort(key=lambda entry: entry[0])
                self.now, stage = self._busy.pop(0)
                self.running.discard(stage.key)
                self.outcomes[stage.key] = self._outcome(stage)
            self._measure(searcher)
            self._write(searcher)
            searcher.step(self)  # type: ignore[arg-type]

    def _start(self) -> None:
        """Begin what is ready, by priority; what needs both cores waits for both, and nothing begins meanwhile."""
        for entry in sorted(self._queue, key=lambda e: e[:2]):
            stage = entry[2]
            free = self.slots - sum(self.slots if s.exclusive else 1 for _, s in self._busy)
            if not all(key in self.outcomes for _, key in stage.inputs):
                continue
            if free < (self.slots if stage.exclusive else 1):
                return
            self._queue.remove(entry)
            self._busy.append((self.now + self._seconds(stage), stage))
            self.ran.append((self.now, self.now + self._seconds(stage), stage))

    def _seconds(self, stage: Stage) -> float:
        if stage.kind == "train":
            row, rung = self.table.training(stage.config), self.table.rungs.index(stage.config["until"])
            return float(row["train_s"][rung] - (row["train_s"][rung - 1] if rung else 0.0))
        otherwise = {"build": BUILD_S, "measure": MEASURE_S, "evaluate": EVALUATE_S}
        return self.table.structure_s(stage.kind, otherwise.get(stage.kind, 0.0))

    def _measure(self, searcher: SoundingSearcher) -> None:
        """Send measurements off when the product's driver would."""
        for plan in self._plans:
            if plan.export in self.outcomes:
                self._wait(_architecture(plan))
        running = [*(s for *_, s in self._queue), *(s for _, s in self._busy)]
        if is_due(self._waiting, running, slots=self.slots, sent_off=self._sent_off, rates=self.rates, guided=searcher.guided):
            for stage in self._waiting.values():
                self.submit(stage, priority=1000)
                self._sent_off += 1
            self._waiting.clear()

    def _outcome(self, stage: Stage) -> Outcome:
        facts: dict[str, Any] = {"metrics": {}}
        if stage.kind == "train":
            facts = {"val_accuracy": self.table.training(stage.config)["val_accuracy"][self.table.rungs.index(stage.config["until"])]}
        if stage.kind == "measure":
            facts = {"metrics": {"latency_ms": self.table.structures[stage.config["family"], stage.config["width"]]["latency_ms"]}}
        return Outcome(stage, Entry(stage.key, Path("."), {"facts": facts, "seconds": self._seconds(stage)}), False)

    def _write(self, searcher: SoundingSearcher) -> None:
        """Hand over the variants that are whole."""
        for plan in [p for p in self._plans if all(key in self.outcomes for key in (*p.stages, *self.measures(p)))]:
            self._plans.remove(plan)
            architecture, training = (step[name] for step, name in zip(plan.recipe.document["steps"], ("architecture", "training"), strict=False))
            row = self.table.training({"architecture": architecture, "training": training})
            latency_ms = self.outcomes[self.measures(plan)[0]].entry.facts["metrics"]["latency_ms"]
            self.done += 1
            metrics = {"val_accuracy": row["val_accuracy"][-1], "latency_ms": latency_ms}
            self.written.append(self.now)
            searcher.logged(self, plan, SimpleNamespace(error="", metrics=metrics))  # type: ignore[arg-type]

    def spent(self, until: float) -> dict[str, float]:
        """Core-seconds up to a moment of the table's time, by what they went into; `waiting` where a core had nothing that it could do."""
        went = dict.fromkeys(("train", "export", "evaluate", "measure", "build"), 0.0)
        for began, ended, stage in self.ran:
            went[stage.kind] += max(min(ended, until) - began, 0.0) * (self.slots if stage.exclusive else 1)
        return went | {"waiting": self.slots * until - sum(went.values())}


def _architecture(plan: VariantPlan) -> Mapping[str, Any]:
    found: Mapping[str, Any] = plan.recipe.document["steps"][0]["architecture"]
    return found


def _measurement(architecture: Mapping[str, Any]) -> Stage:
    config = {name: architecture[name] for name in ("family", "width")}
    return Stage("measure", f"measure-{config['family']}-{config['width']}", config, (), "measure", 1.0, exclusive=True)


@dataclass(frozen=True)
class Searched:
    """A search of the table.

    Attributes:
        curve: Core-seconds and hypervolume after each candidate that finished.
        moments: Time of the table at each of them.
        report: What it came to, as `effcore search --json` prints it.
    """

    curve: list[tuple[float, float]]
    moments: list[float]
    driver: TableDriver
    report: dict[str, Any]
    tried: int
    finished: int

    def went(self, step: int) -> dict[str, float]:
        """Core-seconds up to a step of the curve, by what they went into."""
        spent = self.driver.spent(self.moments[step])
        return spent | {"choosing": self.curve[step][0] - sum(spent.values())}


def search(table: Table, section: str) -> Searched:
    """One search, to the end of its budget."""
    spec = table.spec(section)
    assert spec.space is not None, "a search has a space"
    driver = TableDriver(spec, table)
    searcher = SoundingSearcher(driver, spec.space, storage=None, clock=driver.clock)  # type: ignore[arg-type]
    driver.run(searcher)
    history = history_of(searcher)
    grown = growth(history, scale=table.scale)
    assert grown is not None, "a search is never empty-handed"
    curve = list(zip(grown.core_s, grown.hypervolume, strict=True))
    return Searched(curve, driver.written, driver, report(history), len(history.tried), len(history.finished))


def compared(table: Table, *, seed: int, candidates: int, better: str) -> dict[str, Any]:
    """Random search with neither, and the other one, with and without latency first, with one seed."""
    plain = search(table, f"{{strategy: random, seed: {seed}, stopping: none, latency_first: false, budget: {{variants: {candidates}}}}}")
    cost, mark = plain.report["core_s"], plain.curve[-1][1]
    other = search(table, f"{{{better}, seed: {seed}, budget: {{core_s: {cost}}}}}")
    without = search(table, f"{{{better}, latency_first: false, seed: {seed}, budget: {{core_s: {cost}}}}}")
    step, step_without = reached(other, mark), reached(without, mark)
    saved = other.report["saved_core_s"]
    return {
        "seed": seed, "random_core_s": cost, "mark": mark, "random_went": plain.went(len(plain.curve) - 1),
        "core_s": None if step is None else other.curve[step][0], "share": None if step is None else other.curve[step][0] / cost,
        "went": other.went(len(other.curve) - 1 if step is None else step), "end": other.curve[-1][1], "tried": other.tried,
        "finished": other.finished, "put_off": other.report["fates"].get("postponed", 0), "sounded": other.report["sounded"],
        "postponing_s": saved["postponing"], "sounding_s": saved["sounding"], "choosing_s": saved["choosing"],
        "share_without": None if step_without is None else without.curve[step_without][0] / cost,
        "choosing_without_s": without.report["saved_core_s"]["choosing"],
    }  # fmt: skip


def reached(searched: Searched, mark: float) -> int | None:
    """The step at which a search had come to a hypervolume."""
    return next((step for step, (_, volume) in enumerate(searched.curve) if volume >= mark - 1e-9), None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, default=Path(__file__).with_name("search_table.json"))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--candidates", type=int, default=24)
    parser.add_argument("--search", default="strategy: tpe", help="The other one, as in a spec; its defaults where nothing more is said.")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    table = Table(json.loads(given.table.read_text()))
    search(table, "{strategy: tpe, budget: {variants: 12}}")  # what is imported once is charged to none of them
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    rows = [compared(table, seed=seed, candidates=given.candidates, better=given.search) for seed in seeds]
    if given.json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        print(
            f"seed {row['seed']}: random {row['random_core_s']:.0f} core-s to {row['mark']:.4f}; share {_share(row['share'])}, "
            f"at the end {row['end']:.4f}; {row['finished']} of {row['tried']} finished; {_parts(row['went'])}"
        )
    print(f"share of random's core-seconds: {_spread([row['share'] for row in rows])}")
    for name, key in (("random, to its end", "random_went"), ("the other one, to the mark", "went")):
        print(f"core-seconds of {name}, medians: " + _parts({kind: statistics.median(row[key][kind] for row in rows) for kind in rows[0][key]}))
    _print_latency_first(rows)


def _print_latency_first(rows: Sequence[Mapping[str, Any]]) -> None:
    """What latency first did, and the same search without it."""
    put_off, sounded, saved_s = (statistics.median(row[key] for row in rows) for key in ("put_off", "sounded", "postponing_s"))
    cost_s = statistics.median(row["choosing_s"] + row["sounding_s"] - row["choosing_without_s"] for row in rows)
    print(f"latency first, medians of whole searches: {put_off:g} put off, which were forecast at {saved_s:.1f} core-s; {sounded:g} structures")
    print(f"measured before training; it took {cost_s:.1f} core-s more to choose and to measure. Share without it: "
          f"{_spread([row['share_without'] for row in rows])}")  # fmt: skip


def _share(share: float | None) -> str:
    return "none" if share is None else f"{share:.2f}"


def _parts(went: Mapping[str, float]) -> str:
    return ", ".join(f"{kind} {seconds:.1f}" for kind, seconds in went.items() if seconds >= 0.05)


def _spread(shares: Sequence[float | None]) -> str:
    """Median and range; a loss counts as more than any share."""
    known = sorted(float("inf") if share is None else share for share in shares)
    quarters = statistics.quantiles(known, n=4, method="inclusive") if len(known) > 1 else known * 3
    losses = sum(share is None for share in shares)
    middle = f"median {statistics.median(known):.2f}, quartiles {quarters[0]:.2f} and {quarters[2]:.2f}"
    return f"{middle}, from {known[0]:.2f} to {known[-1]:.2f}; {losses} losses"


if __name__ == "__main__":
    main()
