"""One elementary operation on every image, with a strength drawn anew."""

from __future__ import annotations

from dataclasses import replace

import torch

from effcore.catalogue.augmentation import Augmentation
from effcore.techniques.augmentation.change import Change
from effcore.techniques.augmentation.elementary import OPERATIONS, operate
from effcore.training import Batch


def trivialaugment(config: Augmentation, levels: float) -> Change:
    """Draws one operation and its strength for each image; nothing to tune.

    Source: Müller and Hutter 2021, https://arxiv.org/abs/2103.10158.
    """

    def change(batch: Batch, generator: torch.Generator) -> Batch:
        count = len(batch.images)
        which = torch.randint(len(OPERATIONS), (count,), generator=generator)
        strength = torch.rand(count, generator=generator) * 2 - 1
        images = operate(batch.images.to(torch.float32), which, strength, levels)
        return replace(batch, images=images, changed=True)

    return change
