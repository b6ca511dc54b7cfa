"""Data of an operator: read from where it lies, prepared once, kept in the cache."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from effcore.cache import Cache
from effcore.errors import EffcoreError
from effcore.own.arrays import read_arrays
from effcore.own.folders import read_folder
from effcore.own.listing import listing_of
from effcore.own.pictures import MOST_SIDE, SMALLEST_SIDE
from effcore.own.prepare import Prepared, prepare
from effcore.own.raw import Broken, Raw
from effcore.own.registry import DataSource
from effcore.own.saved import is_saved_dataset, read_saved
from effcore.recipe import digest

IMAGES, LABELS = "images.npy", "labels.npy"


def check_resolution(resolution: int | None) -> None:
    """Refuse a resolution that images can't have.

    Raises:
        EffcoreError: It is one.
    """
    if resolution is not None and not SMALLEST_SIDE <= resolution <= MOST_SIDE:
        raise EffcoreError(f"--resolution must be from {SMALLEST_SIDE} to {MOST_SIDE} pixels. Got {resolution}.")


def fresh(
    name: str, path: Path, *, broken: Broken, resolution: int | None, known: DataSource | None, home: Path, keep: bool, threads: int
) -> DataSource:
    """What is known of data, read again where it has changed.

    Args:
        name: Of the task.
        path: Folder of images, `.npz` file or saved dataset.
        broken, resolution: As it is to be read.
        known: As it was read before.
        home: The state folder.
        keep: Whether the prepared data is put into the cache; without, only its record is made.
        threads: That decode at once.

    Raises:
        EffcoreError: It is not there or can't be used.
    """
    if not path.exists():
        raise EffcoreError(f"The data of {name!r} must be at {path}. Nothing is there. Give its place with --data {name}=PATH.")
    listing, cache = listing_of(path), Cache(home)
    if known is not None and (known.path, known.broken, known.resolution) == (str(path), broken, resolution) and listing:
        if known.listing == listing and (not keep or known.key in cache.keys()):
            return known
    prepared = prepare(name, read_raw(path, broken=broken, resolution=resolution, threads=threads), origin=str(path))
    return kept(prepared, cache, DataSource(
        path=str(path), broken=broken, resolution=resolution, listing=listing, key="", task=prepared.task, health=prepared.health,
    ), keep=keep)  # fmt: skip


def read_raw(path: Path, *, broken: Broken, resolution: int | None, threads: int) -> Raw:
    """The images at a path, whatever kind it is of.

    Raises:
        EffcoreError: It is of none, or can't be used.
    """
    if path.is_dir() and is_saved_dataset(path):
        return read_saved(path, broken=broken, resolution=resolution, threads=threads)
    if path.is_dir():
        return read_folder(path, broken=broken, resolution=resolution, threads=threads)
    if path.suffix.lower() != ".npz":
        raise EffcoreError(f"{path} must be a folder with one folder of images a class, an .npz file, or a folder that save_to_disk wrote.")
    if resolution is not None:
        raise EffcoreError(f"--resolution is for images in files. {path} has arrays, which are taken as they are.")
    return read_arrays(path)


def kept(prepared: Prepared, cache: Cache, source: DataSource, *, keep: bool) -> DataSource:
    """The source with the key of its prepared data, which is put into the cache where it is to be kept."""
    task = prepared.task
    key = f"data-{digest({'data': task.fingerprint, 'classes': task.classes, 'levels': task.levels})}"
    if keep and cache.find(key) is None:
        now = time.time()
        with cache.aside() as folder:
            np.save(folder / IMAGES, prepared.images, allow_pickle=False)
            np.save(folder / LABELS, prepared.labels, allow_pickle=False)
            record = {"kind": "data", "class": f"data {task.name}", "units": 1.0, "facts": {"fingerprint": task.fingerprint}}
            cache.keep(key, folder, record | {"start": now, "end": time.time(), "seconds": time.time() - now})
    return replace(source, key=key)


def read_kept(home: Path, key: str, name: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The prepared data of a task out of the cache.

    Raises:
        EffcoreError: It is gone.
    """
    entry = Cache(home).find(key)
    if entry is None:
        raise EffcoreError(f"What was prepared of the data of {name!r} is gone from the cache. Give the command again: it is read anew.")
    return np.load(entry.folder / IMAGES, allow_pickle=False), np.load(entry.folder / LABELS, allow_pickle=False)
