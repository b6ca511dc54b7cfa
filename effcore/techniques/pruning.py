"""Channel pruning: the channels with the smallest weights are cut out, and the rest is trained a little more."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
import torch_pruning
from torch import nn

from effcore.catalogue.pruning import Pruning
from effcore.errors import TechniqueError
from effcore.models.blocks import Layer, kinds
from effcore.models.layout import channels_last
from effcore.models.snapshot import Edit
from effcore.tasks import Data
from effcore.training import Fit

Tune = Callable[[nn.Module, int], Fit]
"""Trains a model in place for a number of epochs, with the learning steps of the phase before."""
NORMS = {"l1": 1, "l2": 2}


def apply(model: nn.Module, config: Pruning, data: Data, *, tune: Tune) -> tuple[nn.Module, Edit, dict[str, Any]]:
    """A smaller copy of the model, with fewer channels in every layer.

    Args:
        model: Trained; not changed.
        config: How much is cut, by which norm, and what follows.
        data: Gives the shape of the images.
        tune: Called once where `config.fine_tune` is above 0.

    Returns:
        The smaller model in eval mode; the edit, plain data that `effcore.models.snapshot.replay` cuts out again;
        facts: channels of every layer before and after, and the curve of the fine-tuning.

    Raises:
        TechniqueError: The model can't be cut, or all blocks of a kind were left as they are.

    Source: Fang et al. 2023, https://arxiv.org/abs/2301.12900.
    """
    smaller = copy.deepcopy(model).eval()
    before = channels(smaller)
    edit = _cut(smaller, config, shape=data.train.images.shape[1:])
    channels_last(smaller)
    after = channels(smaller)
    _refuse_unchanged(smaller, before, after, config)
    facts: dict[str, Any] = {"channels_before": before, "channels_after": after, "curve": [], "samples": 0}
    if config.fine_tune:
        fit = tune(smaller, config.fine_tune)
        facts |= {"curve": fit.curve, "samples": fit.samples}
    return smaller.eval(), edit, facts


def channels(model: nn.Module) -> dict[str, int]:
    """Outputs of every layer that can be cut, by the layer's name."""
    return {name: layer.outputs for name, layer in model.named_modules() if isinstance(layer, Layer)}


def _cut(model: nn.Module, config: Pruning, *, shape: tuple[int, ...]) -> Edit:
    """Cuts in place; the history as plain data."""
    weights = {layer.weight for layer in model.modules() if isinstance(layer, Layer)}
    kept = [module for module in model.modules() if isinstance(module, nn.Linear) and module not in weights]
    for parameter in model.parameters():
        parameter.requires_grad_(True)  # torch-pruning finds the graph by its gradients
    example = torch.zeros(2, *shape, dtype=torch.uint8)
    try:
        pruner = torch_pruning.pruner.BasePruner(
            model,
            example,
            importance=torch_pruning.importance.GroupMagnitudeImportance(p=NORMS[config.criterion]),
            pruning_ratio=config.amount,
            round_to=config.round_to,
            ignored_layers=kept,
        )
        pruner.step()
        model(example)
    except Exception as error:  # whatever its arithmetic on indices runs into, up to a division by zero
        raise TechniqueError(
            f"pruning can't cut this model: torch-pruning says {error!r}. Leave the step out for it."
        ) from error
    return [[name, bool(outputs), [int(i) for i in indices]] for name, outputs, indices in pruner.pruning_history()]


def _refuse_unchanged(model: nn.Module, before: dict[str, int], after: dict[str, int], config: Pruning) -> None:
    """Raises where a kind of block has as many channels as before."""
    for kind, layers in kinds(model).items():
        if all(before[name] == after[name] for name in layers):
            sizes = sorted({before[name] for name in layers})
            raise TechniqueError(
                f"pruning must take channels from every kind of block, but left all {kind} blocks as they are. "
                f"Got amount {config.amount:g} and round_to {config.round_to} for layers of "
                f"{', '.join(map(str, sizes))} channels. Raise pruning.amount, lower pruning.round_to, or take a wider "
                f"network."
            )
