"""What a candidate may come to, judged by those that were measured: predictions with their doubt, and whether it can reach the frontier."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from effcore.objectives import METRICS
from effcore.pareto import Floats
from effcore.spec.dimensions import Assignment, Dimension

FEWEST = 6
"""Measured candidates before a prediction is made."""

BELIEVED = 2.0
"""Standard deviations beyond the mean that are still believed: one in forty comes to more."""

GROWTH = 2
"""What is taken for alike is learned anew whenever there is one in so many more to learn it from."""

FLOOR = 0.002
"""Added to a share of errors before its logarithm is taken."""

Decided = tuple[tuple[str, float], ...]
"""An assignment as a key."""


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
        rows: Of each metric, the features with the share of its epochs, and the figures as they are learned, of the candidates that were
            measured or seen on their way.
    """

    space: Sequence[Dimension]
    rows: dict[str, tuple[list[list[float]], list[float]]] = field(default_factory=dict)
    _fitted: dict[str, _Fitted] = field(default_factory=dict)
    _features: dict[Decided, list[float]] = field(default_factory=dict)
    _said: dict[str, tuple[int, dict[Decided, Prediction]]] = field(default_factory=dict)

    def learn(self, assignment: Assignment, figures: Mapping[str, float], *, share: float = 1.0) -> None:
        """One more candidate that was measured, or seen on its way.

        Args:
            assignment: What was decided of it.
            figures: What it came to.
            share: Of its epochs that were trained by then.
        """
        row = [*self._row(_decided(assignment)), 1 + math.log(max(share, 1e-3)) / math.log(4)]  # rungs are as far apart as their ratio
        for name, figure in figures.items():
            rows, values = self.rows.setdefault(name, ([], []))
            rows.append(row)
            values.append(float(_learned(name, figure)))

    def predict(self, assignment: Assignment, metric: str) -> Prediction | None:
        """What a candidate is expected to come to; None while too little is known."""
        found = self.predict_all([assignment], metric)
        return found[0] if found else None

    def predict_all(self, assignments: Sequence[Assignment], metric: str) -> list[Prediction]:
        """What candidates are expected to come to; empty while too little is known."""
        model = self._model(metric) if assignments else None
        if model is None:
            return []
        version = self._fitted[metric].rows
        if self._said.get(metric, (0, {}))[0] != version:
            self._said[metric] = (version, {})
        said = self._said[metric][1]  # a prediction takes time, and the same ones are asked for again and again
        asked = [_decided(assignment) for assignment in assignments]
        new = list(dict.fromkeys(decided for decided in asked if decided not in said))
        if new:
            with one_thread():
                means, deviations = model.predict(np.array([[*self._row(decided), 1.0] for decided in new]), return_std=True)
            middles, first, second = (_figure(metric, means + times * deviations) for times in (0, -BELIEVED, BELIEVED))
            ends = zip(middles.tolist(), np.minimum(first, second).tolist(), np.maximum(first, second).tolist(), strict=True)
            said.update((decided, Prediction(*found)) for decided, found in zip(new, ends, strict=True))
        return [said[decided] for decided in asked]

    def _row(self, decided: Decided) -> list[float]:
        """Features, which are asked for again and again."""
        if decided not in self._features:
            self._features[decided] = features(self.space, dict(decided))
        return self._features[decided]

    def _model(self, metric: str) -> Any:
        """Knows every row; what it takes for alike is learned anew whenever there is one in `GROWTH` more to learn it from."""
        rows, values = self.rows.get(metric, ([], []))
        if len(rows) < FEWEST:
            return None
        known = self._fitted.get(metric)
        if known is None or known.rows != len(rows):
            again = known is None or len(rows) >= known.learned_from + max(1, known.learned_from // GROWTH)
            learned_from = len(rows) if again or known is None else known.learned_from
            model = _fit(np.array(rows), np.array(values), None if known is None else known.model.kernel_, again=again)
            self._fitted[metric] = _Fitted(len(rows), learned_from, model)
        return self._fitted[metric].model


@dataclass(frozen=True)
class _Fitted:
    """A model of one metric, how many rows it knows, and from how many of them it learned what is alike."""

    rows: int
    learned_from: int
    model: Any


def _decided(assignment: Assignment) -> Decided:
    return tuple(assignment.items())


def _fit(rows: Floats, values: Floats, kernel: Any, *, again: bool) -> Any:
    """A model of the rows; what it takes for alike is learned from them, beginning with the kernel, or stays as the kernel says."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    scales = np.full(rows.shape[1], 1.0)
    kernel = kernel or ConstantKernel(1.0, (1.0, 10.0)) * Matern(scales, (0.5, 2.0), nu=2.5) + WhiteKernel(0.01, (1e-3, 1.0))
    optimizer = "fmin_l_bfgs_b" if again else None
    with warnings.catch_warnings(), one_thread():
        warnings.simplefilter("ignore")  # that a scale is at its bound: a dimension that does not matter
        return GaussianProcessRegressor(kernel, normalize_y=True, random_state=0, optimizer=optimizer).fit(rows, values)


@cache
def _libraries() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def one_thread() -> Any:
    """Without threads of the linear algebra: matrices this small take several times as long with them, and the other cores are at work."""
    return _libraries().limit(limits=1)


def _is_share(metric: str) -> bool:
    return metric in METRICS and METRICS[metric].percent


def _learned(metric: str, value: ArrayLike) -> Floats:
    values = np.asarray(value, dtype=np.float64)
    return np.asarray(np.log(np.maximum(1 - values, 0.0) + FLOOR) if _is_share(metric) else np.log(np.maximum(values, 1e-12)))


def _figure(metric: str, learned: Floats) -> Floats:
    if _is_share(metric):
        return np.asarray(np.clip(1 + FLOOR - np.exp(np.minimum(learned, 1.0)), 0.0, 1.0))
    return np.asarray(np.exp(np.clip(learned, -700.0, 700.0)))


def cases_of(metric: str, expected: Sequence[Prediction], deviations: Sequence[float]) -> Floats:
    """Figures so many standard deviations from what is expected, towards more of it.

    Args:
        metric: Of all of them.
        expected: n predictions.
        deviations: m of them.

    Returns:
        Shape (n, m).
    """
    ends = _learned(metric, [(p.low, p.high) for p in expected]).reshape(-1, 2)
    low, high = ends[:, :1], ends[:, 1:]
    return _figure(metric, low + (high - low) * (np.asarray(deviations) + BELIEVED) / (2 * BELIEVED))


def hopeless(best: Sequence[float], measured: Sequence[Sequence[float]], *, maximise: Sequence[bool]) -> bool:
    """Whether a measured candidate is at least as good in every objective as the best that is believed of this one.

    Args:
        best: The best believed figure of each objective.
        measured: The objectives of candidates that are measured and keep the constraints.
        maximise: Direction of each objective.
    """
    signs = [-1.0 if up else 1.0 for up in maximise]
    return any(all(s * m <= s * b for s, m, b in zip(signs, row, best, strict=True)) for row in measured)
