"""Splits are fixed, disjoint and stratified, and other data is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from effcore import tasks
from effcore.catalogue import TASKS
from effcore.errors import EffcoreError
from effcore.tasks import READERS, load
from effcore.tasks.bundled import read_table
from effcore.tasks.splits import cut, stratified_order


@pytest.mark.parametrize("name", sorted(TASKS))
def test_splits_have_the_sizes_and_shapes_of_the_catalogue(name: str) -> None:
    task, data = TASKS[name], load(name)
    assert [len(s) for s in (data.train, data.validation, data.test)] == [task.train, task.validation, task.test]
    for split in (data.train, data.validation, data.test):
        assert split.images.shape == (len(split), *task.shape) and split.images.dtype == np.uint8
        assert split.labels.dtype == np.int64 and int(split.labels.max()) == len(task.classes) - 1
        assert int(split.images.max()) == task.levels
    assert data.fingerprint == task.fingerprint


def test_mnist5k_test_split_holds_100_images_of_each_class() -> None:
    data = load("mnist5k")
    assert np.bincount(data.test.labels).tolist() == [100] * 10
    assert np.bincount(data.train.labels).tolist() == [350] * 10


@pytest.mark.parametrize("name", sorted(TASKS))
def test_splits_hold_every_image_of_the_source_once(name: str) -> None:
    data = load(name)
    images, _ = READERS[name]()
    parts = [s.images for s in (data.train, data.validation, data.test)]
    assert sorted(i.tobytes() for part in parts for i in part) == sorted(i.tobytes() for i in images)


def test_every_beginning_of_a_stratified_order_holds_the_classes_evenly() -> None:
    labels = np.repeat(np.arange(4), [10, 20, 30, 40])
    order = stratified_order(labels)
    assert sorted(order) == list(range(100))
    for count in (10, 30, 50, 90):
        held = np.bincount(labels[order[:count]], minlength=4)
        assert np.abs(held - count * np.array([0.1, 0.2, 0.3, 0.4])).max() <= 1


def test_a_smaller_fraction_is_a_subset_of_a_larger_one() -> None:
    data = load("digits")
    small, large = data.fraction(0.1), data.fraction(0.5)
    assert (len(small.train), len(large.train)) == (120, 598)
    assert (small.train.images == large.train.images[:120]).all()
    assert small.test is data.test and data.fraction(1.0) is data


def test_a_fraction_with_fewer_images_than_classes_is_refused() -> None:
    with pytest.raises(EffcoreError, match="training.data_fraction .* Got 0.001 of 1197 images. Take at least 0.0084"):
        load("digits").fraction(0.001)


def test_loaded_data_can_not_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        load("digits").train.images[0] = 0


def test_an_unknown_task_names_the_known_ones() -> None:
    with pytest.raises(EffcoreError, match="Got 'mnist'. Did you mean 'mnist5k'"):
        load("mnist")


def test_data_with_another_fingerprint_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tasks.TASKS, "digits", replace(TASKS["digits"], fingerprint="0" * 64))
    with pytest.raises(EffcoreError, match="must have the fingerprint 0000000000000000. Got 0fb56525f7af21a7"):
        load("digits")


def test_data_of_another_size_is_refused() -> None:
    images, labels = READERS["digits"]()
    with pytest.raises(EffcoreError, match=r"must be 1797 images of shape \(1, 8, 8\)"):
        cut(TASKS["digits"], images[1:], labels[1:])


def test_a_missing_package_or_row_is_named() -> None:
    with pytest.raises(EffcoreError, match="Install no_such_package"):
        read_table("no_such_package", "data.gz", columns=2)
    with pytest.raises(EffcoreError, match="must hold rows of 64 numbers"):
        read_table("sklearn", "datasets", "data", "digits.csv.gz", columns=64)
