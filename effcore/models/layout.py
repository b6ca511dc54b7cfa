"""How a model's weights lie in memory."""

from __future__ import annotations

import torch
from torch import nn


def channels_last(model: nn.Module) -> nn.Module:
    """The model, changed in place, with its channels innermost: 10 to 40 % faster in training.

    Rounding depends on the layout, so every model between its stages has this one.
    """
    return _arrange(model, torch.channels_last)


def channels_first(model: nn.Module) -> nn.Module:
    """The model, changed in place, as it is exported."""
    return _arrange(model, torch.contiguous_format)


def _arrange(model: nn.Module, memory_format: torch.memory_format) -> nn.Module:
    arranged: nn.Module = model.to(memory_format=memory_format)  # type: ignore[call-overload]  # torch's stubs lack it
    return arranged
