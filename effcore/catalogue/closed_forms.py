"""The layers of each block in closed form: from channels and options to weights and products."""

from __future__ import annotations

from dataclasses import dataclass, replace

LEAST = 8
"""Fewest channels inside a block, as of every layer outside."""
EXPANSION = 4
"""Of the channels inside an inverted residual block, and of those between the two layers that follow a layer normalization."""
HEAD = 16
"""Channels of one head of attention."""
DIVISOR = 8
"""Of which channels are a multiple."""
GROUPS = 4
"""Into which a grouped 1x1 convolution cuts its channels."""


def channels(base: int, width: float, *, divisor: int = DIVISOR) -> int:
    """Channels of a layer: base times width, to the next multiple of 8, which vector units like, and at least 8; or of another divisor."""
    return max(divisor, round(base * width / divisor) * divisor)


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
        times: How often it is used at each position, as a layer over places is for each channel.
    """

    inputs: int
    outputs: int
    kernel: int = 1
    groups: int = 1
    stride: int = 1
    times: int = 1

    @property
    def products(self) -> int:
        """Multiply-accumulates for one use."""
        return self.kernel**2 * self.inputs * self.outputs // self.groups

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return self.products + self.outputs

    def macs(self, height: int, width: int) -> int:
        """Multiply-accumulates for an image of so many pixels."""
        positions = -(-height // self.stride) * -(-width // self.stride) if self.stride else 1
        return self.products * positions * self.times


@dataclass(frozen=True, kw_only=True)
class Scales:
    """Layer normalization, which can't be folded into weights since it depends on the image: a factor and a shift for each channel.

    Attributes:
        channels: That it scales.
    """

    channels: int

    @property
    def parameters(self) -> int:
        """Factors and shifts."""
        return 2 * self.channels

    def macs(self, height: int, width: int) -> int:
        """None: it holds no product of matrices."""
        return 0


@dataclass(frozen=True, kw_only=True)
class Comparisons:
    """Products without weights: of every place with every place, and of what comes out of them with the values.

    Attributes:
        channels: Of all heads together, whose number changes nothing.
    """

    channels: int

    @property
    def parameters(self) -> int:
        """None."""
        return 0

    def macs(self, height: int, width: int) -> int:
        """Two products of places, places and channels."""
        return 2 * (height * width) ** 2 * self.channels


Part = Weights | Scales | Comparisons
"""What blocks are made of."""


def linear(inputs: int, outputs: int) -> tuple[Part, ...]:
    """One product for the whole image."""
    return (Weights(inputs=inputs, outputs=outputs, stride=0),)


def convolution(inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1, groups: int = 1) -> tuple[Part, ...]:
    """A window of weights at every place."""
    return (Weights(inputs=inputs, outputs=outputs, kernel=kernel, groups=groups, stride=stride),)


def depthwise(channels: int, *, stride: int = 1, kernel: int = 3) -> tuple[Part, ...]:
    """A convolution on each channel alone."""
    return convolution(channels, channels, kernel=kernel, stride=stride, groups=channels)


def shortcut(inputs: int, outputs: int, *, stride: int) -> tuple[Part, ...]:
    """A 1x1 convolution where the shape changes, else nothing."""
    return () if inputs == outputs and stride == 1 else convolution(inputs, outputs, kernel=1, stride=stride)


def depthwise_separable(inputs: int, outputs: int, *, stride: int = 1, kernel: int = 3) -> tuple[Part, ...]:
    """Depthwise, then 1x1."""
    return (*depthwise(inputs, stride=stride, kernel=kernel), *convolution(inputs, outputs, kernel=1, stride=stride))


def residual(inputs: int, outputs: int, *, stride: int = 1, kernel: int = 3) -> tuple[Part, ...]:
    """Two convolutions and the shortcut."""
    both = (*convolution(inputs, outputs, kernel=kernel, stride=stride), *convolution(outputs, outputs, kernel=kernel, stride=stride))
    return (*both, *shortcut(inputs, outputs, stride=stride))


def inverted_residual(inputs: int, outputs: int, *, stride: int = 1, kernel: int = 3, expansion: int = EXPANSION) -> tuple[Part, ...]:
    """1x1 to more channels, depthwise, 1x1 back."""
    hidden = inputs * expansion
    ends = (*convolution(inputs, hidden, kernel=1), *convolution(hidden, outputs, kernel=1, stride=stride))
    return (*ends, *depthwise(hidden, stride=stride, kernel=kernel))


def bottleneck(inputs: int, outputs: int, *, stride: int = 1, kernel: int = 3) -> tuple[Part, ...]:
    """1x1 to fewer channels, a larger window there, 1x1 back, and the shortcut."""
    hidden = narrow(outputs, 4)
    ends = (*convolution(inputs, hidden, kernel=1), *convolution(hidden, outputs, kernel=1, stride=stride))
    return (*ends, *convolution(hidden, hidden, kernel=kernel, stride=stride), *shortcut(inputs, outputs, stride=stride))


def squeeze_excite(inputs: int, outputs: int) -> tuple[Part, ...]:
    """Two small layers for the whole image."""
    return (*linear(inputs, narrow(inputs, 4)), *linear(narrow(inputs, 4), outputs))


def fire(inputs: int, outputs: int, *, stride: int = 1, kernel: int = 3) -> tuple[Part, ...]:
    """1x1 to fewer channels, then 1x1 and a larger window side by side."""
    squeezed, half = narrow(outputs, 4), outputs // 2
    squeeze = convolution(inputs, squeezed, kernel=1, stride=stride)
    return (*squeeze, *convolution(squeezed, half, kernel=1, stride=stride), *convolution(squeezed, half, kernel=kernel, stride=stride))


def grouped(inputs: int, outputs: int, *, stride: int = 1) -> tuple[Part, ...]:
    """A 1x1 convolution within groups."""
    return convolution(inputs, outputs, kernel=1, stride=stride, groups=GROUPS)


def shuffle(inputs: int, outputs: int, *, stride: int = 1, kernel: int = 3) -> tuple[Part, ...]:
    """Grouped 1x1, depthwise, grouped 1x1."""
    hidden, added = narrow(outputs, 2), outputs - inputs or outputs
    return (*grouped(inputs, hidden), *depthwise(hidden, stride=stride, kernel=kernel), *grouped(hidden, added, stride=stride))


def ghost(inputs: int, outputs: int, *, stride: int = 1, kernel: int = 3) -> tuple[Part, ...]:
    """A convolution for half of the outputs, depthwise for the other half."""
    half = outputs // 2
    return (*convolution(inputs, half, kernel=kernel, stride=stride), *depthwise(half, stride=stride, kernel=kernel))


def perceptron(channels: int, *, expansion: int = EXPANSION) -> tuple[Part, ...]:
    """Layer normalization and two layers at each place, to more channels and back."""
    hidden = channels * expansion
    return (Scales(channels=channels), *convolution(channels, hidden, kernel=1), *convolution(hidden, channels, kernel=1))


def convnext(inputs: int, outputs: int, *, stride: int = 1, kernel: int = 7, expansion: int = EXPANSION) -> tuple[Part, ...]:
    """A 3x3 convolution where the shape changes, a large depthwise one, and a perceptron at each place."""
    enter = () if inputs == outputs and stride == 1 else convolution(inputs, outputs, stride=stride)
    at_places = (*depthwise(outputs, kernel=kernel), *perceptron(outputs, expansion=expansion))
    return (*enter, *(_behind(part, stride) for part in at_places))


def mixer(inputs: int, outputs: int, *, tokens: int) -> tuple[Part, ...]:
    """A perceptron over the places for each channel, then one over the channels at each place."""
    hidden = narrow(outputs, 2)
    over_places = (
        Weights(inputs=tokens, outputs=hidden, stride=0, times=outputs), Weights(inputs=hidden, outputs=tokens, stride=0, times=outputs),
    )  # fmt: skip
    return (Scales(channels=outputs), *over_places, *perceptron(outputs))


def attention(inputs: int, outputs: int) -> tuple[Part, ...]:
    """Queries, keys and values, their products, a layer after them, and a perceptron at each place."""
    ends = (*convolution(outputs, 3 * outputs, kernel=1), *convolution(outputs, outputs, kernel=1))
    return (Scales(channels=outputs), *ends, Comparisons(channels=outputs), *perceptron(outputs))


def _behind(part: Part, stride: int) -> Part:
    """The same on an image that a stride before it made smaller."""
    return replace(part, stride=stride) if isinstance(part, Weights) else part
