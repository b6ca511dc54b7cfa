"""Images with labels, cut into fixed stratified splits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from effcore.catalogue import Task
from effcore.errors import EffcoreError

SPLIT_SEED = 20_240_101


@dataclass(frozen=True, eq=False)
class Split:
    """Images and their labels, in a fixed order.

    Attributes:
        images: Raw pixels, uint8 (N, C, H, W).
        labels: Index of the class, int64 (N,).
    """

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int) -> Split:
        """The first images, as many as `count`; stratified, since the order of a split is."""
        return Split(self.images[:count], self.labels[:count])


@dataclass(frozen=True, eq=False)
class Data:
    """The three splits of a task.

    Attributes:
        name: Name of the task.
        fingerprint: SHA-256 of images, labels and splits.
        train, validation, test: Disjoint, each in a stratified order: every beginning of it holds all classes evenly.
    """

    name: str
    fingerprint: str
    train: Split
    validation: Split
    test: Split

    def fraction(self, share: float) -> Data:
        """The same data with a share of the training images; a smaller share is a subset of a larger one.

        Args:
            share: Above 0, at most 1.

        Raises:
            EffcoreError: The share leaves fewer training images than there are classes.
        """
        count = round(share * len(self.train))
        classes = int(self.train.labels.max()) + 1
        if not 0 < share <= 1 or count < classes:
            raise EffcoreError(
                f"training.data_fraction must be at most 1 and leave at least one training image for each of the "
                f"{classes} classes of {self.name!r}. Got {share!r} of {len(self.train)} images. "
                f"Take at least {classes / len(self.train):.4f}."
            )
        return self if count == len(self.train) else replace(self, train=self.train.first(count))


def stratified_order(labels: np.ndarray) -> np.ndarray:
    """An order of all images in which every beginning holds the classes in their true shares, up to one image.

    Args:
        labels: Index of the class, (N,).

    Returns:
        Indices, int64 (N,); the same in every version of numpy, since only its frozen generator is used.
    """
    generator = np.random.RandomState(SPLIT_SEED)
    place = np.empty(len(labels))
    for label in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels == label))
        place[members] = (np.arange(len(members)) + 0.5) / len(members)
    return np.lexsort((labels, place))


def cut(task: Task, images: np.ndarray, labels: np.ndarray, *, ordered: bool = False) -> Data:
    """Splits and fingerprint of raw images.

    Args:
        task: Gives the sizes of the splits: test first, then validation, then training.
        images: Raw pixels, uint8 (N, C, H, W).
        labels: Index of the class, int64 (N,).
        ordered: Whether the images are in the order of the splits and each split in a stratified order already.

    Raises:
        EffcoreError: Number, shape or range of the images is not that of the task.
    """
    total = task.train + task.validation + task.test
    if images.shape != (total, *task.shape) or labels.shape != (total,) or int(images.max()) > task.levels:
        raise EffcoreError(
            f"the data of task {task.name!r} must be {total} images of shape {task.shape} with pixels up to "
            f"{task.levels}. Got images of shape {images.shape} with pixels up to {int(images.max())}, "
            f"{labels.shape[0]} labels. Install the version of its package that requirements.txt names."
        )
    order = np.arange(total) if ordered else stratified_order(labels)
    images, labels = np.ascontiguousarray(images[order]), np.ascontiguousarray(labels[order])
    starts = (0, task.test, task.test + task.validation, total)
    test, validation, train = (Split(images[a:b], labels[a:b]) for a, b in zip(starts, starts[1:], strict=False))
    return Data(task.name, fingerprint(train, validation, test), train, validation, test)


def fingerprint(*splits: Split) -> str:
    """SHA-256 of the images, the labels and the lengths of the splits, in this order."""
    sha = hashlib.sha256()
    for split in splits:
        sha.update(f"{split.images.shape}".encode())
        sha.update(np.ascontiguousarray(split.images).tobytes())
        sha.update(split.labels.astype("<i8").tobytes())
    return sha.hexdigest()
