"""From images and labels to a task: fixed splits by content, a record for the catalogue, and how healthy the data is."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from effcore.catalogue import Task
from effcore.errors import EffcoreError
from effcore.own.raw import SPLITS, TEST, TRAIN, VALIDATION, Raw
from effcore.tasks.splits import Split, fingerprint

SHARES = {TEST: 0.2, VALIDATION: 0.1}
"""Of each class, where the data has no such split of its own."""
FEWEST = 3
"""Images of a class, one for each split."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """A task and its data.

    Attributes:
        task: Record for the catalogue.
        images, labels: Test, then validation, then training, each in a stratified order.
        health: Counts by class and split, what was skipped and why, and what was done, as plain data.
    """

    task: Task
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    health: Mapping[str, Any]


def prepare(name: str, raw: Raw, *, origin: str) -> Prepared:
    """Cut images into splits and describe them.

    Which split an image is in depends on its pixels and those of its class alone: neither on names nor on the order of files.

    Args:
        name: Of the task.
        raw: The images.
        origin: Where they are from, for the operator.

    Raises:
        EffcoreError: A class has too few images, or is in no training image.
    """
    digests = [hashlib.sha256(image.tobytes()).digest() for image in raw.images]
    _require_enough(name, raw)
    kept = np.arange(len(raw.labels)) if raw.split is not None else _first_of_each(digests, raw.labels)
    split = _assigned(name, raw, digests, kept)
    parts = [_ordered(kept[split == part], digests, raw.labels) for part in (TEST, VALIDATION, TRAIN)]
    order = np.concatenate(parts)
    images, labels = np.ascontiguousarray(raw.images[order]), np.ascontiguousarray(raw.labels[order])
    ends = np.cumsum([0, *(len(part) for part in parts)])
    test, validation, train = (Split(images[a:b], labels[a:b]) for a, b in zip(ends, ends[1:], strict=False))
    health = _health(raw, digests, kept, dict(zip(("test", "validation", "train"), parts, strict=True)))
    channels, height, width = images.shape[1:]
    task = Task(
        name=name, summary=_summary(raw, health, len(images)), shape=(channels, height, width), levels=raw.levels, classes=raw.classes,
        train=len(train), validation=len(validation), test=len(test), source="brought by the operator", link="",
        fingerprint=fingerprint(train, validation, test), origin=origin,
    )  # fmt: skip
    return Prepared(task=task, images=images, labels=labels, health=health)


def _require_enough(name: str, raw: Raw) -> None:
    counts = np.bincount(raw.labels, minlength=len(raw.classes))
    few = [f"{klass} ({count})" for klass, count in zip(raw.classes, counts, strict=True) if count < FEWEST]
    if few:
        raise EffcoreError(f"Every class of {name!r} must have at least {FEWEST} images that can be read. Got fewer of {', '.join(few)}.")


def _first_of_each(digests: list[bytes], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Indices without those of images that are there again under the same class: one of two must not test what the other trained."""
    first: dict[tuple[bytes, int], int] = {}
    for index, key in enumerate(zip(digests, labels.tolist(), strict=True)):
        first.setdefault(key, index)
    return np.array(sorted(first.values()), np.int64)


def _assigned(name: str, raw: Raw, digests: list[bytes], kept: NDArray[np.int64]) -> NDArray[np.int8]:
    """Split of each image that is kept; what the data does not say is cut from its training images, class by class."""
    split = np.zeros(len(kept), np.int8) if raw.split is None else raw.split[kept].copy()
    missing = [part for part in (TEST, VALIDATION) if part not in split]
    whole = len(kept)
    for label, klass in enumerate(raw.classes):
        members = [i for i in range(whole) if split[i] == TRAIN and raw.labels[kept[i]] == label]
        members.sort(key=lambda i: digests[kept[i]])
        takes = {part: max(1, round(SHARES[part] * len(members))) for part in missing}
        if len(members) <= sum(takes.values()):
            need = 1 + sum(takes.values())
            raise EffcoreError(f"The class {klass!r} of {name!r} must have at least {need} different training images. Got {len(members)}.")
        start = 0
        for part, count in takes.items():
            split[members[start : start + count]] = part
            start += count
    return split


