"""Pictures of every mode and size become images that are alike, and what can't be read is named."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from effcore.errors import EffcoreError
from effcore.own import pictures
from effcore.own.pictures import Decoded, Picture, decode


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def read(*files: bytes, resolution: int | None = None) -> Decoded:
    given = [Picture(f"file {index}", lambda data=data: io.BytesIO(data)) for index, data in enumerate(files)]
    return decode(given, resolution=resolution, threads=2)


def plain(mode: str, colour: object, size: tuple[int, int] = (8, 8)) -> bytes:
    return encoded(Image.new(mode, size, colour))


@pytest.mark.parametrize(
    ("file", "pixel", "counted"),
    [
        (plain("RGB", (1, 2, 3)), (1, 2, 3), {}),
        (plain("L", 7), (7, 7, 7), {"grey": 1}),
        (plain("1", 1), (255, 255, 255), {"grey": 1}),
        (plain("RGBA", (0, 0, 0, 0)), (255, 255, 255), {"transparent": 1}),
        (plain("LA", (100, 255)), (100, 100, 100), {"grey": 1, "transparent": 1}),
        (encoded(Image.new("RGB", (8, 8), (9, 8, 7)).convert("P", palette=Image.Palette.ADAPTIVE)), (9, 8, 7), {}),
        (encoded(Image.fromarray(np.full((8, 8), 65_535, np.uint16))), (255, 255, 255), {"grey": 1}),
        (encoded(Image.fromarray(np.full((8, 8), 257 * 40, np.uint16))), (40, 40, 40), {"grey": 1}),
    ],
    ids=["colour", "grey", "black and white", "transparent", "grey, opaque", "palette", "16 bits", "16 bits, dark"],
)  # fmt: skip
def test_every_mode_becomes_red_green_and_blue(file: bytes, pixel: tuple[int, int, int], counted: dict[str, int]) -> None:
    found = read(file)
    assert found.images.shape == (1, 3, 8, 8) and found.images.dtype == np.uint8
    assert found.images[0, :, 4, 4].tolist() == list(pixel)
    assert found.counts == counted and found.faults == ()


def test_a_jpeg_in_cmyk_is_read_and_one_that_lies_on_its_side_is_turned() -> None:
    image = Image.new("RGB", (16, 8), (200, 30, 30))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned, cmyk = read(encoded(image, "JPEG", exif=exif)), read(encoded(image.convert("CMYK"), "JPEG"))
    assert turned.images.shape == (1, 3, 16, 8) and cmyk.images.shape == (1, 3, 8, 16)
    assert abs(int(cmyk.images[0, 0, 4, 8]) - 200) < 10


@pytest.mark.parametrize(
    ("sizes", "resolution", "expected"),
    [
        ([(20, 28), (20, 28)], None, (28, 20)),
        ([(20, 28), (20, 28)], 16, (16, 16)),
        ([(300, 200), (300, 200)], None, (64, 64)),
        ([(50, 41), (60, 45), (500, 500)], None, (40, 40)),
        ([(9, 9), (10, 10)], None, (16, 16)),
    ],
)
def test_the_resolution_is_that_of_the_data_or_the_one_asked_for(
    sizes: list[tuple[int, int]], resolution: int | None, expected: tuple[int, int]
) -> None:
    found = read(*(plain("RGB", (9, 9, 9), size) for size in sizes), resolution=resolution)
    assert found.images.shape == (len(sizes), 3, *expected) and bool((found.images == 9).all())
    assert found.done[0] == f"Images are {expected[1]}x{expected[0]} pixels."


def test_the_middle_of_a_wide_picture_is_kept() -> None:
    image = Image.new("RGB", (48, 16), (0, 0, 0))
    image.paste((255, 255, 255), (16, 0, 32, 16))
    found = read(encoded(image), resolution=16)
    assert bool((found.images[0, :, :, 2:14] == 255).all()) and found.counts == {"resized": 1}
    assert found.done[1].startswith("1 was scaled to it (bilinear, antialiased)")


def test_what_can_not_be_read_is_named_with_its_cause_and_the_rest_is_kept() -> None:
    whole = encoded(Image.fromarray(np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8)))
    found = read(whole, whole[: len(whole) - 40], b"", b"GIF89a", whole)
    assert found.kept.tolist() == [0, 4] and [f.where for f in found.faults] == ["file 1", "file 2", "file 3"]
    assert "truncated" in found.faults[0].reason and "neither a PNG nor a JPEG" in found.faults[1].reason
    missing = decode([Picture("gone", lambda: Path("/nowhere/at all"))], resolution=None, threads=1)
    assert missing.faults[0].where == "gone" and len(missing.images) == 0


def test_a_picture_made_to_exhaust_memory_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    found = read(plain("RGB", 0, (12, 12)), plain("RGB", 0, (30, 30)), plain("RGB", 0, (8, 8)))
    assert found.kept.tolist() == [2] and all("more pixels than a photograph" in f.reason for f in found.faults)


def test_data_that_is_too_large_as_pixels_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_BYTES", 100)
    with pytest.raises(EffcoreError, match="Got 1 of 8x8. Give a smaller --resolution."):
        read(plain("RGB", 0))
