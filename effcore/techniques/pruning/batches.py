"""The training images that criteria look at."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from effcore.tasks import Split

BATCHES = 4
BATCH = 64
"""Training images that a score is made of: 256, since a split holds its classes evenly from the beginning."""


def pixels_of(images: Split) -> Iterator[tuple[Tensor, Tensor]]:
    """Raw pixels, uint8 (N, C, H, W), and labels, int64 (N,), of the first training images in batches."""
    few = images.first(BATCHES * BATCH)
    return zip(torch.split(torch.tensor(few.images), BATCH), torch.split(torch.tensor(few.labels), BATCH), strict=True)
