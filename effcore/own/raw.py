"""Data as an operator brings it, before it is cut into splits: pictures, labels and what is to be said of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from effcore.errors import EffcoreError

TRAIN, VALIDATION, TEST = 0, 1, 2
SPLITS = ("train", "validation", "test")
Broken = Literal["refuse", "skip"]
SHOWN = 200
"""Broken files that an error lists; the rest is counted."""


@dataclass(frozen=True)
class Fault:
    """Something that can't be used, and why.

    Attributes:
        where: File, as seen from the folder that was given, or place in a table.
    """

    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Raw:
    """All images of one task.

    Attributes:
        images: uint8 (N, C, H, W).
        labels: Index of the class, int64 (N,).
        classes: Names in the order of the labels.
        split: 0 training, 1 validation, 2 test, int8 (N,); None where the data says nothing of splits.
        levels: Largest value that a pixel may have.
        kind: What it was read from, in a few words.
        done: What was done to make the images alike, in sentences.
        skipped: What could not be used.
        counts: Further numbers that say how the data is, by name.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    split: NDArray[np.int8] | None
    levels: int
    kind: str
    done: tuple[str, ...] = ()
    skipped: tuple[Fault, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)


def refuse(faults: Sequence[Fault], source: Path) -> None:
    """Refuse data with all that is wrong in it.

    Raises:
        EffcoreError: There is something.
    """
    if not faults:
        return
    lines = [f"  {fault}" for fault in faults[:SHOWN]] + ([f"  and {len(faults) - SHOWN} more"] if len(faults) > SHOWN else [])
    count = "1 file" if len(faults) == 1 else f"{len(faults)} files"
    raise EffcoreError("\n".join([
        f"{source}: {count} can't be read as images:", *lines,
        "Mend or remove them, or leave them out with --broken skip.",
    ]))  # fmt: skip


def to_grey_or_colour(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One channel where every image is grey, three otherwise.

    Args:
        images: Red, green and blue, uint8 (N, 3, H, W).
    """
    grey = bool((images[:, :1] == images[:, 1:]).all())
    return np.ascontiguousarray(images[:, :1]) if grey else images


def class_names(names: Sequence[str], source: Path) -> tuple[str, ...]:
    """Names of classes, where there are enough and no two are alike.

    Raises:
        EffcoreError: There are fewer than two, or two of the same name.
    """
    if len(names) < 2:
        raise EffcoreError(f"{source} must hold at least two classes. Got {', '.join(names) or 'none'}.")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise EffcoreError(f"{source} must name each class once. Got twice: {', '.join(twice)}.")
    return tuple(names)
