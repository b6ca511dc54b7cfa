"""Pruning: one file for each kind of thing that goes, channels, blocks or weights, and the criteria of all."""

from __future__ import annotations

from typing import Any

from torch import nn

from effcore.catalogue.pruning import Pruning
from effcore.models.edits import Edit
from effcore.tasks import Data
from effcore.techniques.pruning import blocks, channels, weights
from effcore.techniques.pruning.gradual import contribute
from effcore.techniques.pruning.weights import keep_zeros, zeros_of
from effcore.techniques.tune import Early, Tune


def apply(
    model: nn.Module, config: Pruning, data: Data, *, tune: Tune, early: Early | None = None
) -> tuple[nn.Module, Edit | None, dict[str, Any]]:
    """A copy of the model from which something was taken, by the structure of the config.

    Args:
        model: Trained; not changed.
        config: What is taken, how much, by which criterion, and what follows.
        data: Gives the shape of the images, and those that a criterion looks at.
        tune: Called once a round where `config.fine_tune` is above 0.
        early: Given with the schedule `rewind`.

    Returns:
        The model in eval mode; the edit that replays what was cut out, none where no shape changed; facts.

    Raises:
        TechniqueError: The model can't be cut, or was left as it is.
    """
    if config.structure == "channels":
        return channels.apply(model, config, data, tune=tune)
    if config.structure == "blocks":
        return blocks.apply(model, config, data, tune=tune)
    return weights.apply(model, config, data, tune=tune, early=early)


__all__ = ["apply", "contribute", "keep_zeros", "zeros_of"]
