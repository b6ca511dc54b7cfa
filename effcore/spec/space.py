"""The space of a sweep: alternatives in each step of a recipe, and every recipe they make."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from effcore.catalogue import TASKS, TECHNIQUES, Parameters, Role, Technique, conflicts, family_problems, order_problems
from effcore.errors import Problem, closest, nearest
from effcore.recipe import Recipe, Step
from effcore.spec.refused import NONE, Choices, Combination, refusals

MAX_VARIANTS = 20_000
"""Most recipes times seeds that one grid may ask for: about ten days of two cores at a minute each."""

MAX_STEPS = 30
"""Most steps of a recipe: the whole recipe is a tag of its run in the store, which takes 8,000 characters."""

Alternative = tuple[Step | None, Any]
"""A step, or None, and how it is written."""

RANGE_KEYS = {"low", "high", "log", "step"}


def read_recipe(data: Any, path: str, *, task: str) -> tuple[list[Recipe], list[Problem]]:
    """Every recipe that a list of steps with alternatives stands for.

    Args:
        data: The list as it stands in the spec.
        path: Where it stands.
        task: Name of the task.

    Returns:
        The recipes in the order of the grid, and all problems; the recipes are empty where there is a problem.
    """
    if not isinstance(data, list) or not data:
        return [], [Problem(where=path, message=f"must be a list of steps, at least one. Got {show(data)}.")]
    if len(data) > MAX_STEPS:
        return [], [Problem(where=path, message=f"must have at most {MAX_STEPS} steps. Got {len(data)}.")]
    problems: list[Problem] = []
    choices = []
    for index, entry in enumerate(data):
        read = _read_entry(entry, f"{path}[{index}]", task)
        if isinstance(read, Choices):
            choices.append(read)
        else:
            problems.extend(read)
    if problems:
        return [], problems
    total = math.prod(len(c.steps) for c in choices)
    if total > MAX_VARIANTS:
        sizes = " x ".join(str(len(c.steps)) for c in choices if len(c.steps) > 1)
        message = f"must stand for at most {MAX_VARIANTS:,} recipes. Got {total:,} ({sizes})."
        return [], [Problem(where=path, message=message, hint="Take alternatives out.")]
    return _combine(choices, task, path)


def _combine(choices: Sequence[Choices], task: str, path: str) -> tuple[list[Recipe], list[Problem]]:
    recipes: list[Recipe] = []
    refused: dict[tuple[str, str], list[Combination]] = {}
    wrong: dict[tuple[tuple[tuple[str, Role], ...], str], list[tuple[int, str]]] = {}
    for combination in itertools.product(*(range(len(c.steps)) for c in choices)):
        kept = [(c.path, s) for c, i in zip(choices, combination, strict=True) if (s := c.steps[i]) is not None]
        shape = (tuple((s.technique, s.role) for _, s in kept), str(getattr(kept[-1][1].config, "name", "")) if kept else "")
        if shape not in wrong:
            wrong[shape] = order_problems(shape[0], runtime=shape[1])
        found = [(kept[index][0] if kept else choices[0].path, sentence) for index, sentence in wrong[shape]]
        if not found:
            named = [(s.technique, s.config) for _, s in kept]
            found = [(f"{kept[index][0]}.{field}", sentence) for index, field, sentence in (*family_problems(named), *conflicts(named))]
            recipes.append(Recipe(task, tuple(s for _, s in kept)))
        for problem in dict.fromkeys(found):
            refused.setdefault(problem, []).append(combination)
    return ([], refusals(choices, refused, path=path)) if refused else (recipes, [])


def _read_entry(entry: Any, path: str, task: str) -> Choices | list[Problem]:
    if not isinstance(entry, dict) or len(entry) != 1:
        message = f"must be one technique with its parameters, as `pruning: {{amount: 0.5}}`. Got {show(entry)}."
        return [Problem(where=path, message=message)]
    ((name, value),) = entry.items()
    if name not in TECHNIQUES:
        message = f"must be a technique of the catalogue. Got {name!r}."
        return [Problem(where=f"{path}.{name}", message=message, hint=nearest(name, TECHNIQUES))]
    technique, where = TECHNIQUES[name], f"{path}.{name}"
    if isinstance(value, list) and not value:
        return [Problem(where=where, message="must hold at least one alternative. Got an empty list.")]
    found: list[Alternative] = []
    problems: list[Problem] = []
    for index, alternative in enumerate(value if isinstance(value, list) else [value]):
        inner = f"{where}[{index}]" if isinstance(value, list) else where
        read, wrong = _read_alternative(technique, alternative, inner, task)
        found.extend(read)
        problems.extend(wrong)
        if len(found) > MAX_VARIANTS:
            problems.append(Problem(where=where, message=f"must stand for at most {MAX_VARIANTS:,} steps."))
            break
    steps = [step for step, _ in found]
    if not problems and len(set(steps)) < len(steps):
        twice = next(step for step, count in Counter(steps).items() if count > 1)
        text = show(twice.document) if twice else "none"
        problems.append(Problem(where=where, message=f"must not hold the same alternative twice. Got {text} again."))
    return problems or Choices(where, tuple(steps), tuple(written for _, written in found))


def _read_alternative(technique: Technique, value: Any, path: str, task: str) -> tuple[list[Alternative], list[Problem]]:
    if value == NONE and technique.optional:
        return [(None, NONE)], []
    if value == NONE:
        return [], [Problem(where=path, message=f"can't be left out: every recipe has `{technique.name}`.")]
    short = isinstance(value, str) and technique.shorthand is not None
    if short:
        value = {technique.shorthand: value}
    if not isinstance(value, dict):
        hint = f"For all defaults write `{technique.name}: {{}}`" + (", to leave it out write `none`." if technique.optional else ".")
        return [], [Problem(where=path, message=f"must be parameters by name. Got {show(value)}.", hint=hint)]
    count = count_combinations(value, technique.parameters)
    if count > MAX_VARIANTS:
        return [], [Problem(where=path, message=f"must stand for at most {MAX_VARIANTS:,} steps. Got {count:,}.")]
    problems = _range_problems(value, technique.parameters, path)
    steps: list[Alternative] = []
    if problems:
        return [], problems
    wrong: dict[Problem, None] = {}  # one mistake in one field comes back with every combination of the others
    for plain in expand(value, technique.parameters):
        read = _validated(technique, plain, path, task)
        if isinstance(read, Step):
            steps.append((read, plain[str(technique.shorthand)] if short else plain))
        else:
            wrong |= dict.fromkeys(read)
    return steps, list(wrong)


def fields_of(model: type[BaseModel], name: str) -> tuple[type[BaseModel] | None, bool]:
    """Model of a nested field and whether the field itself holds a list."""
    field = model.model_fields.get(name)
    if field is None:
        return None, False
    kinds = [field.annotation, *get_args(field.annotation)]
    nested = next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), None)
    return nested, any((get_origin(k) or k) in (list, tuple) for k in kinds)


def is_range(value: Any, model: type[BaseModel], name: str) -> bool:
    """Whether the value of a field is a range, as `{low: 1, high: 8}`."""
    return isinstance(value, dict) and bool(value) and fields_of(model, name)[0] is None and set(value) <= RANGE_KEYS


def _options(name: str, value: Any, model: type[BaseModel]) -> list[Any]:
    """Alternatives of one field; a list-valued field takes a list of lists."""
    nested, listed = fields_of(model, name)
    if listed and not (isinstance(value, list) and value and all(isinstance(v, list) for v in value)):
        return [value]
    values = value if isinstance(value, list) else [value]
    if nested is None:
        return values
    return [plain for v in values for plain in (expand(v, nested) if isinstance(v, dict) else [v])]


def count_combinations(value: Mapping[str, Any], model: type[BaseModel]) -> int:
    """How many plain mappings a mapping with alternatives stands for, without making them."""
    total = 1
    for name, inner in value.items():
        nested, listed = fields_of(model, name)
        values = inner if isinstance(inner, list) and not listed else [inner]
        total *= sum(count_combinations(v, nested) if nested and isinstance(v, dict) else 1 for v in values)
    return total


def expand(value: Mapping[str, Any], model: type[BaseModel]) -> Iterator[dict[str, Any]]:
    """Every plain mapping that a mapping with alternatives stands for, the last field running fastest."""
    options = [_options(name, inner, model) for name, inner in value.items()]
    for combination in itertools.product(*options):
        yield dict(zip(value, combination, strict=True))


def _range_problems(value: Mapping[str, Any], model: type[BaseModel], path: str) -> list[Problem]:
    problems = []
    for name, inner in value.items():
        nested, listed = fields_of(model, name)
        if isinstance(inner, list) and not inner and not listed:
            problems.append(Problem(where=f"{path}.{name}", message="must hold at least one alternative. Got an empty list."))
        elif is_range(inner, model, name):
            message = "is a range, which the strategy `grid` can't walk through."
            hint = "Write the values as a list, or take a strategy that searches, as tpe."
            problems.append(Problem(where=f"{path}.{name}", message=message, hint=hint))
        elif nested is not None:
            for index, value_of in enumerate(inner if isinstance(inner, list) else [inner]):
                where = f"{path}.{name}[{index}]" if isinstance(inner, list) else f"{path}.{name}"
                problems.extend(_range_problems(value_of, nested, where) if isinstance(value_of, dict) else [])
    return problems


def _validated(technique: Technique, plain: Mapping[str, Any], path: str, task: str) -> Step | list[Problem]:
    try:
        config = technique.parameters.model_validate(plain)
    except ValidationError as error:
        return [problem_of(e, technique.parameters, path) for e in error.errors(include_url=False)]
    refused = technique.refusal(config, TASKS[task]) if technique.refusal and task in TASKS else None
    return [Problem(where=f"{path}.{refused[0]}", message=refused[1])] if refused else Step(technique.name, config)


def problem_of(error: Any, model: type[BaseModel], path: str) -> Problem:
    """A pydantic error in the sentence shape of every problem of a spec."""
    names = [str(part) for part in error["loc"]]
    where = ".".join([path, *names])
    got, context, kind = error.get("input"), error.get("ctx", {}), error["type"]
    owner = model
    for name in names[:-1]:
        owner = fields_of(owner, name)[0] or owner
    if kind == "missing":
        return Problem(where=where, message="must be given.", hint=_help(owner, names[-1]))
    if kind == "extra_forbidden":
        return Problem(where=where, message=f"must be a parameter of it. Got {names[-1]!r}.", hint=nearest(names[-1], owner.model_fields))
    rules = {
        "greater_than_equal": "at least {ge}", "greater_than": "more than {gt}", "less_than_equal": "at most {le}",
        "less_than": "less than {lt}", "literal_error": "{expected}", "multiple_of": "a multiple of {multiple_of}",
        "finite_number": "a finite number", "int_type": "a whole number", "int_from_float": "a whole number",
        "float_type": "a number", "bool_type": "true or false", "string_type": "a text",
        "value_error": "{error}", "list_type": "a list", "model_type": "parameters by name", "model_attributes_type": "parameters by name",
    }  # fmt: skip
    rule = rules[kind].format(**context) if kind in rules else str(error["msg"])
    hint = closest(got, context["expected"].replace("'", "").replace(" or ", ", ").split(", ")) if kind == "literal_error" else ""
    return Problem(where=where, message=f"must be {rule}. Got {show(got)}.", hint=hint or _help(owner, names[-1] if names else ""))


def _help(model: type[BaseModel], name: str) -> str:
    field = model.model_fields.get(name)
    return field.description or "" if field else ""


def show(value: Any) -> str:
    """A value as it may stand in an error: short, whatever the user wrote."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


__all__ = ["MAX_VARIANTS", "Choices", "Parameters", "expand", "problem_of", "read_recipe", "show"]
