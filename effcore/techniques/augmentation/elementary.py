"""The elementary operations of randaugment and trivialaugment that make sense for grey images.

Of the papers' operations these are left out: colour (grey images have none); invert and solarize (bright strokes become
dark, which the deployed network never sees); equalize and autocontrast (on two-toned images noise, or nothing).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from effcore.techniques.augmentation.affine import warp

OPERATIONS = (
    "identity", "rotate", "shear x", "shear y", "shift x", "shift y", "brightness", "contrast", "sharpness", "posterize",
)  # fmt: skip
LARGEST_TURN = math.radians(30)
LARGEST_SHEAR = 0.3
LARGEST_SHIFT = 0.3
"""As a share of the side; as the two above that of RandAugment's space, and of the paper of trivialaugment on it."""
LARGEST_FACTOR = 0.9
"""Brightness, contrast and sharpness go from 1 - this to 1 + this."""
LEAST_BITS, MOST_BITS = 4, 8
"""Of posterize, at full strength and at none."""
_GEOMETRIC = range(1, 6)


def operate(images: Tensor, which: Tensor, strength: Tensor, levels: float) -> Tensor:
    """One operation on each image, float32 (N, C, H, W) in the range of the pixels.

    Args:
        images: float32 (N, C, H, W).
        which: Index in `OPERATIONS` of each, int64 (N,).
        strength: Share of the largest change, from -1 to 1, (N,); the sign is the direction, posterize has none.
        levels: Largest value of a pixel.
    """
    height, width = images.shape[2:]
    changed = images.clone()
    moved = torch.nonzero((which >= _GEOMETRIC.start) & (which < _GEOMETRIC.stop)).flatten()
    if len(moved):
        changed[moved] = warp(images[moved], moves(which[moved], strength[moved], (height, width)))
    for name in OPERATIONS[_GEOMETRIC.stop :]:
        chosen = torch.nonzero(which == OPERATIONS.index(name)).flatten()
        if len(chosen):
            changed[chosen] = _tone(name, images[chosen], strength[chosen][:, None, None, None], levels)
    return changed


def moves(which: Tensor, strength: Tensor, sides: tuple[int, int]) -> Tensor:
    """Maps of the geometric operations as `affine.warp` takes them, float32 (N, 2, 3)."""
    height, width = sides
    zero = torch.zeros_like(strength)
    turn = torch.where(which == OPERATIONS.index("rotate"), strength * LARGEST_TURN, zero)
    shear_x, shear_y = (torch.where(which == OPERATIONS.index(f"shear {a}"), strength * LARGEST_SHEAR, zero) for a in "xy")
    shift_x, shift_y = (torch.where(which == OPERATIONS.index(f"shift {a}"), strength * LARGEST_SHIFT * 2, zero) for a in "xy")
    cos, sin = torch.cos(turn), torch.sin(turn)
    rows = (
        torch.stack((cos, (shear_x - sin) * height / width, shift_x), dim=1),
        torch.stack(((shear_y + sin) * width / height, cos, shift_y), dim=1),
    )
    return torch.stack(rows, dim=1)


def _tone(name: str, images: Tensor, strength: Tensor, levels: float) -> Tensor:
    """An operation on the pixels where they are."""
    if name == "posterize":
        bits = torch.round(MOST_BITS - strength.abs() * (MOST_BITS - LEAST_BITS))
        return torch.floor(images / levels * (2**bits - 1) + 0.5) / (2**bits - 1) * levels
    factor = 1 + strength * LARGEST_FACTOR
    return (factor * images + (1 - factor) * _reference(name, images)).clamp(0.0, levels)


def _reference(name: str, images: Tensor) -> Tensor:
    """What a factor of 0 gives: black for brightness, the mean grey for contrast, a blurred image for sharpness."""
    if name == "brightness":
        return torch.zeros_like(images)
    if name == "contrast":
        return images.mean(dim=(1, 2, 3), keepdim=True)
    kernel = torch.tensor([[1.0, 1, 1], [1, 5, 1], [1, 1, 1]]) / 13  # that of the Python imaging library
    channels = images.shape[1]
    padded = functional.pad(images, (1, 1, 1, 1), mode="replicate")
    return functional.conv2d(padded, kernel.expand(channels, 1, 3, 3).contiguous(), groups=channels)
