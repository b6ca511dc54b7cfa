"""How sure a figure is: intervals, percentiles and the chance of being on the frontier."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from effcore.pareto import pareto_mask

CONFIDENCE = 0.95
"""Of every interval that effcore states."""

Z = float(special.ndtri(0.5 + CONFIDENCE / 2))
"""Standard deviations on each side of the mean that such an interval has where the normal distribution holds."""

BETWEEN_MEASURINGS = 0.01
"""Standard deviation of the logarithm of a latency between measurings of one file, which no number of processes in one tells of.

All processes of one measuring share the speed that the machine has in those seconds. Ten quiet measurings of each of four
networks from 0.05 to 15 ms, in turns: ratios to the reference spread by 0.5, 0.6, 0.9 and 2.7 %. With the spread of the
processes alone, 26 of 40 intervals held the grand median; with this added, 38 of 40 (`benchmarks/coverage.py`).
"""


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
    share, squared = correct / total, float(special.ndtri(0.5 + confidence / 2)) ** 2
    middle = (2 * correct + squared) / (2 * (total + squared))
    half = math.sqrt(squared * (4 * correct * (1 - share) + squared)) / (2 * (total + squared))
    return middle - half if correct else 0.0, middle + half if correct < total else 1.0


def mean_and_interval(values: Sequence[float], *, confidence: float = CONFIDENCE) -> tuple[float, float, float]:
    """Mean and its interval by the t distribution; for fewer than two values the interval has no width.

    Returns:
        Mean, low, high, in the unit of the values.
    """
    array = np.asarray(values, dtype=np.float64)
    mean = float(array.mean())
    if len(array) < 2:
        return mean, mean, mean
    half = float(special.stdtrit(len(array) - 1, 0.5 + confidence / 2) * array.std(ddof=1) / math.sqrt(len(array)))
    return mean, mean - half, mean + half


def interval_over_seeds(
    values: Sequence[float], lows: Sequence[float], highs: Sequence[float], *, log: bool = False
) -> tuple[float, float]:
    """Interval of the mean over seeds, in which their spread by the t distribution and the doubt that all share stand together.

    The test images and the measuring are the same for all seeds, so that more seeds do not take that doubt away.

    Args:
        values, lows, highs: One figure and its own interval a seed.
        log: Whether the figures spread by factors; positive ones are then taken by their logarithms.

    Returns:
        Low, high, in the unit of the values.
    """
    by_factor = log and min(*values, *lows) > 0
    rows = np.array([values, lows, highs], dtype=np.float64)
    scaled = np.log(rows) if by_factor else rows
    mean, low, _ = mean_and_interval(scaled[0].tolist())
    down, up = (math.hypot(mean - low, float(np.abs(ends - scaled[0]).mean())) for ends in scaled[1:])
    middle = float(rows[0].mean())
    return (middle * math.exp(-down), middle * math.exp(up)) if by_factor else (middle - down, middle + up)


def process_interval(
    medians: Sequence[float], *, confidence: float = CONFIDENCE, between: float = 0.0
) -> tuple[float, float, float]:
    """Typical time and its interval from one median of each process.

    Times spread by factors, so that the mean and the t interval are taken of their logarithms.

    Args:
        medians: One positive time a process, at least one.
        confidence: Of the interval.
        between: Standard deviation of the logarithm that no number of processes tells of, see `BETWEEN_MEASURINGS`.

    Returns:
        Geometric mean, low, high, in the unit of the medians.
    """
    if min(medians) <= 0:
        raise ValueError(f"medians must be positive. Got {min(medians)}.")
    mean, low, _ = mean_and_interval(np.log(medians).tolist(), confidence=confidence)
    half = math.hypot(mean - low, float(special.ndtri(0.5 + confidence / 2)) * between)
    return math.exp(mean), math.exp(mean - half), math.exp(mean + half)


def samples_for_percentile(percentile: float, *, confidence: float = CONFIDENCE) -> int:
    """Fewest samples of which the largest lies above the percentile with that confidence.

    Example:
        >>> samples_for_percentile(99, confidence=0.99)
        459
    """
    return math.ceil(math.log(1 - confidence) / math.log(percentile / 100))


def percentile_interval(
    values: ArrayLike, percentile: float, *, confidence: float = CONFIDENCE
) -> tuple[float, float, float]:
    """A percentile with the interval that two order statistics hold, whatever the distribution is.

    The values must be independent. Where so few values can't bound it from above, the largest stands for the bound.

    Args:
        values: At least one.
        percentile: Above 0 and below 100.

    Returns:
        Percentile, low, high, in the unit of the values.

    Source: David and Nagaraja 2003, Order Statistics, section 7.1

    Example:
        >>> percentile_interval(range(1, 101), 50)
        (50.5, 40.0, 61.0)
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64).ravel())
    if not len(ordered) or not 0 < percentile < 100:
        raise ValueError(f"there must be a value, and percentile between 0 and 100. Got {len(ordered)}, {percentile}.")
    count, share, tail = len(ordered), percentile / 100, (1 - confidence) / 2
    # The number of values below the percentile is binomial: low is the rank that fails with half of the error at most.
    low = binomial_quantile(tail, count, share)
    high = binomial_quantile(1 - tail, count, share) + 1
    middle = float(np.percentile(ordered, percentile))
    return middle, float(ordered[max(low, 1) - 1]), float(ordered[min(high, count) - 1])


def binomial_quantile(level: float, count: int, share: float) -> int:
    """Fewest successes that so many trials do not exceed with that probability.

    Args:
        level: The probability, above 0 and below 1.
        count: How many trials.
        share: Probability of a success, above 0 and below 1.

    Example:
        >>> binomial_quantile(0.5, 10, 0.5)
        5
    """
    found = math.ceil(float(special.bdtrik(level, count, share)))
    return found - 1 if found > 0 and float(special.bdtr(found - 1, count, share)) >= level else found


