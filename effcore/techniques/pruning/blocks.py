"""Whole blocks that matter least are taken out of a network, and the rest is trained a little more."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from effcore.catalogue.pruning import Pruning
from effcore.errors import TechniqueError
from effcore.models.edits import Edit, blocks_edit
from effcore.models.shortcuts import bypass, removable
from effcore.tasks import Data
from effcore.techniques.pruning.activations import block_changes
from effcore.techniques.pruning.criteria import gather_gradients
from effcore.techniques.pruning.rounds import shares
from effcore.techniques.tune import Tune


def apply(model: nn.Module, config: Pruning, data: Data, *, tune: Tune) -> tuple[nn.Module, Edit, dict[str, Any]]:
    """A shallower copy of the model, without some of the blocks around which a shortcut leads.

    Args:
        model: Trained; not changed.
        config: Share of those blocks that goes, rounded up to whole ones, by which criterion, and what follows.
        data: Gives the shape of the images, and training images that a criterion looks at.
        tune: Called once a round where `config.fine_tune` is above 0.

    Returns:
        The model in eval mode; the edit that takes the same blocks out again; facts: blocks that went, with their scores and what they
        were judged against, and blocks that can't go, with the reason.

    Raises:
        TechniqueError: No block can go; the text names every block with the reason.

    Source: Veit et al. 2016, https://arxiv.org/abs/1605.06431; Men et al. 2024, https://arxiv.org/abs/2403.03853.
    """
    smaller = copy.deepcopy(model).eval().requires_grad_(True)
    able, unable = removable(smaller, shape=data.train.images.shape[1:])
    if not able:
        raise _none_can_go(unable)
    gone: dict[str, float] = {}
    scores: dict[str, float] = {}
    for count in sorted({math.ceil(share * len(able)) for share in shares(config.amount, config.rounds)}):
        left = {name: smaller.get_submodule(name) for name in able if name not in gone}
        found = _scores(smaller, left, config, data)
        scores = scores or found
        lowest = sorted(found, key=lambda name: (found[name], name))[: count - len(gone)]
        gone |= {name: found[name] for name in lowest}
        bypass(smaller, lowest)
        if config.fine_tune:
            tune(smaller, config.fine_tune)
    facts = {"removed": gone, "scores": scores, "kept": [name for name in able if name not in gone], "can_not_go": unable}
    return smaller.eval(), blocks_edit(tuple(gone)), facts


def _scores(model: nn.Module, blocks: Mapping[str, nn.Module], config: Pruning, data: Data) -> dict[str, float]:
    """A score for each block; the lowest goes first."""
    if config.criterion == "activation":
        return block_changes(model, blocks, data.train)
    if config.criterion == "random":
        return {name: float(torch.rand(())) for name in blocks}
    if config.criterion == "taylor":
        gather_gradients(model, data.train)
    scores = {name: _of_weights(block, config.criterion) for name, block in blocks.items()}
    model.zero_grad()
    return scores


def _of_weights(block: nn.Module, criterion: str) -> float:
    if criterion == "batch_norm":
        factors = [norm.weight.detach().abs() for norm in block.modules() if isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d)]
        return float(torch.cat(factors).mean()) if factors else 0.0
    weights = [layer.weight for layer in block.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    if criterion == "taylor":
        return sum(float((w.detach() * w.grad).abs().sum()) for w in weights if w.grad is not None)
    flat = torch.cat([w.detach().flatten() for w in weights]).abs()
    return float(flat.mean() if criterion == "l1" else flat.square().mean())


def _none_can_go(unable: Mapping[str, str]) -> TechniqueError:
    reasons = "; ".join(f"{name}: {reason}" for name, reason in unable.items()) or "the network is made of single layers"
    return TechniqueError(
        f"pruning can't take a block out of this network: {reasons}. Take a greater architecture.depth, whose further blocks keep their shape, "
        f"another family, or another pruning.structure."
    )
