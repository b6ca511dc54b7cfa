"""A network as an exported program: the graph of operators that pruning, quantization and runtimes start from."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from effcore.models.blocks import fold
from effcore.models.layout import channels_first


def trace(model: nn.Module, images: Tensor) -> torch.export.ExportedProgram:
    """The model as a program that takes any number of images.

    Args:
        model: In eval mode; not changed.
        images: Raw pixels, uint8 (N, C, H, W); only their shape and type count.
    """
    example = images[:1].expand(2, *images.shape[1:]).contiguous()  # 1 would be taken for a constant batch size
    return torch.export.export(model, (example,), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},))


def deployable(model: nn.Module) -> nn.Module:
    """A copy of the model for prediction alone: in eval mode, normalization folded into the weights, channels first."""
    folded = channels_first(copy.deepcopy(model)).eval()
    fold(folded)
    for parameter in folded.parameters():
        parameter.requires_grad_(False)
    return folded
