"""What a sweep will cost before it is run: variants, stages, what is there already, and minutes."""

from __future__ import annotations

import json
import random
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from effcore.cache import RECORD, Cache
from effcore.catalogue import TASKS
from effcore.context import current_context
from effcore.measure.environment import current
from effcore.measure.load import core_count
from effcore.plan import EARLY, Context, Find, Plan, Stage, make_plan, measure_stage, no_store
from effcore.recipe import Recipe
from effcore.spec import Spec
from effcore.spec.searchspace import SearchSpace

DEFAULT_S = {"build": 0.5, "train": 2.0, "transform": 1.5, "export": 2.5, "evaluate": 0.5, "measure": 2.0, "table": 20.0, "screen": 0.2}
"""Seconds a unit before anything has run here: an epoch of `mnist5k`, a file, a structure; see experiments/LOG.md."""

START_S = 8.0
"""Until the first stage runs: torch and the exporter are loaded once."""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a sweep will cost.

    Attributes:
        variants: Recipes times seeds.
        stages_total: Stages if nothing were shared.
        stages_distinct: Different stages.
        stages_cached: Of those, the ones whose output is there.
        trainings: Different trainings and fine-tunings, teachers among them.
        trainings_cached: Of those, the ones that are there.
        measurements: Different structures, as far as they are known before anything is built, in each environment.
        estimated_s: Seconds until it ends.
        slots: Stages that run at once.
        learned: Whether the time is by what ran here before; otherwise it is by that of another machine.
    """

    variants: int
    stages_total: int
    stages_distinct: int
    stages_cached: int
    trainings: int
    trainings_cached: int
    measurements: int
    estimated_s: float
    slots: int
    learned: bool


def forecast(spec: Spec, *, home: Path, slots: int | None = None, stored: Find = no_store) -> Forecast:
    """What a spec will cost here and now.

    Args:
        spec: What is to be run.
        home: The state folder, whose cache and log of executions are read.
        slots: Stages that run at once; the cores of this machine where it is None.
        stored: Finds the networks of teachers that are points of the store.
    """
    if spec.space is not None:
        return _forecast_search(spec, home=home, slots=slots or core_count(), stored=stored)
    plan = make_plan(spec.variants, context=current_context(), stored=stored)
    cached = Cache(home).keys()
    rates = Rates.of(home)
    missing = [stage for key, stage in plan.stages.items() if key not in cached]
    to_measure = missing_structures(plan, spec, home=home, cached=cached, context=current_context())
    environments = len(spec.measure.sizes)
    measurements = plan.structures * environments
    return Forecast(
        variants=len(plan.variants),
        stages_total=plan.total + len(plan.variants) * (environments - 1),
        stages_distinct=len(plan.stages) + measurements,
        stages_cached=len(plan.stages) - len(missing) + measurements - len(to_measure),
        trainings=plan.trainings,
        trainings_cached=plan.trainings - Plan(variants=(), stages={s.key: s for s in missing}).trainings,
        measurements=measurements,
        estimated_s=rates.elapsed_s(missing, measurements=len(to_measure), slots=slots or core_count()),
        slots=slots or core_count(), learned=bool(rates.by_kind),
    )  # fmt: skip


SAMPLE = 30
"""Candidates drawn evenly by which a search is forecast."""

DRAWS = 4 * SAMPLE
"""How often is drawn at most: of small spaces, most draws are candidates that were drawn before."""

DRAWN_AGAIN = 3
"""Draws for each candidate that was found until one of twenty is still missed by chance, if all are as likely."""


def _forecast_search(spec: Spec, *, home: Path, slots: int, stored: Find) -> Forecast:
    """What a search will cost at most: candidates drawn evenly, trained to the end, until the budget is spent.

    Which it will choose is not known, so that nothing counts as being there already.
    """
    assert spec.space is not None, "a search has a space"
    generator = random.Random(spec.search.seed)
    if spec.parts is not None:
        shapes = [None, *spec.parts.draw(generator, spec.search.budget.variants or 1)]
        drawn = [(recipe, seed) for shape in shapes for recipe in spec.parts.recipes(shape) for seed in spec.seeds]
        most = spec.size
    else:
        recipes, whole = _asked_for(spec.space, generator)
        drawn = [(recipe, seed) for recipe in recipes for seed in spec.seeds]
        most = min(spec.size, len(drawn)) if whole else spec.size
    plan = make_plan(drawn, context=current_context(), stored=stored)
    rates, environments = Rates.of(home), len(spec.measure.sizes)
    each = max(len(plan.variants), 1)
    measurements = plan.structures * environments
    one_s = rates.elapsed_s(plan.stages.values(), measurements=measurements, slots=slots) / each
    budget = spec.search.budget
    limits_s = [s for s in (budget.minutes and budget.minutes * 60, budget.core_s and budget.core_s / slots) if s]
    variants = min([most, *(max(int(s / one_s), 1) for s in limits_s)])
    scale = variants / each
    counts = Counter(structure for structure, _ in {(v.structure, v.recipe.key) for v in plan.variants})
    # As many structures more as were met once among those drawn (Good 1953): none where all have the same, one for each where all differ.
    structures = max(round(len(counts) + (variants - each) * sum(n == 1 for n in counts.values()) / each), 1) * environments
    tried_s = rates.tried_s(spec.search.screened) if spec.parts is not None else 0.0
    return Forecast(
        variants=variants, stages_total=round(plan.total * scale), stages_distinct=round(len(plan.stages) * scale) + structures,
        stages_cached=0, trainings=round(plan.trainings * scale), trainings_cached=0, measurements=structures,
        estimated_s=min([one_s * variants + tried_s, *limits_s]), slots=slots, learned=bool(rates.by_kind),
    )  # fmt: skip


def _asked_for(space: SearchSpace, generator: random.Random) -> tuple[list[Recipe], bool]:
    """Recipes drawn evenly, no network twice, as a search asks for none twice either; and whether these seem to be all that there are."""
    found: dict[str, Recipe] = {}
    allowed = 0
    for _ in range(DRAWS):
        if len(found) == SAMPLE:
            break
        recipe = space.recipe(space.draw(generator))
        if isinstance(recipe, Recipe):
            allowed += 1
            found.setdefault(recipe.network_key, recipe)
    return list(found.values()), len(found) < SAMPLE and allowed >= DRAWN_AGAIN * len(found)


def missing_structures(plan: Plan, spec: Spec, *, home: Path, cached: set[str], context: Context) -> set[tuple[str, str]]:
    """Expected structures with the environments in which no measurement of them is known to be there."""
    environments = [current(batch=batch, threads=threads) for batch, threads in spec.measure.sizes]
    missing = set()
    for variant in plan.variants:
        structure = _known_structure(home, variant.export) if variant.export in cached else None
        for environment in environments:
            if structure is not None:
                stage = measure_stage(
                    structure, variant.export, task=spec.task, runtime=variant.recipe.runtime, settings=spec.measure.settings,
                    environment=environment.key, context=context, batch=environment.batch, threads=environment.threads,
                )  # fmt: skip
                if stage.key in cached:
                    continue
            missing.add((variant.structure, environment.key))
    return missing


def _known_structure(home: Path, export: str) -> str | None:
    try:
        return str(json.loads((home / "cache" / export / RECORD).read_text())["facts"]["structure"])
    except (OSError, ValueError, KeyError, TypeError):  # taken away or damaged: it will be built again
        return None


@dataclass(frozen=True)
class Rates:
    """Seconds a unit of each class of stage, from what has run before.

    Attributes:
        by_class: Median over all runs of a class.
        by_kind: Median over all classes of a kind.
        shares: Share of the planned units that was done of each class, where early stopping leaves some undone.
    """

    by_class: Mapping[str, float]
    by_kind: Mapping[str, float]
    shares: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, home: Path) -> Rates:
        """Rates from the log of executions of a home folder."""
        classes: dict[str, list[float]] = defaultdict(list)
        kinds: dict[str, list[float]] = defaultdict(list)
        units: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for line in _finished(home / "executions.jsonl"):
            done = line["units"] * line.get("share_done", 1.0)
            units[line["class"]].append((done, line["units"]))
            if done == 0 < line["units"]:  # its training had ended in a rung before
                continue
            rate = (line["end"] - line["start"]) / max(done, 1.0)
            classes[line["class"]].append(rate)
            kinds[line["kind"]].append(rate)
        shares = {k: sum(done for done, _ in v) / sum(planned for _, planned in v) for k, v in units.items() if k.endswith(EARLY)}
        by_class, by_kind = ({k: statistics.median(v) for k, v in found.items()} for found in (classes, kinds))
        return cls(by_class, by_kind, shares)

    def seconds(self, stage: Stage) -> float:
        """Expected seconds of a stage."""
        rate = self.by_class.get(stage.cost_class, self.by_kind.get(stage.kind, DEFAULT_S[stage.kind] * _images(stage)))
        return rate * max(stage.units * self.shares.get(stage.cost_class, 1.0), 1.0)

    def of_kind_s(self, kind: str) -> float:
        """Expected seconds of a unit of a kind of stage."""
        return self.by_kind.get(kind, DEFAULT_S[kind])

    @property
    def measuring_s(self) -> float:
        """Expected seconds of one measurement."""
        return self.of_kind_s("measure")

    def tried_s(self, networks: int) -> float:
        """Expected seconds of measuring a table of parts and trying so many sub-networks with it."""
        return networks * self.by_kind.get("screen", DEFAULT_S["screen"]) + self.by_kind.get("table", DEFAULT_S["table"])

    def elapsed_s(self, stages: Iterable[Stage], *, measurements: int, slots: int) -> float:
        """Expected time until all is done: the longest chain or the work over the slots, then the measuring alone."""
        todo = list(stages)
        seconds = {s.key: self.seconds(s) for s in todo}
        ends: dict[str, float] = {}
        for stage in todo:  # inputs come first in a plan
            ends[stage.key] = seconds[stage.key] + max((ends.get(key, 0.0) for _, key in stage.inputs), default=0.0)
        work = max(sum(seconds.values()) / slots, max(ends.values(), default=0.0))
        measuring = measurements * self.measuring_s
        return work + measuring + (START_S if todo or measurements else 0.0)


def _images(stage: Stage) -> float:
    """How many times as many images an epoch of a stage sees as one of `mnist5k`; 1 for a stage without epochs."""
    task = TASKS.get(str(stage.config.get("task"))) if stage.trains else None
    return 1.0 if task is None else task.train / TASKS["mnist5k"].train


def _finished(path: Path) -> Iterable[dict[str, Any]]:
    if not path.exists():
        return
    for text in path.read_text().splitlines():
        try:
            line = json.loads(text)
        except ValueError:  # a line that was cut off by a full disk
            continue
        if line["event"] == "finished":
            yield line
