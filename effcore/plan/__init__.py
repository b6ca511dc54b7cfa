"""The plan: which stages a sweep needs, in which order, each named by all that determines its result."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from effcore.catalogue import TASKS
from effcore.catalogue.distillation import Distillation, Teacher
from effcore.catalogue.quantization import USES, Quantization
from effcore.catalogue.staged import product_count
from effcore.catalogue.training import Training
from effcore.errors import EffcoreError
from effcore.plan.effects import RUNGS, brought, expected_structure, inherits, rewinds_to, rungs, transform_epochs, zeroing
from effcore.plan.planned import Context, Plan, Stage, StoredTeacher, VariantPlan
from effcore.recipe import Recipe, Step, digest, parent, teacher_recipe

EARLY = " +early_stopping"
"""Marks classes of trainings that may end before their last epoch, so that their share of it is learned from them alone."""


Find = Callable[[Recipe, Teacher, int], StoredTeacher]
"""(recipe of the student, its teacher, which is a point, seed of the member) -> the network in the store."""


def no_store(recipe: Recipe, teacher: Teacher, seed: int) -> StoredTeacher:
    """Refuses to find a stored teacher, where there is no store to look in."""
    raise EffcoreError(
        f"distillation.teacher.point must be left out where there is no store to find it in. Got {teacher.point!r}. Give a family instead."
    )


def make_plan(variants: Iterable[tuple[Recipe, int]], *, context: Context, stored: Find = no_store) -> Plan:
    """Name every stage of every variant.

    Args:
        variants: Recipes with their seeds.
        context: What of the machine and the installation determines results.
        stored: Finds the networks of teachers that are points of the store.

    Raises:
        EffcoreError: A stored teacher is not there, or does not fit.
    """
    planner = Planner(context, stored)
    planned = tuple(planner.variant(recipe, seed) for recipe, seed in variants)
    needed = {key for v in planned for key in v.stages}
    return Plan(variants=planned, stages={key: stage for key, stage in planner.stages.items() if key in needed})


@dataclass(frozen=True)
class _Chain:
    """Where the planning of one recipe stands: stages so far, the model's key, and the phase that a transform inherits.

    Of that phase `start` is the key of the model that it started from, None for new weights, and `early` that of its first rung;
    `trained` is the key of what was trained to be lowered. `acted` counts the phases and transforms, `before_phase` those before that phase.
    """

    keys: tuple[str, ...] = ()
    model: str | None = None
    training: Step | None = None
    contributes: tuple[Step, ...] = ()
    teacher_keys: tuple[str, ...] = ()
    start: str | None = None
    early: str | None = None
    trained: str | None = None
    acted: int = 0
    before_phase: int = 0


class Planner:
    """Names the stages of one variant after another; those that variants share are named once.

    Attributes:
        stages: All that were named, inputs first.
    """

    def __init__(self, context: Context, find: Find = no_store) -> None:
        self.context, self.find = context, find
        self.stored: dict[str, StoredTeacher] = {}
        self.stages: dict[str, Stage] = {}
        self._models: dict[tuple[Any, ...], _Chain] = {}

    def variant(self, recipe: Recipe, seed: int) -> VariantPlan:
        """The stages of one variant."""
        chain = self.lowered(recipe, seed)
        lower = [s for s in recipe.steps if s.role == "lower"]
        export = self.export(recipe, lower, chain)
        plain = tuple(key for role, key in self.stages[export].inputs if role == "file")
        evaluate = self.evaluate(recipe, export)
        origin = parent(recipe)
        inherited = set(self.lowered(origin.recipe, seed).keys) if origin else set()
        own = tuple(k for k in chain.keys if k not in inherited and k not in chain.teacher_keys and self.stages[k].trains)
        given = {key for stage in chain.keys for _, key in self.stages[stage].inputs}
        return VariantPlan(
            recipe=recipe, seed=seed, stages=(*chain.keys, *plain, export, evaluate), own=own, teachers=chain.teacher_keys,
            export=export, evaluate=evaluate, structure=expected_structure(recipe, seed),
            stored=tuple(teacher for key, teacher in self.stored.items() if key in given),
        )  # fmt: skip

    def untrained(self, recipe: Recipe) -> tuple[str, ...]:
        """Keys of the stages that export its network with random weights, inputs first; none where its structure may follow from trained ones."""
        if any(s.role == "transform" or s.record.trains(s.config) or bool(getattr(s.config, "float_layers", 0)) for s in recipe.steps):
            return ()
        lower, training = [s for s in recipe.steps if s.role == "lower"], next(s for s in recipe.steps if s.role == "phase")
        architecture = recipe.architecture
        config = TASKS[recipe.task].identity | {"architecture": architecture.model_dump(mode="json")} | brought(architecture.family, None)
        built = self._stage("build", config, [], cost_class=f"build {recipe.task} {architecture.family}")
        export = self.export(recipe, lower, _Chain(keys=(built.key,), model=built.key, training=training))
        plain = tuple(key for role, key in self.stages[export].inputs if role == "file")
        return (built.key, *plain, export)

    def lowered(self, recipe: Recipe, seed: int) -> _Chain:
        """The same stages, with the training that a step does before it lowers the network."""
        chain = self.model(recipe, seed)
        for step in recipe.steps:
            if step.record.trains(step.config):
                trained = self.transform(recipe, seed, chain, self._resolved(step), zeroed=zeroing(recipe.steps))
                chain = replace(chain, keys=trained.keys, trained=trained.model)
        return chain

    def model(self, recipe: Recipe, seed: int) -> _Chain:
        """The stages up to the trained and transformed model."""
        steps = tuple(s for s in recipe.steps if s.role not in ("lower", "runtime"))
        known = self._models.get((recipe.task, seed, steps))
        if known is not None:
            return known
        chain = _Chain()
        for index, step in enumerate(steps):
            if step.role == "phase":
                following = steps[index + 1 :]
                count = next((i for i, s in enumerate(following) if s.role != "contribute"), len(following))
                chain = self.phase(recipe, seed, chain, step, following[:count], zeroed=zeroing(steps[:index]))
            elif step.role == "transform":
                chain = self.transform(recipe, seed, chain, step, zeroed=zeroing(steps[:index]))
        self._models[(recipe.task, seed, steps)] = chain
        return chain

    def phase(
        self, recipe: Recipe, seed: int, chain: _Chain, training: Step, contributes: Sequence[Step], *, zeroed: Sequence[Step]
    ) -> _Chain:
        chain = self._with_teachers(recipe, chain, contributes)
        config = training.config
        assert isinstance(config, Training), "a phase is opened by `training`"
        base = self._base(recipe, seed) | {
            "architecture": recipe.architecture.model_dump(mode="json"),
            "training": config.model_dump(mode="json"),
            "contributes": [s.document for s in contributes],
        } | _after(chain.acted) | _keeping(zeroed) | brought(recipe.architecture.family, config.checkpoint)
        keys, before, start, early = chain.keys, None, 0, None
        for end in (0,) if config.checkpoint else rungs(config.epochs):
            inputs: list[tuple[str, str | None]] = [("start", chain.model)] if chain.model else []
            inputs += [("before", before)] if before else []
            inputs += self._teacher_input(recipe, contributes)
            stage = self._stage(
                "train", base | {"from": start, "until": end}, inputs, steps=(*contributes, *zeroed),
                cost_class=self._training_class(recipe, training, contributes), units=(end - start) * config.data_fraction,
            )  # fmt: skip
            keys, before, start, early = (*keys, stage.key), stage.key, end, early or stage.key
        return _Chain(
            keys, before, training, tuple(contributes), chain.teacher_keys, chain.model, early, acted=chain.acted + 1, before_phase=chain.acted,
        )  # fmt: skip

    def transform(self, recipe: Recipe, seed: int, chain: _Chain, step: Step, *, zeroed: Sequence[Step]) -> _Chain:
        assert chain.model is not None and chain.training is not None, "a transform follows a phase"
        training = chain.training.config
        assert isinstance(training, Training), "a phase is opened by `training`"
        inherited = tuple(s for s in chain.contributes if inherits(step, s))
        config = self._base(recipe, seed) | {
            "step": step.document, "training": training.model_dump(mode="json"), "contributes": [s.document for s in inherited],
        } | _after(chain.acted) | _keeping(zeroed)  # fmt: skip
        inputs = [("model", chain.model), *self._teacher_input(recipe, inherited)]
        again = rewinds_to(step, training)
        if again is not None:
            config |= {"rewind_to": again, "before_phase": chain.before_phase}
            inputs += [("early", chain.early)] if again else [("start", chain.start)]
        stage = self._stage(
            "transform", config, inputs, steps=(step, *inherited, *zeroed),
            cost_class=f"{step.technique} {self._training_class(recipe, chain.training, inherited)}",
            units=float(transform_epochs(step, training)),
        )  # fmt: skip
        return _Chain(
            (*chain.keys, stage.key), stage.key, chain.training, inherited, chain.teacher_keys,
            acted=chain.acted + 1, before_phase=chain.before_phase,
        )  # fmt: skip

    def export(self, recipe: Recipe, lower: Sequence[Step], chain: _Chain) -> str:
        assert chain.model is not None, "an export follows a phase"
        config: dict[str, Any] = TASKS[recipe.task].identity | TASKS[recipe.task].named_classes | {"runtime": recipe.runtime}
        config["lower"] = [self._resolved(step).document for step in lower]
        if lower and isinstance(chain.training, Step) and isinstance(chain.training.config, Training):
            config["data_fraction"] = chain.training.config.data_fraction  # calibration sees no image that training did not
        # What acts on the exported file starts from the one that the network comes to without it, which others share.
        plain = self.export(recipe, [], chain) if lower and all(s.record.converts(s.config) for s in lower) else None
        cost = " ".join(["convert" if plain else "export", *(s.technique for s in lower), recipe.runtime])
        inputs = [("model", chain.model), ("trained", chain.trained), ("file", plain)]
        return self._stage("export", config, inputs, steps=lower, cost_class=cost, runtime=recipe.runtime).key

    def evaluate(self, recipe: Recipe, export: str) -> str:
        config = TASKS[recipe.task].identity | {"runtime": recipe.runtime}
        config["machine"] = self.context.machine
        cost = f"evaluate {recipe.task} {recipe.runtime}"
        return self._stage("evaluate", config, [("artifact", export)], cost_class=cost, runtime=recipe.runtime).key

    def admit(self, file: str, sha256: str, *, task: str, runtime: str) -> Stage:
        """The stage that checks a file from outside and keeps it as an export does; it is named by what is in the file, wherever that lies."""
        config = TASKS[task].identity | {"runtime": runtime, "sha256": sha256}
        stage = self._stage("admit", config, [], cost_class="a file from outside", runtime=runtime)
        return replace(stage, config={**config, "file": file})

    def _base(self, recipe: Recipe, seed: int) -> dict[str, Any]:
        return TASKS[recipe.task].identity | {"seed": seed, "threads": self.context.threads}

    def _resolved(self, step: Step) -> Step:
        """The step with every automatic value decided, so that the key says what is done."""
        config = step.config
        if isinstance(config, Quantization) and config.reduce_range is None and "reduce_range" in USES[config.mode]:
            return Step(step.technique, config.model_copy(update={"reduce_range": not self.context.exact_int8}))
        return step

    def _members(self, recipe: Recipe, contributes: Sequence[Step]) -> list[_Chain]:
        """The trainings of the networks that a phase learns from, those of an ensemble one by one."""
        found = [s.config.teacher for s in contributes if isinstance(s.config, Distillation)]
        return [self._member(recipe, teacher, seed) for teacher in found for seed in teacher.seeds]

    def _member(self, recipe: Recipe, teacher: Teacher, seed: int) -> _Chain:
        if teacher.point is None:
            return self.model(teacher_recipe(recipe, teacher), seed)
        found = self.find(recipe, teacher, seed)
        self.stored[found.key] = found
        return _Chain(model=found.key)

    def _with_teachers(self, recipe: Recipe, chain: _Chain, contributes: Sequence[Step]) -> _Chain:
        keys, teacher_keys = chain.keys, chain.teacher_keys
        for member in self._members(recipe, contributes):
            new = tuple(k for k in member.keys if k not in keys)  # without what the student itself was trained by before
            keys, teacher_keys = (*new, *keys), (*teacher_keys, *new)
        return replace(chain, keys=keys, teacher_keys=teacher_keys)

    def _teacher_input(self, recipe: Recipe, contributes: Sequence[Step]) -> list[tuple[str, str | None]]:
        members = self._members(recipe, contributes)
        return [(f"teacher_{index}" if index else "teacher", member.model) for index, member in enumerate(members)]

    def _training_class(self, recipe: Recipe, training: Step, contributes: Sequence[Step]) -> str:
        a = recipe.architecture
        extra = "".join(f" +{s.technique}" for s in contributes)
        if isinstance(training.config, Training) and training.config.early_stopping.patience:
            extra += EARLY
        size = "" if a.stages is None else f" 2^{math.log2(_products(recipe)):.0f} MACs"
        return f"train {recipe.task} {a.family} x{a.width:g} d{a.depth}{size}{extra}"

    def _stage(
        self, kind: str, config: Mapping[str, Any], inputs: Sequence[tuple[str, str | None]], *,
        cost_class: str, units: float = 1.0, steps: Sequence[Step] = (), runtime: str = "",
    ) -> Stage:  # fmt: skip
        named = tuple((role, key) for role, key in inputs if key is not None)
        techniques = {s.technique: self.context.sources.get(f"technique:{s.technique}", "") for s in steps}
        identity = {
            "kind": kind, "config": dict(config), "inputs": dict(named), "techniques": techniques,
            "source": self.context.sources.get(kind, ""), "runtime": self.context.sources.get(f"runtime:{runtime}", ""),
            "versions": dict(self.context.versions.get(kind, {})) | dict(self.context.versions.get(f"runtime:{runtime}", {})),
        }  # fmt: skip
        stage = Stage(kind, f"{kind}-{digest(identity)}", config, named, cost_class, units)
        return self.stages.setdefault(stage.key, stage)


def _products(recipe: Recipe) -> int:
    """Multiply-accumulates of a network whose stages are chosen, which may differ by a factor of a hundred within one family and width."""
    a, task = recipe.architecture, TASKS[recipe.task]
    assert a.stages is not None, "others are told apart by width and depth"
    inputs, *sides = task.shape
    return product_count(a.stages, width=a.width, inputs=inputs, classes=len(task.classes), sides=a.pixels(*sides))


def measure_stage(
    structure: str, artifact: str, *, task: str, runtime: str, settings: Mapping[str, Any], environment: str, context: Context,
    batch: int = 1, threads: int = 1,
) -> Stage:
    """The stage that measures a structure; its name does not depend on which of the files with that structure is used.

    Args:
        structure: Content name of the exported file without its weights.
        artifact: Key of the export stage whose file is measured.
        task: Name of the task, for the shape of the input.
        runtime: Name of the runtime.
        settings: How long and how well is measured.
        environment: Key of the environment.
        context: As for the plan.
        batch: Images in one prediction.
        threads: Of a prediction.
    """
    config = {
        "task": task, "runtime": runtime, "structure": structure, "settings": dict(settings), "environment": environment,
        "batch": batch, "threads": threads,
    }  # fmt: skip
    identity = config | {
        "kind": "measure", "source": context.sources.get("measure", ""), "runtime_source": context.sources.get(f"runtime:{runtime}", ""),
        "versions": dict(context.versions.get("measure", {})) | dict(context.versions.get(f"runtime:{runtime}", {})),
    }  # fmt: skip
    key = f"measure-{digest(identity)}"
    return Stage("measure", key, config, (("artifact", artifact),), f"measure {runtime}", 1.0, exclusive=True)


def _after(acted: int) -> dict[str, Any]:
    """What a training is told of the phases and transforms before it, so that it does not draw what one of them drew."""
    return {"before": acted} if acted else {}


def _keeping(zeroed: Sequence[Step]) -> dict[str, Any]:
    """What a later training is told of them."""
    return {"keep_zeros": True} if zeroed else {}


__all__ = ["RUNGS", "Context", "Find", "Plan", "Planner", "Stage", "VariantPlan", "make_plan", "measure_stage", "no_store", "rungs"]
