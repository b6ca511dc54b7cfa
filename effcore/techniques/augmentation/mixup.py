"""Every image is blended with another one of its batch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from effcore.catalogue.augmentation import Augmentation
from effcore.techniques.augmentation.change import Change
from effcore.training import Batch


def mixup(config: Augmentation, levels: float) -> Change:
    """Blends images and labels with the same weights, drawn for each image.

    Source: Zhang et al. 2017, https://arxiv.org/abs/1710.09412.
    """

    def change(batch: Batch, generator: torch.Generator) -> Batch:
        others = torch.randperm(len(batch.images), generator=generator)
        share = beta(config.alpha, len(batch.images), generator)
        pixels, weight = batch.images.to(torch.float32), share[:, None, None, None]
        mixed = weight * pixels + (1 - weight) * pixels[others]
        return replace(batch, images=mixed, changed=True, other_labels=batch.labels[others], share=share)

    return change


def beta(alpha: float, count: int, generator: torch.Generator) -> Tensor:
    """Draws of the beta distribution with both parameters alpha, float32 (count,).

    torch draws from it with its global generator only, so numpy does, seeded by the generator.
    """
    seed = int(torch.randint(2**62, (1,), generator=generator))
    return torch.from_numpy(np.random.default_rng(seed).beta(alpha, alpha, count).astype(np.float32))
