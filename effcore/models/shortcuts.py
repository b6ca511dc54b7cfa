"""Blocks that a network can do without: those that add to what passes by them unchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from effcore.models.kinds import BLOCKS

_PASSES: Mapping[str, Callable[[Any], bool]] = {
    "residual": lambda block: isinstance(block.shortcut, nn.Identity),
    "bottleneck": lambda block: isinstance(block.shortcut, nn.Identity),
    "inverted_residual": lambda block: bool(block.same),
    "shuffle": lambda block: bool(block.adds),
    "convnext": lambda block: isinstance(block.enter, nn.Identity),
    "mixer": lambda block: True,
    "attention": lambda block: True,
}
"""Of each kind of block with a shortcut, whether that of one block is the identity."""


def outer_blocks(model: nn.Module) -> dict[str, nn.Module]:
    """The blocks of the model that are in no other block, by name."""
    blocks = {name: module for name, module in model.named_modules() if type(module) in BLOCKS}
    return {name: block for name, block in blocks.items() if not any(name.startswith(f"{other}.") for other in blocks)}


def removable(model: nn.Module, *, shape: tuple[int, int, int]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Names of the blocks that can go, in the order of the network, and of each other block why it can't.

    Args:
        model: In eval mode.
        shape: Of one image: channels, height, width.
    """
    blocks, seen = outer_blocks(model), {}
    with watched(blocks, lambda name, before, after: seen.update({name: (tuple(before.shape[1:]), tuple(after.shape[1:]))})), torch.inference_mode():
        model(torch.zeros(2, *shape, dtype=torch.uint8))
    reasons = {name: _reason(block, *seen[name]) for name, block in blocks.items()}
    return tuple(name for name, reason in reasons.items() if not reason), {name: reason for name, reason in reasons.items() if reason}


def _reason(block: nn.Module, before: tuple[int, ...], after: tuple[int, ...]) -> str:
    kind = BLOCKS[type(block)]
    if kind not in _PASSES:
        return f"a {kind} block has no shortcut around it"
    if before != after or not _PASSES[kind](block):
        return f"this {kind} block makes {_sizes(after)} of {_sizes(before)}, so that its shortcut is not the identity"
    return ""


def _sizes(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


@contextmanager
def watched(blocks: Mapping[str, nn.Module], see: Callable[[str, Tensor, Tensor], object]) -> Iterator[None]:
    """While it is open, hands on what goes into each block and what comes out: (name, before, after)."""

    def hook(name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        def after(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            see(name, inputs[0], output)

        return after

    handles = [block.register_forward_hook(hook(name)) for name, block in blocks.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def bypass(model: nn.Module, names: Iterable[str]) -> None:
    """Takes blocks out of the model, in place: what came into each is what comes out."""
    for name in names:
        parent, _, own = name.rpartition(".")
        setattr(model.get_submodule(parent), own, nn.Identity())
