"""Sub-networks of a network that can be cut: how deep and wide each stage is and how large its kernels are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from effcore.catalogue.record import Parameters, number, parameter

ELASTIC = "elastic"
"""The family whose networks can be cut."""
STAGES = ("stage_1", "stage_2", "stage_3")
DIVISOR = 8
"""Channels that are kept are a multiple of this, which vector units like."""
KERNELS = (3, 5)
WIDTHS = (0.25, 0.5, 0.75, 1.0)
"""Shares of the channels that sub-networks are drawn with."""
LARGEST_KERNEL = max(KERNELS)


class ElasticStage(Parameters):
    """One stage of a sub-network: its first blocks, the first channels of these, the middle of their kernels."""

    depth: int = parameter(1, ge=1, le=6, unit="blocks", help="Blocks that are kept, the first ones; at most as many as the network has in a stage.")
    width: float = parameter(0.5, ge=0.25, le=1, unit="x", help="Share of the channels that is kept, the first ones, rounded to a multiple of 8.")
    kernel: Literal[3, 5] = parameter(3, unit="pixels", help="Side of the kernels on each channel, the middle of the 5x5 ones.")


class Shape(Parameters):
    """A sub-network by its three stages. The channels of the stem are cut as those of the first stage."""

    stage_1: ElasticStage = parameter(ElasticStage(), help="The first stage.")
    stage_2: ElasticStage = parameter(ElasticStage(), help="The second stage.")
    stage_3: ElasticStage = parameter(ElasticStage(), help="The third stage.")

    @property
    def stages(self) -> tuple[ElasticStage, ...]:
        """The three stages in their order."""
        return (self.stage_1, self.stage_2, self.stage_3)

    @property
    def deepest(self) -> int:
        """Blocks of the deepest stage."""
        return max(stage.depth for stage in self.stages)

    def __str__(self) -> str:
        return shape_label(self)


def shape(stages: Sequence[ElasticStage]) -> Shape:
    """The sub-network of three stages."""
    return Shape(**dict(zip(STAGES, stages, strict=True)))


def plain(config: Shape) -> Shape:
    """The shape alone of what has parameters beside it."""
    return shape(config.stages)


def kept_channels(full: int, share: float) -> int:
    """Channels that are kept of so many: a multiple of 8, at least 8.

    Example:
        >>> kept_channels(64, 0.25), kept_channels(24, 0.5), kept_channels(8, 0.25)
        (16, 16, 8)
    """
    return min(full, max(DIVISOR, int(full * share / DIVISOR + 0.5) * DIVISOR))


def largest(depth: int) -> Shape:
    """The whole of a network of that depth."""
    return shape([ElasticStage(depth=depth, width=1.0, kernel=5)] * len(STAGES))


def smallest() -> Shape:
    """The least that can be cut out."""
    return shape([ElasticStage(depth=1, width=WIDTHS[0], kernel=3)] * len(STAGES))


def stage_choices(depth: int) -> Iterator[ElasticStage]:
    """Every stage that sub-networks of a network of that depth are drawn with, the smallest first."""
    for blocks in range(1, depth + 1):
        for width in WIDTHS:
            yield from (ElasticStage(depth=blocks, width=width, kernel=kernel) for kernel in KERNELS)  # type: ignore[arg-type]


def shape_label(config: Shape) -> str:
    """Depth, width and kernel of each stage: `d1-2-1 w0.5-0.5-1 k3-5-3`; what all stages share stands once."""
    depths, widths = [str(s.depth) for s in config.stages], [number(s.width) for s in config.stages]
    columns = (("d", depths), ("w", widths), ("k", [str(s.kernel) for s in config.stages]))
    return " ".join(letter + (values[0] if len(set(values)) == 1 else "-".join(values)) for letter, values in columns)
