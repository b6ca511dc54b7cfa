"""Which weights of a network go, and setting them to zero."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from effcore.catalogue.pruning import Pruning
from effcore.models.blocks import layer_name

FOUR = 4
LEAST = 0.01
"""Share of every layer that one threshold for all layers leaves at least: a layer of zeros alone lets nothing through."""


def weights_of(model: nn.Module) -> dict[str, nn.Parameter]:
    """Weights of every linear and convolution layer, without biases, by the layer's name."""
    return {layer_name(name): weight for name, weight in named_weights(model).items()}


def named_weights(model: nn.Module) -> dict[str, nn.Parameter]:
    """The same by the name of the parameter."""
    names = [f"{name}.weight" if name else "weight" for name, module in model.named_modules() if isinstance(module, nn.Linear | nn.Conv2d)]
    return {name: model.get_parameter(name) for name in names}


def cuttable(model: nn.Module, config: Pruning) -> dict[str, nn.Parameter]:
    """Weights of the layers from which the structure of the config can be taken, by the layer's name."""
    return {name: weight for name, weight in weights_of(model).items() if config.structure == "weights" or weight.shape[1] % FOUR == 0}


def take(weights: Mapping[str, nn.Parameter], gone: Mapping[str, Tensor]) -> None:
    """Sets weights to zero, in place, where `gone` says so."""
    with torch.no_grad():
        for name, weight in weights.items():
            weight.masked_fill_(gone[name], 0.0)


def lowest(scores: Mapping[str, Tensor], share: float | Mapping[str, float], config: Pruning) -> dict[str, Tensor]:
    """Which weights become zero, bool, by layer.

    Args:
        scores: Of every weight, by layer.
        share: Of the weights, of each layer or of all together as `config.scope` says, or by layer with the scope `sensitivity`; of
            every four consecutive ones the nearest whole number where `config.structure` is `two_of_four`.
        config: Structure and scope.
    """
    each = share if isinstance(share, Mapping) else dict.fromkeys(scores, share)
    if config.structure == "two_of_four":
        return {name: of_four(found, round(FOUR * each[name])) for name, found in scores.items()}
    if config.scope != "global":
        return {name: lowest_of(found, each[name]) for name, found in scores.items()}
    assert not isinstance(share, Mapping), "one threshold for all layers has one share"
    flat = torch.cat([_spared(found.flatten(), share) for found in scores.values()])
    gone = _smallest(flat, min(round(share * len(flat)), int(flat.isfinite().sum())))
    parts = torch.split(gone, [found.numel() for found in scores.values()])
    return {name: part.reshape(found.shape) for (name, found), part in zip(scores.items(), parts, strict=True)}


def lowest_of(scores: Tensor, share: float) -> Tensor:
    """Where a share of the scores lies that are the lowest, bool, of their shape."""
    return _smallest(scores.flatten(), round(share * scores.numel())).reshape(scores.shape)


def _spared(scores: Tensor, share: float) -> Tensor:
    """The same scores, (n,), with the best of the layer out of reach."""
    count = max(1, int(min(LEAST, 1 - share) * len(scores)))
    found = scores.clone()
    found[torch.topk(scores, count).indices] = torch.inf
    return found


def _smallest(scores: Tensor, count: int) -> Tensor:
    """Where the `count` lowest of the scores are, bool (n,); of equal ones the first."""
    if count == 0:
        return torch.zeros(len(scores), dtype=torch.bool)
    limit = torch.kthvalue(scores, count).values  # several times faster than sorting all of them, which gradual pruning does often
    gone = scores < limit
    equal = (scores == limit).nonzero().flatten()
    gone[equal[: count - int(gone.sum())]] = True
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
