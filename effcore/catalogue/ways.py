"""Which ways of a technique a family allows, and why not the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import get_args

from effcore.catalogue.architecture import Architecture
from effcore.catalogue.elastic import ELASTIC, Shape
from effcore.catalogue.families import BLOCK_REFUSES, FAMILIES, Family
from effcore.catalogue.record import Parameters, Technique

CHOOSING: dict[str, tuple[str, ...]] = {
    "augmentation": ("policy",),
    "averaging": ("kind",),
    "distillation": ("labels",),
    "factorization": ("decomposition",),
    "pruning": ("structure", "criterion"),
    "quantization": ("mode",),
    "subnetwork": ("statistics",),
    "weight_sharing": ("labels",),
}
"""The fields that choose among the ways of a technique."""
ALLOWED = "allowed"
SHORTCUTS = ("residual", "bottleneck", "inverted_residual", "shuffle", "convnext", "mixer", "attention")
"""Kinds of blocks that can lead what comes in past themselves, so that a network can do without them."""

_OF_PARTS = f"its networks have no parts that could stand alone; only those of the family {ELASTIC} do."
_NO_SHORTCUT = "none of its blocks has a shortcut around it, so that nothing would come out of one that is gone."
_NEEDS_ELASTIC = ("subnetwork", "weight_sharing")
"""Techniques that act on parts of a network."""


def ways(technique: Technique) -> tuple[str, ...]:
    """Names of the ways of a technique, as `quantization/static`; its own name where it has only one."""
    if technique.name not in CHOOSING:
        return (technique.name,)
    fields = technique.parameters.model_fields
    return tuple(f"{technique.name}/{choice}" for field in CHOOSING[technique.name] for choice in get_args(fields[field].annotation))


def allowances(family: Family, techniques: Mapping[str, Technique]) -> dict[str, str]:
    """For each way of every optional technique, and for refused ways together, `allowed` or the reason why the family refuses it."""
    every = [way for technique in techniques.values() if technique.optional for way in ways(technique)]
    return dict.fromkeys(every, ALLOWED) | _refusals(family, every)


def block_allowances(family: Family, techniques: Mapping[str, Technique]) -> dict[str, dict[str, str]]:
    """The same of a network of each block that the stages of the family may be made of; empty where they can't be chosen."""
    return {block: allowances(_of_blocks(family, (block,)), techniques) for block in family.choice}


def family_of(architecture: Architecture) -> Family:
    """The family of a network, with the blocks that its stages are made of and what these refuse."""
    family = FAMILIES[architecture.family]
    return family if architecture.stages is None else _of_blocks(family, [stage.block for stage in architecture.stages.stages])


def _of_blocks(family: Family, blocks: Sequence[str]) -> Family:
    refuses = {way: reason for block in blocks for way, reason in BLOCK_REFUSES.get(block, {}).items()}
    return replace(family, blocks=tuple(sorted({*family.blocks, *blocks})), refuses=refuses)


def _refusals(family: Family, every: Iterable[str]) -> dict[str, str]:
    """What a family refuses, by way."""
    of_parts = {} if family.elastic else {way: _OF_PARTS for way in every if way.split("/")[0] in _NEEDS_ELASTIC}
    past = {} if any(block in SHORTCUTS for block in family.blocks) else {"pruning/blocks": _NO_SHORTCUT}
    return of_parts | past | dict(family.refuses)


def family_problems(steps: Sequence[tuple[str, Parameters]]) -> list[tuple[int, str, str]]:
    """What the family of a recipe refuses of its steps.

    Args:
        steps: Name of the technique and parameters, the architecture first.

    Returns:
        Index of the step, the field that is refused and the sentence that says so; empty where all is allowed.
    """
    architecture = steps[0][1]
    assert isinstance(architecture, Architecture), "a recipe starts with its architecture"
    family = family_of(architecture)
    found = [(index, *problem) for index, (name, config) in enumerate(steps) for problem in _problems(family, name, config)]
    if not family.scales and architecture.width != 1:
        found.append((0, "width", f"must be left out or 1 with the family {family.name!r}, which comes in one width. Got {architecture.width:g}."))
    parts = enumerate(steps) if family.elastic else ()
    return found + [(index, *problem) for index, (name, config) in parts for problem in _part_problems(architecture, name, config)]


def _part_problems(architecture: Architecture, name: str, config: Parameters) -> Iterator[tuple[str, str]]:
    if architecture.subnetwork is not None and name in _NEEDS_ELASTIC:
        yield CHOOSING[name][0], "can't be had of a part of a network. Leave architecture.subnetwork out, so that the whole of it is trained."
        return
    for field, stage in zip(Shape.model_fields, config.stages if isinstance(config, Shape) else (), strict=False):
        if stage.depth > architecture.depth:
            sentence = f"must be at most architecture.depth, which is {architecture.depth}. Got {stage.depth}. Take a deeper network."
            yield f"{field}.depth", sentence


def _problems(family: Family, name: str, config: Parameters) -> Iterator[tuple[str, str]]:
    chosen_by = {field: str(getattr(config, field)) for field in CHOOSING.get(name, ())}
    together = "/".join((name, *chosen_by.values()))
    refuses = _refusals(family, [f"{name}/{chosen}" for chosen in chosen_by.values()])
    for field, chosen in chosen_by.items():
        last = field == CHOOSING[name][-1]
        if reason := refuses.get(f"{name}/{chosen}") or (refuses.get(together) if last else None):
            yield field, (
                f"can't be {chosen!r} with the family {family.name!r}: {reason} "
                f"Take another {field}, leave {name} out, or take another family."
            )
            break
