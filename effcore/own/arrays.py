"""`.npz` files with arrays of images and labels."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from effcore.errors import EffcoreError
from effcore.own.raw import TEST, TRAIN, VALIDATION, Raw, class_names

WHOLE = (("images", "labels"), ("x", "y"), ("X", "y"))
"""Names of images and labels where they are not cut into splits."""
IN_SPLITS = {"train": TRAIN, "val": VALIDATION, "valid": VALIDATION, "validation": VALIDATION, "test": TEST}
IMAGES_OF, LABELS_OF = ("x_{}", "images_{}", "{}_images"), ("y_{}", "labels_{}", "{}_labels")
FEW_LEVELS = 128


def read_arrays(path: Path) -> Raw:
    """The images of an `.npz` file; nothing in it is unpickled.

    `images` and `labels` (or `x`, `y`), or `x_train`, `y_train`, `x_test`, `y_test` and perhaps `x_val`, `y_val`; besides `classes`, the
    names, and `levels`, the largest value of a pixel. Images are whole numbers from 0 to 255 of shape (N, H, W), (N, H, W, C) or (N, C, H, W).

    Raises:
        EffcoreError: It is no such file, or an array is not what it must be.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: np.asarray(file[name]) for name in file.files}
    except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
        raise EffcoreError(f"{path} must be an .npz file with plain arrays, as np.savez writes it. {str(error).splitlines()[0]}") from error
    parts = _parts(arrays, path)
    images = [_images(arrays[x], x, path) for x, _, _ in parts]
    shapes = {one.shape[1:] for one in images}
    if len(shapes) > 1:
        raise EffcoreError(f"{path}: all splits must hold images of one shape. Got {', '.join(map(str, sorted(shapes)))}.")
    labels, classes = _labels([arrays[y] for _, y, _ in parts], [y for _, y, _ in parts], arrays.get("classes"), path)
    for (x, y, _), some, named in zip(parts, images, labels, strict=True):
        if len(some) != len(named):
            raise EffcoreError(f"{path}: {x} and {y} must have the same length. Got {len(some)} and {len(named)}.")
    together = np.concatenate(images)
    split = None if parts[0][2] is None else np.concatenate([np.full(len(n), s, np.int8) for n, (_, _, s) in zip(labels, parts, strict=True)])
    return Raw(
        images=together, labels=np.concatenate(labels), classes=classes, split=split, levels=_levels(together, arrays.get("levels"), path),
        kind="arrays in an .npz file", done=(f"Images are {together.shape[3]}x{together.shape[2]} pixels.",),
    )  # fmt: skip


def _parts(arrays: Mapping[str, Any], path: Path) -> list[tuple[str, str, int | None]]:
    """Names of images and labels, and their split, of each part of the file."""
    for x, y in WHOLE:
        if x in arrays and y in arrays:
            return [(x, y, None)]
    found: list[tuple[str, str, int | None]] = []
    for word, split in IN_SPLITS.items():
        images = next((n for n in (t.format(word) for t in IMAGES_OF) if n in arrays), None)
        labels = next((n for n in (t.format(word) for t in LABELS_OF) if n in arrays), None)
        if images and labels:
            found.append((images, labels, split))
    if TRAIN not in [split for _, _, split in found]:
        raise EffcoreError(
            f"{path} must hold the arrays images and labels, or x_train, y_train, x_test and y_test. Got {', '.join(sorted(arrays)) or 'none'}."
        )
    return found


def _images(array: NDArray[Any], name: str, path: Path) -> NDArray[np.uint8]:
    """uint8 (N, C, H, W)."""
    if array.ndim == 3:
        array = array[:, None]
    elif array.ndim == 4 and array.shape[3] in (1, 3) and array.shape[1] not in (1, 3):
        array = array.transpose(0, 3, 1, 2)
    if array.ndim != 4 or array.shape[1] not in (1, 3) or min(array.shape) < 1:
        raise EffcoreError(f"{path}: {name} must have the shape (N, H, W), (N, H, W, C) or (N, C, H, W) with 1 or 3 channels. Got {array.shape}.")
    if not np.issubdtype(array.dtype, np.integer) or array.min() < 0 or array.max() > 255:
        raise EffcoreError(
            f"{path}: {name} must hold whole numbers from 0 to 255, since a deployed file takes raw pixels. "
            f"Got {array.dtype} from {array.min():g} to {array.max():g}. Turn them back into pixels, as `(x * 255).round().astype(np.uint8)`."
        )
    return np.ascontiguousarray(array, np.uint8)


def _labels(
    arrays: list[NDArray[Any]], names: list[str], classes: NDArray[Any] | None, path: Path
) -> tuple[list[NDArray[np.int64]], tuple[str, ...]]:
    """Index of the class of each image, and the names of the classes; labels may be numbers or texts."""
    for array, name in zip(arrays, names, strict=True):
        if array.ndim != 1 or array.dtype.kind not in "iuU":
            raise EffcoreError(f"{path}: {name} must hold one whole number or text for each image. Got {array.dtype} {array.shape}.")
    known = sorted({value for array in arrays for value in array.tolist()})
    if classes is None:
        place = {value: index for index, value in enumerate(known)}
        return [np.array([place[v] for v in a.tolist()], np.int64) for a in arrays], class_names([str(v) for v in known], path)
    named = class_names([str(v) for v in classes.tolist()], path)
    texts = arrays[0].dtype.kind == "U"
    place = {value: index for index, value in enumerate(named if texts else range(len(named)))}
    unknown = [value for value in known if value not in place]
    if unknown:
        raise EffcoreError(f"{path}: labels must be {'names' if texts else 'places'} in the array classes, of {len(named)}. Got {unknown[:5]}.")
    return [np.array([place[v] for v in a.tolist()], np.int64) for a in arrays], named


def _levels(images: NDArray[np.uint8], given: NDArray[Any] | None, path: Path) -> int:
    """Largest value of a pixel: as given, or 255 unless all pixels are so dark that they can't be bytes of a photograph."""
    largest = int(images.max())
    if given is None:
        return max(largest, 1) if largest < FEW_LEVELS else 255
    if given.size != 1 or not largest <= int(given.reshape(-1)[0]) <= 255:
        raise EffcoreError(f"{path}: levels must be one number from {largest}, the largest pixel, to 255. Got {given.tolist()}.")
    return int(given.reshape(-1)[0])
