"""Networks whose stages are chosen one by one: the blocks of the catalogue, put together as a recipe says."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import nn

from effcore.catalogue import Task
from effcore.catalogue.staged import STEM_STRIDE, STRIDES, Stage, Stages, narrows
from effcore.models.blocks import (
    Bottleneck,
    DepthwiseSeparable,
    Fire,
    Ghost,
    Head,
    InvertedResidual,
    Normalize,
    Residual,
    Shuffle,
    convolution,
)
from effcore.models.layer_normalized import ConvNeXt

BLOCKS: Mapping[str, Callable[..., nn.Module]] = {
    "convolution": convolution, "depthwise_separable": DepthwiseSeparable, "residual": Residual, "bottleneck": Bottleneck,
    "inverted_residual": InvertedResidual, "fire": Fire, "shuffle": Shuffle, "ghost": Ghost, "convnext": ConvNeXt,
}  # fmt: skip
"""(inputs, outputs, stride, kernel, expansion where it has one) -> block, by its name in the catalogue."""


def staged_network(task: Task, stages: Stages, *, width: float) -> nn.Sequential:
    """A stem that halves the image, three stages and a head.

    Args:
        task: Gives the shape of the images, their range and the classes.
        stages: What each stage is made of.
        width: Factor on the channels of all of them.
    """
    sizes = stages.channels(width)
    layers: list[nn.Module] = [Normalize(task.levels), convolution(task.shape[0], sizes[0], stride=STEM_STRIDE)]
    inputs = sizes[0]
    for stage, outputs, stride in zip(stages.stages, sizes, STRIDES, strict=True):
        layers.append(_stage(stage, inputs, outputs, stride=stride))
        inputs = outputs
    return nn.Sequential(*layers, Head(inputs, len(task.classes)))


def _stage(stage: Stage, inputs: int, outputs: int, *, stride: int) -> nn.Sequential:
    """Blocks one after the other: (N, inputs, H, W) to (N, outputs, ceil(H / stride), ceil(W / stride))."""
    make, before = BLOCKS[stage.block], []
    if narrows(stage.block, inputs, outputs):
        before, inputs = [convolution(inputs, outputs, kernel=1)], outputs
    first = make(inputs, outputs, stride=stride, **stage.options)
    return nn.Sequential(*before, first, *(make(outputs, outputs, **stage.options) for _ in range(stage.depth - 1)))
