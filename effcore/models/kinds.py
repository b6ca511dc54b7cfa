"""Which kinds of blocks a network is built of, and which layers belong to them."""

from __future__ import annotations

from torch import nn

from effcore.models.blocks import (
    Bottleneck,
    DepthwiseSeparable,
    Fire,
    Ghost,
    Grouped,
    InvertedResidual,
    Layer,
    Residual,
    Shuffle,
    SqueezeExcite,
)
from effcore.models.layer_normalized import Attention, ConvNeXt, Mixer

BLOCKS: dict[type[nn.Module], str] = {
    Residual: "residual",
    Bottleneck: "bottleneck",
    InvertedResidual: "inverted_residual",
    DepthwiseSeparable: "depthwise_separable",
    SqueezeExcite: "squeeze_excite",
    Fire: "fire",
    Grouped: "grouped",
    Shuffle: "shuffle",
    Ghost: "ghost",
    ConvNeXt: "convnext",
    Mixer: "mixer",
    Attention: "attention",
}
"""Blocks of several layers; a layer in none of them is a block of its own, `linear` or `convolution`."""


def kinds(model: nn.Module) -> dict[str, list[str]]:
    """Names of the layers in each kind of block, by the name of the kind in the catalogue; of blocks in blocks the inner one counts."""
    found: dict[str, list[str]] = {}
    blocks = {name: BLOCKS[type(module)] for name, module in model.named_modules() if type(module) in BLOCKS}
    for name, module in model.named_modules():
        if isinstance(module, Layer):
            alone = "convolution" if isinstance(module.weight, nn.Conv2d) else "linear"
            around = [block for block in blocks if name.startswith(f"{block}.")]
            found.setdefault(blocks[max(around, key=len)] if around else alone, []).append(name)
    return found
