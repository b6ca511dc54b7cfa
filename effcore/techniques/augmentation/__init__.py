"""Augmentation: every training image is changed at random each time it is seen. One file a policy."""

from __future__ import annotations

from collections.abc import Callable

from effcore.catalogue.augmentation import Augmentation
from effcore.techniques.augmentation.affine import affine
from effcore.techniques.augmentation.change import Change
from effcore.techniques.augmentation.crop import crop
from effcore.techniques.augmentation.cutmix import cutmix
from effcore.techniques.augmentation.erasing import erasing
from effcore.techniques.augmentation.flip import flip
from effcore.techniques.augmentation.mixup import mixup
from effcore.techniques.augmentation.noise import noise
from effcore.techniques.augmentation.randaugment import randaugment
from effcore.techniques.augmentation.trivialaugment import trivialaugment
from effcore.techniques.context import Context
from effcore.training import Hooks

CHANGES: dict[str, Callable[[Augmentation, float], Change]] = {
    "affine": affine,
    "crop": crop,
    "flip": flip,
    "erasing": erasing,
    "noise": noise,
    "mixup": mixup,
    "cutmix": cutmix,
    "randaugment": randaugment,
    "trivialaugment": trivialaugment,
}
"""Makes the change of a policy from its parameters and the largest value of a pixel."""


def contribute(config: Augmentation, context: Context) -> Hooks:
    """A batch hook that gives each image a change of its own.

    Args:
        config: Which policy, and how large its changes may be.
        context: Gives the range of the pixels; all randomness comes from the loop's generator.

    Raises:
        TechniqueError: The parameters change nothing.
    """
    return Hooks(batch=CHANGES[config.policy](config, float(context.data.train.images.max())))


__all__ = ["CHANGES", "contribute"]
