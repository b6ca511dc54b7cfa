"""What is counted in a deployable file, and what every runtime module offers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from effcore.catalogue import Task

Predict = Callable[[np.ndarray], np.ndarray]
"""Raw pixels, uint8 (N, C, H, W), to logits, float32 (N, classes)."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Figures of a file that need no clock.

    Attributes:
        params: Weights and biases, integers too; neither scales nor zero points.
        nonzero_params: Those that are not zero.
        macs: Multiply-accumulates of convolutions and matrix products for one image.
    """

    params: int
    nonzero_params: int
    macs: int


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One node of a file that has weights or products.

    Attributes:
        name: Operator and number, as `Conv 2`.
        operator: As the file names it.
        bytes: That its weights, scales and other constants take in the file.
        params, nonzero_params, macs: As `Counts`.
    """

    name: str
    operator: str
    bytes: int
    params: int
    nonzero_params: int
    macs: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Stored:
    """The weights of one tensor of a file, or its biases.

    Attributes:
        values: The numbers, in their order in the file; integers without their scale.
        bits: Of one value, with shared values of one entry of their codebook.
        bytes: That they take in the file, a codebook with them.
        convolution: Whether they are the weights of a convolution.
    """

    values: np.ndarray
    bits: int
    bytes: int
    convolution: bool


class RuntimeModule(Protocol):
    """What a module of this package offers; importing it imports neither torch nor the runtime."""

    def export(self, program: Any, path: Path, *, task: Task) -> None:
        """Writes one self-contained file."""

    def load(self, path: Path, *, threads: int = 1) -> Predict:
        """The file as a function."""

    def class_names(self, path: Path) -> tuple[str, ...]:
        """Names of the classes, in the order of the logits."""

    def mixes_images(self, path: Path) -> bool:
        """Whether what the file says of an image depends on the others of its batch."""

    def structure(self, path: Path) -> str:
        """Sixteen hexadecimal digits, the same for files that differ in their weights alone."""

    def counts(self, path: Path) -> Counts:
        """Parameters and multiply-accumulates, from the file itself."""

    def layers(self, path: Path) -> tuple[Layer, ...]:
        """Where the bytes, parameters and products of the file are, in its order."""

    def weights(self, path: Path) -> tuple[Stored, ...]:
        """The weights and biases as they are stored, in the order of the file."""

    def version(self) -> str:
        """Version of the runtime."""
