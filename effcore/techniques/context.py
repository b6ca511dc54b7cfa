"""What a learning technique is given beside its own parameters."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from effcore.tasks import Data


@dataclass(frozen=True, kw_only=True, eq=False)
class Context:
    """The phase that a learning technique shapes.

    Attributes:
        data: Of the task, as the phase is given it.
        seed: Of the phase.
        teacher: A trained network, for techniques that learn from one.
    """

    data: Data
    seed: int
    teacher: nn.Module | None = None
