"""Every image is turned, scaled and shifted at random."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from effcore.catalogue.augmentation import Augmentation
from effcore.errors import TechniqueError
from effcore.techniques.augmentation.change import Change
from effcore.training import Batch


def affine(config: Augmentation, levels: float) -> Change:
    """Every image is turned, scaled and shifted.

    Raises:
        TechniqueError: All changes are 0.

    Source: Simard et al. 2003, https://doi.org/10.1109/ICDAR.2003.1227801.
    """
    if config.degrees == config.translate == config.scale == 0:
        raise TechniqueError(
            "augmentation must change something: give degrees, translate or scale above 0. Got 0 for all three."
        )

    def change(batch: Batch, generator: torch.Generator) -> Batch:
        maps = affine_maps(config, tuple(batch.images.shape), generator)
        return replace(batch, images=warp(batch.images, maps), changed=True)

    return change


def affine_maps(config: Augmentation, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Random maps from places in the new image to places in the old one, in units of half a side, float32 (N, 2, 3).

    Args:
        config: Bounds of turn, shift and scale, each drawn evenly.
        shape: Of the images, (N, C, H, W).
        generator: Source of all randomness.
    """
    count, _, height, width = shape
    draws = torch.rand(4, count, generator=generator) * 2 - 1
    angle = draws[0] * math.radians(config.degrees)
    factor = 1 + draws[1] * config.scale
    cos, sin = torch.cos(angle) * factor, torch.sin(angle) * factor
    shift = draws[2:] * 2 * config.translate
    rows = (
        torch.stack((cos, -sin * height / width, shift[0]), dim=1),
        torch.stack((sin * width / height, cos, shift[1]), dim=1),
    )
    return torch.stack(rows, dim=1)


def warp(images: Tensor, maps: Tensor) -> Tensor:
    """The images seen through the maps, bilinear, black outside; float32 (N, C, H, W) in the range of the pixels."""
    pixels = images.to(torch.float32)
    grid = functional.affine_grid(maps, list(pixels.shape), align_corners=False)
    return functional.grid_sample(pixels, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
