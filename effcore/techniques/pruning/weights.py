"""Weights become zero, one by one or two of every four, and stay zero while the rest is trained a little more."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from effcore.catalogue.pruning import Pruning
from effcore.errors import TechniqueError
from effcore.tasks import Data
from effcore.techniques.pruning.criteria import gather_gradients, weight_scores
from effcore.techniques.pruning.masks import cuttable, lowest, named_weights, take, weights_of
from effcore.techniques.pruning.rounds import shares
from effcore.techniques.pruning.sensitivity import fair_amounts, scan
from effcore.techniques.tune import Early, Tune
from effcore.training import Hooks


def apply(
    model: nn.Module, config: Pruning, data: Data, *, tune: Tune, early: Early | None = None
) -> tuple[nn.Module, None, dict[str, Any]]:
    """A copy of the model with zeros among the weights of its linear and convolution layers, the last one too.

    Args:
        model: Trained; not changed.
        config: With the structure `weights` or `two_of_four`. Weights that are zero already count towards the amount.
        data: Its training images give the gradients of Taylor scores; its validation images decide with the scope `sensitivity`.
        tune: Called once a round where `config.fine_tune` is above 0, with the hook that keeps the zeros.
        early: Given with the schedule `rewind`: every round goes back to it and trains from there, with the same hook.

    Returns:
        The model in eval mode; no edit, since no shape changes; facts: zeros and share of nonzero weights of every layer,
        layers that were left whole, and, with the scope `sensitivity`, the scan that decided what each layer loses.

    Raises:
        TechniqueError: No weight can become zero that is not zero already.

    Source: Han et al. 2015, https://arxiv.org/abs/1506.02626; Mishra et al. 2021, https://arxiv.org/abs/2104.08378;
    Frankle and Carbin 2019, https://arxiv.org/abs/1803.03635; Frankle et al. 2020, https://arxiv.org/abs/1912.05671.
    """
    sparse = copy.deepcopy(model).eval().requires_grad_(True)
    weights = cuttable(sparse, config)
    left = sorted(set(weights_of(sparse)) - set(weights))
    before = _zeros(weights)
    scanned = scan(sparse, data.validation) if config.scope == "sensitivity" else None
    fair = fair_amounts(scanned, config.amount) if scanned else {}
    for done, share in enumerate(shares(config.amount, config.rounds)):
        wanted = {name: shares(fair[name], config.rounds)[done] for name in weights} if scanned else share
        if config.criterion == "taylor":
            gather_gradients(sparse, data.train)
        scores = {name: weight_scores(weight, config.criterion) for name, weight in weights.items()}
        sparse.zero_grad()
        if early is not None:
            sparse.load_state_dict(early.state)
        take(weights, lowest(scores, wanted, config))
        refuse_unchanged(sparse, before, _zeros(weights), config)
        if early is not None:
            early.train(sparse, (keep_zeros(sparse),))
        elif config.fine_tune:
            tune(sparse, config.fine_tune, hooks=(keep_zeros(sparse),))
    return sparse.eval(), None, zeros_of(sparse) | {"left_whole": left} | ({"scan": scanned} if scanned else {})


def zeros_of(model: nn.Module) -> dict[str, Any]:
    """Facts: zeros and share of nonzero weights of every linear and convolution layer."""
    weights = weights_of(model)
    zeros = _zeros(weights)
    return {"zeros": zeros, "nonzero_share": {name: 1 - zeros[name] / weight.numel() for name, weight in weights.items()}}


def keep_zeros(model: nn.Module) -> Hooks:
    """A step hook that sets the weights that are zero now to zero again after every step of a training.

    Args:
        model: Whose zeros are kept, those of its linear and convolution layers. The hook must come before others that look
            at weights, as averaging does.
    """
    gone = {name: zero for name, weight in named_weights(model).items() if bool((zero := weight.detach() == 0).any())}

    def step(state: dict[str, Any], trained: nn.Module, share: float) -> None:
        with torch.no_grad():
            for name, zero in gone.items():
                trained.get_parameter(name).masked_fill_(zero, 0.0)

    return Hooks(step=step)


def _zeros(weights: Mapping[str, Tensor]) -> dict[str, int]:
    return {name: int((weight == 0).sum()) for name, weight in weights.items()}


def refuse_unchanged(model: nn.Module, before: Mapping[str, int], after: Mapping[str, int], config: Pruning) -> None:
    """Raises a TechniqueError where no layer has more zeros than before.

    Args:
        model: Whose layers the text names.
        before, after: Zeros by layer.
        config: What was asked for.
    """
    if any(after[name] > before[name] for name in before):
        return
    layers = ", ".join(f"{name} {tuple(weight.shape)}" for name, weight in weights_of(model).items()) or "none"
    ways = {
        "weights": "Raise pruning.amount, or leave the step out.",
        "two_of_four": "It needs layers whose inputs are a multiple of four and that are not cut already: "
        "take a wider network, or leave the step out.",
    }
    raise TechniqueError(
        f"pruning must set weights to zero that are not zero yet, but found none to take. Got amount {config.amount:g} and the structure "
        f"{config.structure} for these layers: {layers}. {ways[config.structure]}"
    )
