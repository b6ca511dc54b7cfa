"""Splits follow the pixels and nothing else, and what an operator should know of the data is counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from effcore.errors import EffcoreError
from effcore.own.prepare import Prepared, prepare, warnings_of
from effcore.own.raw import TEST, TRAIN, Fault, Raw

SHAPE = (1, 4, 4)


def raw(each: int = 20, classes: int = 3, seed: int = 0) -> Raw:
    total = each * classes
    images = np.random.default_rng(seed).integers(0, 255, (total, *SHAPE), np.uint8)
    labels = np.arange(total, dtype=np.int64) % classes
    return Raw(images=images, labels=labels, classes=tuple("abcdefgh"[:classes]), split=None, levels=255, kind="arrays")


def taken(data: Raw, indices: np.ndarray) -> Raw:
    return replace(data, images=data.images[indices], labels=data.labels[indices], split=None if data.split is None else data.split[indices])


def images_tested(prepared: Prepared) -> set[bytes]:
    return {image.tobytes() for image in prepared.images[: prepared.task.test]}


def test_splits_are_stratified_and_every_beginning_of_them_is() -> None:
    made = prepare("own", raw(), origin="here")
    task = made.task
    assert (task.test, task.validation, task.train) == (12, 6, 42) and task.shape == SHAPE and task.origin == "here"
    assert np.bincount(made.labels[:12]).tolist() == [4, 4, 4] and np.bincount(made.labels[12:18]).tolist() == [2, 2, 2]
    assert all(set(made.labels[18 + i : 21 + i].tolist()) == {0, 1, 2} for i in range(0, 42, 3))
    assert len({image.tobytes() for image in made.images}) == 60


def test_the_split_depends_neither_on_the_order_nor_on_other_classes() -> None:
    data = raw()
    first = prepare("own", data, origin="")
    shuffled = prepare("own", taken(data, np.random.default_rng(1).permutation(60)), origin="")
    assert first.task == shuffled.task and (first.images == shuffled.images).all()
    without = prepare("own", taken(replace(data, classes=("a", "b")), np.flatnonzero(data.labels < 2)), origin="")
    assert images_tested(without) == {image.tobytes() for image, label in zip(first.images[:12], first.labels[:12], strict=True) if label < 2}


def test_one_more_image_moves_hardly_any_other() -> None:
    data = raw(each=50)
    fewer = prepare("own", taken(data, np.arange(149)), origin="")
    assert len(images_tested(prepare("own", data, origin="")) ^ images_tested(fewer)) <= 2


def test_the_fingerprint_is_that_of_the_pixels_and_labels() -> None:
    data = raw()
    changed = data.images.copy()
    changed[7, 0, 0, 0] ^= 1
    others = (data, replace(data, images=changed), replace(data, classes=("x", "y", "z")))
    prints = {prepare("own", one, origin="").task.fingerprint for one in others}
    assert len(prints) == 2


def test_given_splits_are_kept_and_a_missing_one_is_cut_from_training() -> None:
    data = raw()
    split = np.where(np.arange(60) < 45, TRAIN, TEST).astype(np.int8)
    made = prepare("own", replace(data, split=split), origin="")
    assert (made.task.test, made.task.validation, made.task.train) == (15, 6, 39) and made.health["splits"] == "of the data"
    assert images_tested(made) == {image.tobytes() for image in data.images[45:]}


def test_twins_are_left_out_before_a_split_and_named_in_given_ones() -> None:
    data = raw()
    twins = taken(data, np.concatenate([np.arange(60), np.arange(5)]))
    made = prepare("own", twins, origin="")
    assert made.health["duplicates_left_out"] == 5 and made.task == replace(prepare("own", data, origin="").task, summary=made.task.summary)
    split = np.array([TRAIN] * 60 + [TEST] * 5, np.int8)
    given = prepare("own", replace(twins, split=split), origin="")
    assert given.health["test_images_seen_before"] == 5 and given.task.test == 5
    assert "5 test images are in training or validation too: accuracy is better than on new images." in given.task.summary


def test_health_counts_classes_and_names_what_was_skipped() -> None:
    data = replace(raw(), skipped=(Fault("a/1.png", "is cut off."),), counts={"grey": 2})
    health = prepare("own", data, origin="").health
    assert health["classes"]["a"] == {"test": 4, "train": 14, "validation": 2} and health["counts"] == {"grey": 2}
    assert health["skipped"] == [{"where": "a/1.png", "reason": "is cut off."}]
    assert warnings_of(health) == ["1 file was skipped: a/1.png."]


def test_uneven_classes_and_images_under_two_are_said() -> None:
    data = taken(raw(each=20, classes=2), np.array([i for i in range(40) if i % 2 == 0 or i < 10]))
    data = replace(data, images=np.concatenate([data.images, data.images[:1]]), labels=np.append(data.labels, 1))
    found = warnings_of(prepare("own", data, origin="").health)
    assert "1 image stands under more than one class." in found and "Classes are uneven: 20 of a, 6 of b." in found


def test_too_few_images_are_refused_by_the_name_of_their_class() -> None:
    data = raw(each=3)
    assert prepare("own", data, origin="").task.train == 3
    with pytest.raises(EffcoreError, match=r"at least 3 images that can be read. Got fewer of c \(2\)."):
        prepare("own", taken(data, np.arange(8)), origin="")
    twins = replace(data, images=np.repeat(data.images[:1], 9, 0))
    with pytest.raises(EffcoreError, match="The class 'a' of 'own' must have at least 3 different training images. Got 1."):
        prepare("own", twins, origin="")
