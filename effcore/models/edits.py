"""Structural edits: what a technique did to the shape of a network, as plain data that does it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch_pruning
from torch import nn

from effcore.catalogue.elastic import Shape
from effcore.models import elastic
from effcore.models.factors import split
from effcore.models.shortcuts import bypass

Edit = dict[str, Any]
"""Plain data with the `kind` of the edit and what it needs: made by one of the functions below, read by `replay`."""


def channels_edit(history: Sequence[tuple[str, bool, Sequence[int]]]) -> Edit:
    """Channels that were cut out: name of the layer, whether its outputs were cut, and the indices that were, in their order."""
    return {"kind": "channels", "history": [[name, bool(outputs), [int(i) for i in indices]] for name, outputs, indices in history]}


def factors_edit(ranks: Mapping[str, int], decomposition: str) -> Edit:
    """Layers that became two, by name, with the channels between the two."""
    return {"kind": "factors", "ranks": dict(ranks), "decomposition": decomposition}


def part_edit(shape: Shape) -> Edit:
    """A sub-network that was cut out."""
    return {"kind": "part", "shape": shape.model_dump(mode="json")}


def blocks_edit(names: Sequence[str]) -> Edit:
    """Blocks that were taken out, by name."""
    return {"kind": "blocks", "names": list(names)}


def replay(model: nn.Module, edit: Edit, *, shape: tuple[int, int, int]) -> None:
    """Does to the model, in place, what was done to one like it; the numbers of new layers are to be set.

    Args:
        model: As it was before that edit, apart from its weights.
        edit: What the edit left.
        shape: Of one image: channels, height, width.
    """
    _REPLAY[edit["kind"]](model, edit, shape)


def _channels(model: nn.Module, edit: Edit, shape: tuple[int, int, int]) -> None:
    graph = torch_pruning.DependencyGraph()
    graph.build_dependency(model.eval(), example_inputs=torch.zeros(2, *shape, dtype=torch.uint8))
    graph.load_pruning_history(edit["history"])


def _factors(model: nn.Module, edit: Edit, shape: tuple[int, int, int]) -> None:
    for name, rank in edit["ranks"].items():
        split(model, name, rank=rank, decomposition=edit["decomposition"])


def _part(model: nn.Module, edit: Edit, shape: tuple[int, int, int]) -> None:
    elastic.cut_in_place(model, Shape.model_validate(edit["shape"]))


def _blocks(model: nn.Module, edit: Edit, shape: tuple[int, int, int]) -> None:
    bypass(model, edit["names"])


_REPLAY: dict[str, Callable[[nn.Module, Edit, tuple[int, int, int]], None]] = {
    "channels": _channels, "factors": _factors, "part": _part, "blocks": _blocks,
}  # fmt: skip
