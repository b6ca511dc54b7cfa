"""Quantization: one file a mode, `apply` before the export or `convert` after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from effcore.catalogue.quantization import Quantization
from effcore.errors import TechniqueError
from effcore.tasks import Data
from effcore.techniques.quantization import codebook, dynamic, fp16, weight_only
from effcore.techniques.quantization.static import apply

CONVERTERS: dict[str, Callable[[bytes, Quantization], tuple[bytes, dict[str, Any]]]] = {
    "dynamic": dynamic.convert,
    "weight_only": weight_only.convert,
    "codebook": codebook.convert,
    "fp16": fp16.convert,
}
"""What makes another file of the exported one, by mode."""


def convert(file: bytes, config: Quantization, data: Data) -> tuple[bytes, dict[str, Any]]:
    """Another file, with fewer bits for each weight.

    Args:
        file: An ONNX file of a float network.
        config: With any mode but static, and `reduce_range` resolved where the mode uses it.
        data: Not used: no mode that acts on the file looks at images.

    Returns:
        The file; facts: the mode, its bits, and how many layers were reached.

    Raises:
        TechniqueError: The mode acts before the export, or nothing in the file can be changed.
    """
    if config.mode not in CONVERTERS:
        raise TechniqueError(
            f"quantization.mode must be one that acts on the file to convert it: {', '.join(CONVERTERS)}. Got {config.mode!r}."
        )
    changed, facts = CONVERTERS[config.mode](file, config)
    return changed, {"mode": config.mode, "bits": config.bits} | facts


__all__ = ["CONVERTERS", "apply", "convert"]
