"""The families of networks: how blocks make a network of a width and a depth."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import nn

from effcore.catalogue import Task
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.elastic import Shape, largest
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
    Shuffle,
    Unroll,
    convolution,
    linear,
)
from effcore.models.elastic import BASES, elastic_network
from effcore.models.layout import channels_last

DIVISOR = 8
VALID_FROM = 16
"""Smallest side of an image on which 5x5 convolutions without padding leave enough, in pixels."""


def channels(base: int, width: float) -> int:
    """Channels of a layer: base times width, to the next multiple of 8, which vector units like, and at least 8."""
    return max(DIVISOR, round(base * width / DIVISOR) * DIVISOR)


def exactly(base: int, width: float) -> int:
    """Channels or units of a layer of a named network: base times width, to the next whole number, and at least 1."""
    return max(1, round(base * width))


def mlp(task: Task, *, width: float, depth: int) -> nn.Module:
    """Hidden layers of 256 and 128 units, each `depth` times."""
    inputs = task.shape[0] * task.shape[1] * task.shape[2]
    layers: list[nn.Module] = [Normalize(task.levels), Flatten(inputs)]
    for base in (256, 128):
        for _ in range(depth):
            layers.append(linear(inputs, channels(base, width)))
            inputs = channels(base, width)
    return nn.Sequential(*layers, nn.Linear(inputs, len(task.classes)))


def cnn(task: Task, *, width: float, depth: int) -> nn.Module:
    """A stem and three stages of 3x3 convolutions, each of which halves the image; `depth` convolutions in a stage."""
    return _staged(task, (32, 64, 128, 256), width=width, depth=depth, block=convolution)


def residual(task: Task, *, width: float, depth: int) -> nn.Module:
    """A stem and three stages of residual blocks, the last two of which halve the image."""
    return _staged(task, (48, 48, 96, 192), width=width, depth=depth, block=Residual, strides=(2, 1, 2, 2))


def mobile(task: Task, *, width: float, depth: int) -> nn.Module:
    """A stem, a depthwise separable block and three stages of inverted residual blocks."""
    return _mobile(task, width=width, depth=depth, block=InvertedResidual)


def mobile_se(task: Task, *, width: float, depth: int) -> nn.Module:
    """As `mobile`, with squeeze and excitation in the inverted residual blocks."""
    return _mobile(task, width=width, depth=depth, block=partial(InvertedResidual, excite=True))


def bottleneck(task: Task, *, width: float, depth: int) -> nn.Module:
    """A stem and three stages of bottleneck blocks, the last two of which halve the image."""
    return _staged(task, (48, 64, 128, 256), width=width, depth=depth, block=Bottleneck, strides=(2, 1, 2, 2))


def squeeze(task: Task, *, width: float, depth: int) -> nn.Module:
    """A stem and three stages of fire modules, the last two of which halve the image."""
    return _staged(task, (32, 64, 128, 256), width=width, depth=depth, block=Fire, strides=(2, 1, 2, 2))


def shuffle(task: Task, *, width: float, depth: int) -> nn.Module:
    """A stem and three stages of shuffle units, the last two of which halve the image."""
    return _staged(task, (24, 48, 96, 192), width=width, depth=depth, block=Shuffle, strides=(2, 1, 2, 2))


def ghost(task: Task, *, width: float, depth: int) -> nn.Module:
    """A stem and three stages of ghost modules, each of which halves the image."""
    return _staged(task, (32, 64, 128, 256), width=width, depth=depth, block=Ghost)


def elastic(task: Task, *, width: float, depth: int, subnetwork: Shape | None = None) -> nn.Module:
    """A stem and three stages of inverted residual blocks with 5x5 kernels, or the part of it that is asked for."""
    return elastic_network(task, [channels(base, width) for base in BASES], largest(depth) if subnetwork is None else subnetwork)


def lenet_300_100(task: Task, *, width: float, depth: int) -> nn.Module:
    """Hidden layers of 300 and 100 units; it has no stages, so that its depth is 1."""
    inputs = task.shape[0] * task.shape[1] * task.shape[2]
    first, second = exactly(300, width), exactly(100, width)
    layers = (linear(inputs, first, normalize=False), linear(first, second, normalize=False))
    return nn.Sequential(Normalize(task.levels), Flatten(inputs), *layers, nn.Linear(second, len(task.classes)))


def lenet_5(task: Task, *, width: float, depth: int) -> nn.Module:
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


def _mobile(task: Task, *, width: float, depth: int, block: Callable[..., nn.Module]) -> nn.Module:
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
) -> nn.Module:
    """Normalization, stem, three stages of `depth` blocks and a head; the first block of a stage has its stride."""
    sizes = [channels(base, width) for base in bases]
    stages: list[nn.Module] = []
    for inputs, outputs, stride in zip(sizes[:-1], sizes[1:], strides[1:], strict=True):
        first = block(inputs, outputs, stride=stride)
        stages.append(nn.Sequential(first, *(block(outputs, outputs) for _ in range(depth - 1))))
    if stem is None:
        stem = convolution(task.shape[0], sizes[0], stride=strides[0])
    return nn.Sequential(Normalize(task.levels), stem, *stages, Head(sizes[-1], len(task.classes)))


BUILDERS: dict[str, Callable[..., nn.Module]] = {
    "mlp": mlp, "cnn": cnn, "residual": residual, "mobile": mobile, "lenet_300_100": lenet_300_100, "lenet_5": lenet_5,
    "bottleneck": bottleneck, "squeeze": squeeze, "shuffle": shuffle, "ghost": ghost, "mobile_se": mobile_se,
    "elastic": elastic,
}  # fmt: skip


def build(architecture: Architecture, task: Task, *, seed: int | None = None) -> nn.Module:
    """The untrained network: raw pixels uint8 (N, C, H, W) in, logits float32 (N, classes) out.

    Args:
        architecture: Family, width and depth.
        task: Gives the shape of the images, their range and the classes.
        seed: Seed of the weights; none takes them from torch's global generator as it stands.
    """
    with torch.random.fork_rng(devices=[], enabled=seed is not None):
        if seed is not None:
            torch.manual_seed(seed)
        part = {} if architecture.subnetwork is None else {"subnetwork": architecture.subnetwork}
        model = BUILDERS[architecture.family](task, width=architecture.width, depth=architecture.depth, **part)
    return channels_last(model)
