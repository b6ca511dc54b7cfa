"""The blocks that networks are built from, each named as in the catalogue."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

EXPANSION = 4
MOMENTUM = 0.2
"""Of the running mean and variance: an epoch here has 55 steps, and torch's 0.1 judges the first epochs by stale ones.

On mnist5k a cnn has a validation accuracy of 0.80 after one epoch with 0.1 and 0.90 with 0.2; after four the same.
"""


class Normalize(nn.Module):
    """Raw pixels, (N, C, H, W) of any type, to float32 from 0 to 2.

    Black stays 0, so that it equals the zeros that convolutions pad with.
    """

    def __init__(self, levels: int) -> None:
        super().__init__()
        self.factor = 2.0 / levels

    def forward(self, images: Tensor) -> Tensor:
        return images.to(torch.float32) * self.factor


class Flatten(nn.Module):
    """(N, C, H, W) to (N, C * H * W), with a constant shape, which exports to one operator."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(-1, self.features)


class Layer(nn.Module):
    """A weight layer with batch normalization and an optional ReLU: the unit of which all blocks are made."""

    def __init__(self, weight: nn.Conv2d | nn.Linear, *, activate: bool = True) -> None:
        super().__init__()
        self.weight = weight
        self.norm: nn.Module
        if isinstance(weight, nn.Conv2d):
            self.norm = nn.BatchNorm2d(weight.out_channels, momentum=MOMENTUM)
        else:
            self.norm = nn.BatchNorm1d(weight.out_features, momentum=MOMENTUM)
        self.act: nn.Module = nn.ReLU() if activate else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.act(self.norm(self.weight(x)))
        return y

    @property
    def outputs(self) -> int:
        """Channels or units that come out."""
        return self.weight.out_channels if isinstance(self.weight, nn.Conv2d) else self.weight.out_features

    def fold(self) -> None:
        """Moves the normalization into the weights, in place; the layer must be in eval mode."""
        if isinstance(self.norm, nn.BatchNorm2d) and isinstance(self.weight, nn.Conv2d):
            self.weight = fuse_conv_bn_eval(self.weight, self.norm)
        elif isinstance(self.norm, nn.BatchNorm1d) and isinstance(self.weight, nn.Linear):
            self.weight = fuse_linear_bn_eval(self.weight, self.norm)
        self.norm = nn.Identity()


def linear(inputs: int, outputs: int) -> Layer:
    """Fully connected: (N, inputs) to (N, outputs)."""
    return Layer(nn.Linear(inputs, outputs, bias=False))


def convolution(
    inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1, groups: int = 1, activate: bool = True
) -> Layer:
    """Convolution: (N, inputs, H, W) to (N, outputs, ceil(H / stride), ceil(W / stride))."""
    weight = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
    return Layer(weight, activate=activate)


class DepthwiseSeparable(nn.Module):
    """A 3x3 convolution on each channel alone, then a 1x1 convolution over all of them.

    Source: Howard et al. 2017, MobileNets, https://arxiv.org/abs/1704.04861.
    """

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1) -> None:
        super().__init__()
        self.spatial = convolution(inputs, inputs, stride=stride, groups=inputs)
        self.mix = convolution(inputs, outputs, kernel=1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.mix(self.spatial(x))
        return y


class Residual(nn.Module):
    """Two 3x3 convolutions with a shortcut around them, which is a 1x1 convolution where the shape changes.

    Source: He et al. 2016, Deep Residual Learning, https://arxiv.org/abs/1512.03385.
    """

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1) -> None:
        super().__init__()
        self.first = convolution(inputs, outputs, stride=stride)
        self.second = convolution(outputs, outputs, activate=False)
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else convolution(inputs, outputs, kernel=1, stride=stride, activate=False)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.act(self.second(self.first(x)) + self.shortcut(x))
        return y


class InvertedResidual(nn.Module):
    """1x1 convolution to more channels, 3x3 on each channel alone, 1x1 back; a shortcut where the shape stays.

    Source: Sandler et al. 2018, MobileNetV2, https://arxiv.org/abs/1801.04381.
    """

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1, expansion: int = EXPANSION) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.expand = convolution(inputs, hidden, kernel=1)
        self.spatial = convolution(hidden, hidden, stride=stride, groups=hidden)
        self.project = convolution(hidden, outputs, kernel=1, activate=False)
        self.same = inputs == outputs and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.project(self.spatial(self.expand(x)))
        return y + x if self.same else y


class Head(nn.Module):
    """Mean over each channel's plane, then a linear layer: (N, C, H, W) to logits (N, classes)."""

    def __init__(self, inputs: int, classes: int) -> None:
        super().__init__()
        self.classify = nn.Linear(inputs, classes)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classify(x.mean((2, 3)))
        return logits


def fold(model: nn.Module) -> None:
    """Moves every batch normalization of the model into the weights before it, in place; needs eval mode."""
    for module in model.modules():
        if isinstance(module, Layer):
            module.fold()


BLOCKS: dict[type[nn.Module], str] = {
    Residual: "residual",
    InvertedResidual: "inverted_residual",
    DepthwiseSeparable: "depthwise_separable",
}
"""Blocks of several layers; a layer in none of them is a block of its own, `linear` or `convolution`."""


def kinds(model: nn.Module) -> dict[str, list[str]]:
    """Names of the layers in each kind of block, by the name of the kind in the catalogue."""
    found: dict[str, list[str]] = {}
    blocks = {name: BLOCKS[type(module)] for name, module in model.named_modules() if type(module) in BLOCKS}
    for name, module in model.named_modules():
        if isinstance(module, Layer):
            alone = "convolution" if isinstance(module.weight, nn.Conv2d) else "linear"
            kind = next((kind for block, kind in blocks.items() if name.startswith(f"{block}.")), alone)
            found.setdefault(kind, []).append(name)
    return found
