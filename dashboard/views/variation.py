"""One step of a point changed: what can be changed to what, and the spec of the one variant that comes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from dashboard.form import AUTOMATIC, FieldSpec, fields, in_order, point_document, read_values
from dashboard.theme import title
from effcore.analysis.frontier import Variant
from effcore.catalogue import TECHNIQUES, order_problems
from effcore.recipe import Step, from_document

LONGEST_NAME = 64
ASKED = ("number", "integer", "boolean", "choice")
"""Kinds of parameters that can be changed here; lists and names are changed in the text of the spec."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A step that can be changed, or one that can be put in.

    Attributes:
        key: Unique in its recipe.
        index: Where the step stands, or where a new one would.
        label: For people.
        fields: Parameters that can be changed, with how they are asked for.
        values: What they are now, as a form shows them; of a new step its defaults.
        removable: Whether the step can be left out.
        new: Whether the step is not there yet.
    """

    key: str
    index: int
    technique: str
    label: str
    fields: tuple[FieldSpec, ...]
    values: Mapping[str, str]
    removable: bool
    new: bool


def places(variant: Variant) -> tuple[Place, ...]:
    """The steps of a point that can be changed, that from its parent first, then those that can be put in.

    Empty where its recipe is of an older catalogue that this one can't read.
    """
    try:
        steps = from_document(variant.recipe).steps
    except (KeyError, ValueError):  # pydantic's errors are ValueErrors
        return ()
    found = [_place(index, step) for index, step in enumerate(steps)]
    kept = [place for place in found if place.fields or place.removable]
    newest = max((p.index for p in kept if p.technique == variant.technique and variant.step), default=None)
    kept.sort(key=lambda p: p.index != newest)
    return (*kept, *_to_put_in(steps))


def _place(index: int, step: Step) -> Place:
    plain = step.config.model_dump(mode="json")
    asked = tuple(f for f in _asked(step.technique) if _has_a_use(step.technique, plain, f))
    return Place(
        key=f"{index}-{step.technique}", index=index, technique=step.technique, label=f"{title(step.technique)}: {step.label}", fields=asked,
        values={f.name: _shown(_at(plain, f.path)) for f in asked}, removable=step.record.optional, new=False,
    )  # fmt: skip


def _asked(technique: str) -> tuple[FieldSpec, ...]:
    return tuple(f for f in fields(TECHNIQUES[technique]) if f.kind in ASKED and not f.fixed and not f.several)


def _at(values: Any, path: Sequence[str]) -> Any:
    for name in path:
        values = values.get(name) if isinstance(values, Mapping) else None
    return values


def _shown(value: Any) -> str:
    if value is None:
        return AUTOMATIC
    return str(value).lower() if isinstance(value, bool) else f"{value:.10g}" if isinstance(value, float) else str(value)


def _to_put_in(steps: Sequence[Step]) -> list[Place]:
    """Optional techniques that the recipe has not, each at the last place where the catalogue allows it with its defaults."""
    there, found = {s.technique for s in steps}, []
    for name, record in TECHNIQUES.items():
        if name in there or not record.optional:
            continue
        try:
            config = record.parameters()
        except ValueError:  # something has to be said of it: on the launch page
            continue
        for index in range(len(steps) - 1, 0, -1):
            changed = [*steps[:index], Step(name, config), *steps[index:]]
            shape = [(s.technique, s.role) for s in changed]
            if not order_problems(shape, runtime=str(getattr(steps[-1].config, "name", ""))):
                found.append(
                    Place(
                        key=f"new-{name}", index=index, technique=name, label=f"Put in: {title(name)}", fields=_asked(name),
                        values={f.name: f.default for f in _asked(name)}, removable=False, new=True,
                    )
                )  # fmt: skip
                break
    return found


def others(field: FieldSpec, now: str) -> tuple[str, ...]:
    """What a parameter with choices can be instead."""
    return tuple(option for option in field.options if option != now)


def suggested(place: Place, field: FieldSpec) -> str:
    """A number other than the one it is that the catalogue allows: half of it, or twice; empty where neither is."""
    plain = {f.path: place.values[f.name] for f in place.fields}
    values: dict[str, Any] = {}
    for path, text in plain.items():
        _put(values, path, next(iter(read_values(next(f for f in place.fields if f.path == path), text)), None))
    return next((text for text in _numbers(field, place.values[field.name]) if _allowed(place.technique, values, field, text)), "")


def _numbers(field: FieldSpec, now: str) -> list[str]:
    """Numbers beside the one it is; none where it is no number."""
    try:
        value = float(now)
    except ValueError:
        return []
    texts = [f"{round(other) if field.kind == 'integer' else other:.6g}" for other in (value / 2, value * 2, 1.0)]
    return [text for text in texts if text != now]


def _has_a_use(technique: str, plain: Mapping[str, Any], field: FieldSpec) -> bool:
    """Whether a parameter could be something else as the other parameters are."""
    now = _shown(_at(plain, field.path))
    tries = others(field, now) if field.options else (*_numbers(field, now), "1", "0.5", "10")
    return any(_allowed(technique, plain, field, text) for text in tries)


def _allowed(technique: str, plain: Mapping[str, Any], field: FieldSpec, text: str) -> bool:
    """Whether nothing speaks against that value itself; what it leaves without a use goes back to its default."""
    values = _less_defaults(technique, plain)
    _put(values, field.path, next(iter(read_values(field, text)), None))
    try:
        TECHNIQUES[technique].parameters.model_validate(values)
    except ValidationError as error:
        return not any(e["loc"][:1] == field.path[:1] for e in error.errors(include_url=False))
    return True


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is changed: a parameter to a value, a step put in with its defaults, or a step left out.

    Attributes:
        field: None where the step as a whole is put in or left out.
        text: The new value as it was given.
    """

    place: Place
    field: FieldSpec | None = None
    text: str = ""

    @property
    def said(self) -> str:
        """In a few words, as `pruning amount 0.25` or `without pruning`."""
        if self.field is None:
            return f"with {self.place.technique}" if self.place.new else f"without {self.place.technique}"
        return f"{self.place.technique} {' '.join(self.field.path)} {self.text}".strip()


