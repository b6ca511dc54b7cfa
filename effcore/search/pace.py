"""A figure of a network by how long its training takes: what is expected of structures that were not measured, from few that were."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from effcore.search.outlook import BELIEVED, Prediction

SLOPE, KIND, SIZE, NOISE, ANY = 0.4, 0.5, 0.15, 0.1, 10.0
"""Standard deviations that are believed before anything is measured, all of logarithms: of the exponent around one, of what kinds of networks
differ by, of what sizes of one kind differ by, of what the seconds of a training vary by, and of the proportion itself, of which nothing is
known."""


@dataclass(frozen=True)
class Paced:
    """A structure that was measured.

    Attributes:
        kind: Its decisions between alternatives that have no order, as zeros and ones.
        features: All of its decisions, as numbers from 0 to 1.
        effort_s: Seconds that a training of it takes.
        figure: What was measured, above 0.
        doubt: Standard deviation of the logarithm of the seconds, where they are expected and not seen.
    """

    kind: Sequence[float]
    features: Sequence[float]
    effort_s: float
    figure: float = 1.0
    doubt: float = 0.0


def by_pace(measured: Sequence[Paced], asked: Paced) -> Prediction:
    """The figure that is expected of a structure, in proportion to the seconds of a training or to a power of them that is learned.

    Structures that are alike have alike proportions. A Gaussian process with a prior that is not fitted: the first few measurements can't
    tell more than it says.

    Args:
        measured: At least one.
        asked: The structure, whose figure is not looked at.
    """
    everybody = [*measured, asked]
    logs = np.log([row.effort_s for row in everybody])
    proportions = np.log([max(row.figure, 1e-12) for row in measured]) - logs[:-1]
    covariance = ANY**2 + SLOPE**2 * np.outer(logs - logs[:-1].mean(), logs - logs[:-1].mean())
    covariance += KIND**2 * _alike([row.kind for row in everybody]) + SIZE**2 * _alike([row.features for row in everybody])
    known, cross = covariance[:-1, :-1] + NOISE**2 * np.eye(len(measured)), covariance[-1, :-1]
    solved = np.linalg.solve(known, np.column_stack([proportions, cross]))
    mean = float(cross @ solved[:, 0] + logs[-1])
    deviation = math.sqrt(max(float(covariance[-1, -1] - cross @ solved[:, 1]), 0.0) + NOISE**2 + asked.doubt**2)
    return Prediction(math.exp(mean), math.exp(mean - BELIEVED * deviation), math.exp(mean + BELIEVED * deviation))


def _alike(rows: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """Correlation of structures by how far their decisions are apart: Matern with 5/2, over a distance of 1. Shape (n, n)."""
    x = np.array(rows, dtype=np.float64).reshape(len(rows), -1)
    apart = math.sqrt(5) * np.sqrt(((x[:, None] - x[None]) ** 2).sum(axis=2))
    return np.asarray((1 + apart + apart**2 / 3) * np.exp(-apart))
