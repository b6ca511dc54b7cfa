"""The closed forms of every block say what its module has and does."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention
from torch.utils.flop_counter import FlopCounterMode

from effcore.catalogue import BLOCKS, FAMILIES
from effcore.models import blocks
from effcore.models.blocks import convolution, fold, linear
from effcore.models.kinds import BLOCKS as KINDS
from effcore.models.kinds import kinds
from effcore.models.layer_normalized import Attention, ConvNeXt, Mixer

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
    "convnext": ConvNeXt,
    "mixer": Mixer,
    "attention": Attention,
}
STRIDELESS = ("linear", "squeeze_excite", "grouped", "mixer", "attention")
HEIGHT, WIDTH = 7, 10
CASES: list[tuple[str, int, int, dict[str, int]]] = [
    *((name, 16, 32, options) for name in BLOCKS if name not in STRIDELESS for options in ({}, {"stride": 2})),
    *((name, 24, 24, options) for name in BLOCKS if name not in STRIDELESS for options in ({}, {"stride": 2})),
    *((name, 8, 8, {"stride": 2}) for name in BLOCKS if name not in STRIDELESS),
    ("linear", 30, 7, {}), ("squeeze_excite", 16, 16, {}), ("squeeze_excite", 96, 96, {}), ("grouped", 16, 32, {}),
    *(("attention", channels, channels, {}) for channels in (8, 24, 64)),
    *(("mixer", channels, channels, {"tokens": HEIGHT * WIDTH}) for channels in (8, 48)),
    ("convolution", 3, 7, {"kernel": 5, "stride": 3}), ("convolution", 12, 20, {"groups": 4}), ("inverted_residual", 8, 16, {"expansion": 6}),
]  # fmt: skip


def products(module: nn.Module, images: torch.Tensor) -> int:
    """Multiply-accumulates for one image, as PyTorch counts them operator by operator while it passes."""
    with FlopCounterMode(display=False) as counter:
        module(images)
    return counter.get_total_flops() // (2 * len(images))


def example(name: str, inputs: int) -> torch.Tensor:
    """Two images, or what a block takes in their place."""
    shapes = {"linear": (2, inputs), **dict.fromkeys(("mixer", "attention"), (2, HEIGHT * WIDTH, inputs))}
    return torch.randn(shapes.get(name, (2, inputs, HEIGHT, WIDTH)))


@pytest.mark.parametrize(("name", "inputs", "outputs", "options"), CASES)
def test_the_closed_forms_are_what_the_module_has_and_does(name: str, inputs: int, outputs: int, options: dict[str, int]) -> None:
    block, module = BLOCKS[name], MODULES[name](inputs, outputs, **options).eval()
    wrapped = nn.Sequential(module)
    fold(wrapped)
    assert block.parameters(inputs, outputs, **options) == sum(p.numel() for p in wrapped.parameters())
    height, width = (1, 1) if name == "linear" else (HEIGHT, WIDTH)
    images = example(name, inputs)
    assert block.macs(inputs, outputs, height, width, **options) == products(wrapped, images)
    stride = options.get("stride", 1)
    size = (-(-HEIGHT // stride), -(-WIDTH // stride)) if images.dim() == 4 else ()
    assert wrapped(images).shape == ((2, outputs, *size) if size else (*images.shape[:-1], outputs))
    assert block.keeps == (name in ("squeeze_excite", "mixer", "attention")) and block.tokens == ("tokens" in options)


def test_every_block_of_the_catalogue_is_whole_and_every_family_is_built_of_them() -> None:
    assert set(MODULES) == set(BLOCKS) == {"linear", "convolution", *KINDS.values()}
    for name, block in BLOCKS.items():
        assert block.name == name and any(digit.isdigit() for digit in block.figure)
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
    found = kinds(nn.Sequential(blocks.InvertedResidual(8, 8, excite=True), blocks.Shuffle(8, 16)))
    assert found == {
        "inverted_residual": ["0.expand", "0.spatial", "0.project"],
        "squeeze_excite": ["0.excite.squeeze", "0.excite.excite"],
        "grouped": ["1.reduce.mix"],
        "shuffle": ["1.spatial", "1.expand"],
    }


def test_attention_is_that_of_its_paper() -> None:
    torch.manual_seed(0)
    block, asked = Attention(48, 48), torch.randn(2, 9, 3 * 48)
    queries, keys, values = (part.reshape(2, 9, 3, 16).transpose(1, 2) for part in asked.split(48, dim=2))
    wanted = scaled_dot_product_attention(queries, keys, values).transpose(1, 2).reshape(2, 9, 48)
    assert torch.allclose(block._attend(asked), wanted, atol=1e-6)


def test_attention_knows_no_order_and_a_mixer_does() -> None:
    torch.manual_seed(0)
    x, order = torch.randn(2, 9, 16), torch.randperm(9)
    for block, follows in ((Attention(16, 16), True), (Mixer(16, 16, tokens=9), False)):
        assert torch.allclose(block(x[:, order]), block(x)[:, order], atol=1e-5) == follows


def test_a_mixer_treats_all_channels_the_same_over_places() -> None:
    torch.manual_seed(0)
    places, x = Mixer(16, 16, tokens=9).over_places, torch.randn(2, 16, 9)
    order = torch.randperm(16)
    assert torch.allclose(places(x[:, order]), places(x)[:, order], atol=1e-6)


def test_blocks_that_keep_their_channels_refuse_to_change_them() -> None:
    for make in (lambda: Attention(8, 16), lambda: Mixer(8, 16, tokens=4)):
        with pytest.raises(AssertionError, match="keeps its channels"):
            make()


def test_a_change_at_one_place_reaches_three_places_around_it_in_a_convnext_block() -> None:
    torch.manual_seed(0)
    block, x = ConvNeXt(8, 8).eval(), torch.zeros(1, 8, 15, 15)
    x.requires_grad_(True)
    block(x)[0, :, 7, 7].sum().backward()
    assert x.grad is not None
    reached = (x.grad[0].abs().sum(0) > 0).nonzero()
    assert reached.min() == 7 - 3 and reached.max() == 7 + 3 and len(reached) == 49
