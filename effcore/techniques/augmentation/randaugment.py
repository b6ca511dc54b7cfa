"""A fixed number of elementary operations on every image, all equally strong."""

from __future__ import annotations

from dataclasses import replace

import torch

from effcore.catalogue.augmentation import Augmentation
from effcore.techniques.augmentation.change import Change
from effcore.techniques.augmentation.elementary import OPERATIONS, operate
from effcore.training import Batch


def randaugment(config: Augmentation, levels: float) -> Change:
    """Draws `operations` operations for each image, with repeats; only their direction is random beside.

    Source: Cubuk et al. 2019, https://arxiv.org/abs/1909.13719.
    """

    def change(batch: Batch, generator: torch.Generator) -> Batch:
        count = len(batch.images)
        images = batch.images.to(torch.float32)
        for _ in range(config.operations):
            which = torch.randint(len(OPERATIONS), (count,), generator=generator)
            direction = torch.randint(2, (count,), generator=generator) * 2.0 - 1
            images = operate(images, which, direction * config.strength, levels)
        return replace(batch, images=images, changed=True)

    return change
