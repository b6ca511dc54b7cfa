"""Normal noise on every pixel."""

from __future__ import annotations

from dataclasses import replace

import torch

from effcore.catalogue.augmentation import Augmentation
from effcore.techniques.augmentation.change import Change
from effcore.training import Batch


def noise(config: Augmentation, levels: float) -> Change:
    """Adds noise whose standard deviation is drawn for each image, from 0 to `strength` of the range.

    Source: Bishop 1995, https://doi.org/10.1162/neco.1995.7.1.108.
    """

    def change(batch: Batch, generator: torch.Generator) -> Batch:
        deviation = torch.rand(len(batch.images), 1, 1, 1, generator=generator) * config.strength * levels
        added = torch.randn(batch.images.shape, generator=generator) * deviation
        return replace(batch, images=(batch.images + added).clamp(0.0, levels), changed=True)

    return change
