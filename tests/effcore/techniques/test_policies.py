"""What every policy of augmentation must do, and what each does in closed form."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import get_args

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.augmentation import Augmentation, PolicyName
from effcore.catalogue.training import Training
from effcore.errors import TechniqueError
from effcore.models import build
from effcore.tasks import Data, load
from effcore.techniques.augmentation import CHANGES, contribute
from effcore.techniques.augmentation.change import boxes
from effcore.techniques.augmentation.crop import windows
from effcore.techniques.augmentation.elementary import LARGEST_FACTOR, OPERATIONS, moves, operate
from effcore.techniques.augmentation.mixup import beta
from effcore.techniques.context import Context
from effcore.training import Batch, fit, label_loss

POLICIES: tuple[PolicyName, ...] = get_args(PolicyName)
MIXING = {"mixup", "cutmix"}
RECOGNISED = 0.75
"""Least share of changed test images that a network trained on unchanged ones gets right; of mixed ones, either class."""
LEVELS = 16.0


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def batch_of(images: np.ndarray, labels: np.ndarray) -> Batch:
    return Batch(images=torch.tensor(images), labels=torch.tensor(labels), indices=torch.arange(len(labels)))


def changed(policy: PolicyName, data: Data, *, seed: int = 0, **parameters: float) -> tuple[Batch, Batch]:
    """The test images as one batch, and what a policy makes of it."""
    batch = batch_of(data.test.images, data.test.labels)
    hook = contribute(Augmentation(policy=policy, **parameters), Context(data=data, seed=0)).batch  # type: ignore[arg-type]
    assert hook is not None
    return batch, hook(batch, generator(seed))


@lru_cache
def reader() -> nn.Module:
    model = build(Architecture(family="cnn", width=0.5), TASKS["mnist5k"], seed=0)
    fit(model, load("mnist5k"), Training(epochs=2, learning_rate=0.01), seed=0)
    return model


def test_every_policy_of_the_catalogue_is_done() -> None:
    assert tuple(CHANGES) == POLICIES


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_changes_images_within_their_shape_and_range_and_repeats(policy: PolicyName, digits: Data) -> None:
    batch, after = changed(policy, digits)
    _, again = changed(policy, digits)
    _, other = changed(policy, digits, seed=1)
    assert after.changed and after.images.dtype == torch.float32 and after.images.shape == batch.images.shape
    assert 0 <= float(after.images.min()) and float(after.images.max()) <= LEVELS + 1e-4
    differ = (after.images - batch.images).abs().amax(dim=(1, 2, 3)) > 1e-3
    assert 0.4 < float(differ.float().mean())
    assert torch.equal(after.images, again.images) and not torch.equal(after.images, other.images)
    assert batch.images.dtype == torch.uint8 and np.array_equal(batch.images.numpy(), digits.test.images)


@pytest.mark.parametrize("policy", POLICIES)
def test_only_mixing_changes_labels_and_says_by_how_much(policy: PolicyName, digits: Data) -> None:
    batch, after = changed(policy, digits)
    assert torch.equal(after.labels, batch.labels) and torch.equal(after.indices, batch.indices)
    if policy not in MIXING:
        assert after.other_labels is None and after.share is None
        return
    assert after.other_labels is not None and after.share is not None
    assert sorted(after.other_labels.tolist()) == sorted(batch.labels.tolist())
    assert not torch.equal(after.other_labels, batch.labels)
    assert 0 <= float(after.share.min()) < 0.2 and 0.8 < float(after.share.max()) <= 1


@pytest.mark.parametrize("policy", POLICIES)
def test_what_a_changed_image_shows_can_still_be_read_and_a_mirrored_digit_can_not(
    policy: PolicyName,
) -> None:
    _, after = changed(policy, load("mnist5k"))
    model = reader()
    with torch.no_grad():
        read = model(after.images).argmax(1)
    right = read == after.labels
    if policy in MIXING:
        right |= read == after.other_labels
    if policy == "flip":  # half of the images are as they were
        assert float(right.float().mean()) < RECOGNISED
    else:
        assert float(right.float().mean()) > RECOGNISED


@pytest.mark.parametrize("policy", POLICIES)
def test_a_training_that_stops_goes_on_with_the_same_changes(
    policy: PolicyName, digits: Data, state_of: Callable[[nn.Module], str]
) -> None:
    data = digits.fraction(0.1)
    hooks = [contribute(Augmentation(policy=policy), Context(data=data, seed=2))]
    whole, part = (build(Architecture(family="mlp", width=0.25), TASKS["digits"], seed=1) for _ in range(2))
    fit(whole, data, Training(epochs=2), seed=2, hooks=hooks)
    first = fit(part, data, Training(epochs=2), seed=2, end_epoch=1, hooks=hooks)
    fit(part, data, Training(epochs=2), seed=2, start_epoch=1, optimizer_state=first.optimizer_state, hooks=hooks)
    assert state_of(whole) == state_of(part)


def test_mixup_blends_both_images_by_the_share(digits: Data) -> None:
    images = np.stack([np.full((1, 8, 8), value, dtype=np.uint8) for value in (0, 4, 8, 16)])
    batch = batch_of(images, np.array([0, 1, 2, 3]))
    hook = contribute(Augmentation(policy="mixup"), Context(data=digits, seed=0)).batch
    assert hook is not None
    after = hook(batch, generator(3))
    assert after.other_labels is not None and after.share is not None
    grey = torch.tensor([0.0, 4, 8, 16])
    expected = after.share * grey + (1 - after.share) * grey[after.other_labels]
    assert torch.allclose(after.images, expected[:, None, None, None].expand(4, 1, 8, 8))


def test_cutmix_counts_the_pixels_of_each_image(digits: Data) -> None:
    images = np.stack([np.full((1, 8, 8), value, dtype=np.uint8) for value in range(10)])
    batch = batch_of(images, np.arange(10))
    hook = contribute(Augmentation(policy="cutmix"), Context(data=digits, seed=0)).batch
    assert hook is not None
    after = hook(batch, generator())
    assert after.other_labels is not None and after.share is not None
    for image, own, other, share in zip(after.images, batch.labels, after.other_labels, after.share, strict=True):
        assert set(image.unique().tolist()) <= {float(own), float(other)}
        if own != other:
            assert float((image == own).float().mean()) == pytest.approx(float(share), abs=1e-6)


def test_the_loss_of_mixed_labels_is_that_of_soft_targets() -> None:
    logits = torch.randn(3, 4, generator=generator())
    own, other, share = torch.tensor([0, 1, 2]), torch.tensor([3, 1, 0]), torch.tensor([0.25, 0.5, 1.0])
    batch = Batch(images=torch.zeros(3), labels=own, indices=own, other_labels=other, share=share)
    hot = [functional.one_hot(labels, 4).float() for labels in (own, other)]
    targets = share[:, None] * hot[0] + (1 - share[:, None]) * hot[1]
    for smoothing in (0.0, 0.1):
        expected = functional.cross_entropy(logits, targets, label_smoothing=smoothing)
        assert float(label_loss(logits, batch, smoothing=smoothing)) == pytest.approx(float(expected), rel=1e-5)


def test_weights_are_those_of_the_beta_distribution() -> None:
    draws = beta(0.5, 20_000, generator())
    assert float(draws.mean()) == pytest.approx(0.5, abs=0.01) and float(draws.var()) == pytest.approx(0.125, abs=0.003)


def test_boxes_have_the_wished_area_and_lie_in_the_image() -> None:
    share = torch.tensor([0.0, 0.25, 1.0, 0.5])
    inside = boxes(share, torch.tensor([1.0, 1.0, 1.0, 2.0]), (4, 3, 20, 40), generator())
    assert inside.shape == (4, 1, 20, 40)
    assert inside.float().mean(dim=(1, 2, 3)).tolist() == pytest.approx([0.0, 0.25, 1.0, 0.5], abs=0.01)


def test_a_window_is_the_image_shifted_by_whole_pixels() -> None:
    image = torch.arange(12).reshape(1, 1, 3, 4)
    assert torch.equal(windows(image, torch.tensor([[1], [1]]), 1), image.float())
    moved = windows(image, torch.tensor([[2], [0]]), 1)
    assert moved[0, 0].tolist() == [[0, 4, 5, 6], [0, 8, 9, 10], [0, 0, 0, 0]]


def test_a_border_of_no_pixel_is_refused(digits: Data) -> None:
    with pytest.raises(TechniqueError, match="translate must be at least half a pixel.*Got 0.05 of 8 pixels"):
        changed("crop", digits, translate=0.05)


def operated(name: str, strength: float) -> tuple[Tensor, Tensor]:
    images = torch.rand(1, 1, 6, 6, generator=generator()) * 200
    return images, operate(images, torch.tensor([OPERATIONS.index(name)]), torch.tensor([strength]), 255.0)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_of_no_strength_changes_nothing_and_one_of_full_strength_does(name: str) -> None:
    images, after = operated(name, 0.0)
    assert torch.allclose(images, after, atol=0.51 if name == "posterize" else 1e-3)
    assert torch.equal(*operated(name, 1.0)) == (name == "identity")


def test_tones_in_closed_form() -> None:
    images, brighter = operated("brightness", 0.2)
    assert torch.allclose(brighter, (images * (1 + 0.2 * LARGEST_FACTOR)).clamp(max=255))
    images, flatter = operated("contrast", -1.0)
    assert torch.allclose(flatter, images.mean() + 0.1 * (images - images.mean()), rtol=1e-4)
    _, coarse = operated("posterize", 1.0)
    assert torch.allclose(coarse, (coarse / 17).round() * 17, atol=1e-3)  # 4 bits: 16 levels


def test_a_shift_moves_by_its_share_of_the_side_and_a_shear_keeps_the_other_axis() -> None:
    which = torch.tensor([OPERATIONS.index(n) for n in ("shift x", "shear y", "rotate")])
    maps = moves(which, torch.ones(3), (10, 10))
    assert maps[0].tolist() == [[1, 0, pytest.approx(0.6)], [0, 1, 0]]
    assert maps[1].tolist() == [[1, 0, 0], [pytest.approx(0.3), 1, 0]]
    assert maps[2, 0, 0] == pytest.approx(np.cos(np.pi / 6)) and maps[2, 1, 0] == pytest.approx(0.5)
