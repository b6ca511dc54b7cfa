"""Image folders: one folder a class, with or without folders of splits above them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from effcore.errors import EffcoreError
from effcore.own.pictures import Picture, decode
from effcore.own.raw import TEST, TRAIN, VALIDATION, Broken, Fault, Raw, class_names, refuse, to_grey_or_colour

READ = {".png", ".jpg", ".jpeg"}
OTHER_IMAGES = {".bmp", ".gif", ".heic", ".tif", ".tiff", ".webp", ".avif"}
SPLIT_NAMES = {"train": TRAIN, "training": TRAIN, "val": VALIDATION, "valid": VALIDATION, "validation": VALIDATION, "test": TEST}


@dataclass(frozen=True)
class _File:
    path: Path
    name: str
    klass: str
    split: int | None


def read_folder(root: Path, *, broken: Broken, resolution: int | None, threads: int) -> Raw:
    """All images below a folder.

    Args:
        root: Holds a folder for each class, or the folders train, val and test with one for each class.
        broken: Whether files that can't be read are left out or refused.
        resolution: As `pictures.decode`.
        threads: That decode at once.

    Raises:
        EffcoreError: There are no classes, a class has no image, or files are broken and are to be refused.
    """
    splits = _split_folders(root)
    files, faults, ignored = _list(root, splits)
    classes = class_names(sorted({file.klass for file in files}), root)
    empty = sorted({p.name for p in _folders(root)} - set(classes)) if not splits else []
    if empty:
        raise EffcoreError(f"{root}: every folder must hold PNG or JPEG images of its class. Got none in {', '.join(empty)}. Remove it.")
    decoded = decode([Picture(f.name, partial(_same, f.path)) for f in files], resolution=resolution, threads=threads)
    faults = sorted([*faults, *decoded.faults], key=lambda fault: fault.where)
    if broken == "refuse":
        refuse(faults, root)
    kept = [files[int(index)] for index in decoded.kept]
    place = {name: index for index, name in enumerate(classes)}
    split = np.array([f.split for f in kept], np.int8) if splits else None
    return Raw(
        images=to_grey_or_colour(decoded.images), labels=np.array([place[f.klass] for f in kept], np.int64), classes=classes, split=split,
        levels=255, kind="a folder of images", done=decoded.done, skipped=tuple(faults),
        counts=decoded.counts | ({"other_files": ignored} if ignored else {}),
    )  # fmt: skip


def _same(path: Path) -> Path:
    return path


def _folders(root: Path) -> list[Path]:
    return sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))


def _split_folders(root: Path) -> dict[Path, int]:
    """The folders of splits by path; empty where the folders below are classes."""
    below = {p: SPLIT_NAMES[p.name.lower()] for p in _folders(root) if p.name.lower() in SPLIT_NAMES}
    if TRAIN not in below.values() or not all(_folders(p) for p in below):
        return {}  # a class may be called test, with images right in it
    others = [p.name for p in _folders(root) if p not in below]
    twice = len(set(below.values())) < len(below)
    if others or twice:
        raise EffcoreError(
            f"{root} must hold one folder a class, or one folder for each of train, val and test, and nothing else beside these. "
            f"Got {', '.join(p.name for p in _folders(root))}."
        )
    return below


def _list(root: Path, splits: dict[Path, int]) -> tuple[list[_File], list[Fault], int]:
    """The images below a folder in the order of their names, those that can't be read by their name alone, and how many files are no images."""
    parents: list[tuple[Path, int | None]] = [(p, s) for p, s in splits.items()] or [(root, None)]
    files, faults, ignored = [], [], 0
    for parent, split in parents:
        for folder in _folders(parent):
            for path in _walk(folder):
                name = path.relative_to(root).as_posix()
                if path.suffix.lower() in READ:
                    files.append(_File(path, name, folder.name, split))
                elif path.suffix.lower() in OTHER_IMAGES:
                    faults.append(Fault(name, "must be a PNG or a JPEG."))
                else:
                    ignored += 1
    return files, faults, ignored


def _walk(folder: Path) -> Iterator[Path]:
    """All files below a folder but hidden ones, by name."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(names) if not name.startswith("."))
