"""Weights go during a training, many at first and fewer towards the end, by a cubic schedule."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn

from effcore.catalogue.pruning import Pruning
from effcore.techniques.context import Context
from effcore.techniques.pruning.criteria import weight_scores
from effcore.techniques.pruning.masks import cuttable, lowest, take
from effcore.techniques.pruning.weights import refuse_unchanged
from effcore.training import Hooks

BEGIN, END = 0.25, 0.75
"""Shares of the phase's steps between which weights go: they have learned something before, and what remains learns after."""
UPDATES = 32
"""Times that weights are looked for in between."""


def contribute(config: Pruning, context: Context) -> Hooks:
    """A step hook that sets ever more weights to zero and keeps those that are.

    Its state is the number of updates that are done and which weights are gone; it goes with that of the optimizer, so that a phase
    that is cut into rungs has the same zeros as one that is not.

    Args:
        config: With the schedule `gradual`.
        context: Not looked at; the weights alone decide.

    Raises:
        TechniqueError: When the training begins, where the network has no layer of which weights can go.

    Source: Zhu and Gupta 2017, https://arxiv.org/abs/1710.01878; for two of four Kao et al. 2022, https://arxiv.org/abs/2209.07617.
    """

    def step(state: dict[str, Any], model: nn.Module, share: float) -> None:
        due = updates_due(share)
        weights = cuttable(model, config)
        if due > state.get("done", 0):
            scores = {name: weight_scores(weight, config.criterion) for name, weight in weights.items()}
            state |= {"done": due, "gone": lowest(scores, cubic(config.amount, due / UPDATES), config)}
        if state:
            take(weights, state["gone"])

    @contextmanager
    def attach(model: nn.Module) -> Iterator[None]:
        weights = cuttable(model, config)
        if not weights:
            refuse_unchanged(model, {}, {}, config)
        yield

    return Hooks(step=step, attach=attach)


def cubic(amount: float, done: float) -> float:
    """Share that is gone when so much of the time in which weights go has passed.

    Example:
        >>> cubic(0.8, 0.0), cubic(0.8, 0.5), cubic(0.8, 1.0)
        (0.0, 0.7, 0.8)
    """
    return amount * (1 - (1 - done) ** 3)


def updates_due(share: float) -> int:
    """Updates that are to be done once a share of the phase's steps is, from 0 to `UPDATES`.

    Example:
        >>> updates_due(0.2), updates_due(0.5), updates_due(1.0)
        (0, 16, 32)
    """
    return int(UPDATES * min(1.0, max(0.0, (share - BEGIN) / (END - BEGIN))))
