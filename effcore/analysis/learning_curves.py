"""How accuracy grows with training images and with time: a fitted law, and what a target takes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from effcore.statistics import CONFIDENCE

DRAWS = 1000
EXTRAPOLATION = 2.0
"""Most by which a number of images may lie beyond the largest that was tried."""
LEAST_SIZES = 3
LEAST_RUNS = 5
PASSES = 3
EXPONENTS = np.linspace(0.02, 2.5, 125)
"""Exponents that are tried; with one of them fixed, the other two numbers of the law are a linear fit."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class PowerLaw:
    """error(n) = a * n^-b + c over the number of training images n.

    Attributes:
        a, b, c: The fitted numbers; c is the error that no number of images removes.
        smallest, largest: Range of the images that were tried.
        spread: Standard deviation of a run's error around the law, as a share of it.
        draws: Laws that other runs would have given, shape (draws, 3).
    """

    a: float
    b: float
    c: float
    smallest: int
    largest: int
    spread: float
    draws: Floats

    def error(self, images: float) -> float:
        """Expected error with so many training images."""
        return float(self.a * images**-self.b + self.c)

    def interval(self, name: Literal["a", "b", "c"]) -> tuple[float, float]:
        """Interval of one of its numbers."""
        column = self.draws[:, "abc".index(name)]
        return _bounds(column)


@dataclass(frozen=True, kw_only=True)
class ImagesNeeded:
    """Training images that a target accuracy takes.

    Attributes:
        target: The accuracy.
        images: None where the law does not reach the target within twice the largest number that was tried.
        low, high: Interval; None at an end that lies beyond that.
        status: `measured`, inside the range that was tried; `fewer`, below it, where `images` is the smallest number
            that was tried; `extrapolated`, up to twice beyond it; `not reached`.
    """

    target: float
    images: float | None
    low: float | None
    high: float | None
    status: Literal["measured", "fewer", "extrapolated", "not reached"]


