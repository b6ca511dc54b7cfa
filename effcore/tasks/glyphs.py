"""Letters and digits drawn from the fonts that ship with matplotlib: synthetic, and as many as one wants.

Only whole numbers are computed with, from numpy's frozen generator, so that every machine draws the same bits: sines and
exponentials differ in the last place between processors. Image number i of a split depends on nothing but i, so that a
larger split starts with the smaller one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from effcore.catalogue import TASKS
from effcore.tasks.bundled import find_file

SEED = 20_251_125
SIDE = 28
CANVAS = 40
CAP_HEIGHT = 19
"""Pixels from the base line to the top of an H, in every font."""
CHUNK = 1000
"""Images that are drawn at once; the state of the generator starts anew with each chunk."""
UNIT = 1024
"""Parts of a pixel that coordinates are counted in."""
KNOTS = 5
"""Points along each side of the image that the elastic distortion moves."""

TRAIN_FONTS = (
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique",
    "DejaVuSansMono", "DejaVuSansMono-Oblique", "DejaVuSansMono-BoldOblique",
    "DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-BoldItalic",
    "STIXGeneral", "STIXGeneralItalic", "STIXGeneralBolIta", "cmr10", "cmb10", "cmtt10",
)  # fmt: skip
HELD_OUT_FONTS = ("DejaVuSansMono-Bold", "DejaVuSerif-Italic", "STIXGeneralBol", "cmss10", "cmti10")
"""Seen in validation and test only, where they are 5 of 21 fonts: a new style of a family, and two new faces."""

Ints = NDArray[np.int32]


def read() -> tuple[np.ndarray, np.ndarray]:
    """Images, uint8 (32000, 1, 28, 28), and labels, int64 (32000,): test, then validation, then training."""
    task = TASKS["glyphs"]
    every = (*TRAIN_FONTS, *HELD_OUT_FONTS)
    parts = [draw(0, task.test, fonts=every), draw(1, task.validation, fonts=every), draw(2, task.train, fonts=TRAIN_FONTS)]
    return np.concatenate([images for images, _ in parts]), np.concatenate([labels for _, labels in parts])


def draw(
    split: int, count: int, *, fonts: tuple[str, ...], distortion: int = 100, noise: int = 100
) -> tuple[np.ndarray, np.ndarray]:
    """The first images of an endless row of them.

    Args:
        split: Number of the row.
        count: How many.
        fonts: Files in matplotlib's folder of fonts, without their ending.
        distortion: Percent of the task's; 0 gives upright letters in the middle.
        noise: Percent of the task's; 0 gives white on black.

    Returns:
        Images, uint8 (count, 1, 28, 28), and labels, int64 (count,), which go through the classes in turn.

    Raises:
        EffcoreError: A font is not there.
    """
    table = _rendered(fonts)
    classes = len(TASKS["glyphs"].classes)
    labels = np.arange(count) % classes
    images = np.empty((count, 1, SIDE, SIDE), np.uint8)
    for start in range(0, count, CHUNK):
        generator = np.random.RandomState([SEED, split, start // CHUNK])
        part = np.arange(start, start + CHUNK) % classes  # whole chunks, so that the count does not change an image
        font = generator.randint(len(fonts), size=CHUNK)
        drawn = _sample(table, font * classes + part, *_places(generator, distortion))
        images[start : start + CHUNK, 0] = _noisy(drawn, generator, noise)[: count - start]
    return images, labels


def _rendered(fonts: tuple[str, ...]) -> Ints:
    """Every letter in every font, upright in the middle, (fonts * classes, CANVAS, CANVAS)."""
    from PIL import Image, ImageDraw, ImageFont

    drawn = []
    for name in fonts:
        path = str(find_file("matplotlib", "mpl-data", "fonts", "ttf", f"{name}.ttf"))
        large = ImageFont.truetype(path, 200, layout_engine=ImageFont.Layout.BASIC).getbbox("H")
        font = ImageFont.truetype(path, 200 * CAP_HEIGHT / (large[3] - large[1]), layout_engine=ImageFont.Layout.BASIC)
        for text in TASKS["glyphs"].classes:
            image = Image.new("L", (CANVAS, CANVAS))
            left, top, right, bottom = font.getbbox(text)
            place = ((CANVAS - left - right) // 2, (CANVAS - top - bottom) // 2)
            ImageDraw.Draw(image).text(place, text, fill=255, font=font)
            drawn.append(np.asarray(image, dtype=np.int32))
    return np.stack(drawn)


def _places(generator: np.random.RandomState, distortion: int) -> tuple[Ints, Ints]:
    """Where in the upright letter each pixel is looked up, x and y, in parts of a pixel, each (CHUNK, SIDE, SIDE)."""

    def chance(most: float, *shape: int) -> Ints:
        limit = round(most * UNIT * distortion / 100)
        return generator.randint(-limit, limit + 1, size=(CHUNK, *shape)).astype(np.int32)

    turn, places = chance(0.25, 1, 1), []
    from_middle = (2 * np.arange(SIDE, dtype=np.int32) - (SIDE - 1))[None, :]  # in half pixels
    along = {"x": from_middle[:, None, :], "y": from_middle[:, :, None]}
    for axis, other, sign in (("x", "y", 1), ("y", "x", -1)):
        stretched = (UNIT + chance(0.20, 1, 1)) * along[axis] + (sign * turn + chance(0.15, 1, 1)) * along[other]
        shift = chance(2.5, 1, 1) + (CANVAS - 1) * UNIT // 2
        places.append(stretched // 2 + shift + _elastic(chance(1.3, KNOTS, KNOTS)))
    return places[0], places[1]


def _elastic(knots: Ints) -> Ints:
    """Displacements between the knots, (CHUNK, KNOTS, KNOTS) to (CHUNK, SIDE, SIDE), linear along both sides."""
    whole, rest = np.divmod(np.arange(SIDE) * (KNOTS - 1), SIDE - 1)
    weights = np.zeros((SIDE, KNOTS + 1))
    weights[np.arange(SIDE), whole] = SIDE - 1 - rest
    weights[np.arange(SIDE), whole + 1] = rest
    # Products of whole numbers far below 2^53 are exact in double precision, and ten times faster there.
    between = weights[:, :KNOTS] @ knots.astype(np.float64) @ weights[:, :KNOTS].T
    return (between.astype(np.int32) // (SIDE - 1) ** 2).astype(np.int32)


def _sample(table: Ints, which: np.ndarray, x: Ints, y: Ints) -> Ints:
    """Linear interpolation in the letters, (CHUNK, SIDE, SIDE); what lies outside of them is black like their margin."""
    limit = (CANVAS - 1) * UNIT - 1
    x, y = np.clip(x, 0, limit), np.clip(y, 0, limit)
    across, down = x & (UNIT - 1), y & (UNIT - 1)
    corner = (which.astype(np.int32) * CANVAS**2)[:, None, None] + (y >> 10) * CANVAS + (x >> 10)
    flat = table.reshape(-1)
    upper = flat.take(corner) * (UNIT - across) + flat.take(corner + 1) * across
    lower = flat.take(corner + CANVAS) * (UNIT - across) + flat.take(corner + CANVAS + 1) * across
    sampled: Ints = (upper * (UNIT - down) + lower * down) >> 20
    return sampled


def _noisy(drawn: Ints, generator: np.random.RandomState, noise: int) -> np.ndarray:
    """Ink and paper of chance brightness, with grain, uint8 as `drawn`."""
    paper = generator.randint(0, 1 + 60 * noise // 100, size=(CHUNK, 1, 1)).astype(np.int32)
    ink = 256 - generator.randint(0, 1 + 90 * noise // 100, size=(CHUNK, 1, 1)).astype(np.int32)
    strength = generator.randint(0, 1 + 80 * noise // 100, size=(CHUNK, 1, 1)).astype(np.int32)
    two = np.frombuffer(generator.bytes(2 * drawn.size), np.uint8).reshape(2, *drawn.shape)
    grain = two[0].astype(np.int32) + two[1] - 255  # triangular, from -255 to 255
    mixed = paper + (drawn * (ink - paper) >> 8) + (grain * strength >> 8)
    drawn_on: np.ndarray = np.clip(mixed, 0, 255).astype(np.uint8)
    return drawn_on
