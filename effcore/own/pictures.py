"""Pictures of any size and mode to images that are alike: pixels of one resolution, red, green and blue."""

from __future__ import annotations

import io
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from effcore.errors import EffcoreError
from effcore.own.raw import Fault

LARGEST_SIDE = 64
"""Longest side that is taken where no resolution is given: larger images cost a CPU minutes an epoch."""
SMALLEST_SIDE = 8
MOST_SIDE = 512
MOST_BYTES = 8 * 2**30
_ERRORS = (OSError, ValueError, SyntaxError, EOFError, UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning)
"""What Pillow raises for files that are no whole images: a broken PNG is a SyntaxError to it."""


@dataclass(frozen=True)
class Picture:
    """One picture that has not been decoded yet.

    Attributes:
        where: How it is named in what is said of it.
        open: Gives its bytes or its path.
    """

    where: str
    open: Callable[[], Path | io.BytesIO]


@dataclass(frozen=True, kw_only=True, eq=False)
class Decoded:
    """Pictures made alike.

    Attributes:
        images: uint8 (N, 3, H, W), those that could be read.
        kept: Place of each in what was given, int64 (N,).
        faults: Those that could not, in the order given.
        done: What was done, in sentences.
        counts: How many were grey, had transparency and were resized.
    """

    images: NDArray[np.uint8]
    kept: NDArray[np.int64]
    faults: tuple[Fault, ...]
    done: tuple[str, ...]
    counts: dict[str, int]


def decode(pictures: Sequence[Picture], *, resolution: int | None, threads: int) -> Decoded:
    """Decode pictures and give all the same resolution.

    Args:
        pictures: PNG or JPEG.
        resolution: Side of the images in pixels; decided by the data where it is None: the size that all have, else a square of
            the usual shorter side, at most 64 pixels.
        threads: That decode at once.

    Raises:
        EffcoreError: None could be read, or all together would be too large.
    """
    with warnings.catch_warnings(), ThreadPoolExecutor(threads) as pool:
        warnings.simplefilter("error", Image.DecompressionBombWarning)  # in this thread's list of filters, which the others share
        sizes = list(pool.map(_size, pictures))
        known = [size for size in sizes if not isinstance(size, Fault)]
        height, width = _target(known, resolution)
        if len(known) * 3 * height * width > MOST_BYTES:
            raise EffcoreError(
                f"The images must take at most {MOST_BYTES // 2**30} GiB as pixels. Got {len(known):,} of {width}x{height}. "
                "Give a smaller --resolution."
            )
        found = list(pool.map(partial(_decode, target=(width, height)), pictures, sizes))
    good = [(index, one) for index, one in enumerate(found) if not isinstance(one, Fault)]
    images = np.stack([image for _, (image, _) in good]) if good else np.zeros((0, 3, height, width), np.uint8)
    counts = Counter(mark for _, (_, marks) in good for mark in marks)
    return Decoded(
        images=images, kept=np.array([index for index, _ in good], np.int64), faults=tuple(f for f in found if isinstance(f, Fault)),
        done=tuple(_said(counts, (width, height))), counts=dict(sorted(counts.items())),
    )  # fmt: skip


def _size(picture: Picture) -> tuple[int, int] | Fault:
    """Width and height as the picture is to be seen, from its first bytes."""
    try:
        with Image.open(picture.open(), formats=("PNG", "JPEG")) as image:
            turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
            return (image.size[1], image.size[0]) if turned else image.size
    except _ERRORS as error:
        return Fault(picture.where, _cause(error))


def _target(sizes: Iterable[tuple[int, int]], resolution: int | None) -> tuple[int, int]:
    """Height and width that all images get."""
    distinct = Counter(sizes)
    if resolution is not None:
        return resolution, resolution
    if len(distinct) == 1:
        ((width, height),) = distinct
        if SMALLEST_SIDE <= min(width, height) and max(width, height) <= LARGEST_SIDE:
            return height, width
    shorter = sorted(min(size) for size in distinct.elements()) or [SMALLEST_SIDE]
    usual = shorter[len(shorter) // 2] // 8 * 8  # a multiple of 8, which halves thrice without a rest
    side = min(max(usual, 16), LARGEST_SIDE)
    return side, side


def _decode(picture: Picture, size: tuple[int, int] | Fault, *, target: tuple[int, int]) -> tuple[NDArray[np.uint8], list[str]] | Fault:
    """Pixels, uint8 (3, H, W), and what is to be counted of the picture."""
    if isinstance(size, Fault):
        return size
    try:
        with Image.open(picture.open(), formats=("PNG", "JPEG")) as opened:
            opened.load()
            image = ImageOps.exif_transpose(opened)
            marks = ["grey"] if image.mode in ("1", "L", "LA", "I", "I;16", "I;16B", "F") else []
            if image.has_transparency_data:
                marks.append("transparent")
                image = _over_white(image)
            image = _eight_bits(image).convert("RGB")
            if image.size != target:
                marks.append("resized")
                image = ImageOps.fit(image, target, Image.Resampling.BILINEAR)
            return np.ascontiguousarray(np.asarray(image, np.uint8).transpose(2, 0, 1)), marks
    except _ERRORS as error:
        return Fault(picture.where, _cause(error))


def _over_white(image: Image.Image) -> Image.Image:
    """The picture on white paper, which is what most viewers show behind it."""
    layered = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered).convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """The picture with 8 bits a pixel: Pillow would cut what is above 255 off instead of scaling it."""
    if not image.mode.startswith("I"):
        return image
    return Image.fromarray((np.asarray(image).astype(np.int64).clip(0, 65_535) // 257).astype(np.uint8))


def _cause(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "is neither a PNG nor a JPEG, whatever its name says, or is empty."
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return "has more pixels than a photograph: it may be made to exhaust memory."
    text = str(error).strip().splitlines()
    return f"{text[0] if text else type(error).__name__}."


def _said(counts: Counter[str], target: tuple[int, int]) -> Iterable[str]:
    width, height = target
    yield f"Images are {width}x{height} pixels."
    if counts["resized"]:
        was = "was" if counts["resized"] == 1 else "were"
        yield f"{counts['resized']:,} {was} scaled to it (bilinear, antialiased), the shorter side in whole and the middle of the longer one."
    if counts["transparent"]:
        yield f"{counts['transparent']:,} with transparency {'was' if counts['transparent'] == 1 else 'were'} laid on white."
