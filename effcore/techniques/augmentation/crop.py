"""Every image gets a border, and a window of the old size is cut out at random."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from effcore.catalogue.augmentation import Augmentation
from effcore.errors import TechniqueError
from effcore.techniques.augmentation.change import Change
from effcore.training import Batch


def crop(config: Augmentation, levels: float) -> Change:
    """Every image is shifted by whole pixels, with black coming in.

    Raises:
        TechniqueError: The border is less than half a pixel wide; known with the first batch.

    Source: He et al. 2016, https://arxiv.org/abs/1512.03385.
    """

    def change(batch: Batch, generator: torch.Generator) -> Batch:
        border = round(config.translate * max(batch.images.shape[2:]))
        if border == 0:
            raise TechniqueError(
                f"augmentation.translate must be at least half a pixel for the policy crop, or nothing is changed. "
                f"Got {config.translate:g} of {max(batch.images.shape[2:])} pixels."
            )
        starts = torch.randint(0, 2 * border + 1, (2, len(batch.images)), generator=generator)
        return replace(batch, images=windows(batch.images, starts, border), changed=True)

    return change


def windows(images: Tensor, starts: Tensor, border: int) -> Tensor:
    """A window of each image with a black border, float32 (N, C, H, W).

    Args:
        images: (N, C, H, W).
        starts: First row and first column of each window, int64 (2, N), from 0 to twice the border.
        border: Width in pixels.
    """
    count, _, height, width = images.shape
    padded = functional.pad(images.to(torch.float32), (border,) * 4)
    rows = starts[0][:, None, None] + torch.arange(height)[None, :, None]
    columns = starts[1][:, None, None] + torch.arange(width)[None, None, :]
    cut = padded[torch.arange(count)[:, None, None], :, rows, columns]  # (N, H, W, C)
    return cut.permute(0, 3, 1, 2).contiguous()
