"""How a technique that changed a network has it trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import nn

from effcore.training import Fit, Hooks


class Tune(Protocol):
    """Trains a model in place for a number of epochs, with the learning steps of the phase before.

    `hooks` are the technique's own and come before those of the learning steps.
    """

    def __call__(self, model: nn.Module, epochs: int, *, hooks: Sequence[Hooks] = ()) -> Fit: ...