def _ordered(indices: NDArray[np.int64], digests: list[bytes], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """The indices in an order by content of which every beginning holds the classes in their shares."""
    by_content = np.array(sorted(indices.tolist(), key=lambda i: digests[i]), np.int64)
    named = labels[by_content]
    place = np.empty(len(by_content))
    for label in np.unique(named):
        members = np.flatnonzero(named == label)
        place[members] = (np.arange(len(members)) + 0.5) / len(members)
    return by_content[np.lexsort((named, place))]


def _health(raw: Raw, digests: list[bytes], kept: NDArray[np.int64], parts: Mapping[str, NDArray[np.int64]]) -> dict[str, Any]:
    by_class = {
        klass: {name: int((raw.labels[part] == label).sum()) for name, part in sorted(parts.items())} for label, klass in enumerate(raw.classes)
    }
    labels_of: dict[bytes, set[int]] = {}
    for index in kept.tolist():
        labels_of.setdefault(digests[index], set()).add(int(raw.labels[index]))
    seen = {digests[i] for name in ("train", "validation") for i in parts[name].tolist()}
    return {
        "kind": raw.kind, "images": len(kept), "classes": by_class, "splits": "of the data" if raw.split is not None else "by content",
        "done": list(raw.done), "counts": dict(raw.counts), "skipped": [{"where": f.where, "reason": f.reason} for f in raw.skipped],
        "duplicates_left_out": len(digests) - len(kept),
        "test_images_seen_before": sum(digests[i] in seen for i in parts["test"].tolist()),
        "images_under_two_classes": sum(len(found) > 1 for found in labels_of.values()),
    }  # fmt: skip


def _summary(raw: Raw, health: Mapping[str, Any], total: int) -> str:
    colours = "grey" if raw.images.shape[1] == 1 else "coloured"
    parts = [f"{total:,} {colours} images of {len(raw.classes)} classes, from {raw.kind}.", *raw.done, *warnings_of(health)]
    return " ".join(parts)


def warnings_of(health: Mapping[str, Any]) -> list[str]:
    """What an operator should know of the data, in sentences; none where all is well."""
    found = []
    if skipped := len(health["skipped"]):
        found.append(f"{skipped:,} {'file was' if skipped == 1 else 'files were'} skipped: {_few(health['skipped'])}.")
    if count := health["duplicates_left_out"]:
        found.append(f"{count:,} exact {'duplicate was' if count == 1 else 'duplicates were'} left out.")
    if count := health["test_images_seen_before"]:
        are = "image is" if count == 1 else "images are"
        found.append(f"{count:,} test {are} in training or validation too: accuracy is better than on new images.")
    if count := health["images_under_two_classes"]:
        found.append(f"{count:,} {'image stands' if count == 1 else 'images stand'} under more than one class.")
    sizes = Counter({klass: sum(of.values()) for klass, of in health["classes"].items()})
    (most, largest), (least, smallest) = sizes.most_common(1)[0], min(sizes.items(), key=lambda item: item[1])
    if largest > 3 * smallest:
        found.append(f"Classes are uneven: {largest:,} of {most}, {smallest:,} of {least}.")
    without = [klass for klass, of in health["classes"].items() if not of["test"]]
    if without:
        found.append(f"No test image of {', '.join(without)}.")
    return found


def _few(skipped: list[dict[str, str]]) -> str:
    shown = ", ".join(entry["where"] for entry in skipped[:3])
    return f"{shown} and {len(skipped) - 3} more" if len(skipped) > 3 else shown


__all__ = ["SPLITS", "Prepared", "prepare", "warnings_of"]
