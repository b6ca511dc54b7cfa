"""Hugging Face datasets that were saved on disk with `save_to_disk`, where the package `datasets` is installed."""

from __future__ import annotations

import importlib.util
import io
import os
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from effcore.errors import EffcoreError
from effcore.own.pictures import Picture, decode
from effcore.own.raw import TEST, TRAIN, VALIDATION, Broken, Raw, class_names, refuse, to_grey_or_colour

MARKS = ("dataset_dict.json", "dataset_info.json", "state.json")
"""Files by which such a folder is known."""
SPLIT_NAMES = {"train": TRAIN, "validation": VALIDATION, "valid": VALIDATION, "val": VALIDATION, "test": TEST}


def is_saved_dataset(path: Path) -> bool:
    """Whether a folder was written by `save_to_disk`."""
    return any((path / name).is_file() for name in MARKS)


def read_saved(path: Path, *, broken: Broken, resolution: int | None, threads: int) -> Raw:
    """The images of a saved dataset: one column of the feature Image, one of ClassLabel.

    Args:
        path: Folder of a Dataset or a DatasetDict.
        broken: Whether pictures that can't be read are left out or refused.
        resolution: As `pictures.decode`.
        threads: That decode at once.

    Raises:
        EffcoreError: `datasets` is not installed, the columns are not there, or pictures are broken and are to be refused.
    """
    parts = _load(path)
    pictures: list[Picture] = []
    labels: list[NDArray[np.int64]] = []
    splits: list[int] = []
    classes: tuple[str, ...] = ()
    for name, table in parts.items():
        image, label = _columns(table, path)
        names = class_names(table.features[label].names, path)
        if classes and names != classes:
            raise EffcoreError(f"{path}: all splits must have the same classes. Got {', '.join(names)} in {name}.")
        classes = names
        rows = table.cast_column(image, _image_feature())[image]
        place = name or "row"
        pictures += [Picture(f"{place} {index}", partial(_open, row)) for index, row in enumerate(rows)]
        labels.append(np.array(table[label], np.int64))
        splits += [SPLIT_NAMES.get(name, -1)] * len(table)
    decoded = decode(pictures, resolution=resolution, threads=threads)
    if broken == "refuse":
        refuse(decoded.faults, path)
    every = np.concatenate(labels)[decoded.kept]
    if (every < 0).any():
        raise EffcoreError(f"{path}: every image must have a label. Got {int((every < 0).sum()):,} without one. Leave these rows out.")
    given = TRAIN in splits and len(parts) > 1
    return Raw(
        images=to_grey_or_colour(decoded.images), labels=every, classes=classes,
        split=np.array(splits, np.int8)[decoded.kept] if given else None, levels=255, kind="a dataset of the package datasets, saved on disk",
        done=decoded.done, skipped=decoded.faults, counts=decoded.counts,
    )  # fmt: skip


def _load(path: Path) -> dict[str, Any]:
    """Tables by the name of their split; under an empty name where there is only one table."""
    if importlib.util.find_spec("datasets") is None:
        raise EffcoreError(
            f"{path} is a dataset that the Python package datasets saved, and this package is not installed. "
            "Install it, as with `pip install datasets`, or write the images into folders, one a class."
        )
    for variable in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
        os.environ.setdefault(variable, "1")  # it is read from disk; nothing is to be asked of other hosts
    import datasets

    try:
        found = datasets.load_from_disk(str(path))
    except (OSError, ValueError, KeyError) as error:
        raise EffcoreError(f"{path} must be a folder that save_to_disk wrote. {str(error).splitlines()[0]}") from error
    if not isinstance(found, datasets.DatasetDict):
        return {"": found}
    unknown = [name for name in found if name not in SPLIT_NAMES]
    if unknown:
        raise EffcoreError(f"{path}: splits must be named train, validation and test. Got {', '.join(found)}.")
    return dict(found)


def _columns(table: Any, path: Path) -> tuple[str, str]:
    """Names of the column of images and of that of labels."""
    import datasets

    images = [name for name, feature in table.features.items() if isinstance(feature, datasets.Image)]
    labels = [name for name, feature in table.features.items() if isinstance(feature, datasets.ClassLabel)]
    if len(images) != 1 or len(labels) != 1:
        raise EffcoreError(
            f"{path} must have one column of the feature Image and one of ClassLabel. Got {', '.join(map(str, images)) or 'none'} and "
            f"{', '.join(map(str, labels)) or 'none'} among {', '.join(table.features)}."
        )
    return images[0], labels[0]


def _image_feature() -> Any:
    import datasets

    return datasets.Image(decode=False)


def _open(row: Any) -> Path | io.BytesIO:
    """A row of the column of images as it is stored: bytes, or the path of a file."""
    if row and row.get("bytes"):
        return io.BytesIO(row["bytes"])
    if row and row.get("path"):
        return Path(row["path"])
    return io.BytesIO()
