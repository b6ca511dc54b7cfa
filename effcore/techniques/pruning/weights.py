"""Weights become zero, one by one or two of every four, and stay zero while the rest is trained a little more."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from effcore.catalogue.pruning import Pruning
from effcore.errors import TechniqueError
from effcore.models.blocks import layer_name
from effcore.tasks import Data
from effcore.techniques.pruning.criteria import gather_gradients, weight_scores
from effcore.techniques.pruning.rounds import shares
from effcore.techniques.tune import Early, Tune
from effcore.training import Hooks

FOUR = 4
LEAST = 0.01
"""Share of every layer that one threshold for all layers leaves at least: a layer of zeros alone lets nothing through."""


def apply(
    model: nn.Module, config: Pruning, data: Data, *, tune: Tune, early: Early | None = None
) -> tuple[nn.Module, None, dict[str, Any]]:
    """A copy of the model with zeros among the weights of its linear and convolution layers, the last one too.

    Args:
        model: Trained; not changed.
        config: With the structure `weights` or `two_of_four`. Weights that are zero already count towards the amount.
        data: Its training images give the gradients of Taylor scores.
        tune: Called once a round where `config.fine_tune` is above 0, with the hook that keeps the zeros.
        early: Given with the schedule `rewind`: every round goes back to it and trains from there, with the same hook.

    Returns:
        The model in eval mode; no edit, since no shape changes; facts: zeros and share of nonzero weights of every layer,
        and layers that were left whole.

    Raises:
        TechniqueError: No weight can become zero that is not zero already.

    Source: Han et al. 2015, https://arxiv.org/abs/1506.02626; Mishra et al. 2021, https://arxiv.org/abs/2104.08378;
    Frankle and Carbin 2019, https://arxiv.org/abs/1803.03635; Frankle et al. 2020, https://arxiv.org/abs/1912.05671.
    """
    sparse = copy.deepcopy(model).eval().requires_grad_(True)
    weights = cuttable(sparse, config)
    left = sorted(set(weights_of(sparse)) - set(weights))
    before = _zeros(weights)
    for share in shares(config.amount, config.rounds):
        if config.criterion == "taylor":
            gather_gradients(sparse, data.train)
        scores = {name: weight_scores(weight, config.criterion) for name, weight in weights.items()}
        sparse.zero_grad()
        if early is not None:
            sparse.load_state_dict(early.state)
        take(weights, lowest(scores, share, config))
        refuse_unchanged(sparse, before, _zeros(weights), config)
        if early is not None:
            early.train(sparse, (keep_zeros(sparse),))
        elif config.fine_tune:
            tune(sparse, config.fine_tune, hooks=(keep_zeros(sparse),))
    return sparse.eval(), None, zeros_of(sparse) | {"left_whole": left}


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
    gone = {name: zero for name, weight in _named(model).items() if bool((zero := weight.detach() == 0).any())}

    def step(state: dict[str, Any], trained: nn.Module, share: float) -> None:
        with torch.no_grad():
            for name, zero in gone.items():
                trained.get_parameter(name).masked_fill_(zero, 0.0)

    return Hooks(step=step)


def weights_of(model: nn.Module) -> dict[str, nn.Parameter]:
    """Weights of every linear and convolution layer, without biases, by the layer's name."""
    return {layer_name(name): weight for name, weight in _named(model).items()}


def _named(model: nn.Module) -> dict[str, nn.Parameter]:
    """The same by the parameter's name."""
    names = [f"{name}.weight" if name else "weight" for name, module in model.named_modules() if isinstance(module, nn.Linear | nn.Conv2d)]
    return {name: model.get_parameter(name) for name in names}


def _zeros(weights: Mapping[str, Tensor]) -> dict[str, int]:
    return {name: int((weight == 0).sum()) for name, weight in weights.items()}


def cuttable(model: nn.Module, config: Pruning) -> dict[str, nn.Parameter]:
    """Weights of the layers from which the structure of the config can be taken, by the layer's name."""
    return {name: weight for name, weight in weights_of(model).items() if config.structure == "weights" or weight.shape[1] % FOUR == 0}


def take(weights: Mapping[str, nn.Parameter], gone: Mapping[str, Tensor]) -> None:
    """Sets weights to zero, in place, where `gone` says so."""
    with torch.no_grad():
        for name, weight in weights.items():
            weight.masked_fill_(gone[name], 0.0)


def lowest(scores: Mapping[str, Tensor], share: float, config: Pruning) -> dict[str, Tensor]:
    """Which weights become zero, bool, by layer.

    Args:
        scores: Of every weight, by layer.
        share: Of the weights, of each layer or of all together as `config.scope` says; of every four consecutive ones
            the nearest whole number where `config.structure` is `two_of_four`.
        config: Structure and scope.
    """
    if config.structure == "two_of_four":
        return {name: of_four(found, round(FOUR * share)) for name, found in scores.items()}
    if config.scope == "layer":
        return {name: _smallest(found.flatten(), round(share * found.numel())).reshape(found.shape) for name, found in scores.items()}
    flat = torch.cat([_spared(found.flatten(), share) for found in scores.values()])
    gone = _smallest(flat, min(round(share * len(flat)), int(flat.isfinite().sum())))
    parts = torch.split(gone, [found.numel() for found in scores.values()])
    return {name: part.reshape(found.shape) for (name, found), part in zip(scores.items(), parts, strict=True)}


def _spared(scores: Tensor, share: float) -> Tensor:
    """The same scores, (n,), with the best of the layer out of reach."""
    count = max(1, int(min(LEAST, 1 - share) * len(scores)))
    found = scores.clone()
    found[torch.topk(scores, count).indices] = torch.inf
    return found


def _smallest(scores: Tensor, count: int) -> Tensor:
    """Where the `count` lowest of the scores are, bool (n,); of equal ones the first."""
    gone = torch.zeros(len(scores), dtype=torch.bool)
    gone[scores.argsort(stable=True)[:count]] = True
    return gone


def of_four(scores: Tensor, count: int) -> Tensor:
    """Where the `count` lowest of every four consecutive inputs are, bool, of the shape of the scores.

    Args:
        scores: (outputs, inputs) or (outputs, inputs, height, width), with inputs a multiple of four.
        count: 0 to 4.

    Source: Mishra et al. 2021, https://arxiv.org/abs/2104.08378.
    """
    inputs_last = scores.movedim(1, -1)
    fours = inputs_last.reshape(-1, FOUR)
    gone = torch.zeros_like(fours, dtype=torch.bool).scatter_(1, fours.argsort(dim=1, stable=True)[:, :count], True)
    return gone.reshape(inputs_last.shape).movedim(-1, 1)


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
