"""Two against each other: is it more accurate, is it faster, and how sure is that."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from effcore.statistics import CONFIDENCE, Z

MARGIN = 0.005
"""A loss of accuracy below half a point counts as none; see `Difference.no_loss`."""

SIGNIFICANCE = 1 - CONFIDENCE
"""A difference is shown where its p value is below."""

DRAWS = 4_000
"""Of the bootstrap: the ends of an interval then move by about a thirtieth of its width with the seed."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One accuracy minus another, as shares.

    Attributes:
        difference: Positive where the first is better.
        low, high: Interval of 95 %.
        p: Two-sided; None where only the intervals of the two were known.
        better, worse: Answers, over all seeds, that only the first or only the second has right; None as for `p`.
        examples: Test examples; None as for `p`.
        seeds: Pairs of trainings; None as for `p`.
    """

    difference: float
    low: float
    high: float
    p: float | None = None
    better: int | None = None
    worse: int | None = None
    examples: int | None = None
    seeds: int | None = None

    @property
    def shown(self) -> bool:
        """Whether there is a difference beyond chance: by p, or without one by an interval that excludes zero."""
        return self.p < SIGNIFICANCE if self.p is not None else not self.low <= 0 <= self.high

    @property
    def no_loss(self) -> bool:
        """Non-inferiority: the whole interval lies above a loss of `MARGIN`, an error of at most 2.5 %."""
        return self.low > -MARGIN


def mcnemar_p(better: ArrayLike, worse: ArrayLike) -> NDArray[np.float64]:
    """Exact two-sided p value of McNemar's test, elementwise.

    Args:
        better, worse: How many examples only the first, only the second has right.

    Source: McNemar 1947, https://doi.org/10.1007/BF02295996

    Example:
        >>> float(mcnemar_p(1, 9).round(4))
        0.0215
    """
    first, second = (np.asarray(counts).astype(np.int64) for counts in (better, worse))
    tail = special.bdtr(np.minimum(first, second), first + second, 0.5)
    return np.asarray(np.minimum(1.0, 2 * tail), dtype=np.float64)


def accuracy_difference(first: NDArray[np.bool_], second: NDArray[np.bool_], /, *, draws: int = DRAWS, seed: int = 0) -> Difference:
    """Difference of two accuracies on the same test examples.

    The interval is a paired bootstrap of the examples, after one example of each kind of disagreement was added
    (Bonett and Price): without that, models that agree everywhere would have an interval of no width. The p value is
    McNemar's exact one for one pair of trainings. For several, the mean over the pairs is compared: a draw is that of
    the examples plus a t distributed error of the mean over the pairs, and the p value is that of the same draws.

    Args:
        first, second: Which examples were right, shape (examples,) or (seeds, examples), seeds in the same order.
        draws: Of the bootstrap.
        seed: The same one gives the same interval.

    Raises:
        ValueError: The shapes differ, or there is no example.

    Source: Bonett and Price 2012, https://doi.org/10.3102/1076998611411915; Efron and Tibshirani 1993, chapter 8.
    """
    one, two = np.atleast_2d(np.asarray(first, dtype=bool)), np.atleast_2d(np.asarray(second, dtype=bool))
    if one.shape != two.shape or one.size == 0:
        raise ValueError(f"Both must be right or wrong on the same examples. Got shapes {one.shape} and {two.shape}.")
    seeds, examples = one.shape
    by_seed = one.astype(np.int8) - two.astype(np.int8)
    better, worse = int((by_seed > 0).sum()), int((by_seed < 0).sum())
    drawn = _drawn(by_seed, draws=draws, seed=seed)
    if seeds > 1:
        p = min(1.0, max(2 * min(float((drawn <= 0).mean()), float((drawn >= 0).mean())), 1 / draws))
    else:
        p = float(mcnemar_p(better, worse))
    low, high = _ends(drawn)
    return Difference(
        difference=float(by_seed.mean()), low=low, high=high, p=p, better=better, worse=worse, examples=examples, seeds=seeds
    )


def _drawn(by_seed: NDArray[np.int8], *, draws: int, seed: int) -> NDArray[np.float64]:
    """Means that other examples, and where there are several trainings other seeds, would have given.

    Args:
        by_seed: A whole number for each example, (seeds, examples).
        draws: How many.
        seed: Of the randomness.
    """
    seeds, generator = len(by_seed), np.random.default_rng(seed)
    drawn = _bootstrap(by_seed.sum(axis=0, dtype=np.int64), seeds, draws, generator)
    if seeds > 1:
        errors = by_seed.mean(axis=1).std(ddof=1) / math.sqrt(seeds)
        drawn = drawn + errors * generator.standard_t(seeds - 1, size=draws)
    return drawn


def _ends(drawn: NDArray[np.float64]) -> tuple[float, float]:
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(drawn, [tail, 100 - tail])
    return float(low), float(high)


def _bootstrap(sums: NDArray[np.int64], seeds: int, draws: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Mean differences of resampled examples; drawing how often each value occurs is drawing the examples."""
    values, counts = np.unique(np.concatenate([sums, [seeds, -seeds]]), return_counts=True)
    total = counts.sum()
    return np.asarray(generator.multinomial(total, counts / total, size=draws) @ values / (total * seeds))


