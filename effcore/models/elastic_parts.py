"""The parts that networks of the family elastic are made of, by name, for tables of their latency."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from effcore.catalogue import Task
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.elastic import ElasticStage, Shape
from effcore.catalogue.elastic import shape as shape_of
from effcore.models.elastic import STRIDES
from effcore.models.families import build
from effcore.models.layout import channels_first


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """One part of a network.

    Attributes:
        name: The same for parts that take the same time.
        modules: What it consists of, untrained.
        shape: Of what comes in, (C, H, W).
        levels: Largest pixel where raw pixels come in, else 0.
    """

    name: str
    modules: tuple[nn.Module, ...]
    shape: tuple[int, int, int]
    levels: int = 0


def network(task: Task, architecture: Architecture, shape: Shape) -> nn.Module:
    """A sub-network with weights that mean nothing, in eval mode."""
    part = architecture.model_copy(update={"subnetwork": shape})
    return channels_first(build(part, task, seed=0)).eval()


def parts_of(task: Task, architecture: Architecture, shape: Shape) -> list[Part]:
    """The parts of a sub-network, from its stem to its head."""
    modules: Any = network(task, architecture, shape)
    normalize, stem, *stages, head = modules
    height, width = architecture.pixels(*task.shape[1:])
    inputs: int = stem.outputs
    parts = [Part(name=f"stem {inputs}", modules=(normalize, stem), shape=task.shape, levels=task.levels)]
    height, width = _halved(height, width, STRIDES[0])
    for stage, chosen, stride in zip(stages, shape.stages, STRIDES[1:], strict=True):
        for index, block in enumerate(stage):
            step = stride if index == 0 else 1
            outputs: int = block.project.outputs
            name = f"block {inputs}>{outputs} k{chosen.kernel} s{step} {height}x{width}{' +' if block.same else ''}"
            parts.append(Part(name=name, modules=(block,), shape=(inputs, height, width)))
            height, width = _halved(height, width, step)
            inputs = outputs
    parts.append(Part(name=f"head {inputs} {height}x{width}", modules=(head,), shape=(inputs, height, width)))
    return parts


def _halved(height: int, width: int, stride: int) -> tuple[int, int]:
    return -(-height // stride), -(-width // stride)


def all_parts(task: Task, architecture: Architecture, choices: Sequence[Sequence[ElasticStage]]) -> dict[str, Part]:
    """Every part that some sub-network of a space has, by name.

    Args:
        choices: What each stage may be.
    """
    found: dict[str, Part] = {}
    for shape in _covering(choices):
        found |= {part.name: part for part in parts_of(task, architecture, shape)}
    return found


def _covering(choices: Sequence[Sequence[ElasticStage]]) -> Iterator[Shape]:
    """Sub-networks that together have every part: every stage after every width of the stage before, as deep as it goes."""
    deepest = [max(stage.depth for stage in stages) for stages in choices]
    looks = [sorted({(stage.width, stage.kernel) for stage in stages}) for stages in choices]
    seen = set()
    for combination in itertools.product(*looks):
        # A part knows its own kernel and two widths: kernels of the other stages make no difference.
        widths, kernels = tuple(w for w, _ in combination), tuple(k for _, k in combination)
        if all((index, widths[max(index - 1, 0) : index + 1], kernels[index]) in seen for index in range(len(choices))):
            continue
        seen |= {(index, widths[max(index - 1, 0) : index + 1], kernels[index]) for index in range(len(choices))}
        yield shape_of([ElasticStage(depth=d, width=w, kernel=k) for d, (w, k) in zip(deepest, combination, strict=True)])
