"""Images that nothing in effcore knows: three shapes, drawn here, as a user's own folder of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

CLASSES = ("circle", "cross", "stripes")
Draw = Callable[[ImageDraw.ImageDraw, np.random.RandomState, int], None]


def _circle(draw: ImageDraw.ImageDraw, random: np.random.RandomState, side: int) -> None:
    x, y, r = random.randint(side // 3, 2 * side // 3), random.randint(side // 3, 2 * side // 3), random.randint(side // 6, side // 3)
    draw.ellipse((x - r, y - r, x + r, y + r), outline=(250, 250, 250), width=max(2, side // 12))


def _cross(draw: ImageDraw.ImageDraw, random: np.random.RandomState, side: int) -> None:
    x, y, r = random.randint(side // 3, 2 * side // 3), random.randint(side // 3, 2 * side // 3), random.randint(side // 5, side // 3)
    width = max(2, side // 10)
    draw.line((x - r, y - r, x + r, y + r), fill=(250, 250, 250), width=width)
    draw.line((x - r, y + r, x + r, y - r), fill=(250, 250, 250), width=width)


def _stripes(draw: ImageDraw.ImageDraw, random: np.random.RandomState, side: int) -> None:
    period, offset = max(4, side // random.randint(4, 7)), random.randint(0, 8)
    for y in range(offset, side, period):
        draw.line((0, y, side, y), fill=(250, 250, 250), width=max(1, period // 3))


DRAW: dict[str, Draw] = {"circle": _circle, "cross": _cross, "stripes": _stripes}


def draw(klass: str, index: int, *, side: int = 32) -> Image.Image:
    """One coloured picture of a class; the same for the same index."""
    random = np.random.RandomState(CLASSES.index(klass) * 100_000 + index)
    background = random.randint(0, 90, (side, side, 3)).astype(np.uint8) + random.randint(0, 60, 3).astype(np.uint8)
    image = Image.fromarray(background)
    DRAW[klass](ImageDraw.Draw(image), random, side)
    return image


def write_folder(root: Path, *, each: int, side: int = 32) -> Path:
    """Three classes, PNG and JPEG in turn, one of them grey and one wider than the others."""
    for klass in CLASSES:
        (root / klass).mkdir(parents=True)
        for index in range(each):
            image = draw(klass, index, side=side)
            path = root / klass / f"{index:04}.{'png' if index % 2 else 'jpg'}"
            image.save(path, **({} if index % 2 else {"quality": 95}))
    draw("circle", each, side=side).convert("L").save(root / "circle" / "grey.png")
    draw("cross", each, side=2 * side).crop((0, side // 4, 2 * side, side // 4 + side)).save(root / "cross" / "wide.jpeg")
    return root


def break_one(root: Path) -> str:
    """Add a file that is cut off in the middle; its name as seen from the folder."""
    whole = (root / "stripes" / "0001.png").read_bytes()
    (root / "stripes" / "cut off.png").write_bytes(whole[: len(whole) // 2])
    return "stripes/cut off.png"
