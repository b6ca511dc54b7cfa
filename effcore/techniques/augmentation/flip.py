"""Half of the images are mirrored left to right."""

from __future__ import annotations

from dataclasses import replace

import torch

from effcore.catalogue.augmentation import Augmentation
from effcore.techniques.augmentation.change import Change
from effcore.training import Batch

PROBABILITY = 0.5


def flip(config: Augmentation, levels: float) -> Change:
    """Mirrors each image with a probability of one half.

    Source: Krizhevsky et al. 2012, https://doi.org/10.1145/3065386.
    """

    def change(batch: Batch, generator: torch.Generator) -> Batch:
        mirrored = torch.rand(len(batch.images), generator=generator) < PROBABILITY
        pixels = batch.images.to(torch.float32)
        return replace(batch, images=torch.where(mirrored[:, None, None, None], pixels.flip(3), pixels), changed=True)

    return change
