"""Quantization: one file a mode, `apply` before the export or `convert` after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn
from torch.export import ExportedProgram

from effcore.catalogue.quantization import Quantization
from effcore.errors import TechniqueError
from effcore.tasks import Data
from effcore.techniques.quantization import aware, codebook, dynamic, half, static, weight_only
from effcore.techniques.quantization.aware import train

CONVERTERS: dict[str, Callable[[bytes, Quantization], tuple[bytes, dict[str, Any]]]] = {
    "dynamic": dynamic.convert,
    "weight_only": weight_only.convert,
    "codebook": codebook.convert,
    "fp16": half.convert,
    "bf16": half.convert,
}
"""What makes another file of the exported one, by mode."""


def apply(
    model: nn.Module, config: Quantization, data: Data, *, trained: Mapping[str, Tensor] | None = None
) -> tuple[ExportedProgram, dict[str, Any]]:
    """A quantized program of the model, to be exported for a runtime with integer kernels.

    Args:
        model: Trained, takes raw pixels; not changed.
        config: With the mode static or aware, and `reduce_range` resolved.
        data: Its first training images are the calibration images of the mode static.
        trained: What `train` gave, with the mode aware.

    Raises:
        TechniqueError: The mode is another one, nothing was trained for the mode aware, or a layer was left as it is.
    """
    if config.mode != "aware":
        return static.apply(model, config, data)
    if trained is None:
        raise TechniqueError("quantization with the mode aware needs the network that was trained with rounding. Got none.")
    return aware.apply(model, config, data, trained=trained)


def convert(file: bytes, config: Quantization, data: Data) -> tuple[bytes, dict[str, Any]]:
    """Another file, with fewer bits for each weight.

    Args:
        file: An ONNX file of a float network.
        config: With any mode but static and aware, and `reduce_range` resolved where the mode uses it.
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


__all__ = ["CONVERTERS", "apply", "convert", "train"]
