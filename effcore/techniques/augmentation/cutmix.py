"""A rectangle of every image is replaced by that of another one of its batch."""

from __future__ import annotations

from dataclasses import replace

import torch

from effcore.catalogue.augmentation import Augmentation
from effcore.techniques.augmentation.change import Change, boxes
from effcore.techniques.augmentation.mixup import beta
from effcore.training import Batch


def cutmix(config: Augmentation, levels: float) -> Change:
    """Mixes images by a rectangle and labels by its area, in whole pixels.

    The rectangle lies in the image as a whole, so that its area is the one drawn, up to rounding.

    Source: Yun et al. 2019, https://arxiv.org/abs/1905.04899.
    """

    def change(batch: Batch, generator: torch.Generator) -> Batch:
        count = len(batch.images)
        others = torch.randperm(count, generator=generator)
        kept = beta(config.alpha, count, generator)
        inside = boxes(1 - kept, torch.ones(count), tuple(batch.images.shape), generator)
        pixels = batch.images.to(torch.float32)
        share = 1 - inside.to(torch.float32).mean(dim=(1, 2, 3))
        mixed = torch.where(inside, pixels[others], pixels)
        return replace(batch, images=mixed, changed=True, other_labels=batch.labels[others], share=share)

    return change
