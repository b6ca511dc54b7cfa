"""Channels that matter least are cut out of every layer that shares them, and the rest is trained a little more."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
import torch_pruning
from torch import nn

from effcore.catalogue.pruning import Pruning
from effcore.errors import TechniqueError
from effcore.models.blocks import Layer
from effcore.models.edits import Edit, channels_edit
from effcore.models.kinds import kinds
from effcore.models.layout import channels_last
from effcore.tasks import Data
from effcore.techniques.pruning.criteria import channel_scores
from effcore.techniques.pruning.rounds import shares
from effcore.techniques.tune import Tune


def apply(model: nn.Module, config: Pruning, data: Data, *, tune: Tune) -> tuple[nn.Module, Edit, dict[str, Any]]:
    """A smaller copy of the model, with fewer channels in its layers.

    Args:
        model: Trained; not changed.
        config: How much is cut, by which criterion, and what follows.
        data: Gives the shape of the images; its training images give the gradients of Taylor scores.
        tune: Called once a round where `config.fine_tune` is above 0.

    Returns:
        The smaller model in eval mode; the edit, plain data that `effcore.models.edits.replay` cuts out again;
        facts: channels of every layer before and after.

    Raises:
        TechniqueError: The model can't be cut, or all blocks of a kind were left as they are.

    Source: Fang et al. 2023, https://arxiv.org/abs/2301.12900.
    """
    smaller = copy.deepcopy(model).eval()
    _refuse_without_factors(smaller, config)
    before = channels(smaller)
    example = torch.zeros(2, *data.train.images.shape[1:], dtype=torch.uint8)
    scores, look = channel_scores(config)
    pruner = _pruner(smaller, config, example, scores)
    for _ in range(config.rounds):
        look(smaller, data.train)
        _cut(smaller, pruner, example)
        channels_last(smaller)
        _refuse_unchanged(smaller, before, channels(smaller), config)
        if config.fine_tune:
            tune(smaller, config.fine_tune)
    facts = {"channels_before": before, "channels_after": channels(smaller)}
    return smaller.eval(), channels_edit(pruner.pruning_history()), facts


class _Pruner(torch_pruning.pruner.BasePruner):  # type: ignore[misc]
    """torch-pruning's, which rounds what remains of a layer down to 0 below `round_to`, and then leaves that layer whole."""

    def _round_to(self, n_pruned: int, current_channels: int, round_to: int) -> int:
        """How many channels go, so that a multiple of `round_to` remains, and never less than one such multiple."""
        remaining = current_channels - n_pruned
        return current_channels - min(current_channels, max(round_to, remaining - remaining % round_to))


def channels(model: nn.Module) -> dict[str, int]:
    """Outputs of every layer that can be cut, by the layer's name."""
    return {name: layer.outputs for name, layer in model.named_modules() if isinstance(layer, Layer)}


def _pruner(model: nn.Module, config: Pruning, example: torch.Tensor, scores: Any) -> Any:
    """What cuts in place, a round at each of its steps.

    Args:
        model: In eval mode.
        config: With the structure `channels`.
        example: Images, uint8 (2, C, H, W).
        scores: What a group of layers is judged by.
    """
    weights = {layer.weight for layer in model.modules() if isinstance(layer, Layer)}
    kept = [module for module in model.modules() if isinstance(module, nn.Linear) and module not in weights]
    for parameter in model.parameters():
        parameter.requires_grad_(True)  # torch-pruning finds the graph by its gradients
    try:
        pruner = _Pruner(
            model,
            example,
            importance=scores,
            global_pruning=config.scope == "global",
            pruning_ratio=config.amount,
            iterative_steps=config.rounds,
            iterative_pruning_ratio_scheduler=lambda amount, rounds: [0.0, *shares(amount, rounds)],
            round_to=config.round_to,
            ignored_layers=kept,
        )
        sizes = [len(group[0].idxs) for group in pruner.DG.get_all_groups(ignored_layers=kept, root_module_types=pruner.root_module_types)]
    except Exception as error:  # whatever its arithmetic on indices runs into, up to a division by zero
        raise _cannot(error) from error
    if config.scope == "global":
        _refuse_too_much(sizes, config)
    return pruner


def _cut(model: nn.Module, pruner: Any, example: torch.Tensor) -> None:
    """One round, in place."""
    try:
        pruner.step()
        model(example)
    except Exception as error:  # as above
        raise _cannot(error) from error
    model.zero_grad()


def _cannot(error: Exception) -> TechniqueError:
    return TechniqueError(f"pruning can't cut this model: torch-pruning says {error!r}. Leave the step out for it.")


def _refuse_without_factors(model: nn.Module, config: Pruning) -> None:
    """Raises where a network is to be judged by normalization that it has none of."""
    if config.criterion == "batch_norm" and not any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules()):
        raise TechniqueError("pruning.criterion must not be batch_norm for a network without batch normalization. Take another criterion.")


def _refuse_too_much(sizes: list[int], config: Pruning) -> None:
    """Raises where one threshold for all layers would leave less than `round_to` channels in each."""
    total, room = sum(sizes), sum(max(0, size - config.round_to) for size in sizes)
    if total - int(total * (1 - config.amount)) > room:  # as torch-pruning counts
        most = math.floor(1000 * room / max(1, total)) / 1000
        raise TechniqueError(
            f"pruning.amount must be at most {most:g} with the scope global, so that every layer keeps round_to channels. "
            f"Got {config.amount:g} and round_to {config.round_to} for {total} channels in {len(sizes)} groups of layers. "
            f"Lower pruning.amount or pruning.round_to, or take a wider network."
        )


def _refuse_unchanged(model: nn.Module, before: dict[str, int], after: dict[str, int], config: Pruning) -> None:
    """Raises where a kind of block has as many channels as before; with one threshold for all, where every kind has."""
    same = {kind: layers for kind, layers in kinds(model).items() if all(before[name] == after[name] for name in layers)}
    if not same or (config.scope == "global" and len(same) < len(kinds(model))):
        return
    kind, layers = next(iter(same.items()))
    sizes = sorted({before[name] for name in layers})
    raise TechniqueError(
        f"pruning must take channels from every kind of block, but left all {kind} blocks as they are. "
        f"Got amount {config.amount:g} and round_to {config.round_to} for layers of "
        f"{', '.join(map(str, sizes))} channels. {_way_out(sizes, config)}"
    )


def _way_out(sizes: list[int], config: Pruning) -> str:
    """What to do where layers of those sizes stay whole: of a layer above `round_to` something goes by any amount, unless none of it can."""
    if max(sizes) <= config.round_to:
        return "Lower pruning.round_to, or take a wider network."
    return "Take another criterion or another family, or leave the step out for it."
