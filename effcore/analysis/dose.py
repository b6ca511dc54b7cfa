"""How points answer to the dose of a technique: recipes that differ in one number alone, in the order of that number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from effcore.analysis.frontier import Point
from effcore.catalogue import TECHNIQUES
from effcore.recipe import canonical

ABSENT: Mapping[tuple[str, str], float] = {("pruning", "amount"): 0.0, ("quantization", "bits"): 32.0}
"""What the recipe without the step has of a dose: nothing is pruned, every number has 32 bits."""


@dataclass(frozen=True, kw_only=True)
class Dose:
    """A number of a technique.

    Attributes:
        field: With dots where it is nested, as `teacher.width`.
    """

    technique: str
    field: str

    @property
    def unit(self) -> str:
        """As the catalogue has it; empty where it has none or does not know the field."""
        record = TECHNIQUES.get(self.technique)
        known = record.parameters.model_fields.get(self.field) if record else None
        extra = known.json_schema_extra if known else None
        return str(extra.get("unit", "")) if isinstance(extra, dict) else ""

    @property
    def help(self) -> str:
        """What the field means; empty where the catalogue does not know it."""
        record = TECHNIQUES.get(self.technique)
        known = record.parameters.model_fields.get(self.field) if record else None
        return (known.description or "") if known else ""


@dataclass(frozen=True, kw_only=True)
class Series:
    """Points that differ in one dose alone.

    Attributes:
        name: What they have in common, in words.
        points: Dose and point, lowest dose first; two at least.
    """

    dose: Dose
    name: str
    points: tuple[tuple[float, Point], ...]


def responses(points: Sequence[Point]) -> dict[Dose, tuple[Series, ...]]:
    """Every dose that was varied while all else stayed the same, with its series, the longest first.

    Args:
        points: Of one task and one environment.
    """
    whole = {_text(p.first.recipe.get("steps", ())): p for p in points}
    groups: dict[tuple[Dose, str], dict[float, Point]] = defaultdict(dict)
    for point in points:
        for dose, value, rest, bare in _doses(point.first.recipe.get("steps", ())):
            members = groups[dose, rest]
            members[value] = point
            absent = ABSENT.get((dose.technique, dose.field))
            if absent is not None and bare in whole:
                members.setdefault(absent, whole[bare])
    found: dict[Dose, list[Series]] = defaultdict(list)
    for (dose, _), members in groups.items():
        if len(members) > 1:
            ordered = tuple(sorted(members.items()))
            found[dose].append(Series(dose=dose, name=_shared_name([p for _, p in ordered]), points=ordered))
    order = {name: index for index, name in enumerate(TECHNIQUES)}
    ranked = sorted(found, key=lambda d: (order.get(d.technique, len(order)), d.field))
    return {dose: tuple(sorted(found[dose], key=lambda s: (-len(s.points), s.name))) for dose in ranked}


def _doses(steps: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Dose, float, str, str]]:
    """Every number of a recipe: which dose, how much, the recipe without the number, and the recipe without the step."""
    for index, entry in enumerate(steps):
        bare = _text([*steps[:index], *steps[index + 1 :]])
        for technique, values in entry.items():
            for path, value in _numbers(values):
                hidden = {technique: _without(values, path)}
                rest = _text([*steps[:index], hidden, *steps[index + 1 :]])
                yield Dose(technique=technique, field=".".join(path)), value, rest, bare


def _text(steps: Sequence[Any]) -> str:
    return canonical(list(steps))


def _numbers(values: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], float]]:
    if isinstance(values, Mapping):
        for name, inner in values.items():
            if name != "version":
                yield from _numbers(inner, (*path, name))
    elif isinstance(values, int | float) and not isinstance(values, bool):
        yield path, float(values)


def _without(values: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    first, *deeper = path
    return {k: (_without(v, tuple(deeper)) if deeper else "varied") if k == first else v for k, v in values.items()}


def _shared_name(points: Sequence[Point]) -> str:
    """The parts of the names that all have; that of the first where nothing is shared."""
    first, *others = ([part.strip() for part in p.name.split("·")] for p in points)
    shared = [part for part in first if all(part in other for other in others)]
    return " · ".join(shared) or points[0].name