def changed_document(variant: Variant, change: Change, *, objectives: Sequence[str]) -> dict[str, Any]:
    """The spec of the one variant that differs from a point in one step.

    Parameters that are at their defaults are left out: a default that follows from the changed parameter follows again.

    Args:
        variant: The point, with its seed.
        change: What is changed.
        objectives: Of its sweep.
    """
    document = point_document(variant.recipe, name=_name(variant, change), seed=variant.seed, objectives=objectives)
    entries: list[dict[str, Any]] = document["recipe"]
    place = change.place
    if place.new:
        entries.insert(place.index, {place.technique: {}})
    elif change.field is None:
        del entries[place.index]
    else:
        values = _less_defaults(place.technique, entries[place.index][place.technique])
        read = read_values(change.field, change.text)
        _put(values, change.field.path, read[0] if len(read) == 1 else read)
        entries[place.index] = {place.technique: in_order(place.technique, values)}
    return document


def _less_defaults(technique: str, values: Mapping[str, Any]) -> dict[str, Any]:
    declared = TECHNIQUES[technique].parameters.model_fields
    plain = TECHNIQUES[technique].parameters.model_construct().model_dump(mode="json")
    return {n: v for n, v in values.items() if n not in declared or declared[n].is_required() or v != plain.get(n)}


def _put(values: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for name in path[:-1]:
        values[name] = dict(values.get(name) or {})
        values = values[name]
    values[path[-1]] = value


def without_use(document: Mapping[str, Any], change: Change, wrong: Sequence[str]) -> dict[str, Any] | None:
    """The spec without those parameters of the changed step that the new value has no use for; None where others are wrong too.

    Args:
        document: From `changed_document`.
        change: What was changed.
        wrong: Where reading the spec found problems.
    """
    if change.field is None:
        return None
    prefix = f"recipe[{change.place.index}].{change.place.technique}."
    names = {place.removeprefix(prefix).split(".")[0].split("[")[0] for place in wrong if place.startswith(prefix)}
    if not names or change.field.path[0] in names or not all(place.startswith(prefix) for place in wrong):
        return None
    entries = [dict(entry) for entry in document["recipe"]]
    values = entries[change.place.index][change.place.technique]
    entries[change.place.index] = {change.place.technique: {n: v for n, v in values.items() if n not in names}}
    return {**document, "recipe": entries}


def _name(variant: Variant, change: Change) -> str:
    """What was changed, then what it was changed on, within what a name may hold."""
    words = re.sub(r"[^A-Za-z0-9_. -]+", " ", f"{change.said} on {variant.name}")
    return " ".join(words.split()).strip(" .-_")[:LONGEST_NAME].strip()
