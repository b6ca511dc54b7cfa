"""The space of a one-shot search: one supernet, the sub-networks that are tried, and what is done with each that is chosen."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from effcore.catalogue.elastic import STAGES, ElasticStage, Shape, shape
from effcore.errors import Problem
from effcore.recipe import Recipe
from effcore.spec.dimensions import Fields, Fixed, Node, Row, count, dimensions, every, resolve
from effcore.spec.searchspace import SearchSpace
from effcore.spec.space import read_recipe

STEP = "subnetwork"
SEEN_OF_PARTS = {"accuracy": "val_accuracy", "val_accuracy": "val_accuracy", "latency_ms": "latency_ms", "params": "params"}
"""What is known of a sub-network before it is built, by the metric of a constraint."""
MOST_FINISHES = 100
"""Most variants of one sub-network."""
MOST_CHOICES = 200
"""Most alternatives of one stage."""


@dataclass(frozen=True)
class PartSpace:
    """What a one-shot search chooses from.

    Attributes:
        task: Name of the task.
        path: Where the list of steps stands in the spec.
        before: The steps that make the supernet, as plain data.
        rest: Parameters of the step that cuts, beside the stages.
        choices: What each stage may be, the smallest first.
        after: The steps behind, each with its alternatives.
    """

    task: str
    path: str
    before: tuple[Any, ...]
    rest: dict[str, Any]
    choices: tuple[tuple[ElasticStage, ...], ...]
    after: Row

    @property
    def finishes(self) -> int:
        """Variants of each sub-network."""
        return int(count(self.after))

    @property
    def shapes(self) -> int:
        """Sub-networks that there are."""
        return math.prod(len(stages) for stages in self.choices)

    @property
    def supernet(self) -> Recipe:
        """The supernet itself, up to its runtime."""
        return self._recipe([*self.before, {"runtime": {}}])

    def recipes(self, part: Shape | None) -> Iterator[Recipe]:
        """Every recipe of a sub-network, or of the whole network where it is None."""
        cut = [] if part is None else [{STEP: self.rest | part.model_dump(mode="json")}]
        for assignment in every(self.after):
            after = resolve(self.after, lambda dimension, given=assignment: given[dimension.name])  # type: ignore[misc]
            yield self._recipe([*self.before, *cut, *after])

    def draw(self, generator: random.Random, number: int) -> list[Shape]:
        """Different sub-networks drawn evenly; fewer where the space has no more."""
        found: dict[Shape, None] = {}
        while len(found) < min(number, self.shapes):
            found[shape([generator.choice(stages) for stages in self.choices])] = None
        return list(found)

    def _recipe(self, document: list[Any]) -> Recipe:
        recipes, problems = read_recipe(document, self.path, task=self.task)
        assert not problems, "the space was read with all its alternatives before"
        return recipes[0]


def read_part_space(space: SearchSpace) -> PartSpace | list[Problem]:
    """The space of a one-shot search in a space of recipes, or why it is none.

    Args:
        space: Read without a problem.
    """
    path = space.paths[0]
    if not isinstance(space.root, Row):
        return [_problem(path, "must be one recipe with the strategy one_shot, which trains one supernet. Got several.")]
    items = [item.items[0] for item in space.root.items if isinstance(item, Fields)]
    names = [name for name, _ in items]
    if STEP not in names or "weight_sharing" not in names[: names.index(STEP)]:
        return [_problem(path, "must hold weight_sharing and then subnetwork with the strategy one_shot: the supernet, and what is cut out of it.")]
    at = names.index(STEP)
    problems = [
        _problem(f"{path}[{index}].{name}", "must have no alternatives with the strategy one_shot, which trains one supernet.")
        for index, (name, node) in enumerate(items[:at])
        if dimensions(node)
    ]
    read = _stages(items[at][1], f"{path}[{at}].{STEP}")
    if not isinstance(read, tuple):
        return problems + read
    before = tuple({name: _plain(node)} for name, node in items[:at]) if not problems else ()
    rest, choices = read
    after = Row(space.root.items[at + 1 :])
    if count(after) > MOST_FINISHES:
        got = f"{count(after):,}" if math.isfinite(count(after)) else "infinitely many, as a range has"
        problems.append(_problem(path, f"must have at most {MOST_FINISHES} combinations of alternatives behind {STEP}, each of which is run of every "
            f"sub-network that is chosen. Got {got}."))  # fmt: skip
    return problems or PartSpace(space.task, path, before, rest, choices, after)


def _stages(node: Node, path: str) -> tuple[dict[str, Any], tuple[tuple[ElasticStage, ...], ...]] | list[Problem]:
    """Parameters beside the stages, and what each stage may be."""
    if isinstance(node, Fixed) and isinstance(node.value, dict):
        node = Fields(tuple((name, Fixed(value)) for name, value in node.value.items()))
    if not isinstance(node, Fields):
        return [_problem(path, "must be given once with the strategy one_shot, with alternatives in its stages; it can't be left out.")]
    given = dict(node.items)
    searched = [name for name, inner in given.items() if name not in STAGES and dimensions(inner)]
    if searched:
        return [_problem(f"{path}.{name}", "must have no alternatives with the strategy one_shot: only stages are searched.") for name in searched]
    many = [name for name in STAGES if name in given and count(given[name]) > MOST_CHOICES]
    if many:
        message = f"must have at most {MOST_CHOICES} alternatives. Give a range a step."
        return [_problem(f"{path}.{name}", message) for name in many]
    choices = tuple(_choices(given.get(name, Fixed({}))) for name in STAGES)
    if all(len(stages) == 1 for stages in choices):
        return [_problem(path, "must have alternatives in its stages with the strategy one_shot, as `stage_1: {width: [0.5, 1.0]}`. Got none.")]
    return {name: _plain(inner) for name, inner in given.items() if name not in STAGES}, choices


def _choices(node: Node) -> tuple[ElasticStage, ...]:
    found = set()
    for assignment in every(node):
        values = resolve(node, lambda dimension, given=assignment: given[dimension.name])  # type: ignore[misc]
        try:
            found.add(ElasticStage.model_validate(values))
        except ValidationError as error:  # the space was tried with every value before
            raise AssertionError(str(error)) from error
    return tuple(sorted(found, key=lambda s: (s.depth, s.width, s.kernel)))


def _plain(node: Node) -> Any:
    return resolve(node, lambda dimension: 0.0)


def _problem(where: str, message: str) -> Problem:
    return Problem(where=where, message=message)
