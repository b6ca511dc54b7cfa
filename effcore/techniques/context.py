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
        teachers: Trained networks, for techniques that learn from some; several are an ensemble.
        label_smoothing: Of the phase: share of the target that is spread evenly over all classes.
    """

    data: Data
    seed: int
    teachers: tuple[nn.Module, ...] = ()
    label_smoothing: float = 0.0
