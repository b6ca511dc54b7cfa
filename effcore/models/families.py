"""The families of networks: how blocks make a network of a width, a depth and a resolution."""

from __future__ import annotations

import math
from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import torch
from torch import nn

from effcore.catalogue import Task, own
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.closed_forms import HEAD, channels
from effcore.catalogue.elastic import Shape, largest
from effcore.catalogue.staged import Stages
from effcore.models.blocks import (
    Bottleneck,
    DepthwiseSeparable,
    Fire,
    Flatten,
    Ghost,
    Head,
    InvertedResidual,
    Layer,
    Normalize,
    Residual,
    Resize,
    Shuffle,
    Unroll,
    convolution,
    linear,
)
from effcore.models.elastic import BASES, elastic_network
from effcore.models.layer_normalized import Attention, ConvNeXt, Mixer, Positions, TokenHead, Tokens
from effcore.models.layout import channels_last
from effcore.models.own import takes_pixels
from effcore.models.staged import staged_network

VALID_FROM = 16
"""Smallest side of an image on which 5x5 convolutions without padding leave enough, in pixels."""


def exactly(base: int, width: float) -> int:
    """Channels or units of a layer of a named network: base times width, to the next whole number, and at least 1."""
    return max(1, round(base * width))


def mlp(task: Task, *, width: float, depth: int) -> nn.Sequential:
    """Hidden layers of 256 and 128 units, each `depth` times."""
    inputs = task.shape[0] * task.shape[1] * task.shape[2]
    layers: list[nn.Module] = [Normalize(task.levels), Flatten(inputs)]
    for base in (256, 128):
        for _ in range(depth):
            layers.append(linear(inputs, channels(base, width)))
            inputs = channels(base, width)
    return nn.Sequential(*layers, nn.Linear(inputs, len(task.classes)))


def cnn(task: Task, *, width: float, depth: int) -> nn.Sequential:
    """A stem and three stages of 3x3 convolutions, each of which halves the image; `depth` convolutions in a stage."""
    return _staged(task, (32, 64, 128, 256), width=width, depth=depth, block=convolution)


def residual(task: Task, *, width: float, depth: int) -> nn.Sequential:
    """A stem and three stages of residual blocks, the last two of which halve the image."""
    return _staged(task, (48, 48, 96, 192), width=width, depth=depth, block=Residual, strides=(2, 1, 2, 2))


def mobile(task: Task, *, width: float, depth: int) -> nn.Sequential:
    """A stem, a depthwise separable block and three stages of inverted residual blocks."""
    return _mobile(task, width=width, depth=depth, block=InvertedResidual)


def mobile_se(task: Task, *, width: float, depth: int) -> nn.Sequential:
    """As `mobile`, with squeeze and excitation in the inverted residual blocks."""
    return _mobile(task, width=width, depth=depth, block=partial(InvertedResidual, excite=True))


def bottleneck(task: Task, *, width: float, depth: int) -> nn.Sequential:
    """A stem and three stages of bottleneck blocks, the last two of which halve the image."""
    return _staged(task, (48, 64, 128, 256), width=width, depth=depth, block=Bottleneck, strides=(2, 1, 2, 2))


def squeeze(task: Task, *, width: float, depth: int) -> nn.Sequential:
    """A stem and three stages of fire modules, the last two of which halve the image."""
    return _staged(task, (32, 64, 128, 256), width=width, depth=depth, block=Fire, strides=(2, 1, 2, 2))


def shuffle(task: Task, *, width: float, depth: int) -> nn.Sequential:
    """A stem and three stages of shuffle units, the last two of which halve the image."""
    return _staged(task, (24, 48, 96, 192), width=width, depth=depth, block=Shuffle, strides=(2, 1, 2, 2))


def ghost(task: Task, *, width: float, depth: int) -> nn.Sequential:
    """A stem and three stages of ghost modules, each of which halves the image."""
    return _staged(task, (32, 64, 128, 256), width=width, depth=depth, block=Ghost)


def elastic(task: Task, *, width: float, depth: int, subnetwork: Shape | None = None) -> nn.Sequential:
    """A stem and three stages of inverted residual blocks with 5x5 kernels, or the part of it that is asked for."""
    return elastic_network(task, [channels(base, width) for base in BASES], largest(depth) if subnetwork is None else subnetwork)


def staged(task: Task, *, width: float, depth: int, stages: Stages | None = None) -> nn.Sequential:
    """A stem and three stages, each of a block, a depth, a width and a kernel of its own."""
    return staged_network(task, Stages() if stages is None else stages, width=width)


def separable(task: Task, *, width: float, depth: int) -> nn.Sequential:
    """As `cnn`, with depthwise separable convolutions after the stem."""
    return _staged(task, (32, 64, 128, 256), width=width, depth=depth, block=DepthwiseSeparable)


def convnext(task: Task, *, width: float, depth: int) -> nn.Sequential:
    """A stem and three stages of ConvNeXt blocks, the last two of which halve the image."""
    return _staged(task, (32, 32, 64, 128), width=width, depth=depth, block=ConvNeXt, strides=(2, 1, 2, 2))


def mixer(task: Task, *, width: float, depth: int) -> nn.Sequential:
    """A stem that makes a token of every 4x4 pixels, and three stages of mixer blocks."""
    tokens = math.prod(token_sides(task))
    return _tokens(task, width=width, depth=depth, block=partial(Mixer, tokens=tokens))


def attention(task: Task, *, width: float, depth: int) -> nn.Sequential:
    """A stem that makes a token of every 4x4 pixels, positions, and three stages of attention blocks."""
    return _tokens(task, width=width, depth=depth, block=Attention, positions=True)


