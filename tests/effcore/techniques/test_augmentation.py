"""Affine changes: what a map does to an image, and that every image has its own."""

from __future__ import annotations

import math

import pytest
import torch

from effcore.catalogue.augmentation import Augmentation
from effcore.errors import TechniqueError
from effcore.tasks import Data
from effcore.techniques.augmentation import contribute
from effcore.techniques.augmentation.affine import affine_maps, warp
from effcore.techniques.context import Context
from effcore.training import Batch


def image() -> torch.Tensor:
    """One bright pixel right of the middle of 5x5."""
    picture = torch.zeros(1, 1, 5, 5, dtype=torch.uint8)
    picture[0, 0, 2, 3] = 200
    return picture


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_map_that_changes_nothing_gives_the_image_back() -> None:
    assert torch.allclose(warp(image(), torch.tensor([[[1.0, 0, 0], [0, 1, 0]]])), image().float(), atol=1e-3)


def test_a_quarter_turn_moves_the_bright_pixel() -> None:
    turned = warp(image(), torch.tensor([[[0.0, -1, 0], [1, 0, 0]]]))
    assert turned[0, 0, 1, 2] == pytest.approx(200, abs=0.1) and turned.sum() == pytest.approx(200, abs=0.5)


def test_a_shift_of_a_fifth_of_the_side_moves_by_one_pixel() -> None:
    moved = warp(image(), torch.tensor([[[1.0, 0, 2 * 0.2], [0, 1, 0]]]))
    assert moved[0, 0, 2, 2] == pytest.approx(200, abs=0.1)


def test_maps_stay_within_their_bounds() -> None:
    config = Augmentation(degrees=10, translate=0.1, scale=0.2)
    maps = affine_maps(config, (2000, 1, 8, 8), generator())
    factor = maps[:, 0, :2].norm(dim=1)
    angle = torch.atan2(maps[:, 1, 0], maps[:, 0, 0]) * 180 / math.pi
    assert 0.8 <= factor.min() < 0.82 and 1.18 < factor.max() <= 1.2
    assert 9.8 < angle.abs().max() <= 10.001 and abs(angle.mean()) < 0.5
    assert 0.19 < maps[:, :, 2].abs().max() <= 0.2


def test_turning_keeps_lengths_in_an_image_that_is_not_square() -> None:
    config = Augmentation(degrees=90, translate=0, scale=0)
    maps = affine_maps(config, (50, 1, 10, 20), generator())
    sides = torch.tensor([20.0, 10.0])  # pixels to a unit: width, height
    pixels = maps[:, :, :2] * sides[:, None] / sides[None, :]
    assert torch.allclose(pixels @ pixels.transpose(1, 2), torch.eye(2).expand(50, 2, 2), atol=1e-5)


def test_every_image_has_its_own_change_and_a_generator_repeats_it(digits: Data) -> None:
    hook = contribute(Augmentation(), Context(data=digits, seed=0)).batch
    assert hook is not None
    same = torch.tensor(digits.train.images[:1]).repeat(4, 1, 1, 1)
    batch = Batch(images=same, labels=torch.zeros(4, dtype=torch.int64), indices=torch.zeros(4, dtype=torch.int64))
    first, again = hook(batch, generator()), hook(batch, generator())
    assert first.changed and not batch.changed and torch.equal(batch.images, same)
    assert torch.equal(first.images, again.images) and not torch.equal(first.images, hook(batch, generator(1)).images)
    assert not torch.equal(first.images[0], first.images[1])
    assert first.images.dtype == torch.float32 and 0 <= first.images.min() and first.images.max() <= 16


def test_no_change_at_all_is_refused(digits: Data) -> None:
    with pytest.raises(TechniqueError, match="give degrees, translate or scale above 0"):
        contribute(Augmentation(degrees=0, translate=0, scale=0), Context(data=digits, seed=0))
