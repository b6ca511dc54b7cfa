"""Folders of images, arrays and saved datasets: what is read, and what is refused with which words."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from own_images import CLASSES, break_one, draw, write_folder
from PIL import Image

from effcore.errors import EffcoreError
from effcore.own.data import read_raw
from effcore.own.raw import TEST, TRAIN, VALIDATION, Raw


def read(path: Path, *, broken: Any = "refuse", resolution: int | None = None) -> Raw:
    return read_raw(path, broken=broken, resolution=resolution, threads=2)


def test_a_folder_a_class_with_png_jpeg_a_grey_and_a_wide_image(tmp_path: Path) -> None:
    raw = read(write_folder(tmp_path / "a", each=4))
    assert raw.classes == CLASSES and np.bincount(raw.labels).tolist() == [5, 5, 4] and raw.split is None
    assert raw.images.shape == (14, 3, 32, 32) and raw.levels == 255 and raw.skipped == ()
    assert raw.counts == {"grey": 1, "resized": 1}
    png = np.asarray(draw("circle", 1)).transpose(2, 0, 1)
    assert (raw.images == png).all(axis=(1, 2, 3)).sum() == 1


def test_broken_files_are_all_named_and_refused_or_left_out(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "a", each=3)
    name = break_one(root)
    (root / "cross" / "b.webp").write_bytes(b"RIFF")
    (root / "cross" / "notes.txt").write_text("seen by nobody")
    (root / "cross" / ".DS_Store").write_text("hidden")
    with pytest.raises(EffcoreError) as caught:
        read(root)
    text = str(caught.value)
    assert "2 files can't be read as images" in text and f"  {name}: " in text and "  cross/b.webp: must be a PNG or a JPEG." in text
    assert "--broken skip" in text
    raw = read(root, broken="skip")
    assert [f.where for f in raw.skipped] == ["cross/b.webp", name] and raw.counts["other_files"] == 1 and len(raw.images) == 11


def test_grey_data_has_one_channel_also_where_its_files_have_three(tmp_path: Path) -> None:
    for klass in ("a", "b"):
        (tmp_path / klass).mkdir()
        for index in range(3):
            Image.new("L" if index else "RGB", (8, 8), index * 9 if index else (5, 5, 5)).save(tmp_path / klass / f"{index}.png")
    assert read(tmp_path).images.shape == (6, 1, 8, 8)


def test_folders_of_splits_are_kept_as_splits(tmp_path: Path) -> None:
    for name in ("train", "val", "test"):
        write_folder(tmp_path / name, each=3)
    raw = read(tmp_path)
    assert raw.classes == CLASSES and raw.split is not None
    assert [(raw.split == part).sum() for part in (TRAIN, VALIDATION, TEST)] == [11, 11, 11]
    (tmp_path / "more").mkdir()
    with pytest.raises(EffcoreError, match="nothing else beside these. Got more, test, train, val."):
        read(tmp_path)


def test_a_class_may_be_called_test(tmp_path: Path) -> None:
    for klass in ("train", "test"):
        (tmp_path / klass).mkdir()
        Image.new("L", (8, 8)).save(tmp_path / klass / "a.png")
    assert read(tmp_path).classes == ("test", "train")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda root: None, "must hold at least two classes. Got none."),
        (lambda root: (root / "only").mkdir(), "must hold at least two classes. Got none."),
        (lambda root: (write_folder(root / "x", each=1), (root / "x").rename(root / "one")), "Got one."),
    ],
)
def test_a_folder_without_classes_says_so(tmp_path: Path, make: Any, words: str) -> None:
    make(tmp_path)
    with pytest.raises(EffcoreError, match=words):
        read(tmp_path)


def test_a_class_without_images_is_named(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "a", each=1)
    (root / "square").mkdir()
    with pytest.raises(EffcoreError, match="Got none in square. Remove it."):
        read(root)


IMAGES = np.arange(6 * 4 * 4, dtype=np.uint8).reshape(6, 4, 4)
LABELS = np.array([0, 1, 0, 1, 0, 1])


def saved(folder: Path, **arrays: Any) -> Path:
    np.savez(folder / "a.npz", **arrays)
    return folder / "a.npz"


@pytest.mark.parametrize(
    ("images", "shape"),
    [
        (IMAGES, (6, 1, 4, 4)),
        (np.stack([IMAGES] * 3, 1), (6, 3, 4, 4)),
        (np.stack([IMAGES] * 3, 3), (6, 3, 4, 4)),
        (IMAGES.astype(np.int64), (6, 1, 4, 4)),
    ],
)
def test_arrays_of_every_layout(tmp_path: Path, images: Any, shape: tuple[int, ...]) -> None:
    raw = read(saved(tmp_path, images=images, labels=LABELS))
    assert raw.images.shape == shape and raw.labels.tolist() == LABELS.tolist() and raw.classes == ("0", "1")
    assert (raw.images[:, 0] == IMAGES).all() and raw.levels == 95 and raw.split is None


def test_arrays_with_names_levels_and_splits(tmp_path: Path) -> None:
    named = read(saved(tmp_path, x=IMAGES, y=np.array(list("bababa")), classes=np.array(["b", "a", "c"]), levels=100))
    assert (named.labels.tolist(), named.classes, named.levels) == ([0, 1] * 3, ("b", "a", "c"), 100)
    raw = read(saved(tmp_path, x_train=IMAGES, y_train=LABELS, x_test=IMAGES + 150, y_test=LABELS))
    assert raw.split is not None and raw.split.tolist() == [TRAIN] * 6 + [TEST] * 6 and raw.levels == 255


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"a": IMAGES}, "must hold the arrays images and labels, or x_train, y_train, x_test and y_test. Got a."),
        ({"images": IMAGES / 255, "labels": LABELS}, r"whole numbers from 0 to 255.*Got float64 from 0 to 0.37.*\(x \* 255\)"),
        ({"images": IMAGES.astype(int) + 200, "labels": LABELS}, "Got int64 from 200 to 295"),
        ({"images": IMAGES[:, 0], "labels": LABELS}, r"must have the shape .*Got \(6, 4\)"),
        ({"images": IMAGES, "labels": LABELS[:5]}, "images and labels must have the same length. Got 6 and 5."),
        ({"images": IMAGES, "labels": LABELS * 1.0}, "one whole number or text for each image. Got float64"),
        ({"images": IMAGES, "labels": LABELS * 0}, "must hold at least two classes. Got 0."),
        ({"images": IMAGES, "labels": LABELS, "classes": np.array(["a"])}, "must hold at least two classes"),
        ({"images": IMAGES, "labels": LABELS + 1, "classes": np.array(["a", "b"])}, r"places in the array classes, of 2. Got \[2\]"),
        ({"images": IMAGES, "labels": LABELS, "levels": 10}, "levels must be one number from 95, the largest pixel, to 255. Got 10."),
        ({"images": np.array([{}], object), "labels": LABELS}, "plain arrays"),
    ],
)
def test_arrays_that_can_not_be_used_say_why(tmp_path: Path, arrays: dict[str, Any], words: str) -> None:
    path = saved(tmp_path, **arrays)
    with pytest.raises(EffcoreError, match=words):
        read(path)


def test_what_is_neither_folder_nor_arrays_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    (tmp_path / "b.npz").write_text("hello")
    with pytest.raises(EffcoreError, match="must be a folder with one folder of images a class, an .npz file"):
        read(tmp_path / "a.txt")
    with pytest.raises(EffcoreError, match="must be an .npz file with plain arrays"):
        read(tmp_path / "b.npz")
    with pytest.raises(EffcoreError, match="--resolution is for images in files"):
        read(saved(tmp_path, images=IMAGES, labels=LABELS), resolution=8)


def test_a_saved_dataset_needs_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dataset_info.json").write_text("{}")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EffcoreError, match="the Python package datasets saved, and this package is not installed"):
        read(tmp_path)


def test_a_saved_dataset_gives_the_images_that_were_saved(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    images = [draw(klass, index) for klass in CLASSES for index in range(4)]
    features = datasets.Features({"picture": datasets.Image(), "label": datasets.ClassLabel(names=list(CLASSES)), "note": datasets.Value("string")})
    table = datasets.Dataset.from_dict({"picture": images, "label": [i // 4 for i in range(12)], "note": ["x"] * 12}, features=features)
    table.shuffle(seed=0).save_to_disk(tmp_path / "one")
    raw = read(tmp_path / "one")
    assert raw.classes == CLASSES and np.bincount(raw.labels).tolist() == [4, 4, 4] and raw.split is None
    assert {image.tobytes() for image in raw.images} == {np.asarray(i).transpose(2, 0, 1).tobytes() for i in images}
    datasets.DatasetDict({"train": table, "test": table.select(range(0, 12, 4))}).save_to_disk(tmp_path / "two")
    split = read(tmp_path / "two").split
    assert split is not None and split.tolist() == [TRAIN] * 12 + [TEST] * 3
    table.remove_columns("label").save_to_disk(tmp_path / "three")
    with pytest.raises(EffcoreError, match="one column of the feature Image and one of ClassLabel. Got picture and none among picture, note"):
        read(tmp_path / "three")