def lenet_300_100(task: Task, *, width: float, depth: int) -> nn.Sequential:
    """Hidden layers of 300 and 100 units; it has no stages, so that its depth is 1."""
    inputs = task.shape[0] * task.shape[1] * task.shape[2]
    first, second = exactly(300, width), exactly(100, width)
    layers = (linear(inputs, first, normalize=False), linear(first, second, normalize=False))
    return nn.Sequential(Normalize(task.levels), Flatten(inputs), *layers, nn.Linear(second, len(task.classes)))


def lenet_5(task: Task, *, width: float, depth: int) -> nn.Sequential:
    """20 and 50 convolutions of 5x5, each with max pooling, and 500 units; it has no stages, so that its depth is 1.

    Convolutions of small images are padded, so that something is left of these.
    """
    first, second, hidden = exactly(20, width), exactly(50, width), exactly(500, width)
    lost = 4 if min(task.shape[1:]) >= VALID_FROM else 0
    rows, columns = (((side - lost) // 2 - lost) // 2 for side in task.shape[1:])
    return nn.Sequential(
        Normalize(task.levels),
        Layer(nn.Conv2d(task.shape[0], first, 5, padding=2 - lost // 2), normalize=False),
        nn.MaxPool2d(2),
        Layer(nn.Conv2d(first, second, 5, padding=2 - lost // 2), normalize=False),
        nn.MaxPool2d(2),
        Unroll(),
        linear(second * rows * columns, hidden, normalize=False),
        nn.Linear(hidden, len(task.classes)),
    )


def _mobile(task: Task, *, width: float, depth: int, block: Callable[..., nn.Module]) -> nn.Sequential:
    inputs = channels(24, width)
    stem = nn.Sequential(convolution(task.shape[0], inputs, stride=2), DepthwiseSeparable(inputs, inputs))
    return _staged(task, (24, 32, 64, 96), width=width, depth=depth, block=block, stem=stem)


def _staged(
    task: Task,
    bases: tuple[int, int, int, int],
    *,
    width: float,
    depth: int,
    block: Callable[..., nn.Module],
    strides: tuple[int, int, int, int] = (2, 2, 2, 2),
    stem: nn.Module | None = None,
) -> nn.Sequential:
    """Normalization, stem, three stages of `depth` blocks and a head; the first block of a stage has its stride."""
    sizes = [channels(base, width) for base in bases]
    stages: list[nn.Module] = []
    for inputs, outputs, stride in zip(sizes[:-1], sizes[1:], strides[1:], strict=True):
        first = block(inputs, outputs, stride=stride)
        stages.append(nn.Sequential(first, *(block(outputs, outputs) for _ in range(depth - 1))))
    if stem is None:
        stem = convolution(task.shape[0], sizes[0], stride=strides[0])
    return nn.Sequential(Normalize(task.levels), stem, *stages, Head(sizes[-1], len(task.classes)))


def token_sides(task: Task) -> tuple[int, int]:
    """Rows and columns of tokens: the image halved twice."""
    rows, columns = (-(-side // 4) for side in task.shape[1:])
    return rows, columns


def _tokens(task: Task, *, width: float, depth: int, block: Callable[..., nn.Module], positions: bool = False) -> nn.Sequential:
    """Normalization, two convolutions that halve the image, three stages of `depth` blocks on tokens, and a head.

    Convolutions before the blocks learn faster than one cut into patches: Xiao et al. 2021, Early Convolutions Help
    Transformers See Better, https://arxiv.org/abs/2106.14881.
    """
    size, tokens = channels(64, width, divisor=HEAD), math.prod(token_sides(task))
    stem = nn.Sequential(
        convolution(task.shape[0], size // 2, stride=2), convolution(size // 2, size, stride=2, activate=False), Tokens(),
        *([Positions(tokens, size)] if positions else []),
    )  # fmt: skip
    stages = [nn.Sequential(*(block(size, size) for _ in range(depth))) for _ in range(3)]
    return nn.Sequential(Normalize(task.levels), stem, *stages, TokenHead(size, len(task.classes)))


_BUILDERS: dict[str, Callable[..., nn.Sequential]] = {
    "mlp": mlp, "cnn": cnn, "residual": residual, "mobile": mobile, "lenet_300_100": lenet_300_100, "lenet_5": lenet_5,
    "bottleneck": bottleneck, "squeeze": squeeze, "shuffle": shuffle, "ghost": ghost, "mobile_se": mobile_se,
    "elastic": elastic, "separable": separable, "staged": staged,
    "convnext": convnext, "mixer": mixer, "attention": attention,
}  # fmt: skip
BUILDERS: Mapping[str, Callable[..., nn.Sequential]] = ChainMap(_BUILDERS, own.BUILDERS)


def build(architecture: Architecture, task: Task, *, seed: int | None = None) -> nn.Module:
    """The untrained network: raw pixels uint8 (N, C, H, W) in, logits float32 (N, classes) out.

    Args:
        architecture: Family, width, depth and resolution.
        task: Gives the shape of the images, their range and the classes.
        seed: Seed of the weights; none takes them from torch's global generator as it stands.
    """
    with torch.random.fork_rng(devices=[], enabled=seed is not None):
        if seed is not None:
            torch.manual_seed(seed)
        said = {name: value for name in ("subnetwork", "stages") if (value := getattr(architecture, name)) is not None}
        seen = replace(task, shape=(task.shape[0], *architecture.pixels(*task.shape[1:])))
        model = BUILDERS[architecture.family](seen, width=architecture.width, depth=architecture.depth, **said)
        if architecture.family in own.BUILDERS:
            model = takes_pixels(model, architecture.family, seen)
    if seen.shape != task.shape:
        model[0] = nn.Sequential(model[0], Resize((seen.shape[1], seen.shape[2])))
    return channels_last(model)
