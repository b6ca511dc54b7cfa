"""Which network is built."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import SerializerFunctionWrapHandler, ValidationInfo, field_validator, model_serializer

from effcore.catalogue.choice import OneOf
from effcore.catalogue.elastic import ELASTIC, Shape, shape_label
from effcore.catalogue.families import FAMILIES, MAX_DEPTH
from effcore.catalogue.record import Parameters, Technique, number, parameter
from effcore.catalogue.staged import STAGED, Stages
from effcore.catalogue.tasks import Task

FamilyName = Annotated[str, OneOf(lambda: FAMILIES)]


def depth_rule(family: str, depth: int) -> str:
    """What the depth must be with this family; empty where it may be what it is."""
    record = FAMILIES.get(family)
    if record is None or depth <= record.max_depth:
        return ""
    if record.choice:
        return f"{record.max_depth} with the family {family}, each of whose stages has a depth of its own, as `stages: {{stage_1: {{depth: 2}}}}`"
    return f"{record.max_depth} with the family {family}, which has no stages that could be repeated"


LEAST_PIXELS = 4
"""Of the sides of what a network sees: the images are halved up to four times."""


class Architecture(Parameters):
    """A network: its family, how wide, how deep and how many pixels it sees."""

    family: FamilyName = parameter(help="Family of networks, see `effcore describe`.")
    width: float = parameter(1.0, ge=0.125, le=4.0, unit="x", help="Factor on the number of channels of every layer.")
    depth: int = parameter(1, ge=1, le=MAX_DEPTH, unit="blocks", help="Blocks in each stage of the network.")
    resolution: float = parameter(
        1.0, ge=0.25, le=2.0, unit="x", help="Factor on the height and width of the images, which the network resizes itself before its first layer."
    )
    subnetwork: Shape | None = parameter(None, help="elastic: the part of the network that is built, and trained alone; none builds the whole.")

    stages: Stages | None = parameter(
        None, help="staged: block, depth, width, kernel and expansion of each stage; none means one convolution a stage."
    )

    @field_validator("depth")
    @classmethod
    def _depth_fits(cls, value: int, info: ValidationInfo) -> int:
        if rule := depth_rule(info.data.get("family", ""), value):
            raise ValueError(rule)
        return value

    @field_validator("subnetwork")
    @classmethod
    def _can_be_cut(cls, value: Shape | None, info: ValidationInfo) -> Shape | None:
        if value is not None and info.data.get("family", ELASTIC) != ELASTIC:
            raise ValueError(f"left out with the family {info.data['family']}; only networks of the family {ELASTIC} have sub-networks")
        depth = info.data.get("depth", MAX_DEPTH)
        if value is not None and value.deepest > depth:
            raise ValueError(f"a sub-network with at most depth, {depth}, blocks in each stage")
        return value

    @field_validator("stages")
    @classmethod
    def _can_be_chosen(cls, value: Stages | None, info: ValidationInfo) -> Stages | None:
        if value is not None and info.data.get("family", STAGED) != STAGED:
            raise ValueError(f"left out with the family {info.data['family']}; only networks of the family {STAGED} have stages to be chosen")
        return None if value == Stages() else value  # so that one network has one name

    @model_serializer(mode="wrap")
    def _written(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Stages are written where they are chosen, so that other networks keep the names that they had."""
        document: dict[str, Any] = write(self)
        return {name: value for name, value in document.items() if name != "stages" or value is not None}

    def pixels(self, height: int, width: int) -> tuple[int, int]:
        """Height and width that the first layer sees, of images of so many pixels.

        Example:
            >>> Architecture(family="cnn", resolution=0.75).pixels(28, 28)
            (21, 21)
        """
        return round(height * self.resolution), round(width * self.resolution)


def _label(config: Architecture) -> str:
    depth = f" d{config.depth}" if config.depth != 1 else ""
    part = "" if config.subnetwork is None else f" part {shape_label(config.subnetwork)}"
    resolution = f" r{number(config.resolution)}" if config.resolution != 1 else ""
    stages = "" if config.stages is None else f" {config.stages}"
    return f"{config.family} x{number(config.width)}{depth}{resolution}{part}{stages}"


def _refusal(config: Architecture, task: Task) -> tuple[str, str] | None:
    """Too few pixels of a task's images."""
    side = min(task.shape[1:])
    if side * config.resolution >= LEAST_PIXELS:
        return None
    least = math.ceil(100 * LEAST_PIXELS / side) / 100
    return "resolution", (
        f"must leave at least {LEAST_PIXELS}x{LEAST_PIXELS} pixels: {least:g} or more with the task {task.name!r}, whose images have "
        f"{task.shape[1]}x{task.shape[2]}. Got {config.resolution:g}."
    )


ARCHITECTURE = Technique(
    name="architecture",
    title="Architecture",
    category="architecture",
    role="architecture",
    parameters=Architecture,
    summary="The network itself: which blocks it is built from, how many channels they have, how many there are and how many pixels they see. "
    "A network that was small and well built from the start is often the cheapest compression.",
    formula="MACs of a convolution = H * W * C_in * C_out * k^2; depthwise separable: H * W * C_in * (k^2 + C_out)",
    cost="A training of its own for every network. Parameters and products grow with about the square of the width and in proportion to the depth, "
    "products also with the square of the resolution.",
    unhelpful="Where a trained network is given: another one starts from nothing. And fewer products are not fewer milliseconds: many small "
    "operators can take longer than a few dense ones.",
    figure="MobileNet on ImageNet: 70.6 % with 569 million mult-adds, 71.7 % with 4,866 million of full convolutions",
    source="Howard et al. 2017, MobileNets",
    link="https://arxiv.org/abs/1704.04861",
    label=_label,
    refusal=_refusal,
)
