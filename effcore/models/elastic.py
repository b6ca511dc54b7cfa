"""Networks that can be cut: the family, the pass through a part of its weights, and cutting that part out."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import update_bn

from effcore.catalogue import Task
from effcore.catalogue.closed_forms import EXPANSION
from effcore.catalogue.elastic import LARGEST_KERNEL, STAGES, ElasticStage, Shape, kept_channels, smallest, stage_choices
from effcore.catalogue.elastic import shape as shape_of
from effcore.errors import TechniqueError
from effcore.models.blocks import Head, InvertedResidual, Layer, Normalize, convolution

BASES = (24, 32, 64, 96)
"""Channels of the stem and of the three stages at width 1."""
STRIDES = (2, 2, 2, 1)
STATISTICS_BATCH = 64


def elastic_network(task: Task, sizes: Sequence[int], shape: Shape) -> nn.Sequential:
    """A stem, three stages of inverted residual blocks and a head.

    Args:
        task: Gives the shape of the images, their range and the classes.
        sizes: Channels of the stem and of the stages of the whole network, of which `shape` keeps a part.
        shape: The whole network or a part of it, which is built as it would be cut out.
    """
    stem, *outputs = _kept(sizes, shape)
    layers: list[nn.Module] = [Normalize(task.levels), convolution(task.shape[0], stem, stride=STRIDES[0])]
    inputs = stem
    for size, stage, stride in zip(outputs, shape.stages, STRIDES[1:], strict=True):
        first = _block(inputs, size, kernel=stage.kernel, stride=stride)
        first.same = False  # also where as many channels come in as go out, which happens in some parts and not in others
        layers.append(nn.Sequential(first, *(_block(size, size, kernel=stage.kernel) for _ in range(stage.depth - 1))))
        inputs = size
    return nn.Sequential(*layers, Head(inputs, len(task.classes)))


def _kept(sizes: Sequence[int], shape: Shape) -> list[int]:
    shares = (shape.stage_1.width, *(stage.width for stage in shape.stages))
    return [kept_channels(size, share) for size, share in zip(sizes, shares, strict=True)]


def _block(inputs: int, outputs: int, *, kernel: int, stride: int = 1) -> InvertedResidual:
    block = InvertedResidual(inputs, outputs, stride=stride)
    hidden = inputs * EXPANSION
    block.spatial = convolution(hidden, hidden, kernel=kernel, stride=stride, groups=hidden)
    return block


def depth_of(model: nn.Module) -> int:
    """Blocks in each stage of a whole network of the family.

    Raises:
        TechniqueError: The network is of another family, or something was cut out of it.
    """
    stages = list(model)[2:-1] if isinstance(model, nn.Sequential) else []
    blocks = [block for stage in stages if isinstance(stage, nn.Sequential) for block in stage]
    if len(stages) != len(STAGES) or not blocks or not all(_is_whole(block) for block in blocks):
        raise TechniqueError(
            f"a sub-network can be taken only of a whole network of the family elastic. Got {type(model).__name__} that is "
            "of another family, or out of which something was cut. Put the step right after its training."
        )
    return len(blocks) // len(stages)


def _is_whole(block: nn.Module) -> bool:
    if not isinstance(block, InvertedResidual) or not isinstance(block.spatial.weight, nn.Conv2d) or not isinstance(block.expand.weight, nn.Conv2d):
        return False
    expanded = block.spatial.weight.out_channels == EXPANSION * block.expand.weight.in_channels
    return expanded and block.spatial.weight.kernel_size == (LARGEST_KERNEL, LARGEST_KERNEL)


def _layers(model: nn.Module) -> list[Any]:
    """Normalization, stem, three stages and head."""
    assert isinstance(model, nn.Sequential), "that is what the family is"
    return list(model)


def forward(model: nn.Module, shape: Shape, images: Tensor) -> Tensor:
    """Logits, (N, classes), of a part of the network, in its own weights and with the statistics of this batch.

    Args:
        model: A whole network of the family; its running statistics are neither used nor changed.
        shape: The part.
        images: Raw pixels, (N, C, H, W).
    """
    normalize, stem, *stages, head = _layers(model)
    x: Tensor = normalize(images)
    x = _pass(stem, x, outputs=kept_channels(stem.outputs, shape.stage_1.width))
    for stage, chosen in zip(stages, shape.stages, strict=True):
        outputs = kept_channels(stage[0].project.outputs, chosen.width)
        for block in list(stage)[: chosen.depth]:
            hidden = x.shape[1] * EXPANSION
            inside = _pass(block.expand, x, outputs=hidden)
            inside = _pass(block.spatial, inside, outputs=hidden, kernel=chosen.kernel)
            inside = _pass(block.project, inside, outputs=outputs)
            x = inside + x if block.same else inside
    classify = head.classify
    return functional.linear(x.mean((2, 3)), classify.weight[:, : x.shape[1]], classify.bias)


def _pass(layer: Layer, x: Tensor, *, outputs: int, kernel: int | None = None) -> Tensor:
    """What comes out of the first channels of a layer: (N, inputs, H, W) to (N, outputs, H', W')."""
    conv, norm = layer.weight, layer.norm
    assert isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d), "the family has no other layers"
    depthwise = conv.groups > 1
    weight = _weights(conv, 1 if depthwise else x.shape[1], outputs, kernel)
    y = functional.conv2d(x, weight, None, conv.stride, weight.shape[-1] // 2, 1, outputs if depthwise else 1)
    y = functional.batch_norm(y, None, None, norm.weight[:outputs], norm.bias[:outputs], training=True, eps=norm.eps)
    activated: Tensor = layer.act(y)
    return activated


def _weights(conv: nn.Conv2d, inputs: int, outputs: int, kernel: int | None) -> Tensor:
    """The first channels of a convolution and the middle of its kernels."""
    edge = (conv.kernel_size[0] - (kernel or conv.kernel_size[0])) // 2
    part = conv.weight[:outputs, :inputs, edge : conv.kernel_size[0] - edge, edge : conv.kernel_size[1] - edge]
    return part.contiguous(memory_format=torch.channels_last)


def cut(model: nn.Module, shape: Shape) -> nn.Module:
    """A network of its own that is the part of another one; its statistics are the first ones of that.

    Args:
        model: A whole network of the family; not changed.
        shape: The part.

    Raises:
        TechniqueError: As `cut_in_place`.
    """
    part = copy.deepcopy(model)
    cut_in_place(part, shape)
    return part


def cut_in_place(model: nn.Module, shape: Shape) -> None:
    """Leave only a part of the network.

    Args:
        model: A whole network of the family.
        shape: The part.

    Raises:
        TechniqueError: It is none, or it has fewer blocks than the part.
    """
    depth = depth_of(model)
    if shape.deepest > depth:
        raise TechniqueError(f"a sub-network must have at most {depth} blocks in a stage, as many as its network. Got {shape}.")
    _, stem, *stages, head = _layers(model)
    inputs = _cut_layer(stem, stem.weight.in_channels, kept_channels(stem.outputs, shape.stage_1.width))
    for stage, chosen in zip(stages, shape.stages, strict=True):
        outputs = kept_channels(stage[0].project.outputs, chosen.width)
        del stage[chosen.depth :]
        for block in stage:
            hidden = _cut_layer(block.expand, inputs, inputs * EXPANSION)
            _cut_layer(block.spatial, hidden, hidden, kernel=chosen.kernel)
            inputs = _cut_layer(block.project, hidden, outputs)
    head.classify.weight = nn.Parameter(head.classify.weight.detach()[:, :inputs].clone())
    head.classify.in_features = inputs


def _cut_layer(layer: Layer, inputs: int, outputs: int, *, kernel: int | None = None) -> int:
    """Leave the first channels of a layer, in place; how many come out."""
    conv, norm = layer.weight, layer.norm
    assert isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d), "the family has no other layers"
    depthwise = conv.groups > 1
    conv.weight = nn.Parameter(_weights(conv, 1 if depthwise else inputs, outputs, kernel).detach().clone())
    side = conv.weight.shape[-1]
    conv.in_channels, conv.out_channels, conv.groups = inputs, outputs, outputs if depthwise else 1
    conv.kernel_size, conv.padding = (side, side), (side // 2, side // 2)
    norm.weight, norm.bias = (nn.Parameter(p.detach()[:outputs].clone()) for p in (norm.weight, norm.bias))
    assert norm.running_mean is not None and norm.running_var is not None, "the family's normalizations have statistics"
    norm.running_mean, norm.running_var = norm.running_mean[:outputs].clone(), norm.running_var[:outputs].clone()
    norm.num_features = outputs
    return outputs


def draw(depth: int, generator: torch.Generator) -> Shape:
    """A sub-network whose stages are drawn evenly from all that a network of that depth has."""
    choices = list(stage_choices(depth))
    return shape_of([choices[int(index)] for index in torch.randint(len(choices), (len(STAGES),), generator=generator)])


def heaviest_parts(model: nn.Module, sampled: int) -> list[nn.Module]:
    """About the most that a step of weight sharing passes beside the whole network, for how much memory it takes.

    Args:
        model: A whole network of the family.
        sampled: Sub-networks that are drawn in a step. That all of a step are nearly whole happens in some step of a training.
    """
    large = shape_of([ElasticStage(depth=depth_of(model), width=0.75, kernel=5)] * len(STAGES))
    return [cut(model, shape) for shape in (smallest(), *[large] * sampled)]


def take_statistics(model: nn.Module, images: Tensor) -> nn.Module:
    """The model, changed in place and left in eval mode, with its batch normalization's means and variances of these images.

    Args:
        model: Any with batch normalization.
        images: uint8 (N, C, H, W), at least two.
    """
    # Evenly cut: batch normalization can't do with the single image that could be left at the end.
    parts = torch.tensor_split(images, math.ceil(len(images) / STATISTICS_BATCH))
    update_bn(parts, model)
    return model.eval()
