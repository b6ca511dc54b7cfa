"""The blocks there are, with closed forms of what each takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

LEAST = 8
"""Fewest channels inside a block, as of every layer outside."""
EXPANSION = 4
"""Of the channels inside an inverted residual block."""
GROUPS = 4
"""Into which a grouped 1x1 convolution cuts its channels."""


def narrow(channels: int, part: int) -> int:
    """Channels inside a block that has fewer there: a part of those outside, but at least 8.

    Example:
        >>> narrow(64, 4), narrow(16, 4)
        (16, 8)
    """
    return max(LEAST, channels // part)


@dataclass(frozen=True, kw_only=True)
class Weights:
    """One layer with weights and biases; a normalization after it is folded into them, as it is deployed.

    Attributes:
        inputs, outputs: Channels or units.
        kernel: Side of its window, in pixels.
        groups: Into which its channels are cut.
        stride: Of its outputs over the pixels that come into the block; 0 where there is one output for the whole image.
    """

    inputs: int
    outputs: int
    kernel: int = 1
    groups: int = 1
    stride: int = 1

    @property
    def products(self) -> int:
        """Multiply-accumulates for one position of the output."""
        return self.kernel**2 * self.inputs * self.outputs // self.groups

    def positions(self, height: int, width: int) -> int:
        """Pixels of the output for so many of the block's input."""
        return -(-height // self.stride) * -(-width // self.stride) if self.stride else 1


@dataclass(frozen=True, kw_only=True)
class Block:
    """A block.

    Attributes:
        name: As families name it.
        summary: One or two sentences.
        formula: Multiply-accumulates as text; H and W are pixels of the input, H' and W' of the output, C channels.
        source: Paper, with year.
        link: Where to read it.
        layers: (inputs, outputs, options) -> its layers with weights; the options are those of the block, as `stride`.
    """

    name: str
    summary: str
    formula: str
    source: str
    link: str
    layers: Callable[..., tuple[Weights, ...]]

    def parameters(self, inputs: int, outputs: int, **options: int) -> int:
        """Weights and biases as they are deployed.

        Args:
            inputs, outputs: Channels or units.
            options: Of the block, as `stride`.
        """
        return sum(layer.products + layer.outputs for layer in self.layers(inputs, outputs, **options))

    def macs(self, inputs: int, outputs: int, height: int, width: int, **options: int) -> int:
        """Multiply-accumulates of convolutions and matrix products for one image.

        Args:
            inputs, outputs: Channels or units.
            height, width: Pixels of what comes in.
            options: Of the block, as `stride`.
        """
        return sum(layer.products * layer.positions(height, width) for layer in self.layers(inputs, outputs, **options))


def _linear(inputs: int, outputs: int) -> tuple[Weights, ...]:
    return (Weights(inputs=inputs, outputs=outputs, stride=0),)


def _convolution(inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1, groups: int = 1) -> tuple[Weights, ...]:
    return (Weights(inputs=inputs, outputs=outputs, kernel=kernel, groups=groups, stride=stride),)


def _depthwise(channels: int, *, stride: int = 1) -> tuple[Weights, ...]:
    return _convolution(channels, channels, stride=stride, groups=channels)


def _shortcut(inputs: int, outputs: int, *, stride: int) -> tuple[Weights, ...]:
    return () if inputs == outputs and stride == 1 else _convolution(inputs, outputs, kernel=1, stride=stride)


def _depthwise_separable(inputs: int, outputs: int, *, stride: int = 1) -> tuple[Weights, ...]:
    return (*_depthwise(inputs, stride=stride), *_convolution(inputs, outputs, kernel=1, stride=stride))


def _residual(inputs: int, outputs: int, *, stride: int = 1) -> tuple[Weights, ...]:
    both = (*_convolution(inputs, outputs, stride=stride), *_convolution(outputs, outputs, stride=stride))
    return (*both, *_shortcut(inputs, outputs, stride=stride))


def _inverted_residual(inputs: int, outputs: int, *, stride: int = 1, expansion: int = EXPANSION) -> tuple[Weights, ...]:
    hidden = inputs * expansion
    ends = (*_convolution(inputs, hidden, kernel=1), *_convolution(hidden, outputs, kernel=1, stride=stride))
    return (*ends, *_depthwise(hidden, stride=stride))


def _bottleneck(inputs: int, outputs: int, *, stride: int = 1) -> tuple[Weights, ...]:
    hidden = narrow(outputs, 4)
    ends = (*_convolution(inputs, hidden, kernel=1), *_convolution(hidden, outputs, kernel=1, stride=stride))
    return (*ends, *_convolution(hidden, hidden, stride=stride), *_shortcut(inputs, outputs, stride=stride))


def _squeeze_excite(inputs: int, outputs: int) -> tuple[Weights, ...]:
    return (*_linear(inputs, narrow(inputs, 4)), *_linear(narrow(inputs, 4), outputs))


def _fire(inputs: int, outputs: int, *, stride: int = 1) -> tuple[Weights, ...]:
    squeezed, half = narrow(outputs, 4), outputs // 2
    squeeze = _convolution(inputs, squeezed, kernel=1, stride=stride)
    return (*squeeze, *_convolution(squeezed, half, kernel=1, stride=stride), *_convolution(squeezed, half, stride=stride))


def _grouped(inputs: int, outputs: int, *, stride: int = 1) -> tuple[Weights, ...]:
    return _convolution(inputs, outputs, kernel=1, stride=stride, groups=GROUPS)


def _shuffle(inputs: int, outputs: int, *, stride: int = 1) -> tuple[Weights, ...]:
    hidden, added = narrow(outputs, 2), outputs - inputs or outputs
    return (*_grouped(inputs, hidden), *_depthwise(hidden, stride=stride), *_grouped(hidden, added, stride=stride))


def _ghost(inputs: int, outputs: int, *, stride: int = 1) -> tuple[Weights, ...]:
    half = outputs // 2
    return (*_convolution(inputs, half, stride=stride), *_convolution(half, half, stride=stride, groups=half))


_PLAIN = (
    Block(
        name="linear",
        summary="Every unit sees every input. Few operators and many weights, each used once for an image.",
        formula="C_in C_out",
        source="LeCun et al. 1998, Gradient-Based Learning",
        link="https://doi.org/10.1109/5.726791",
        layers=_linear,
    ),
    Block(
        name="convolution",
        summary="A window of weights that is moved over the image, so that each is used at every place.",
        formula="H' W' k^2 C_in C_out / groups",
        source="LeCun et al. 1998, Gradient-Based Learning",
        link="https://doi.org/10.1109/5.726791",
        layers=_convolution,
    ),
    Block(
        name="residual",
        summary="Two 3x3 convolutions with a shortcut around them, which is a 1x1 convolution where the shape changes.",
        formula="9 H' W' C_out (C_in + C_out); H' W' C_in C_out more for a shortcut that changes the shape",
        source="He et al. 2016, Deep Residual Learning",
        link="https://arxiv.org/abs/1512.03385",
        layers=_residual,
    ),
    Block(
        name="bottleneck",
        summary="1x1 convolution to a quarter of the channels, 3x3 there, 1x1 back, with a shortcut around them. "
        "The costly window works on few channels.",
        formula="B (H W C_in + H' W' (9 B + C_out)), B = max(8, C_out / 4); H' W' C_in C_out more for a shortcut that changes the shape",
        source="He et al. 2016, Deep Residual Learning",
        link="https://arxiv.org/abs/1512.03385",
        layers=_bottleneck,
    ),
)

_COMPACT = (
    Block(
        name="depthwise_separable",
        summary="A 3x3 convolution on each channel alone, then a 1x1 convolution over all of them: about an eighth of the products of a 3x3 one.",
        formula="H' W' C_in (9 + C_out)",
        source="Howard et al. 2017, MobileNets",
        link="https://arxiv.org/abs/1704.04861",
        layers=_depthwise_separable,
    ),
    Block(
        name="inverted_residual",
        summary="1x1 convolution to four times the channels, 3x3 on each alone, 1x1 back; a shortcut where the shape stays.",
        formula="4 C_in (H W C_in + H' W' (9 + C_out))",
        source="Sandler et al. 2018, MobileNetV2",
        link="https://arxiv.org/abs/1801.04381",
        layers=_inverted_residual,
    ),
    Block(
        name="squeeze_excite",
        summary="Every channel is multiplied by a number from 0 to 1, which two small layers find from the means of all channels. "
        "It adds hardly a product, and many weights.",
        formula="2 C max(8, C / 4)",
        source="Hu et al. 2018, Squeeze-and-Excitation Networks; with the hard sigmoid of Howard et al. 2019, MobileNetV3",
        link="https://arxiv.org/abs/1709.01507",
        layers=_squeeze_excite,
    ),
    Block(
        name="fire",
        summary="1x1 convolution to a quarter of the channels, then 1x1 and 3x3 side by side, each for half of the outputs.",
        formula="H' W' S (C_in + 5 C_out), S = max(8, C_out / 4)",
        source="Iandola et al. 2016, SqueezeNet",
        link="https://arxiv.org/abs/1602.07360",
        layers=_fire,
    ),
    Block(
        name="grouped",
        summary="1x1 convolution within four groups of channels, whose outputs are then shuffled, so that the next layer sees all groups.",
        formula="H W C_in C_out / 4",
        source="Zhang et al. 2018, ShuffleNet",
        link="https://arxiv.org/abs/1707.01083",
        layers=_grouped,
    ),
    Block(
        name="shuffle",
        summary="Grouped 1x1 convolution to half of the channels with a shuffle, 3x3 on each channel alone, grouped 1x1 back. "
        "What came in is added, or stands beside it where there are more channels than before.",
        formula="B (H W C_in / 4 + H' W' (9 + A / 4)), B = max(8, C_out / 2), A = C_out - C_in, or C_out where that is 0",
        source="Zhang et al. 2018, ShuffleNet",
        link="https://arxiv.org/abs/1707.01083",
        layers=_shuffle,
    ),
    Block(
        name="ghost",
        summary="3x3 convolution for half of the outputs; the other half is made of it by a 3x3 convolution on each channel alone.",
        formula="9 H' W' (C_in + 1) C_out / 2",
        source="Han et al. 2020, GhostNet",
        link="https://arxiv.org/abs/1911.11907",
        layers=_ghost,
    ),
)

BLOCKS: dict[str, Block] = {block.name: block for block in (*_PLAIN, *_COMPACT)}
