"""Accuracy from predictions over a whole split."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from effcore.errors import MeasureError
from effcore.measure.accuracy import BATCH, measure_accuracy
from effcore.statistics import wilson_interval


def split(labels: list[int]) -> SimpleNamespace:
    """Images whose first pixel is the predicted class of `predict`."""
    labels_array = np.array(labels, dtype=np.int64)
    images = np.zeros((len(labels), 1, 2, 2), np.uint8)
    images[:, 0, 0, 0] = labels_array
    return SimpleNamespace(images=images, labels=labels_array)


def predict(images: np.ndarray) -> np.ndarray:
    assert images.dtype == np.uint8
    return np.eye(4, dtype=np.float32)[images[:, 0, 0, 0]]


def test_share_interval_and_which_were_right() -> None:
    data = split([0, 1, 2, 3])
    data.labels[3] = 0
    got = measure_accuracy(predict, data)
    assert got.accuracy == 0.75
    assert (got.low, got.high) == wilson_interval(3, 4)
    assert got.correct.tolist() == [True, True, True, False]
    assert got.metrics("val_accuracy") == {
        "val_accuracy": 0.75,
        "val_accuracy_low": got.low,
        "val_accuracy_high": got.high,
    }


def test_batches_cover_every_image_once() -> None:
    sizes: list[int] = []

    def counting(images: np.ndarray) -> np.ndarray:
        sizes.append(len(images))
        return predict(images)

    got = measure_accuracy(counting, split([i % 4 for i in range(2 * BATCH + 3)]))
    assert sizes == [BATCH, BATCH, 3]
    sizes.clear()
    assert measure_accuracy(counting, split([0, 1, 2, 3, 1]), batch=2).accuracy == 1 and sizes == [2, 2, 1]
    assert (len(got.correct), got.accuracy) == (2 * BATCH + 3, 1.0)


def test_logits_that_are_not_finite_never_count() -> None:
    def broken(images: np.ndarray) -> np.ndarray:
        logits = predict(images)
        logits[1, 0] = np.nan
        return logits

    with pytest.raises(MeasureError, match="not finite numbers for 1 of 3 images"):
        measure_accuracy(broken, split([0, 1, 2]))


def test_wrong_shapes_and_empty_splits_are_refused() -> None:
    with pytest.raises(MeasureError, match=r"shape \(3, classes\). Got \(3,\)"):
        measure_accuracy(lambda images: np.zeros(len(images)), split([0, 1, 2]))
    with pytest.raises(MeasureError, match="has no images"):
        measure_accuracy(predict, split([]))
