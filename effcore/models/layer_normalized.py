"""Blocks with layer normalization: ConvNeXt on images, mixer and attention on tokens, and what leads to tokens and from them.

Tokens are (N, T, C): T places of an image, row by row, with C channels each.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from effcore.catalogue.closed_forms import EXPANSION, HEAD, narrow
from effcore.models.blocks import Layer, convolution

EPSILON = 1e-6
"""Of every layer normalization, as in the papers."""


def _layer(inputs: int, outputs: int) -> Layer:
    """A linear layer with a bias and nothing after it."""
    return Layer(nn.Linear(inputs, outputs), activate=False, normalize=False)


class Perceptron(nn.Module):
    """Two linear layers over the last dimension with a GELU between them: (..., inputs) stays so."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.expand = _layer(inputs, hidden)
        self.act = nn.GELU()
        self.project = _layer(hidden, inputs)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.project(self.act(self.expand(x)))
        return y


class ConvNeXt(nn.Module):
    """7x7 convolution on each channel alone, layer normalization, and a perceptron at each place, with a shortcut around them.

    (N, inputs, H, W) to (N, outputs, ceil(H / stride), ceil(W / stride)); where the shape changes a 3x3 convolution comes
    first. The paper has a 2x2 one there, which leaves nothing of tiny images, and a factor on each channel of the result,
    which its second version takes out again.

    Source: Liu et al. 2022, A ConvNet for the 2020s, https://arxiv.org/abs/2201.03545; Woo et al. 2023, ConvNeXt V2,
    https://arxiv.org/abs/2301.00808.
    """

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1, kernel: int = 7, expansion: int = EXPANSION) -> None:
        super().__init__()
        same = inputs == outputs and stride == 1
        self.enter = nn.Identity() if same else convolution(inputs, outputs, stride=stride, activate=False)
        self.spatial = Layer(nn.Conv2d(outputs, outputs, kernel, padding=kernel // 2, groups=outputs), activate=False, normalize=False)
        self.norm = nn.LayerNorm(outputs, eps=EPSILON)
        self.mix = Perceptron(outputs, outputs * expansion)

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(x)
        at_places = self.spatial(x).permute(0, 2, 3, 1)  # (N, H, W, C)
        y: Tensor = x + self.mix(self.norm(at_places)).permute(0, 3, 1, 2)
        return y


class Mixer(nn.Module):
    """A perceptron over all places, the same for every channel, then one over all channels, the same at every place.

    Tokens (N, tokens, outputs) stay so; each perceptron has layer normalization before it and a shortcut around both.
    Source: Tolstikhin et al. 2021, MLP-Mixer, https://arxiv.org/abs/2105.01601.
    """

    def __init__(self, inputs: int, outputs: int, *, tokens: int) -> None:
        super().__init__()
        assert inputs == outputs, "a mixer keeps its channels"
        self.before_places = nn.LayerNorm(outputs, eps=EPSILON)
        self.over_places = Perceptron(tokens, narrow(outputs, 2))
        self.before_channels = nn.LayerNorm(outputs, eps=EPSILON)
        self.over_channels = Perceptron(outputs, outputs * EXPANSION)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.over_places(self.before_places(x).transpose(1, 2)).transpose(1, 2)
        y: Tensor = x + self.over_channels(self.before_channels(x))
        return y


class Attention(nn.Module):
    """Attention of all places to all places in several heads, then a perceptron at each place.

    Tokens (N, T, outputs) stay so, with any T; both parts have layer normalization before and a shortcut around them.
    The outputs are a multiple of 8; heads have 16 channels, or 8.

    Source: Vaswani et al. 2017, Attention Is All You Need, https://arxiv.org/abs/1706.03762; Dosovitskiy et al. 2021, An
    Image is Worth 16x16 Words, https://arxiv.org/abs/2010.11929.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        assert inputs == outputs, "attention keeps its channels"
        self.head = HEAD if outputs % HEAD == 0 else HEAD // 2
        self.before_places = nn.LayerNorm(outputs, eps=EPSILON)
        self.ask = _layer(outputs, 3 * outputs)
        self.answer = _layer(outputs, outputs)
        self.before_channels = nn.LayerNorm(outputs, eps=EPSILON)
        self.over_channels = Perceptron(outputs, outputs * EXPANSION)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.answer(self._attend(self.ask(self.before_places(x))))
        y: Tensor = x + self.over_channels(self.before_channels(x))
        return y

    def _attend(self, asked: Tensor) -> Tensor:
        """Queries, keys and values (N, T, 3 C) to the values that each place takes, (N, T, C)."""
        tokens, channels = asked.shape[1], asked.shape[2] // 3
        heads = asked.reshape(-1, tokens, 3, channels // self.head, self.head).permute(2, 0, 3, 1, 4)  # (3, N, heads, T, head)
        queries, keys, values = heads[0], heads[1], heads[2]
        # Written out: ONNX Runtime and the integer quantizer know products and softmax, and not torch's one operator for all.
        shares = torch.softmax(queries @ keys.transpose(2, 3) * self.head**-0.5, dim=3)
        return (shares @ values).transpose(1, 2).reshape(-1, tokens, channels)


class Tokens(nn.Module):
    """(N, C, H, W) to (N, H * W, C)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(2).transpose(1, 2)


class Positions(nn.Module):
    """Adds to each place a vector that is learned for it, without which attention could not tell places apart; (N, T, C) stays so."""

    def __init__(self, tokens: int, channels: int) -> None:
        super().__init__()
        self.where = nn.Parameter(torch.empty(1, tokens, channels))
        nn.init.trunc_normal_(self.where, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.where


class TokenHead(nn.Module):
    """Layer normalization, mean over all places, then a linear layer: (N, T, C) to logits (N, classes)."""

    def __init__(self, inputs: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(inputs, eps=EPSILON)
        self.classify = nn.Linear(inputs, classes)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classify(self.norm(x).mean(1))
        return logits
