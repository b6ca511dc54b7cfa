"""Where two or more points give different answers: by class, and image by image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashboard.quantities import count
from dashboard.views.techniques import signed
from effcore.statistics import wilson_interval

MOST_IMAGES = 8
"""Of each kind of disagreement."""


@dataclass(frozen=True, kw_only=True)
class ClassRow:
    """One class.

    Attributes:
        images: Test images of it.
        shares: Percent that each point gets right, in the order of the points.
        lows, highs: 95 % Wilson intervals of these.
    """

    name: str
    images: int
    shares: tuple[float, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]


def class_rows(answers: Sequence[NDArray[np.bool_]], labels: NDArray[np.int64], classes: Sequence[str]) -> tuple[ClassRow, ...]:
    """Accuracy by class, the class with the largest difference first.

    Args:
        answers: For each point which test images were right, (seeds, images) or (images,).
        labels: Index of the class of each image.
        classes: Names of the classes.

    Raises:
        ValueError: A point was tested on another number of images.
    """
    tables = [_table(a, len(labels)) for a in answers]
    rows = []
    for index, name in enumerate(classes):
        here = labels == index
        images = int(here.sum())
        if not images:
            continue
        shares = [float(t[:, here].mean()) for t in tables]
        # An interval over seeds of the same images would count an image several times; that of one seed's number is wide enough.
        ends = [wilson_interval(round(share * images), images) for share in shares]
        rows.append(
            ClassRow(
                name=name, images=images, shares=tuple(100 * s for s in shares), lows=tuple(100 * e[0] for e in ends),
                highs=tuple(100 * e[1] for e in ends),
            )  # fmt: skip
        )
    return tuple(sorted(rows, key=lambda r: min(r.shares) - max(r.shares)))


def _table(answers: NDArray[np.bool_], images: int) -> NDArray[np.bool_]:
    table = np.atleast_2d(np.asarray(answers, dtype=bool))
    if table.shape[1] != images:
        raise ValueError(f"All must be tested on the same {images} images. Got {table.shape[1]}.")
    return table


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """Test images that one of two points gets right and the other wrong, by the first seed of each.

    Attributes:
        only_first, only_second: Places in the test split, in its order.
        both_wrong: Images that neither gets right.
    """

    only_first: tuple[int, ...]
    only_second: tuple[int, ...]
    both_wrong: int
    images: int

    def text(self, first: str, second: str) -> str:
        """In words, by the letters of the two."""
        return (
            f"Of {count(self.images, 'test image')} {len(self.only_first)} are right in {first} alone, {len(self.only_second)} in {second} "
            f"alone, and {self.both_wrong} in neither."
        )


def disagreement(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Disagreement:
    """Where two disagree, by their first seeds.

    Args:
        first, second: Which test images were right, (seeds, images) or (images,).

    Raises:
        ValueError: They were tested on different numbers of images.
    """
    one, two = np.atleast_2d(first)[0].astype(bool), np.atleast_2d(second)[0].astype(bool)
    if one.shape != two.shape:
        raise ValueError(f"Both must be tested on the same images. Got {len(one)} and {len(two)}.")
    return Disagreement(
        only_first=tuple(np.flatnonzero(one & ~two).tolist()),
        only_second=tuple(np.flatnonzero(two & ~one).tolist()),
        both_wrong=int((~one & ~two).sum()),
        images=len(one),
    )


def largest_difference(rows: Sequence[ClassRow], letters: Sequence[str]) -> str:
    """The class on which the points are furthest apart, in words; empty where all are level."""
    if not rows:
        return ""
    row = rows[0]
    low, high = int(np.argmin(row.shares)), int(np.argmax(row.shares))
    gap = row.shares[high] - row.shares[low]
    if gap < 0.05:
        return "Every class is as often right in all of them."
    return f"Furthest apart on class {row.name}: {signed(gap)} points for {letters[high]} against {letters[low]}, of {count(row.images, 'image')}."


def pixels(image: NDArray[np.uint8], levels: int, *, side: int = 84) -> NDArray[np.uint8]:
    """An image as a page can show it: 8 bits, height, width and three channels, small ones enlarged in whole steps.

    Args:
        image: Raw pixels, (C, H, W), from 0 to `levels`.
        levels: Largest value of a pixel.
        side: Least side in pixels.
    """
    scaled = np.asarray(image, dtype=np.float64) * (255 / levels)
    channels = scaled if scaled.shape[0] == 3 else np.repeat(scaled[:1], 3, axis=0)
    times = max(1, -(-side // max(channels.shape[1:])))
    enlarged = channels.repeat(times, axis=1).repeat(times, axis=2)
    return np.ascontiguousarray(np.round(enlarged).clip(0, 255).astype(np.uint8).transpose(1, 2, 0))


def shares_of_time(documents: Mapping[str, object]) -> Mapping[str, Mapping[str, float]]:
    """Milliseconds by operator for each letter, out of `profile.json`; letters without one are left out."""
    found: dict[str, dict[str, float]] = {}
    for letter, document in documents.items():
        time = document.get("time") if isinstance(document, Mapping) else None
        if isinstance(time, Mapping) and time.get("operators"):
            latency = float(time["latency_ms"])
            found[letter] = {str(row["operator"]): latency * float(row["share"]) for row in time["operators"]}
    return found


def shares_of_bytes(documents: Mapping[str, object]) -> Mapping[str, Mapping[str, float]]:
    """Kilobytes by layer for each letter, out of `profile.json`."""
    found: dict[str, dict[str, float]] = {}
    for letter, document in documents.items():
        layers = document.get("layers") if isinstance(document, Mapping) else None
        if isinstance(document, Mapping) and layers:
            taken = {str(row["name"]): float(row["bytes"]) / 1e3 for row in layers}
            found[letter] = taken | {"graph and the rest": max(0.0, float(document["file_bytes"]) / 1e3 - sum(taken.values()))}
    return found


def most(parts: Mapping[str, Mapping[str, float]], limit: int = 9) -> tuple[str, ...]:
    """Names of the largest parts of any point, largest first; the smaller ones are left to `together`."""
    largest: dict[str, float] = {}
    for table in parts.values():
        for name, value in table.items():
            largest[name] = max(largest.get(name, 0.0), value)
    return tuple(sorted(largest, key=lambda name: (-largest[name], name))[:limit])
