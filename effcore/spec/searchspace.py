"""The space of a search: the steps of a recipe with alternatives and ranges, as decisions, and the recipe that they come to."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

from pydantic import BaseModel

from effcore.catalogue import TECHNIQUES
from effcore.catalogue.search import read_constraint
from effcore.errors import EffcoreError, Problem
from effcore.recipe import Recipe, canonical
from effcore.spec.dimensions import Assignment, Between, Dimension, Fields, Fixed, Node, OneOf, Row, count, dimensions, every, resolve
from effcore.spec.document import read, write
from effcore.spec.space import RANGE_KEYS, fields_of, is_range, read_recipe, show

TRIES = 200
"""Random recipes that a space is tried with before it is accepted."""

MOST_DIMENSIONS = 64

Needs = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class SearchSpace:
    """A space of recipes, as a tree of decisions.

    Attributes:
        task: Name of the task.
        root: A list of steps, or one of several such lists.
        paths: Where each list stands in the spec.
    """

    task: str
    root: Node
    paths: tuple[str, ...]

    @cached_property
    def dimensions(self) -> tuple[Dimension, ...]:
        """What is decided, each after what it depends on."""
        return dimensions(self.root)

    @cached_property
    def count(self) -> float:
        """How many recipes there are; infinite with a range of all numbers."""
        return count(self.root)

    def recipe(self, assignment: Assignment) -> Recipe | list[Problem]:
        """The recipe that decisions come to, or why there is none."""
        part = int(assignment.get("recipe", 0))
        document = resolve(self.root, lambda dimension: assignment[dimension.name])
        recipes, problems = read_recipe(document, self.paths[part], task=self.task)
        return problems or recipes[0]

    @cached_property
    def alike(self) -> Callable[[Assignment], str] | None:
        """What decisions that come to the same network have in common; None where no two do, since there is one width."""

        def found(assignment: Assignment) -> str:
            read = self.recipe(assignment)
            return read.network_key if isinstance(read, Recipe) else canonical(assignment)

        return found if any(d.name.endswith(".width") for d in self.dimensions) else None

    def draw(self, generator: random.Random) -> dict[str, float]:
        """A decision on every dimension, evenly."""
        return {d.name: d.at(generator.random()) for d in self.dimensions}


def read_space(parts: Sequence[tuple[str, Any]], *, task: str) -> SearchSpace | list[Problem]:
    """The space that the lists of steps of a spec stand for, or all that is wrong with it.

    Args:
        parts: Where each list stands, and the list.
        task: Name of the task.
    """
    roots: list[Node] = []
    for index, (path, data) in enumerate(parts):
        prefix = f"recipes[{index}]." if len(parts) > 1 else ""
        read = _row(data, path, prefix, (("recipe", index),) if len(parts) > 1 else ())
        if not isinstance(read, Row):
            return read or read_recipe(data, path, task=task)[1]
        roots.append(read)
    root = roots[0] if len(roots) == 1 else OneOf(Dimension(name="recipe", labels=tuple(path for path, _ in parts)), tuple(roots))
    space = SearchSpace(task, root, tuple(path for path, _ in parts))
    if len(space.dimensions) > MOST_DIMENSIONS:
        return [Problem(where=parts[0][0], message=f"must have at most {MOST_DIMENSIONS} dimensions. Got {len(space.dimensions)}.")]
    return _problems(space) or space


def _row(data: Any, path: str, prefix: str, needs: Needs) -> Row | list[Problem]:
    """The steps of one list; problems of ranges, or nothing, where the shape is so wrong that reading it as a recipe says more."""
    if not isinstance(data, list) or not data:
        return []
    problems: list[Problem] = []
    nodes: list[Node] = []
    counts: dict[str, int] = {}
    for index, entry in enumerate(data):
        if not isinstance(entry, dict) or len(entry) != 1 or next(iter(entry)) not in TECHNIQUES:
            return []
        ((name, value),) = entry.items()
        counts[name] = counts.get(name, 0) + 1
        label = prefix + (name if counts[name] == 1 else f"{name}_{counts[name]}")
        builder = _Builder(f"{path}[{index}].{name}", TECHNIQUES[name].parameters)
        if isinstance(value, list) and not value:
            return []
        nodes.append(Fields(((name, builder.step(value, label, needs)),)))
        problems.extend(builder.problems)
    return problems or Row(tuple(nodes))


class _Builder:
    """Makes the tree of one step and collects what is wrong with its ranges."""

    def __init__(self, path: str, model: type[BaseModel]) -> None:
        self.path, self.model = path, model
        self.problems: list[Problem] = []

    def step(self, value: Any, name: str, needs: Needs) -> Node:
        return self.choice(value if isinstance(value, list) else [value], self.model, name, needs, self.path)

    def choice(self, values: Sequence[Any], model: type[BaseModel] | None, name: str, needs: Needs, path: str) -> Node:
        """One of several values, of which mappings have fields of their own."""
        if len(values) == 1:
            return self.value(values[0], model, name, needs, path)
        numbers = all(type(v) in (int, float) for v in values)
        dimension = Dimension(name=name, labels=_labels(values), ordered=numbers and list(values) == sorted(values), needs=needs)
        several = sum(isinstance(v, dict) for v in values) > 1
        return OneOf(
            dimension,
            tuple(
                self.value(v, model, f"{name}[{i}]" if several else name, (*needs, (name, i)), f"{path}[{i}]")
                for i, v in enumerate(values)
            ),
        )

    def value(self, value: Any, model: type[BaseModel] | None, name: str, needs: Needs, path: str) -> Node:
        if not isinstance(value, dict) or model is None:
            return Fixed(value)
        return Fields(tuple((key, self.field(key, inner, model, f"{name}.{key}", needs, f"{path}.{key}")) for key, inner in value.items()))

    def field(self, key: str, value: Any, model: type[BaseModel], name: str, needs: Needs, path: str) -> Node:
        nested, listed = fields_of(model, key)
        if is_range(value, model, key):
            return self.range(value, model, key, name, needs, path)
        if listed and not (isinstance(value, list) and value and all(isinstance(v, list) for v in value)):
            return Fixed(value)
        if isinstance(value, list) and not value:
            self.problems.append(Problem(where=path, message="must hold at least one alternative. Got an empty list."))
            return Fixed(value)
        return self.choice(value if isinstance(value, list) else [value], nested, name, needs, path)

    def range(self, value: Mapping[str, Any], model: type[BaseModel], key: str, name: str, needs: Needs, path: str) -> Node:
        field = model.model_fields.get(key)
        kinds = {field.annotation, *get_args(field.annotation)} if field else set()
        whole = int in kinds and float not in kinds
        low, high, log, step = (value.get(k) for k in ("low", "high", "log", "step"))
        wrong = _range_problem(low, high, False if log is None else log, step, whole=whole, numbers=bool({int, float} & kinds) or field is None)
        if wrong:
            self.problems.append(Problem(where=path, message=f"{wrong} Got {show(dict(value))}.", hint="As `{low: 0.001, high: 0.03, log: true}`."))
            return Fixed(low)
        assert isinstance(low, int | float) and isinstance(high, int | float), "a range without a problem has two numbers"
        # The last value that steps reach; 0.3 is two steps of 0.1 from 0.1, which binary fractions miss by a hair.
        high = low + math.floor((high - low) / step + 1e-9) * step if step is not None else high
        width = None if step is None else float(step)
        return Between(Dimension(name=name, low=float(low), high=float(high), log=bool(log), step=width, whole=whole, needs=needs))


def _range_problem(low: Any, high: Any, log: Any, step: Any, *, whole: bool, numbers: bool) -> str:
    """What is wrong with a range, in a sentence; empty where nothing is."""
    given = [v for v in (low, high, step) if v is not None]
    if not numbers:
        return "can't be a range, since it is no number."
    if low is None or high is None:
        return "must have `low` and `high`."
    if any(type(v) not in (int, float) or v != v or abs(v) == float("inf") for v in given):
        return "must have numbers for `low`, `high` and `step`."
    if whole and any(type(v) is not int for v in given):
        return "must have whole numbers, as the parameter itself."
    if low >= high:
        return "must have a `low` below `high`."
    if type(log) is not bool:
        return "must have true or false for `log`."
    if log and low <= 0:
        return "must have a `low` above zero where `log` is true."
    if step is not None and (log or step <= 0 or step > high - low):
        return "must have a `step` above zero, no larger than the range, and not together with `log`."
    return ""


def _labels(values: Sequence[Any]) -> tuple[str, ...]:
    """A text for each alternative, all different."""
    texts = [_words(v) for v in values]
    short = [text if len(text) <= 60 else text[:57] + "..." for text in texts]
    return tuple(short if len(set(short)) == len(short) else [f"{i}: {text}" for i, text in enumerate(short)])


def _words(value: Any) -> str:
    """A value in words: `amount 0.1 to 0.9, fine_tune 1` for a mapping."""
    if not isinstance(value, dict):
        return value if isinstance(value, str) else canonical(value)
    if value and set(value) <= RANGE_KEYS:
        return f"{value.get('low')} to {value.get('high')}"
    return ", ".join(f"{name} {_words(inner)}" for name, inner in value.items()) or "defaults"


def _problems(space: SearchSpace) -> list[Problem]:
    """All that is wrong with recipes of the space: with every value of every dimension alone, and with random ones."""
    base = {d.name: 0.0 if d.labels else d.low for d in space.dimensions}
    found: dict[Problem, None] = {}

    def check(assignment: Assignment) -> None:
        read = space.recipe(assignment)
        if isinstance(read, list):
            found.update(dict.fromkeys(read))

    check(base)
    for dimension in space.dimensions:
        there = base | {name: float(index) for name, index in dimension.needs}
        for value in range(len(dimension.labels)) if dimension.labels else (dimension.low, dimension.high):
            check(there | {dimension.name: float(value)})
    if found:  # random recipes would only say the same with other numbers
        return list(found)
    if space.count <= TRIES:
        for assignment in every(space.root):
            check(base | assignment)
    else:
        generator = random.Random(0)
        for _ in range(TRIES):
            check(space.draw(generator))
    return list(found)


def gap_spec(text: str, assignments: Sequence[Assignment], *, limits: Sequence[str]) -> str:
    """A spec that searches between candidates of another one: what they agree in stays, ranges shrink to what lies around them.

    Args:
        text: The YAML of the other spec.
        assignments: The candidates, two at least.
        limits: Constraints that the new search gets beside those of the other, or in the place of those on the same metric and side.

    Returns:
        YAML.
    """
    data = dict(read(text, source="the spec of the sweep").data)
    parts = [("recipe", data["recipe"])] if "recipe" in data else [(f"recipes[{i}]", part) for i, part in enumerate(data["recipes"])]
    space = read_space(parts, task=str(data["task"]))
    if isinstance(space, list):
        raise EffcoreError(f"The space of this sweep is not allowed any more: {space[0]}.")
    narrow = _narrowed(space.root, assignments)
    several = isinstance(space.root, OneOf) and space.root.dimension.name == "recipe"
    data.pop("recipe", None), data.pop("recipes", None)
    name = f"{str(data['name'])[:59]} gap"
    search = dict(data["search"])
    search["constraints"] = [*(c for c in search.get("constraints", ()) if _bound(c) not in {_bound(limit) for limit in limits}), *limits]
    return write(data | {"name": name, ("recipes" if several else "recipe"): narrow, "search": search})


def _bound(constraint: str) -> tuple[str, bool]:
    """What a constraint is about, without its number."""
    read = read_constraint(constraint)
    return read.metric, read.at_least


def _narrowed(node: Node, assignments: Sequence[Assignment]) -> Any:
    """The tree as it stands in a spec, with what lies between the assignments only."""
    match node:
        case Fixed(value):
            return value
        case OneOf(dimension, options):
            chosen = [int(a[dimension.name]) for a in assignments if dimension.name in a]
            kept = range(min(chosen), max(chosen) + 1) if dimension.ordered else sorted(set(chosen))
            found = [_narrowed(options[i], [a for a in assignments if a.get(dimension.name) == i] or assignments) for i in kept]
            return found if len(found) > 1 or dimension.name == "recipe" else found[0]
        case Between(dimension):
            return _around(dimension, [a[dimension.name] for a in assignments if dimension.name in a])
        case Fields(items):
            return {name: _narrowed(inner, assignments) for name, inner in items}
        case Row(rows):
            return [_narrowed(inner, assignments) for inner in rows]


AROUND = 0.1
"""Share of a range that is kept on both sides of what lies between two candidates."""


def _around(dimension: Dimension, values: Sequence[float]) -> Any:
    shares = [dimension.share(v) for v in values] or [0.0, 1.0]
    low, high = (dimension.at(min(max(s, 0.0), 1 - 1e-9)) for s in (min(shares) - AROUND, max(shares) + AROUND))
    plain = [int(v) if dimension.whole else v for v in (low, high)]
    if low >= high:
        return plain[0]
    step = {} if dimension.step is None else {"step": int(dimension.step) if dimension.whole else dimension.step}
    return {"low": plain[0], "high": plain[1]} | ({"log": True} if dimension.log else {}) | step


__all__ = ["gap_spec", "RANGE_KEYS", "SearchSpace", "read_space"]
