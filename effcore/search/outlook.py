"""What a candidate may come to, judged by those that were measured: predictions with their doubt, and whether it can reach the frontier."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from effcore.dimensions import Assignment, Dimension
from effcore.objectives import METRICS

FEWEST = 6
"""Measured candidates before a prediction is made."""

BELIEVED = 2.0
"""Standard deviations beyond the mean that are still believed: one in forty comes to more."""

FLOOR = 0.002
"""Added to a share of errors before its logarithm is taken."""


@dataclass(frozen=True)
class Prediction:
    """A figure that is expected, and the smallest and largest that are believed."""

    mean: float
    low: float
    high: float

    def best(self, *, maximise: bool) -> float:
        """The best figure that is believed."""
        return self.high if maximise else self.low


def features(space: Sequence[Dimension], assignment: Assignment) -> list[float]:
    """A candidate as numbers from 0 to 1: alternatives one by one, what is not there in the middle."""
    row: list[float] = []
    for dimension in space:
        there = dimension.name in assignment and all(assignment.get(name) == index for name, index in dimension.needs)
        if dimension.labels and not dimension.ordered:
            chosen = int(assignment[dimension.name]) if there else -1
            row += [float(index == chosen) for index in range(len(dimension.labels))]
        else:
            row.append(dimension.share(assignment[dimension.name]) if there else 0.5)
    return row


@dataclass
class Outlook:
    """Learns from measured candidates; a Gaussian process for each metric, fitted when it is asked for.

    Figures are learned by their logarithm, shares by the logarithm of what is missing to one.

    Attributes:
        space: The dimensions.
        rows: Features with the share of its epochs, and figures, of each candidate that was measured or seen on its way.
    """

    space: Sequence[Dimension]
    rows: list[tuple[list[float], Mapping[str, float]]] = field(default_factory=list)
    _fitted: dict[str, tuple[int, Any]] = field(default_factory=dict)
    _said: dict[tuple[str, int, tuple[float, ...]], Prediction] = field(default_factory=dict)

    def learn(self, assignment: Assignment, figures: Mapping[str, float], *, share: float = 1.0) -> None:
        """One more candidate that was measured, or seen on its way.

        Args:
            assignment: What was decided of it.
            figures: What it came to.
            share: Of its epochs that were trained by then.
        """
        self.rows.append(([*features(self.space, assignment), share], figures))

    def predict(self, assignment: Assignment, metric: str) -> Prediction | None:
        """What a candidate is expected to come to; None while too little is known."""
        model = self._model(metric)
        if model is None:
            return None
        row = (*features(self.space, assignment), 1.0)
        key = (metric, self._fitted[metric][0], row)  # a prediction takes a millisecond, and the same ones are asked for again and again
        if key not in self._said:
            mean, deviation = model.predict(np.array([row]), return_std=True)
            ends = [_figure(metric, float(mean[0] + times * deviation[0])) for times in (0, -BELIEVED, BELIEVED)]
            self._said[key] = Prediction(ends[0], min(ends[1:]), max(ends[1:]))
        return self._said[key]

    def _model(self, metric: str) -> Any:
        rows = [(row, figures[metric]) for row, figures in self.rows if metric in figures]
        if len(rows) < FEWEST:
            return None
        known = self._fitted.get(metric)
        if known is None or len(rows) >= known[0] + max(1, known[0] // 5):  # a fit costs more than a few results tell
            known = self._fitted[metric] = (len(rows), _fit(np.array([r for r, _ in rows]), np.array([_learned(metric, v) for _, v in rows])))
        return known[1]


def _fit(rows: NDArray[np.float64], values: NDArray[np.float64]) -> Any:
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    scales = np.full(rows.shape[1], 1.0)
    kernel = ConstantKernel(1.0, (0.1, 100.0)) * Matern(scales, (0.1, 100.0), nu=2.5) + WhiteKernel(0.01, (1e-5, 1.0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a scale is at its bound: a dimension that does not matter
        return GaussianProcessRegressor(kernel, normalize_y=True, random_state=0).fit(rows, values)


def _is_share(metric: str) -> bool:
    return metric in METRICS and METRICS[metric].percent


def _learned(metric: str, value: float) -> float:
    if _is_share(metric):
        return math.log(max(1 - value, 0.0) + FLOOR)
    return math.log(max(value, 1e-12))


def _figure(metric: str, learned: float) -> float:
    if _is_share(metric):
        return min(max(1 + FLOOR - math.exp(min(learned, 1.0)), 0.0), 1.0)
    return math.exp(min(max(learned, -700.0), 700.0))


def hopeless(best: Sequence[float], measured: Sequence[Sequence[float]], *, maximise: Sequence[bool]) -> bool:
    """Whether a measured candidate is at least as good in every objective as the best that is believed of this one.

    Args:
        best: The best believed figure of each objective.
        measured: The objectives of candidates that are measured and keep the constraints.
        maximise: Direction of each objective.
    """
    signs = [-1.0 if up else 1.0 for up in maximise]
    return any(all(s * m <= s * b for s, m, b in zip(signs, row, best, strict=True)) for row in measured)