def frontier_probability(draws: ArrayLike, /, *, maximise: Sequence[bool]) -> NDArray[np.float64]:
    """Share of draws in which each point is on the frontier; equal points are all on it.

    Args:
        draws: Values of all points, drawn jointly, shape (draws, n, k).
        maximise: Direction of each of the k objectives.

    Returns:
        Shape (n,).

    Raises:
        ValueError: As `pareto_mask`.
    """
    array = np.asarray(draws, dtype=np.float64)
    if array.ndim != 3 or len(array) == 0:
        raise ValueError(f"draws must have three dimensions (draws, n, k) and at least one draw. Got {array.shape}.")
    counts = np.zeros(array.shape[1])
    for points in array:
        counts += pareto_mask(points, maximise=maximise)
    return counts / len(array)


def accuracy_draws(
    correct: Sequence[NDArray[np.bool_]], /, *, draws: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Accuracies that other samples of test examples would have given: a bootstrap of the examples, the same for all.

    Points that err on the same examples move together, so that their difference is as sure as a paired test says.
    Where a point has several seeds, the error of their mean is drawn too, for each point by itself: t distributed, as in `interval_over_seeds`,
    since a bootstrap of two or three seeds has half to two thirds of their variance.

    Args:
        correct: For each of n points, which examples were right: shape (examples,) or (seeds, examples).
        draws: How many.
        generator: Source of chance; the same state gives the same draws.

    Returns:
        Shape (draws, n).

    Raises:
        ValueError: The points have different numbers of examples.

    Source: Efron and Tibshirani 1993, chapter 6.
    """
    seeds = [np.atleast_2d(np.asarray(c)) for c in correct]
    lengths = sorted({c.shape[1] for c in seeds})
    if len(lengths) != 1 or lengths[0] == 0:
        raise ValueError(f"All points must have the same test examples, at least one. Got {lengths} examples.")
    weights = generator.multinomial(lengths[0], np.full(lengths[0], 1 / lengths[0]), size=draws)
    # Counts are whole numbers far below 2^24: exact in single precision, in which the product is twice as fast.
    right = weights.astype(np.float32) @ np.concatenate(seeds).astype(np.float32).T
    accuracy = right.astype(np.float64) / lengths[0]
    drawn, start = np.empty((draws, len(seeds))), 0
    for index, rows in enumerate(seeds):
        count, stop = len(rows), start + len(rows)
        if count == 1:
            drawn[:, index] = accuracy[:, start]
        else:
            error = rows.mean(axis=1).std(ddof=1) / math.sqrt(count)
            means = accuracy[:, start:stop].mean(axis=1) + error * generator.standard_t(count - 1, size=draws)
            drawn[:, index] = np.clip(means, 0.0, 1.0)  # the tails of two seeds reach far beyond a share
        start = stop
    return drawn


def time_draws(
    medians: Sequence[Sequence[float]], groups: Sequence[str], /, *, draws: int, generator: np.random.Generator, between: float = 0.0
) -> NDArray[np.float64]:
    """Times that other processes would have given: the t distribution of the mean of the processes' log medians.

    The error is drawn once a group, so that points that share a measurement never dominate each other by its noise.

    Args:
        medians: For each of n points, one positive time a process; a single process says nothing of its spread,
            and its time is taken as fixed.
        groups: For each point, the structure that was measured.
        draws: How many.
        generator: Of the randomness.
        between: As for `process_interval`; drawn once a group too.

    Returns:
        Shape (draws, n), in the unit of the medians.

    Raises:
        ValueError: A time is not positive and finite.
    """
    logs = [np.log(_positive(values)) for values in medians]
    means = np.array([values.mean() for values in logs])
    errors = np.array([values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else 0.0 for values in logs])
    freedom = np.array([max(len(values) - 1, 1) for values in logs])
    logs_drawn = means + special.stdtrit(freedom, _shared_uniforms(groups, draws, generator)) * errors
    if between > 0:
        logs_drawn = logs_drawn + special.ndtri(_shared_uniforms(groups, draws, generator)) * between
    return np.asarray(np.exp(logs_drawn))


def interval_draws(
    values: Sequence[float],
    lows: Sequence[float],
    highs: Sequence[float],
    groups: Sequence[str],
    /,
    *,
    log: bool,
    draws: int,
    generator: np.random.Generator,
) -> NDArray[np.float64]:
    """Values that the stored intervals allow, where nothing rawer is known: a normal approximation.

    Args:
        values, lows, highs: Of each of n points; an interval without width gives a fixed value.
        groups: Points with the same group share the error.
        log: Whether the approximation is made of the logarithms, where all three numbers are positive.

    Returns:
        Shape (draws, n).
    """
    errors = special.ndtri(_shared_uniforms(groups, draws, generator))
    middle, low, high = (np.asarray(v, dtype=np.float64) for v in (values, lows, highs))
    if log and middle.size and min(middle.min(), low.min(), high.min()) > 0:
        return np.asarray(middle * np.exp(errors * (np.log(high) - np.log(low)) / (2 * Z)))
    return np.asarray(middle + errors * (high - low) / (2 * Z))


def _positive(values: Sequence[float]) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if len(array) == 0 or not (np.isfinite(array).all() and array.min() > 0):
        raise ValueError(f"Times of processes must be positive finite numbers, at least one. Got {list(values)}.")
    return array


def _shared_uniforms(groups: Sequence[str], draws: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Uniform numbers, shape (draws, n), the same in the columns of one group."""
    names, columns = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    return np.asarray(generator.random((draws, len(names)))[:, columns])
