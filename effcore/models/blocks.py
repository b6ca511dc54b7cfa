"""The blocks that networks are built from, each named as in the catalogue."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from effcore.catalogue.closed_forms import EXPANSION, GROUPS, narrow

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


class Resize(nn.Module):
    """Pixels as numbers, (N, C, H, W), to another height and width: linear, over all pixels that a new one covers.

    Args:
        size: Height and width, in pixels.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        return functional.interpolate(x, self.size, mode="bilinear", antialias=True)


class Flatten(nn.Module):
    """(N, C, H, W) to (N, C * H * W), with a constant shape, which exports to one operator."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(-1, self.features)


class Unroll(nn.Module):
    """(N, C, H, W) to (N, C * H * W), with as many channels as come in, which pruning may change."""

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(-1, x.shape[1] * x.shape[2] * x.shape[3])


class Layer(nn.Module):
    """A weight layer with batch normalization and a ReLU, each unless it is left out: the unit of which all blocks are made."""

    def __init__(self, weight: nn.Conv2d | nn.Linear, *, activate: bool = True, normalize: bool = True) -> None:
        super().__init__()
        self.weight = weight
        self.norm: nn.Module
        if not normalize:
            self.norm = nn.Identity()
        elif isinstance(weight, nn.Conv2d):
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


def linear(inputs: int, outputs: int, *, normalize: bool = True) -> Layer:
    """Fully connected: (N, inputs) to (N, outputs); with a bias where it is not normalized."""
    return Layer(nn.Linear(inputs, outputs, bias=not normalize), normalize=normalize)


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

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1, kernel: int = 3) -> None:
        super().__init__()
        self.spatial = convolution(inputs, inputs, kernel=kernel, stride=stride, groups=inputs)
        self.mix = convolution(inputs, outputs, kernel=1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.mix(self.spatial(x))
        return y


class Residual(nn.Module):
    """Two 3x3 convolutions with a shortcut around them, which is a 1x1 convolution where the shape changes.

    Source: He et al. 2016, Deep Residual Learning, https://arxiv.org/abs/1512.03385.
    """

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1, kernel: int = 3) -> None:
        super().__init__()
        self.first = convolution(inputs, outputs, kernel=kernel, stride=stride)
        self.second = convolution(outputs, outputs, kernel=kernel, activate=False)
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else convolution(inputs, outputs, kernel=1, stride=stride, activate=False)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.act(self.second(self.first(x)) + self.shortcut(x))
        return y


class InvertedResidual(nn.Module):
    """1x1 convolution to more channels, 3x3 on each channel alone, 1x1 back; a shortcut where the shape stays.

    With `excite` the channels in between are weighed by squeeze and excitation, as in MobileNetV3.

    Source: Sandler et al. 2018, MobileNetV2, https://arxiv.org/abs/1801.04381.
    """

    def __init__(
        self, inputs: int, outputs: int, *, stride: int = 1, kernel: int = 3, expansion: int = EXPANSION, excite: bool = False
    ) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.expand = convolution(inputs, hidden, kernel=1)
        self.spatial = convolution(hidden, hidden, kernel=kernel, stride=stride, groups=hidden)
        self.excite = SqueezeExcite(hidden) if excite else None
        self.project = convolution(hidden, outputs, kernel=1, activate=False)
        self.same = inputs == outputs and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.spatial(self.expand(x))
        if self.excite is not None:
            hidden = self.excite(hidden)
        y: Tensor = self.project(hidden)
        return y + x if self.same else y


class Bottleneck(nn.Module):
    """1x1 convolution to a quarter of the outputs, 3x3 there, 1x1 to the outputs, with a shortcut as of `Residual`.

    (N, inputs, H, W) to (N, outputs, ceil(H / stride), ceil(W / stride)); the stride is that of the 3x3 convolution.
    Source: He et al. 2016, Deep Residual Learning, https://arxiv.org/abs/1512.03385.
    """

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1, kernel: int = 3) -> None:
        super().__init__()
        hidden = narrow(outputs, 4)
        self.reduce = convolution(inputs, hidden, kernel=1)
        self.spatial = convolution(hidden, hidden, kernel=kernel, stride=stride)
        self.expand = convolution(hidden, outputs, kernel=1, activate=False)
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else convolution(inputs, outputs, kernel=1, stride=stride, activate=False)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.act(self.expand(self.spatial(self.reduce(x))) + self.shortcut(x))
        return y


class SqueezeExcite(nn.Module):
    """Multiplies each channel by a number from 0 to 1, found from the means of all channels; (N, C, H, W) stays so.

    Source: Hu et al. 2018, Squeeze-and-Excitation Networks, https://arxiv.org/abs/1709.01507; with the hard sigmoid of
    Howard et al. 2019, MobileNetV3, https://arxiv.org/abs/1905.02244.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        squeezed = narrow(channels, 4)
        self.squeeze = Layer(nn.Conv2d(channels, squeezed, 1), normalize=False)
        self.excite = Layer(nn.Conv2d(squeezed, channels, 1), activate=False, normalize=False)
        self.gate = nn.Hardsigmoid()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x * self.gate(self.excite(self.squeeze(x.mean((2, 3), keepdim=True))))
        return y


