"""How well one figure ranks what another one measures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FEWEST = 5
"""Pairs before an interval is given."""
Z = 1.959964
KENDALL_VARIANCE, SPEARMAN_VARIANCE = (0.437, 4), (1.06, 3)
"""Of the inverse hyperbolic tangent of each coefficient: factor over n less a number."""


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Rank correlations of pairs, -1 to 1, with 95 % intervals.

    Attributes:
        count: Pairs.
        kendall: Tau-b: of all two pairs the share in the same order less that in the other, ties taken into account; None where one
            side never varies.
        spearman: The correlation of the ranks.
    """

    count: int
    kendall: tuple[float, float, float] | None
    spearman: tuple[float, float, float] | None

    @property
    def document(self) -> dict[str, object]:
        """As plain data; value, low and high."""
        return {"count": self.count, "kendall": _named(self.kendall), "spearman": _named(self.spearman)}


def _named(found: tuple[float, float, float] | None) -> dict[str, float] | None:
    return None if found is None else {"value": round(found[0], 4), "low": round(found[1], 4), "high": round(found[2], 4)}


def ranking(proxy: Sequence[float], truth: Sequence[float]) -> Ranking:
    """Rank correlation of a proxy with the truth.

    Args:
        proxy, truth: Of the same things, in the same order; more of one means more of the other where it is a good proxy.

    Source: Kendall 1938, https://doi.org/10.1093/biomet/30.1-2.81; intervals: Fieller, Hartley and Pearson 1957,
        https://doi.org/10.1093/biomet/44.3-4.470. They take the pairs for independent; with few or many ties they are rough.

    Example:
        >>> ranking([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 6, 5]).kendall[0]
        0.8666666666666666
    """
    from scipy import stats

    x, y = np.asarray(proxy, float), np.asarray(truth, float)
    count = len(x)
    if count < FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Ranking(count=count, kendall=None, spearman=None)
    tau, rho = float(stats.kendalltau(x, y).statistic), float(stats.spearmanr(x, y).statistic)
    return Ranking(
        count=count, kendall=_interval(tau, count, KENDALL_VARIANCE), spearman=_interval(rho, count, SPEARMAN_VARIANCE)
    )


def _interval(value: float, count: int, variance: tuple[float, int]) -> tuple[float, float, float]:
    centre = math.atanh(min(max(value, -1 + 1e-12), 1 - 1e-12))
    half = Z * math.sqrt(variance[0] / max(count - variance[1], 1))
    if abs(value) > 1 - 1e-9:  # the transform has no end there: as if half a pair were in the other order
        centre = math.copysign(math.atanh(1 - 1 / (count * (count - 1) / 2)), value)
    low, high = math.tanh(centre - half), math.tanh(centre + half)
    return value, min(low, value), max(high, value)
