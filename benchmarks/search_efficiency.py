"""Hypervolume against compute: the default search with early stopping and latency first, against random search with neither.

    python benchmarks/search_efficiency.py [--seeds 10] [--table benchmarks/search_table_mnist5k.json]

The search is the product's own, with its rungs, its promotion and what it puts off; only the stages are looked up in a table of results
(`benchmarks/search_table.py` makes it) and time is that of the table, on two cores. Everything is charged: training, exporting, evaluating,
measuring (which takes both cores), cores that wait, and the time in which the search itself chooses, as it is here.
For every seed: random search trains and measures `--candidates` candidates; its hypervolume at its end is the mark. Printed is which share of its
core-seconds the other one took to reach that mark; `none` where it did not reach it with the same core-seconds, a loss.
Hypervolume is of validation accuracy and the logarithm of latency, each scaled to the whole table, up to 1.1 times the range.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from effcore.cache import Entry
from effcore.forecast import Rates
from effcore.plan import Context, Stage, VariantPlan
from effcore.recorded import history_of
from effcore.search.analysis import Scale, growth, scale_of
from effcore.searcher import Searcher
from effcore.spec import Spec, parse
from effcore.worker import Outcome

SLOTS = 2
EVALUATE_S, MEASURE_S = 0.5, 4.0
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
            config = {"structure": plan.recipe.document["steps"][0]["architecture"]}
            measure = Stage("measure", f"measure-{plan.structure}", config, (("artifact", plan.export),), "measure", 1.0, exclusive=True)
            self.submit(measure, priority=1000)

    def measures(self, plan: VariantPlan) -> tuple[str, ...]:
        return (f"measure-{plan.structure}",)

    @property
    def idle(self) -> bool:
        return not self.running

    def run(self, searcher: Searcher) -> None:
        """Until the search ends."""
        searcher.step(self)  # type: ignore[arg-type]
        while not searcher.ended:
            self._start()
            if self._busy:
                self._busy.sort(key=lambda entry: entry[0])
                self.now, stage = self._busy.pop(0)
                self.running.discard(stage.key)
                self.outcomes[stage.key] = self._outcome(stage)
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

    def _seconds(self, stage: Stage) -> float:
        if stage.kind == "train":
            row, rung = self.table.training(stage.config), self.table.rungs.index(stage.config["until"])
            return float(row["train_s"][rung] - (row["train_s"][rung - 1] if rung else 0.0))
        otherwise = {"measure": MEASURE_S, "evaluate": EVALUATE_S}
        return self.table.structure_s(stage.kind, otherwise.get(stage.kind, 0.0))

    def _outcome(self, stage: Stage) -> Outcome:
        facts: dict[str, Any] = {}
        if stage.kind == "train":
            facts = {"val_accuracy": self.table.training(stage.config)["val_accuracy"][self.table.rungs.index(stage.config["until"])]}
        return Outcome(stage, Entry(stage.key, Path("."), {"facts": facts, "seconds": self._seconds(stage)}), False)

    def _write(self, searcher: Searcher) -> None:
        """Hand over the variants that are whole."""
        for plan in [p for p in self._plans if all(key in self.outcomes for key in (*p.stages, *self.measures(p)))]:
            self._plans.remove(plan)
            architecture, training = (step[name] for step, name in zip(plan.recipe.document["steps"], ("architecture", "training"), strict=False))
            row = self.table.training({"architecture": architecture, "training": training})
            structure = self.table.structures[architecture["family"], architecture["width"]]
            metrics = {"val_accuracy": row["val_accuracy"][-1], "latency_ms": structure["latency_ms"]}
            self.done += 1
            searcher.logged(self, plan, SimpleNamespace(error="", metrics=metrics))  # type: ignore[arg-type]


def search(table: Table, section: str) -> tuple[list[tuple[float, float]], dict[str, Any]]:
    """Core-seconds and hypervolume after each candidate that finished, and what the search came to."""
    spec = table.spec(section)
    assert spec.space is not None, "a search has a space"
    driver = TableDriver(spec, table)
    searcher = Searcher(driver, spec.space, storage=None, clock=driver.clock)  # type: ignore[arg-type]
    driver.run(searcher)
    history = history_of(searcher)
    grown = growth(history, scale=table.scale)
    assert grown is not None, "a search is never empty-handed"
    facts = {"core_s": history.core_s, "choosing_s": history.choosing_s, "tried": len(history.tried), "finished": len(history.finished)}
    return list(zip(grown.core_s, grown.hypervolume, strict=True)), facts


def compared(table: Table, *, seed: int, candidates: int, better: str) -> dict[str, Any]:
    """Random search with neither, and the other one, with one seed."""
    budget = f"budget: {{variants: {candidates}}}"
    plain, facts = search(table, f"{{strategy: random, seed: {seed}, stopping: none, latency_first: false, {budget}}}")
    cost, mark = facts["core_s"], plain[-1][1]
    curve, other = search(table, f"{{{better}, seed: {seed}, budget: {{core_s: {cost}}}}}")
    at = next((spent for spent, volume in curve if volume >= mark - 1e-9), None)
    return {
        "seed": seed, "random_core_s": cost, "mark": mark, "core_s": at, "share": None if at is None else at / cost,
        "end": curve[-1][1], "tried": other["tried"], "finished": other["finished"], "choosing_s": other["choosing_s"],
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, default=Path(__file__).with_name("search_table.json"))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--candidates", type=int, default=40)
    parser.add_argument("--search", default="strategy: tpe", help="The other one, as in a spec; its defaults where nothing more is said.")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    table = Table(json.loads(given.table.read_text()))
    rows = [compared(table, seed=s, candidates=given.candidates, better=given.search) for s in range(given.seeds)]
    if given.json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        share = "none" if row["share"] is None else f"{row['share']:.2f}"
        print(
            f"seed {row['seed']}: random {row['random_core_s']:.0f} core-s to {row['mark']:.4f}; share {share}, at the end {row['end']:.4f}; "
            f"{row['finished']} of {row['tried']} finished, choosing {row['choosing_s']:.1f} s"
        )
    shares = [row["share"] if row["share"] is not None else float("inf") for row in rows]
    losses = sum(row["share"] is None for row in rows)
    print(f"share of random's core-seconds: median {statistics.median(shares):.2f}, from {min(shares):.2f} to {max(shares):.2f}; {losses} losses")


if __name__ == "__main__":
    main()