class Fire(nn.Module):
    """1x1 convolution to a quarter of the outputs, then 1x1 and 3x3 side by side, each for half of them.

    (N, inputs, H, W) to (N, outputs, ceil(H / stride), ceil(W / stride)); a stride is that of max pooling before it.
    Source: Iandola et al. 2016, SqueezeNet, https://arxiv.org/abs/1602.07360.
    """

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1, kernel: int = 3) -> None:
        super().__init__()
        squeezed = narrow(outputs, 4)
        self.pool = nn.MaxPool2d(3, stride, padding=1) if stride > 1 else nn.Identity()
        self.squeeze = convolution(inputs, squeezed, kernel=1)
        self.small = convolution(squeezed, outputs // 2, kernel=1)
        self.large = convolution(squeezed, outputs // 2, kernel=kernel)

    def forward(self, x: Tensor) -> Tensor:
        squeezed = self.squeeze(self.pool(x))
        return torch.cat([self.small(squeezed), self.large(squeezed)], 1)


class ChannelShuffle(nn.Module):
    """Deals the channels of each group out over all groups; (N, C, H, W) stays so."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        channels, height, width = x.shape[1:]
        apart = x.reshape(-1, self.groups, channels // self.groups, height, width)
        return apart.transpose(1, 2).reshape(-1, channels, height, width)


class Grouped(nn.Module):
    """1x1 convolution within groups of channels, and a shuffle after it: (N, inputs, H, W) to (N, outputs, H, W).

    Source: Zhang et al. 2018, ShuffleNet, https://arxiv.org/abs/1707.01083.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.mix = convolution(inputs, outputs, kernel=1, groups=GROUPS)
        self.shuffle = ChannelShuffle(GROUPS)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.shuffle(self.mix(x))
        return y


class Shuffle(nn.Module):
    """Grouped 1x1 convolution with a shuffle, 3x3 on each channel alone, grouped 1x1; what came in is added or stands beside it.

    (N, inputs, H, W) to (N, outputs, ceil(H / stride), ceil(W / stride)), at least as many as came in.
    Source: Zhang et al. 2018, ShuffleNet, https://arxiv.org/abs/1707.01083.
    """

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1, kernel: int = 3) -> None:
        super().__init__()
        hidden = narrow(outputs, 2)
        self.reduce = Grouped(inputs, hidden)
        self.spatial = convolution(hidden, hidden, kernel=kernel, stride=stride, groups=hidden, activate=False)
        self.expand = convolution(hidden, outputs - inputs or outputs, kernel=1, groups=GROUPS, activate=False)
        self.shortcut = nn.AvgPool2d(3, stride, padding=1) if stride > 1 else nn.Identity()
        self.act = nn.ReLU()
        self.adds = inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y, before = self.expand(self.spatial(self.reduce(x))), self.shortcut(x)
        z: Tensor = self.act(before + y if self.adds else torch.cat([before, y], 1))
        return z


class Ghost(nn.Module):
    """3x3 convolution for half of the outputs, and a 3x3 one on each of these alone for the other half.

    (N, inputs, H, W) to (N, outputs, ceil(H / stride), ceil(W / stride)).
    Source: Han et al. 2020, GhostNet, https://arxiv.org/abs/1911.11907.
    """

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1, kernel: int = 3) -> None:
        super().__init__()
        half = outputs // 2
        self.primary = convolution(inputs, half, kernel=kernel, stride=stride)
        self.cheap = convolution(half, half, kernel=kernel, groups=half)

    def forward(self, x: Tensor) -> Tensor:
        primary = self.primary(x)
        return torch.cat([primary, self.cheap(primary)], 1)


class Head(nn.Module):
    """Mean over each channel's plane, then a linear layer: (N, C, H, W) to logits (N, classes)."""

    def __init__(self, inputs: int, classes: int) -> None:
        super().__init__()
        self.classify = nn.Linear(inputs, classes)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classify(x.mean((2, 3)))
        return logits


def layer_name(parameter: str) -> str:
    """Name of the layer whose weights a parameter is, as `3.0.first` of `3.0.first.weight.weight`."""
    return parameter.removesuffix(".weight").removesuffix(".weight")


def fold(model: nn.Module) -> None:
    """Moves every batch normalization of the model into the weights before it, in place; needs eval mode."""
    for module in model.modules():
        if isinstance(module, Layer):
            module.fold()