def accuracy_difference_of_intervals(first: tuple[float, float, float], second: tuple[float, float, float], /) -> Difference:
    """Difference of two accuracies of which only value, low and high are known, as if they were independent.

    That is wider than the paired comparison of the same test examples.

    Source: Newcombe 1998, method 10; Zou and Donner 2008, https://doi.org/10.1002/sim.3095
    """
    low, high = _independent(first, second)
    return Difference(difference=first[0] - second[0], low=low, high=high)


def _independent(first: tuple[float, float, float], second: tuple[float, float, float]) -> tuple[float, float]:
    (a, low_a, high_a), (b, low_b, high_b) = first, second
    return a - b - math.hypot(a - low_a, high_b - b), a - b + math.hypot(high_a - a, b - low_b)


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """One positive figure divided by another.

    Attributes:
        ratio: Below one where the first is less.
        low, high: Interval of 95 %; equal to the ratio where there is no doubt, None where nothing is known of it.
    """

    ratio: float
    low: float | None
    high: float | None

    @property
    def shown(self) -> bool:
        """Whether the interval excludes one."""
        return self.low is not None and self.high is not None and not self.low <= 1 <= self.high


SAME = Ratio(ratio=1.0, low=1.0, high=1.0)
"""Of two that share one measurement, because their structures are equal."""


def time_ratio(first: Sequence[float], second: Sequence[float], /, *, between: float = 0.0) -> Ratio:
    """Ratio of two times from one median a measuring process: Welch's t interval of the difference of the logarithms.

    Args:
        first, second: Positive times in one unit, or both divided by that of the reference measured in turns with
            them, which takes out what slows the whole machine down; two processes at least, or there is no interval.
        between: Standard deviation of the logarithm of each that its processes don't tell of, see
            `statistics.BETWEEN_MEASURINGS`.

    Raises:
        ValueError: A time is not positive and finite.

    Source: Welch 1947, https://doi.org/10.1093/biomet/34.1-2.28
    """
    log = time_contrast([(1, first), (-1, second)], between=between)
    low, high = (None if end is None else math.exp(end) for end in (log.low, log.high))
    return Ratio(ratio=math.exp(log.value), low=low, high=high)


