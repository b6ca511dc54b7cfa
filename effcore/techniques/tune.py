"""How a technique that changed a network has it trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, nn

from effcore.training import Fit, Hooks


class Tune(Protocol):
    """Trains a model in place for a number of epochs, with the learning steps of the phase before.

    `hooks` are the technique's own and come before those of the learning steps.
    """

    def __call__(self, model: nn.Module, epochs: int, *, hooks: Sequence[Hooks] = ()) -> Fit: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Early:
    """A point in the phase before, to go back to.

    Attributes:
        state: State dict of the network at that point.
        train: Trains a network in place from that point to the end of the phase, as the phase did: (model, the technique's own hooks,
            which come before those of the learning steps).
    """

    state: Mapping[str, Tensor]
    train: Callable[[nn.Module, Sequence[Hooks]], Fit]
