"""Accuracy of an artifact: its own predictions over a whole split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from effcore.errors import MeasureError
from effcore.statistics import wilson_interval

BATCH = 250


class Labelled(Protocol):
    """Images and what they show, as `tasks.Split`."""

    @property
    def images(self) -> NDArray[np.uint8]: ...

    @property
    def labels(self) -> NDArray[np.int64]: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Accuracy:
    """Share of right predictions.

    Attributes:
        accuracy, low, high: The share and its 95 % Wilson interval, 0 to 1.
        correct: Which examples were right, shape (N,): two artifacts compare paired.
    """

    accuracy: float
    low: float
    high: float
    correct: NDArray[np.bool_]

    def metrics(self, name: str = "accuracy") -> dict[str, float]:
        """The figures under that name of `objectives.METRICS`."""
        return {name: self.accuracy, f"{name}_low": self.low, f"{name}_high": self.high}


def measure_accuracy(predict: Callable[[NDArray[np.uint8]], NDArray[np.floating]], split: Labelled, /, *, batch: int = BATCH) -> Accuracy:
    """Predict every image of the split and compare with the labels.

    Args:
        predict: Raw pixels (N, C, H, W) to logits (N, classes), as `runtimes.load` gives it.
        split: Images (N, C, H, W) and labels (N,).
        batch: Images that are predicted at once.

    Raises:
        MeasureError: There are no images, the logits have a wrong shape, or one of them is not finite.
    """
    total = len(split.labels)
    if total == 0:
        raise MeasureError("The split has no images, so that there is no accuracy.")
    parts = [_predicted(predict, split.images[start : start + batch]) for start in range(0, total, batch)]
    correct = np.concatenate(parts) == split.labels
    right = int(correct.sum())
    low, high = wilson_interval(right, total)
    return Accuracy(accuracy=right / total, low=low, high=high, correct=correct)


def _predicted(
    predict: Callable[[NDArray[np.uint8]], NDArray[np.floating]], images: NDArray[np.uint8]
) -> NDArray[np.int64]:
    logits = np.asarray(predict(images))
    if logits.ndim != 2 or len(logits) != len(images):
        raise MeasureError(f"The artifact must give logits of shape ({len(images)}, classes). Got {logits.shape}.")
    bad = int((~np.isfinite(logits)).any(axis=1).sum())
    if bad:
        raise MeasureError(f"The artifact gives logits that are not finite numbers for {bad} of {len(images)} images.")
    return np.asarray(logits.argmax(axis=1), dtype=np.int64)