def welch_half_width(first: Sequence[ArrayLike], second: Sequence[ArrayLike], /) -> NDArray[np.float64]:
    """Half the width of the interval of a difference of means, elementwise.

    Args:
        first, second: Squared error of the mean, and its degrees of freedom.
    """
    (error_a, freedom_a), (error_b, freedom_b) = ([np.asarray(v, dtype=np.float64) for v in part] for part in (first, second))
    squared = error_a + error_b
    with np.errstate(invalid="ignore", divide="ignore"):
        freedom = squared**2 / (error_a**2 / freedom_a + error_b**2 / freedom_b)
    # Without any spread there is nothing to divide by; the width is zero whatever the degrees of freedom.
    return np.asarray(special.stdtrit(np.where(squared > 0, freedom, 1.0), 0.5 + CONFIDENCE / 2) * np.sqrt(squared))


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """A signed sum of figures, with its interval of 95 %; no interval where nothing is known of it."""

    value: float
    low: float | None
    high: float | None


def accuracy_contrast(
    answers: Sequence[NDArray[np.bool_]], signs: Sequence[int], /, *, draws: int = DRAWS, seed: int = 0
) -> Contrast:
    """Signed sum of accuracies on the same test examples, as `accuracy_difference` is for two.

    Args:
        answers: Which examples were right, each (seeds, examples), seeds in the same order.
        signs: 1 or -1 for each.
        draws: Of the bootstrap.
        seed: The same one gives the same interval.

    Raises:
        ValueError: The shapes differ.
    """
    if len({a.shape for a in answers}) != 1:
        raise ValueError(f"All must be right or wrong on the same examples. Got shapes {', '.join(str(a.shape) for a in answers)}.")
    by_seed = sum((sign * a.astype(np.int8) for sign, a in zip(signs, answers, strict=True)), np.zeros(answers[0].shape, np.int8))
    low, high = _ends(_drawn(by_seed, draws=draws, seed=seed))
    return Contrast(value=float(by_seed.mean()), low=low, high=high)


def time_contrast(times: Sequence[tuple[int, Sequence[float]]], /, *, between: float = 0.0) -> Contrast:
    """Signed sum of the logarithms of times, as `time_ratio` is for two.

    Args:
        times: Sign or multiple, and one median a measuring process, for each independent measurement; none gives exactly 0.
        between: As for `time_ratio`.

    Raises:
        ValueError: A time is not positive and finite.

    Source: Welch 1947 and Satterthwaite 1946, https://doi.org/10.2307/3002019
    """
    logs = [(sign, np.log(_positive(values))) for sign, values in times]
    value = float(sum(sign * part.mean() for sign, part in logs))
    if any(len(part) < 2 for _, part in logs):
        return Contrast(value=value, low=None, high=None)
    errors = [(sign**2 * float(part.var(ddof=1)) / len(part), len(part) - 1) for sign, part in logs]
    squared = sum(error for error, _ in errors)
    freedom = squared**2 / sum(error**2 / freedom for error, freedom in errors) if squared else 1.0
    sampled = float(special.stdtrit(freedom, 0.5 + CONFIDENCE / 2)) * math.sqrt(squared)
    half = math.hypot(sampled, Z * between * math.sqrt(sum(sign**2 for sign, _ in logs)))
    return Contrast(value=value, low=value - half, high=value + half)


def _positive(values: Sequence[float]) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if len(array) == 0 or not (np.isfinite(array).all() and array.min() > 0):
        raise ValueError(f"Times of processes must be positive finite numbers, at least one. Got {list(values)}.")
    return array


def ratio_of_intervals(first: tuple[float, float, float], second: tuple[float, float, float], /) -> Ratio:
    """Ratio of two positive figures of which only value, low and high are known, as if they were independent.

    Source: As `accuracy_difference_of_intervals`, of the logarithms.
    """
    logs = [tuple(math.log(v) for v in part) for part in (first, second)]
    low, high = _independent((logs[0][0], logs[0][1], logs[0][2]), (logs[1][0], logs[1][1], logs[1][2]))
    return Ratio(ratio=first[0] / second[0], low=math.exp(low), high=math.exp(high))
