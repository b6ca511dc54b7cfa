"""A recipe: an ordered list of steps for one task, from architecture to runtime."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from effcore.catalogue import FAMILIES, TECHNIQUES, Parameters, Role, Technique, order_problems
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.closed_forms import channels
from effcore.catalogue.distillation import SAME, Distillation, Teacher
from effcore.catalogue.record import RECORDED
from effcore.catalogue.runtime import Runtime
from effcore.catalogue.staged import Stages
from effcore.catalogue.training import Training


def canonical(document: Any) -> str:
    """JSON text that is the same for equal documents: sorted keys, no spaces, no NaN."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(document: Any) -> str:
    """First 16 hexadecimal digits of the SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical(document).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Step:
    """One technique with its parameters."""

    technique: str
    config: Parameters

    @property
    def record(self) -> Technique:
        return TECHNIQUES[self.technique]

    @property
    def role(self) -> Role:
        return self.record.role_of(self.config)

    @property
    def label(self) -> str:
        return self.record.label(self.config)

    @cached_property
    def document(self) -> dict[str, Any]:
        """All parameters by name, with the version of the technique where it is not the first."""
        version = {} if self.record.version == 1 else {"version": self.record.version}
        return {self.technique: self.config.model_dump(mode="json") | version}


@dataclass(frozen=True)
class Recipe:
    """Steps for one task; valid by construction through `effcore.spec` or `from_document`."""

    task: str
    steps: tuple[Step, ...]

    @cached_property
    def document(self) -> dict[str, Any]:
        """As plain data, every parameter written out."""
        return {"task": self.task, "steps": [step.document for step in self.steps]}

    @cached_property
    def key(self) -> str:
        """Name by content: equal recipes have equal keys."""
        return digest(self.document)

    @cached_property
    def network_key(self) -> str:
        """Equal for recipes that do the same to the same network, whatever width it is written with."""
        return digest({"task": self.task, "network": network_of(self.architecture), "steps": [step.document for step in self.steps[1:]]})

    @cached_property
    def name(self) -> str:
        """Short text for people; two recipes that differ in a detail may share it."""
        shown = [s.label for s in self.steps if s.record.optional or s.technique == "architecture"]
        phases = [s for s in self.steps if s.technique == "training"]
        if len(phases) > 1 or any(p.config != Training() for p in phases):
            shown.insert(1, " + ".join(p.label for p in phases))
        if self.runtime != default_runtime():
            shown.append(self.runtime)
        return " · ".join(shown)

    @property
    def architecture(self) -> Architecture:
        config = self.steps[0].config
        assert isinstance(config, Architecture), "a recipe starts with its architecture"
        return config

    @property
    def runtime(self) -> str:
        config = self.steps[-1].config
        assert isinstance(config, Runtime), "a recipe ends with its runtime"
        return config.name


def network_of(architecture: Architecture) -> dict[str, Any]:
    """A network as plain data, with the channels of its layers in the place of widths that they follow from: what is equal is the same network."""
    document, family = architecture.model_dump(mode="json"), FAMILIES[architecture.family]
    if not family.bases:
        return document
    for part in (document, *(document.get("stages") or {}).values()):
        del part["width"]
    stages = architecture.stages or Stages()
    chosen = stages.channels(architecture.width) if family.choice else [channels(b, architecture.width, divisor=family.divisor) for b in family.bases]
    return document | {"channels": list(chosen)}


def written_twice(recipes: Iterable[Recipe]) -> list[list[str]]:
    """Labels of the architectures of some recipes that are one network, one list for each such network."""
    found: dict[str, list[str]] = {}
    for step in {canonical(r.steps[0].document): r.steps[0] for r in recipes}.values():
        if isinstance(step.config, Architecture):
            found.setdefault(canonical(network_of(step.config)), []).append(step.label)
    return [labels for labels in found.values() if len(labels) > 1]


def default_runtime() -> str:
    """Name of the runtime that is meant where none is said."""
    return Runtime().name


def from_document(document: Mapping[str, Any]) -> Recipe:
    """The recipe that `Recipe.document` wrote.

    Raises:
        pydantic.ValidationError: A parameter is not what the catalogue allows now.
        KeyError: A technique is not in the catalogue any more.
    """
    return Recipe(document["task"], tuple(read_step(entry) for entry in document["steps"]))


def read_step(document: Mapping[str, Any]) -> Step:
    """The step that `Step.document` wrote.

    Raises:
        pydantic.ValidationError, KeyError: As `from_document`.
    """
    ((name, values),) = document.items()
    plain = {k: v for k, v in values.items() if k != "version"}
    return Step(name, TECHNIQUES[name].parameters.model_validate(plain, context=RECORDED))


def data_share(recipe: Recipe) -> float:
    """Share of the training images that a recipe sees, in all its phases together."""
    return max((s.config.data_fraction for s in recipe.steps if isinstance(s.config, Training)), default=1.0)


def teacher_recipe(recipe: Recipe, teacher: Teacher) -> Recipe:
    """The recipe of a teacher, up to its runtime, which it does not need but every recipe has.

    All members of an ensemble have this recipe, with seeds of their own. It sees the images that its student sees and no
    others: otherwise a recipe with a share of the data would have learned from all of it, through its teacher.
    """
    share = data_share(recipe)
    if teacher.family == SAME:
        architecture = recipe.architecture
    else:
        assert teacher.family is not None, "a point of the store has a recipe of its own"
        architecture = Architecture(family=teacher.family, width=teacher.width, depth=teacher.depth)
    steps = (
        Step("architecture", architecture),
        Step("training", Training(epochs=teacher.epochs, data_fraction=share)),
        Step("runtime", Runtime()),
    )
    return Recipe(recipe.task, steps)


def teachers(recipe: Recipe) -> tuple[Teacher, ...]:
    """The teachers that a recipe asks for, in its order."""
    return tuple(s.config.teacher for s in recipe.steps if isinstance(s.config, Distillation))


@dataclass(frozen=True)
class Parent:
    """A recipe's parent and the step that leads from it.

    Attributes:
        recipe: The parent.
        technique: Name of the technique of the step.
        label: The step in a few words.
    """

    recipe: Recipe
    technique: str
    label: str


def parent(recipe: Recipe) -> Parent | None:
    """The same recipe without its last optional step; without one, with its last changed parameter at its default.

    A runtime other than the default counts as the last step. Returns None for a recipe with nothing to undo.
    """
    if recipe.runtime != default_runtime():
        steps = (*recipe.steps[:-1], Step("runtime", Runtime()))
        return Parent(replace(recipe, steps=steps), "runtime", recipe.runtime)
    for index in range(len(recipe.steps) - 1, -1, -1):
        step = recipe.steps[index]
        if step.record.optional:
            rest = recipe.steps[:index] + recipe.steps[index + _reach(recipe.steps, index) :]
            return Parent(replace(recipe, steps=rest), step.technique, step.label)
    for index in range(len(recipe.steps) - 1, -1, -1):
        undone = _undo_parameter(recipe.steps[index])
        if undone is not None:
            step, label = undone
            steps = (*recipe.steps[:index], step, *recipe.steps[index + 1 :])
            return Parent(replace(recipe, steps=steps), step.technique, label)
    return None


def with_parents(recipes: Iterable[Recipe]) -> tuple[Recipe, ...]:
    """The recipes, and after them every parent, parent's parent and so on that is not among them, each once.

    A parent whose steps are in no allowed order is left out, and what is above it with it.
    """
    found = {recipe.key: recipe for recipe in recipes}
    waiting = list(found.values())
    for recipe in waiting:
        above = parent(recipe)
        if above is not None and above.recipe.key not in found and _allowed(above.recipe):
            found[above.recipe.key] = above.recipe
            waiting.append(above.recipe)  # so that its own parent is looked at too
    return tuple(found.values())


def _allowed(recipe: Recipe) -> bool:
    return not order_problems([(s.technique, s.role) for s in recipe.steps], runtime=recipe.runtime)


def _reach(steps: tuple[Step, ...], index: int) -> int:
    """How many steps go with one: a phase can follow only a changed network, so it goes with the only step that changed it."""
    follows = steps[index + 1].role == "phase"
    return 2 if follows and steps[index - 1].role != "transform" else 1


def _undo_parameter(step: Step) -> tuple[Step, str] | None:
    """The step with its last changed parameter at its declared default, and what had been changed."""
    fields = type(step.config).model_fields
    for name in reversed(list(fields)):
        field, value = fields[name], getattr(step.config, name)
        if not field.is_required() and value != field.default:
            return Step(step.technique, step.config.model_copy(update={name: field.default})), f"{name} {_said(value)}"
    return None


def _said(value: Any) -> str:
    """A value in a few words; of parameters that belong together those that are not at their default."""
    if not isinstance(value, Parameters):
        return str(value)
    return " ".join(f"{name} {getattr(value, name)}" for name, f in type(value).model_fields.items() if getattr(value, name) != f.default)
