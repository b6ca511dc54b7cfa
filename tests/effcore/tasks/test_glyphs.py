"""Drawn letters are the same wherever and however many are drawn, and readable."""

from __future__ import annotations

import numpy as np
import pytest

from effcore.catalogue import TASKS
from effcore.errors import EffcoreError
from effcore.tasks import glyphs, load
from effcore.tasks.glyphs import HELD_OUT_FONTS, TRAIN_FONTS, draw


def test_a_longer_row_starts_with_the_shorter_one() -> None:
    short, long = draw(2, 40, fonts=TRAIN_FONTS), draw(2, 1100, fonts=TRAIN_FONTS)
    assert (long[0][:40] == short[0]).all() and (long[1][:40] == short[1]).all()
    assert long[0].shape == (1100, 1, 28, 28) and long[0].dtype == np.uint8


def test_rows_differ_and_no_image_occurs_twice() -> None:
    first, second = draw(0, 34, fonts=TRAIN_FONTS)[0], draw(1, 34, fonts=TRAIN_FONTS)[0]
    assert len({i.tobytes() for i in [*first, *second]}) == 68
    assert len({i.tobytes() for i in load("glyphs").test.images}) == TASKS["glyphs"].test


def test_every_split_holds_the_classes_evenly_and_says_that_it_is_synthetic() -> None:
    data, task = load("glyphs"), TASKS["glyphs"]
    assert task.synthetic and task.summary.startswith("Synthetic") and task.source.startswith("synthetic")
    assert not TASKS["digits"].synthetic and not TASKS["mnist5k"].synthetic
    assert task.test >= 10_000 and len(task.classes) == 34 and not {"O", "I"} & set(task.classes)
    for split in (data.train, data.validation, data.test):
        counts = np.bincount(split.labels, minlength=34)
        assert counts.max() - counts.min() <= 1


def test_some_fonts_are_not_in_training() -> None:
    assert not set(HELD_OUT_FONTS) & set(TRAIN_FONTS)
    assert (len(TRAIN_FONTS), len(HELD_OUT_FONTS)) == (16, 5)
    with_all = draw(2, 340, fonts=(*TRAIN_FONTS, *HELD_OUT_FONTS))[0]
    assert (load("glyphs").train.images[:340] == draw(2, 340, fonts=TRAIN_FONTS)[0]).all()
    assert (with_all != load("glyphs").train.images[:340]).any()


def test_without_distortion_and_noise_a_letter_of_one_font_is_always_the_same() -> None:
    images, labels = draw(0, 68, fonts=("DejaVuSans",), distortion=0, noise=0)
    assert (images[:34] == images[34:]).all()
    assert images.min() == 0 and images.max() > 200
    rows, columns = np.nonzero(images[int(np.flatnonzero(labels == 17)[0]), 0] > 128)
    assert TASKS["glyphs"].classes[17] == "H"
    assert rows.max() - rows.min() + 1 == pytest.approx(glyphs.CAP_HEIGHT, abs=1)
    assert abs((rows.min() + rows.max()) - (glyphs.SIDE - 1)) <= 2 and abs((columns.min() + columns.max()) - 27) <= 2


def test_letters_have_the_same_height_in_every_font() -> None:
    table = glyphs._rendered((*TRAIN_FONTS, *HELD_OUT_FONTS)).reshape(21, 34, 40, 40)
    heights = [int((letter[17] > 96).any(axis=1).sum()) for letter in table]
    assert min(heights) >= glyphs.CAP_HEIGHT - 1 and max(heights) <= glyphs.CAP_HEIGHT + 1


def test_elastic_displacement_goes_through_its_knots() -> None:
    knots = np.arange(25, dtype=np.int32).reshape(1, 5, 5) * 1000
    spread = glyphs._elastic(knots)
    assert spread[0, ::27, ::27].tolist() == [[0, 4000], [20000, 24000]]
    assert (np.diff(spread[0], axis=0) >= 0).all()


def test_the_bits_are_those_of_the_catalogue() -> None:
    assert load("glyphs").fingerprint == TASKS["glyphs"].fingerprint


def test_a_missing_font_is_named() -> None:
    with pytest.raises(EffcoreError, match="NoSuchFont.ttf. Install matplotlib"):
        draw(0, 1, fonts=("NoSuchFont",))
