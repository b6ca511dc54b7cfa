"""A figure of a network by how long its training takes: what is expected of structures that were not measured, from few that were."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from effcore.pareto import Floats
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


def by_pace(measured: Sequence[Paced], asked: Sequence[Paced]) -> list[Prediction]:
    """The figures that are expected of structures, in proportion to the seconds of a training or to a power of them that is learned.

    Structures that are alike have alike proportions. A Gaussian process with a prior that is not fitted: the first few measurements can't
    tell more than it says.

    Args:
        measured: At least one.
        asked: The structures, whose figures are not looked at; all at once take hardly longer than one.
    """
    if not asked:
        return []
    logs, asked_logs = (np.log([row.effort_s for row in rows]) for rows in (measured, asked))
    proportions = np.log([max(row.figure, 1e-12) for row in measured]) - logs
    sizes, asked_sizes = logs - logs.mean(), asked_logs - logs.mean()
    cross = _covariance(asked, asked_sizes, measured, sizes)
    known = _covariance(measured, sizes, measured, sizes) + NOISE**2 * np.eye(len(measured))
    solved = np.linalg.solve(known, np.column_stack([proportions, cross.T]))
    means = cross @ solved[:, 0] + asked_logs
    alone = ANY**2 + SLOPE**2 * asked_sizes**2 + KIND**2 + SIZE**2
    squared = np.maximum(alone - (cross * solved[:, 1:].T).sum(axis=1), 0.0) + NOISE**2 + np.array([row.doubt for row in asked]) ** 2
    ends = np.exp(means[:, None] + np.sqrt(squared)[:, None] * [0.0, -BELIEVED, BELIEVED])
    return [Prediction(*row) for row in ends.tolist()]


def _covariance(first: Sequence[Paced], first_sizes: Floats, second: Sequence[Paced], second_sizes: Floats) -> Floats:
    """What is believed of two structures together before anything is measured. Shape (n, m)."""
    kinds = _alike([row.kind for row in first], [row.kind for row in second])
    features = _alike([row.features for row in first], [row.features for row in second])
    return np.asarray(ANY**2 + SLOPE**2 * np.outer(first_sizes, second_sizes) + KIND**2 * kinds + SIZE**2 * features)


def _alike(first: Sequence[Sequence[float]], second: Sequence[Sequence[float]]) -> Floats:
    """Correlation of structures by how far their decisions are apart: Matern with 5/2, over a distance of 1. Shape (n, m)."""
    x, y = (np.array(rows, dtype=np.float64).reshape(len(rows), -1) for rows in (first, second))
    apart = math.sqrt(5) * np.sqrt(((x[:, None] - y[None]) ** 2).sum(axis=2))
    return np.asarray((1 + apart + apart**2 / 3) * np.exp(-apart))