def fit_power_law(images: Sequence[int], errors: ArrayLike, *, draws: int = DRAWS, seed: int = 0) -> PowerLaw:
    """Fit of a power law to the errors of runs, by relative least squares, with a parametric bootstrap around it.

    The spread of the runs is taken from their distance to the law, of which three numbers were fitted; that it is
    itself only estimated widens the draws as it widens a t interval.

    Args:
        images: Training images of each run; several runs with the same number are different seeds.
        errors: Share of the test images that each run gets wrong, above 0 and at most 1.
        draws: Of the bootstrap.
        seed: The same seed gives the same draws.

    Raises:
        ValueError: There are fewer than 3 numbers of images or fewer than 5 runs, or an error is none.

    Source: Hestness et al. 2017, Deep Learning Scaling is Predictable, Empirically, https://arxiv.org/abs/1712.00409.

    Example:
        >>> law = fit_power_law([100, 200, 400, 800, 1600], [0.2, 0.1414, 0.1, 0.0707, 0.05])
        >>> round(law.b, 1), law.c < 0.01
        (0.5, True)
    """
    sizes, wrong = np.asarray(images, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    if sizes.shape != wrong.shape or len(set(images)) < LEAST_SIZES or len(images) < LEAST_RUNS:
        raise ValueError(
            f"A power law needs at least {LEAST_RUNS} runs over at least {LEAST_SIZES} numbers of images. "
            f"Got {len(images)} over {len(set(images))}; give `data_fraction` several values, and several seeds."
        )
    if not (np.isfinite(wrong).all() and wrong.min() > 0 and wrong.max() <= 1 and sizes.min() > 0):
        raise ValueError(f"Errors must be above 0 and at most 1, with at least one image each. Got {wrong.tolist()}.")
    best = _fit(sizes, wrong[None, :])[0]
    expected = _errors(best, sizes)
    freedom = max(1, len(wrong) - 3)
    spread = float(np.sqrt((np.log(wrong / expected) ** 2).sum() / freedom))
    generator = np.random.default_rng(seed)
    widths = spread * np.sqrt(freedom / generator.chisquare(freedom, size=(draws, 1)))
    again = np.minimum(expected * np.exp(widths * generator.standard_normal((draws, len(wrong)))), 1.0)
    a, b, c = (float(v) for v in best)
    return PowerLaw(
        a=a, b=b, c=c, smallest=int(sizes.min()), largest=int(sizes.max()), spread=spread, draws=_fit(sizes, again)
    )


def _fit(sizes: Floats, errors: Floats) -> Floats:
    """The law of each row of errors, (rows, runs) to (rows, 3).

    Distances are shares of the law's own value: as shares of the errors they would pull it to the smaller ones, and
    the interval of 95 % covers 86 %.
    """
    expected = errors
    for _ in range(PASSES):
        laws = _weighted_fit(sizes, errors, 1 / expected**2)
        expected = np.maximum(laws[:, :1] * sizes ** -laws[:, 1:2] + laws[:, 2:], 1e-9)
    return laws


def _weighted_fit(sizes: Floats, errors: Floats, weights: Floats) -> Floats:
    """The law of each row by weighted least squares, with neither a nor c below 0."""
    best, loss = np.zeros((len(errors), 3)), np.full(len(errors), np.inf)
    total = weights.sum(axis=1)
    mean = (weights * errors).sum(axis=1) / total
    for exponent in EXPONENTS:
        power = (sizes / sizes.min()) ** -exponent  # of the smallest size, so that the numbers stay near 1
        middle = weights @ power / total
        slope = (weights * errors) @ power - total * mean * middle
        slope = np.maximum(slope / np.maximum(weights @ power**2 - total * middle**2, 1e-300), 0)
        floor = mean - slope * middle
        below = floor < 0  # then the best fit with c >= 0 has c = 0
        slope = np.where(below, ((weights * errors) @ power) / (weights @ power**2), slope)
        floor = np.where(below, 0.0, floor)
        distance = (weights * (slope[:, None] * power + floor[:, None] - errors) ** 2).sum(axis=1)
        better = distance < loss
        loss = np.where(better, distance, loss)
        found = np.stack([slope * sizes.min() ** exponent, np.full_like(slope, exponent), floor], axis=1)
        best[better] = found[better]
    return best


def _errors(law: Floats, sizes: Floats) -> Floats:
    expected: Floats = law[0] * sizes ** -law[1] + law[2]
    return expected


def _bounds(values: Floats) -> tuple[float, float]:
    """The middle share of draws; infinite ones are larger than any other."""
    low, high = np.quantile(values, [0.5 - CONFIDENCE / 2, 0.5 + CONFIDENCE / 2], method="higher")
    return float(low), float(high)


def images_needed(law: PowerLaw, target: float) -> ImagesNeeded:
    """Training images that a target accuracy takes, with the interval of the law's draws.

    Args:
        law: From `fit_power_law`.
        target: Accuracy, above 0 and below 1.

    Raises:
        ValueError: The target is none.

    Example:
        >>> law = fit_power_law([100, 200, 400, 800, 1600], [0.2, 0.1414, 0.1, 0.0707, 0.05])
        >>> needed = images_needed(law, 0.9)
        >>> round(needed.images), needed.status, images_needed(law, 0.99).status
        (400, 'measured', 'not reached')
    """
    if not 0 < target < 1:
        raise ValueError(f"A target accuracy must be above 0 and below 1. Got {target}.")
    limit = EXTRAPOLATION * law.largest
    middle = float(_reach(np.array([[law.a, law.b, law.c]]), 1 - target)[0])
    low, high = _bounds(_reach(law.draws, 1 - target))
    ends = [None if end > limit else max(end, float(law.smallest)) for end in (low, high)]
    if middle > limit:
        return ImagesNeeded(target=target, images=None, low=ends[0], high=None, status="not reached")
    status: Literal["measured", "fewer", "extrapolated"] = "measured"
    if middle < law.smallest:
        status = "fewer"
    elif middle > law.largest:
        status = "extrapolated"
    return ImagesNeeded(target=target, images=max(middle, float(law.smallest)), low=ends[0], high=ends[1], status=status)


def _reach(laws: Floats, error: float) -> Floats:
    """Images at which each law, a row of (rows, 3), has come down to an error; infinite where it never does."""
    a, b, c = laws.T
    room = error - c
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        images = np.exp(np.log(a / room) / b)
    return np.where(room > 0, np.where(a > 0, images, 0.0), np.inf)


def time_to_accuracy(curve: Iterable[Mapping[str, float]], target: float) -> float | None:
    """Seconds of training until the validation accuracy first reached a target; None where it never did.

    Args:
        curve: Rows with `seconds` since the training began, over all of its parts, and `val_accuracy`.
        target: Accuracy.

    Example:
        >>> time_to_accuracy([{"seconds": 2.0, "val_accuracy": 0.8}, {"seconds": 4.0, "val_accuracy": 0.9}], 0.85)
        4.0
    """
    reached = [row["seconds"] for row in curve if math.isfinite(row["val_accuracy"]) and row["val_accuracy"] >= target]
    return min(reached, default=None)
