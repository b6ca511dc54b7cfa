"""How a one-shot search feeds a sweep: the supernet, the trying of its sub-networks, and those that are chosen."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from effcore.catalogue.elastic import Shape
from effcore.catalogue.search import Constraint
from effcore.catalogue.subnetwork import Subnetwork
from effcore.catalogue.training import Training
from effcore.errors import EffcoreError
from effcore.execution.worker import Outcome
from effcore.measure.environment import current
from effcore.pareto import ranking
from effcore.plan import Planner, Stage, VariantPlan
from effcore.plan.screening import screen_stage, table_stage
from effcore.spec.partspace import SEEN_OF_PARTS, PartSpace
from effcore.sweep.driver import Driver, Source
from effcore.tracking import VariantRecord

RECORD = "one_shot.json"
FIRST = 1000
"""Priority of what all others wait for."""


class OneShot(Source):
    """A source of variants: the whole network first, and the best of its sub-networks once they have been tried.

    What it decides follows from stages that are named by content, so that a killed search goes on where it stood.

    Args:
        driver: Of the sweep.
        space: What is chosen from.
    """

    guided = False

    def __init__(self, driver: Driver, space: PartSpace) -> None:
        spec, architecture = driver.spec, space.supernet.architecture
        self.driver, self.space, self.search, self.seeds = driver, space, spec.search, spec.seeds
        self.planner = Planner(driver.context, driver.teachers)
        environment = current(threads=1, batch=1).key
        shared: dict[str, Any] = {"task": spec.task, "architecture": architecture, "choices": space.choices, "context": driver.context}
        self.table = table_stage(**shared, environment=environment)
        model = self.planner.model(space.supernet, spec.seeds[0])
        assert model.model is not None, "a supernet is trained"
        phase = next(s.config for s in space.supernet.steps if isinstance(s.config, Training))
        settings = {
            "screened": self.search.screened, "population": self.search.population, "seed": self.search.seed,
            "images": Subnetwork.model_validate(space.rest).images, "data_fraction": phase.data_fraction,
        }  # fmt: skip
        self.screen = screen_stage(**shared, model=model.model, table=self.table.key, search=settings)
        self._model = tuple(model.keys)
        self._begun, self._chosen, self._added, self._left = False, False, 0, 0

    @property
    def total(self) -> int:
        """The whole network and those that are chosen, or may be at most, each with what follows, with each seed."""
        return self._added if self._chosen else self.driver.spec.size

    @property
    def ended(self) -> bool:
        """Whether all that was chosen is written."""
        return self._chosen and self._left == 0

    def step(self, driver: Driver) -> None:
        """Train and measure first, then try, then have the best ones built."""
        if not self._begun:
            self._begun = True
            for key in self._model:
                driver.submit(self.planner.stages[key], priority=FIRST)
            driver.submit(self.table, priority=FIRST)
            driver.submit(self.screen, priority=FIRST)  # runs once its inputs are there
            self._add(None)
        if self._chosen:
            return
        outcomes = [driver.outcomes.get(key) for key in (*self._model, self.table.key, self.screen.key)]
        broken = next((o for o in outcomes if isinstance(o, BaseException)), None)
        if broken is not None:
            raise EffcoreError(f"The sub-networks could not be tried: {str(broken) or type(broken).__name__}")
        tried = driver.outcomes.get(self.screen.key)
        if isinstance(tried, Outcome):
            self._chosen = True
            self._build(json.loads((tried.entry.folder / "screened.json").read_text()), tried)

    def logged(self, driver: Driver, plan: VariantPlan, record: VariantRecord) -> None:
        """One less to come."""
        self._left -= 1

    def remaining_s(self, driver: Driver) -> float:
        """What was submitted, and as much for each that is to be chosen as for the whole network."""
        return driver.work_left_s()

    def _add(self, shape: Shape | None) -> None:
        for recipe in self.space.recipes(shape):
            for seed in self.seeds:
                plan = self.planner.variant(recipe, seed)
                if shape is not None:  # what chose it is charged to it, in full
                    plan = replace(plan, stages=(self.table.key, self.screen.key, *plan.stages))
                self._left, self._added = self._left + 1, self._added + 1
                stages: Mapping[str, Stage] = {**self.planner.stages, self.table.key: self.table, self.screen.key: self.screen}
                self.driver.add(plan, stages)
                for key in plan.stages:
                    self.driver.submit(stages[key])

    def _build(self, rows: Sequence[Mapping[str, Any]], tried: Outcome) -> None:
        chosen = choose(rows, self.search.budget.variants or 0, limits=self.search.limits)
        table = self.driver.outcomes[self.table.key]
        assert isinstance(table, Outcome), "sub-networks are tried after it"
        self.driver.store.keep(
            self.driver.run_id, RECORD,
            {
                "screened": list(rows), "chosen": chosen, "table_error": table.entry.facts["error"], "seed": self.search.seed,
                "sampler": tried.entry.facts["sampler"], "screen_s": tried.entry.seconds, "table_s": table.entry.seconds,
            },
            tags={"strategy": self.search.strategy, "sampler": tried.entry.facts["sampler"], "seed": str(self.search.seed)},
        )  # fmt: skip
        for index in chosen:
            self._add(Shape.model_validate(rows[index]["shape"]))


def choose(rows: Sequence[Mapping[str, Any]], count: int, *, limits: Sequence[Constraint] = ()) -> list[int]:
    """Which sub-networks are built: front by front, those first without which most hypervolume is lost.

    Where the limits rule all out, the nearest misses.

    Args:
        rows: val_accuracy, latency_ms and params of each.
        count: How many.
        limits: That must be kept; accuracy means that on validation.
    """
    broken = [sum(max(limit.violation(row[SEEN_OF_PARTS[limit.metric]]), 0.0) for limit in limits) for row in rows]
    points = [(row["val_accuracy"], row["latency_ms"]) for row in rows]
    best = ranking(points, maximise=[True, False], violations=broken)
    kept = [index for index in best if broken[index] == 0]
    return (kept or best)[:count]
