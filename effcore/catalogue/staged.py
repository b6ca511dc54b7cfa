"""Networks of three stages that each have a block, a depth, a width, a kernel and an expansion of their own: a macro space of architectures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, get_args

from pydantic import ValidationInfo, field_validator, model_validator

from effcore.catalogue.blocks import BLOCKS
from effcore.catalogue.closed_forms import EXPANSION, Part, channels, convolution, linear
from effcore.catalogue.record import Parameters, number, parameter, require_use, with_first

STAGED = "staged"
"""The family whose stages can be chosen one by one."""
BlockName = Literal[
    "convolution", "depthwise_separable", "residual", "bottleneck", "inverted_residual", "fire", "shuffle", "ghost", "convnext",
]  # fmt: skip
BASES = (32, 64, 128)
"""Channels of the stages at width 1; the stem has those of the first one."""
STEM_STRIDE = 2
STRIDES = (1, 2, 2)
"""Of the first block of each stage."""

_OWN_KERNEL = {"convnext": (7,)}
_OWN_EXPANSION = dict.fromkeys(("inverted_residual", "convnext"), (EXPANSION,))
_ALWAYS = ("block", "depth", "width", "kernel")
_USES = {block: (*_ALWAYS, "expansion") if block in _OWN_EXPANSION else _ALWAYS for block in get_args(BlockName)}
"""Fields that each block has a use for."""
_SHORT = {"convolution": "conv", "depthwise_separable": "separable", "inverted_residual": "inverted"}


class Stage(Parameters):
    """One stage: equal blocks one after the other, of which the first changes the size of the image and the channels."""

    block: BlockName = parameter("convolution", help="Which block it is made of, see `effcore describe`.")
    depth: int = parameter(1, ge=1, le=6, unit="blocks", help="Blocks one after the other.")
    width: float = parameter(1.0, ge=0.125, le=4, unit="x", help="Factor on its channels, beside that of the whole network.")
    kernel: Literal[3, 5, 7] = parameter(3, unit="pixels", help="Side of the windows that are no single pixel; convnext: 7 where it is left out.")
    expansion: int | None = parameter(
        None, ge=1, le=8, unit="x", help="inverted_residual, convnext: channels inside a block over those outside, 4 where it is left out."
    )

    @model_validator(mode="before")
    @classmethod
    def _own_of_the_block(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("expansion", 0) is None:
            given = {name: value for name, value in given.items() if name != "expansion"}
        with_kernel = with_first(given, "kernel", by="block", choices=_OWN_KERNEL)
        return with_first(with_kernel, "expansion", by="block", choices=_OWN_EXPANSION)

    @field_validator("expansion")
    @classmethod
    def _has_a_use(cls, value: int | None, info: ValidationInfo) -> int | None:
        require_use(cls, value, info, by="block", uses=_USES)
        return value

    @property
    def options(self) -> dict[str, int]:
        """Of its block, beside the stride."""
        return {"kernel": self.kernel} | ({} if self.expansion is None else {"expansion": self.expansion})

    def __str__(self) -> str:
        own = type(self)(block=self.block)
        said = (("d", self.depth, own.depth), ("w", self.width, own.width), ("k", self.kernel, own.kernel), ("e", self.expansion, own.expansion))
        parts = [f"{letter}{number(value)}" for letter, value, default in said if value != default and value is not None]
        return " ".join([_SHORT.get(self.block, self.block), *parts])


class Stages(Parameters):
    """The three stages of a network of the family staged."""

    stage_1: Stage = parameter(Stage(), help="The first stage, on images that the stem has halved.")
    stage_2: Stage = parameter(Stage(), help="The second stage, which halves them again.")
    stage_3: Stage = parameter(Stage(), help="The third stage, which halves them once more.")

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The three stages in their order."""
        return (self.stage_1, self.stage_2, self.stage_3)

    def channels(self, width: float) -> tuple[int, ...]:
        """Channels that come out of each stage of a network of that width.

        Example:
            >>> Stages(stage_2=Stage(width=0.5)).channels(1.0)
            (32, 32, 128)
        """
        return tuple(channels(base, width * stage.width) for base, stage in zip(BASES, self.stages, strict=True))

    @property
    def some_block_can_go(self) -> bool:
        """Whether a block has a shortcut around it that is the identity: any but the first of a stage that changes the shape."""
        return self.stage_1.block in PASSING or any(stage.block in PASSING and stage.depth > 1 for stage in self.stages)

    def __str__(self) -> str:
        return " / ".join(map(str, self.stages))


PASSING = ("residual", "bottleneck", "inverted_residual", "shuffle", "convnext")
"""Blocks with a shortcut around them."""


def narrows(block: str, inputs: int, outputs: int) -> bool:
    """Whether a block must have fewer channels brought to it first: shuffle units only add channels to those that come in."""
    return block == "shuffle" and outputs < inputs


def parts(stages: Stages, *, width: float, inputs: int, classes: int, sides: tuple[int, int]) -> Iterator[tuple[Part, tuple[int, int]]]:
    """Every layer of a network in closed form, with the height and width of what comes into its block, in pixels.

    Args:
        stages: Of the network.
        width: Factor on all channels.
        inputs: Channels of the images.
        classes: Of the task.
        sides: Height and width of the images that its first layer sees.
    """
    sizes = stages.channels(width)
    yield from ((part, sides) for part in convolution(inputs, sizes[0], stride=STEM_STRIDE))
    sides, before = _strided(sides, STEM_STRIDE), sizes[0]
    for stage, outputs, stride in zip(stages.stages, sizes, STRIDES, strict=True):
        if narrows(stage.block, before, outputs):
            yield from ((part, sides) for part in convolution(before, outputs, kernel=1))
            before = outputs
        yield from ((part, sides) for part in BLOCKS[stage.block].layers(before, outputs, stride=stride, **stage.options))
        sides, before = _strided(sides, stride), outputs
        for _ in range(stage.depth - 1):
            yield from ((part, sides) for part in BLOCKS[stage.block].layers(outputs, outputs, **stage.options))
    yield from ((part, sides) for part in linear(before, classes))


def parameter_count(stages: Stages, *, width: float, inputs: int, classes: int) -> int:
    """Weights and biases of a network as it is deployed; the arguments are those of `parts`."""
    return sum(part.parameters for part, _ in parts(stages, width=width, inputs=inputs, classes=classes, sides=(1, 1)))


def product_count(stages: Stages, *, width: float, inputs: int, classes: int, sides: tuple[int, int]) -> int:
    """Multiply-accumulates of a network for one image; the arguments are those of `parts`."""
    return sum(part.macs(*seen) for part, seen in parts(stages, width=width, inputs=inputs, classes=classes, sides=sides))


def _strided(sides: tuple[int, int], stride: int) -> tuple[int, int]:
    return -(-sides[0] // stride), -(-sides[1] // stride)
