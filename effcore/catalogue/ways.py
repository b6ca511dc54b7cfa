"""Which ways of a technique a family allows, and why not the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import get_args

from effcore.catalogue.architecture import Architecture
from effcore.catalogue.families import FAMILIES, Family
from effcore.catalogue.record import Parameters, Technique

CHOOSING: dict[str, tuple[str, ...]] = {
    "augmentation": ("policy",),
    "averaging": ("kind",),
    "distillation": ("labels",),
    "factorization": ("decomposition",),
    "pruning": ("structure", "criterion"),
    "quantization": ("mode",),
}
"""The fields that choose among the ways of a technique."""
ALLOWED = "allowed"


def ways(technique: Technique) -> tuple[str, ...]:
    """Names of the ways of a technique, as `quantization/static`; its own name where it has only one."""
    if technique.name not in CHOOSING:
        return (technique.name,)
    fields = technique.parameters.model_fields
    return tuple(f"{technique.name}/{choice}" for field in CHOOSING[technique.name] for choice in get_args(fields[field].annotation))


def allowances(family: Family, techniques: Mapping[str, Technique]) -> dict[str, str]:
    """For each way of every optional technique, and for refused ways together, `allowed` or the reason why the family refuses it."""
    every = [way for technique in techniques.values() if technique.optional for way in ways(technique)]
    return dict.fromkeys(every, ALLOWED) | dict(family.refuses)


def family_problems(steps: Sequence[tuple[str, Parameters]]) -> list[tuple[int, str, str]]:
    """What the family of a recipe refuses of its steps.

    Args:
        steps: Name of the technique and parameters, the architecture first.

    Returns:
        Index of the step, the field that is refused and the sentence that says so; empty where all is allowed.
    """
    architecture = steps[0][1]
    assert isinstance(architecture, Architecture), "a recipe starts with its architecture"
    family = FAMILIES[architecture.family]
    return [(index, *problem) for index, (name, config) in enumerate(steps) for problem in _problems(family, name, config)]


def _problems(family: Family, name: str, config: Parameters) -> Iterator[tuple[str, str]]:
    chosen_by = {field: str(getattr(config, field)) for field in CHOOSING.get(name, ())}
    together = "/".join((name, *chosen_by.values()))
    for field, chosen in chosen_by.items():
        last = field == CHOOSING[name][-1]
        if reason := family.refuses.get(f"{name}/{chosen}") or (family.refuses.get(together) if last else None):
            yield field, (
                f"can't be {chosen!r} with the family {family.name!r}: {reason} "
                f"Take another {field}, leave {name} out, or take another family."
            )
            break
