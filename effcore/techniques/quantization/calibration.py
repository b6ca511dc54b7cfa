"""How the range of an activation is chosen from the histogram of what was seen."""

from __future__ import annotations

import torch
from torch import Tensor

from effcore.models.silence import silence

silence()  # torchao speaks when it is imported

from torchao.quantization.pt2e import HistogramObserver, MinMaxObserver, ObserverBase  # noqa: E402

OUTSIDE = 1e-4
"""Share of the numbers that the percentile leaves outside, half at each end."""
SHARES = torch.linspace(0.3, 1.0, 71)
"""Shares of the whole range among which the entropy chooses."""


class PercentileObserver(HistogramObserver):  # type: ignore[misc]  # torchao has no types
    """Leaves out the outermost numbers at both ends."""

    def _non_linear_param_search(self) -> tuple[Tensor, Tensor]:
        share = torch.cumsum(self.histogram, 0) / self.histogram.sum()
        first = int(torch.searchsorted(share, OUTSIDE / 2))
        last = min(int(torch.searchsorted(share, 1 - OUTSIDE / 2)), self.bins - 1)
        width = (self.max_val - self.min_val) / self.bins
        return self.min_val + width * first, self.min_val + width * (last + 1)


class EntropyObserver(HistogramObserver):  # type: ignore[misc]  # torchao has no types
    """Takes the range whose rounded histogram is closest to the one that was seen, as a distribution.

    Source: Migacz 2017, 8-bit Inference with TensorRT, here with both ends moved at once.
    """

    def _non_linear_param_search(self) -> tuple[Tensor, Tensor]:
        levels = int(self.quant_max - self.quant_min + 1)
        width = (self.max_val - self.min_val) / self.bins
        least, found = torch.inf, (self.min_val, self.max_val)
        if not width > 0:
            return found
        for share in SHARES:
            low, high = torch.clamp(self.min_val, max=0) * share, torch.clamp(self.max_val, min=0) * share
            first = int(torch.clamp((low - self.min_val) / width, 0, self.bins - 1))
            last = int(torch.clamp(torch.ceil((high - self.min_val) / width), first + 1, self.bins))
            divergence = divergence_of(self.histogram, first, last, levels)
            if divergence <= least:
                least, found = divergence, (low, high)
        return found


def divergence_of(histogram: Tensor, first: int, last: int, levels: int) -> float:
    """Kullback-Leibler divergence of what a range leaves of a histogram, in nats.

    Args:
        histogram: Counts, (bins,).
        first, last: Bins that the range covers, the last one not included; what is outside goes into its ends.
        levels: To which the range is rounded.
    """
    seen = histogram[first:last].double().clone()
    groups = torch.div(torch.arange(len(seen)) * levels, len(seen), rounding_mode="floor")
    filled = (seen > 0).double()
    mass = torch.zeros(levels, dtype=torch.float64).index_add_(0, groups, seen)
    places = torch.zeros(levels, dtype=torch.float64).index_add_(0, groups, filled)
    rounded = (mass / places.clamp(min=1))[groups] * filled
    seen[0] += histogram[:first].sum()
    seen[-1] += histogram[last:].sum()
    p, q = seen / seen.sum(), rounded / rounded.sum()
    reached = p > 0
    return float((p[reached] * torch.log(p[reached] / q[reached].clamp(min=1e-12))).sum())


OBSERVERS: dict[str, type[ObserverBase]] = {
    "mse": HistogramObserver,
    "minmax": MinMaxObserver,
    "percentile": PercentileObserver,
    "entropy": EntropyObserver,
}
"""What watches an activation, by the name of the calibration."""
