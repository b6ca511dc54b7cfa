"""What every policy is: a change of one batch."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from effcore.training import Batch

Change = Callable[[Batch, torch.Generator], Batch]
"""(batch, generator) -> batch, float32 in the range of the pixels; all randomness comes from the generator."""


def boxes(share: Tensor, ratio: Tensor, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Random rectangles that lie in the images, bool (N, 1, H, W), true inside.

    Args:
        share: Wished area of each as a share of the image, (N,); 0 is none, 1 the whole image. Sides are whole pixels.
        ratio: Height over width of each, in units of the image's sides, (N,); a side stops at that of the image.
        shape: Of the images, (N, C, H, W).
        generator: Source of their places.
    """
    count, _, height, width = shape
    places = torch.rand(2, count, generator=generator)
    rows = _inside(torch.sqrt(share * ratio), places[0], height)
    columns = _inside(torch.sqrt(share / ratio), places[1], width)
    return (rows[:, :, None] & columns[:, None, :])[:, None]


def _inside(share: Tensor, place: Tensor, side: int) -> Tensor:
    """Which pixels of a side lie in an interval of a share of it, bool (N, side)."""
    length = torch.round(share.clamp(max=1.0) * side)
    start = torch.floor(place * (side - length + 1))
    pixel = torch.arange(side)
    return (pixel >= start[:, None]) & (pixel < (start + length)[:, None])
