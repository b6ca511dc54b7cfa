"""How sure a figure is: intervals, percentiles and the chance of being on the frontier."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from effcore.pareto import pareto_mask

CONFIDENCE = 0.95
"""Of every interval that effcore states."""


def wilson_interval(correct: int, total: int, *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Interval of a share.

    Args:
        correct: How many of `total` were right.
        total: At least one.

    Source: Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953

    Example:
        >>> [round(v, 3) for v in wilson_interval(980, 1000)]
        [0.969, 0.987]
    """
    if not 0 <= correct <= total or total < 1:
        raise ValueError(f"correct must be between 0 and total, and total at least 1. Got {correct} of {total}.")
    interval = stats.binomtest(correct, total).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)


def mean_and_interval(values: Sequence[float], *, confidence: float = CONFIDENCE) -> tuple[float, float, float]:
    """Mean and its interval by the t distribution; for fewer than two values the interval has no width.

    Returns:
        Mean, low, high, in the unit of the values.
    """
    array = np.asarray(values, dtype=np.float64)
    mean = float(array.mean())
    if len(array) < 2:
        return mean, mean, mean
    half = float(stats.t.ppf(0.5 + confidence / 2, len(array) - 1) * array.std(ddof=1) / math.sqrt(len(array)))
    return mean, mean - half, mean + half


def process_interval(medians: Sequence[float], *, confidence: float = CONFIDENCE) -> tuple[float, float, float]:
    """Typical time and its interval from one median of each process.

    Times spread by factors, so that the mean and the t interval are taken of their logarithms.

    Args:
        medians: One positive time a process, at least one.

    Returns:
        Geometric mean, low, high, in the unit of the medians.
    """
    if min(medians) <= 0:
        raise ValueError(f"medians must be positive. Got {min(medians)}.")
    mean, low, high = mean_and_interval(np.log(medians).tolist(), confidence=confidence)
    return math.exp(mean), math.exp(low), math.exp(high)


def samples_for_percentile(percentile: float, *, confidence: float = CONFIDENCE) -> int:
    """Fewest samples of which the largest lies above the percentile with that confidence.

    Example:
        >>> samples_for_percentile(99, confidence=0.99)
        459
    """
    return math.ceil(math.log(1 - confidence) / math.log(percentile / 100))


def frontier_probability(
    accuracy_draws: ArrayLike, cost_draws: ArrayLike, /, *, maximise: Sequence[bool]
) -> NDArray[np.float64]:
    """Share of draws in which each point is on the frontier.

    Args:
        accuracy_draws: First objective, shape (draws, n).
        cost_draws: Second objective, shape (draws, n).
        maximise: Direction of the two.

    Returns:
        Shape (n,).
    """
    first, second = np.asarray(accuracy_draws), np.asarray(cost_draws)
    counts = np.zeros(first.shape[1])
    for a, c in zip(first, second, strict=True):
        counts += pareto_mask(np.column_stack([a, c]), maximise=maximise)
    return counts / len(first)
