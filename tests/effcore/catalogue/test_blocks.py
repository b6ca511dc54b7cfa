"""The closed forms of every block say what its module has and does."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn

from effcore.catalogue import BLOCKS, FAMILIES
from effcore.models import blocks
from effcore.models.blocks import convolution, fold, linear

MODULES: dict[str, Callable[..., nn.Module]] = {
    "linear": linear,
    "convolution": convolution,
    "depthwise_separable": blocks.DepthwiseSeparable,
    "residual": blocks.Residual,
    "bottleneck": blocks.Bottleneck,
    "inverted_residual": blocks.InvertedResidual,
    "squeeze_excite": lambda inputs, outputs: blocks.SqueezeExcite(inputs),
    "fire": blocks.Fire,
    "grouped": blocks.Grouped,
    "shuffle": blocks.Shuffle,
    "ghost": blocks.Ghost,
}
STRIDELESS = ("linear", "squeeze_excite", "grouped")
CASES: list[tuple[str, int, int, dict[str, int]]] = [
    *((name, 16, 32, options) for name in BLOCKS if name not in STRIDELESS for options in ({}, {"stride": 2})),
    *((name, 24, 24, options) for name in BLOCKS if name not in STRIDELESS for options in ({}, {"stride": 2})),
    *((name, 8, 8, {"stride": 2}) for name in BLOCKS if name not in STRIDELESS),
    ("linear", 30, 7, {}), ("squeeze_excite", 16, 16, {}), ("squeeze_excite", 96, 96, {}), ("grouped", 16, 32, {}),
    ("convolution", 3, 7, {"kernel": 5, "stride": 3}), ("convolution", 12, 20, {"groups": 4}), ("inverted_residual", 8, 16, {"expansion": 6}),
]  # fmt: skip


def products(module: nn.Module, images: torch.Tensor) -> int:
    """Multiply-accumulates for one image, counted layer by layer while it passes."""
    counted = []

    def count(layer: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        counted.append(math.prod(output.shape[1:]) * math.prod(layer.weight.shape[1:]))

    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(count)
    module(images)
    return sum(counted)


@pytest.mark.parametrize(("name", "inputs", "outputs", "options"), CASES)
def test_the_closed_forms_are_what_the_module_has_and_does(name: str, inputs: int, outputs: int, options: dict[str, int]) -> None:
    block, module = BLOCKS[name], MODULES[name](inputs, outputs, **options).eval()
    wrapped = nn.Sequential(module)
    fold(wrapped)
    assert block.parameters(inputs, outputs, **options) == sum(p.numel() for p in wrapped.parameters())
    height, width = (1, 1) if name == "linear" else (7, 10)
    images = torch.randn(2, inputs) if name == "linear" else torch.randn(2, inputs, height, width)
    assert block.macs(inputs, outputs, height, width, **options) == products(wrapped, images)
    stride = options.get("stride", 1)
    if name != "linear":
        assert wrapped(images).shape == (2, outputs, math.ceil(height / stride), math.ceil(width / stride))


def test_every_block_of_the_catalogue_is_whole_and_every_family_is_built_of_them() -> None:
    assert set(MODULES) == set(BLOCKS) == {"linear", "convolution", *blocks.BLOCKS.values()}
    for name, block in BLOCKS.items():
        assert block.name == name and block.summary.endswith(".") and block.summary.count(". ") < 3
        assert block.formula and block.source and block.link.startswith("https://")
    assert {block for family in FAMILIES.values() for block in family.blocks} == set(BLOCKS)


def test_a_shuffle_deals_the_channels_of_a_group_out() -> None:
    x = torch.arange(2 * 12 * 3 * 5).reshape(2, 12, 3, 5)
    shuffled = blocks.ChannelShuffle(4)(x)
    assert torch.equal(shuffled[0, :, 0, 0], x[0, [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11], 0, 0])
    assert torch.equal(shuffled, nn.ChannelShuffle(4)(x.float()).to(x.dtype))


def test_excitation_weighs_whole_channels_by_their_means_alone() -> None:
    torch.manual_seed(0)
    module, x = blocks.SqueezeExcite(16), torch.rand(2, 16, 4, 4) + 0.1
    weights = module(x) / x
    assert bool((weights >= 0).all() and (weights <= 1).all())
    assert torch.allclose(weights, weights[:, :, :1, :1].expand_as(weights), atol=1e-6)
    assert torch.allclose(module(x.flip(3)), module(x).flip(3), atol=1e-6)


def test_the_layers_of_a_block_in_a_block_count_for_the_inner_one() -> None:
    found = blocks.kinds(nn.Sequential(blocks.InvertedResidual(8, 8, excite=True), blocks.Shuffle(8, 16)))
    assert found == {
        "inverted_residual": ["0.expand", "0.spatial", "0.project"],
        "squeeze_excite": ["0.excite.squeeze", "0.excite.excite"],
        "grouped": ["1.reduce.mix"],
        "shuffle": ["1.spatial", "1.expand"],
    }
