"""In half of the images a rectangle is filled with random pixels."""

from __future__ import annotations

import math
from dataclasses import replace

import torch

from effcore.catalogue.augmentation import Augmentation
from effcore.techniques.augmentation.change import Change, boxes
from effcore.training import Batch

PROBABILITY = 0.5
SMALLEST = 0.02
"""Share of the image; this, the probability and the ratio are the paper's."""
LONGEST = 1 / 0.3
"""Longer over shorter side, at most."""


def erasing(config: Augmentation, levels: float) -> Change:
    """Fills a rectangle with evenly drawn pixels, with a probability of one half.

    Source: Zhong et al. 2017, https://arxiv.org/abs/1708.04896.
    """
    smallest = min(SMALLEST, config.area)

    def change(batch: Batch, generator: torch.Generator) -> Batch:
        count = len(batch.images)
        draws = torch.rand(3, count, generator=generator)
        share = torch.where(draws[0] < PROBABILITY, smallest + draws[1] * (config.area - smallest), torch.zeros(count))
        ratio = torch.exp((draws[2] * 2 - 1) * math.log(LONGEST))
        inside = boxes(share, ratio, tuple(batch.images.shape), generator)
        filling = torch.rand(batch.images.shape, generator=generator) * levels
        return replace(batch, images=torch.where(inside, filling, batch.images.to(torch.float32)), changed=True)

    return change
