"""Low-rank factorization: layers become two thinner ones, by singular value decomposition, where that takes fewer products."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from effcore.catalogue.factorization import Factorization
from effcore.errors import TechniqueError
from effcore.models.edits import Edit, factors_edit
from effcore.models.factors import Decomposition, Weighted, split, weight_of, weighted_layers
from effcore.models.layout import channels_last
from effcore.tasks import Data
from effcore.techniques.tune import Tune

SHOWN = 3
"""Layers that a refusal names with their reason."""


def apply(model: nn.Module, config: Factorization, data: Data, *, tune: Tune) -> tuple[nn.Module, Edit, dict[str, Any]]:
    """A copy of the model whose layers are split where that takes fewer products.

    Args:
        model: Trained; not changed.
        config: How layers are split, the rank of each, and what follows.
        data: Not looked at; the weights alone decide.
        tune: Called once where `config.fine_tune` is above 0.

    Returns:
        The model in eval mode; the edit that splits the same layers again; facts: rank of each split layer, its full rank, the share of
        the squared singular values that is kept, and the layers that were left whole with the reason.

    Raises:
        TechniqueError: No layer would take fewer products.

    Source: Denton et al. 2014, https://arxiv.org/abs/1404.0736; Zhang et al. 2016, https://arxiv.org/abs/1505.06798;
    Jaderberg et al. 2014, https://arxiv.org/abs/1405.3866.
    """
    thinner = copy.deepcopy(model).eval()
    wholes = {name: weight_of(layer) for name, layer in weighted_layers(thinner).items()}
    found = {name: _decompose(weight, config) for name, weight in wholes.items()}
    left = {name: reason for name, reason in found.items() if isinstance(reason, str)}
    cut = {name: decomposed for name, decomposed in found.items() if isinstance(decomposed, _Decomposed)}
    if not cut:
        raise _no_gain(config, left)
    for name, decomposed in cut.items():
        _fill(thinner, name, decomposed, config.decomposition, bias=wholes[name].bias)
    channels_last(thinner)
    if config.fine_tune:
        tune(thinner, config.fine_tune)
    facts = {
        "ranks": {name: decomposed.rank for name, decomposed in cut.items()},
        "full_ranks": {name: len(decomposed.values) for name, decomposed in cut.items()},
        "energy": {name: decomposed.energy for name, decomposed in cut.items()},
        "left_whole": left,
    }
    return thinner.eval(), factors_edit(facts["ranks"], config.decomposition), facts  # type: ignore[arg-type]  # of the values one is by rank


@dataclass(frozen=True, kw_only=True, eq=False)
class _Decomposed:
    """A layer's weight as a product: float64 first (inputs, full rank), singular values (full rank,), second (outputs, full rank)."""

    first: Tensor
    values: Tensor
    second: Tensor
    rank: int

    @property
    def energy(self) -> float:
        squares = self.values.square()
        return float(squares[: self.rank].sum() / squares.sum())


def _decompose(weight: Weighted, config: Factorization) -> _Decomposed | str:
    """The decomposed weight with its rank, or why the layer is left whole."""
    if isinstance(weight, nn.Conv2d) and weight.groups > 1:
        return f"its {weight.groups} groups of channels are apart already"
    left, values, right = torch.linalg.svd(_matrix(weight.weight.detach().double(), config.decomposition), full_matrices=False)
    wanted = _rank(values, config)
    rank = min(len(values), -(-wanted // config.round_to) * config.round_to)
    before, after = products(weight), rank * products_per_rank(weight, config.decomposition)
    if after >= before:
        return f"at rank {rank} of {len(values)} two layers would take {after:,} products where it takes {before:,}"
    return _Decomposed(first=right.T, values=values, second=left, rank=rank)


def _rank(values: Tensor, config: Factorization) -> int:
    """The lowest rank that keeps the share that is asked for, at least 1."""
    if config.rank == "ratio":
        return max(1, round(config.keep * len(values)))
    squares = values.square().cumsum(0)
    return int((squares < config.keep * squares[-1]).sum()) + 1


def products(weight: Weighted) -> int:
    """Multiplications at one place of the output."""
    return weight.weight.numel()


def products_per_rank(weight: Weighted, decomposition: Decomposition) -> int:
    """The same of two layers in its place, for each channel between them; a column before a stride is computed at more places."""
    outputs, inputs = weight.weight.shape[:2]
    if isinstance(weight, nn.Linear):
        return inputs + outputs
    rows, columns = weight.kernel_size
    return inputs * rows * columns + outputs if decomposition == "channel" else inputs * rows * weight.stride[1] + outputs * columns


def _matrix(weight: Tensor, decomposition: Decomposition) -> Tensor:
    """What is decomposed: (outputs, inputs) with the kernel beside the inputs, or its columns with the outputs and its rows with the inputs."""
    if weight.dim() == 2 or decomposition == "channel":
        return weight.flatten(1)
    outputs, inputs, rows, columns = weight.shape
    return weight.permute(0, 3, 1, 2).reshape(outputs * columns, inputs * rows)


def _fill(model: nn.Module, name: str, decomposed: _Decomposed, decomposition: Decomposition, *, bias: Tensor | None) -> None:
    """Splits the layer and sets the numbers of both halves; the singular values are shared between the two."""
    first, second = split(model, name, rank=decomposed.rank, decomposition=decomposition)
    roots = decomposed.values[: decomposed.rank].sqrt()
    inner, outer = decomposed.first[:, : decomposed.rank] * roots, decomposed.second[:, : decomposed.rank] * roots
    if isinstance(second, nn.Conv2d):
        outputs, _, rows, columns = second.weight.shape
        outer = outer.reshape(outputs, columns, decomposed.rank).permute(0, 2, 1).reshape(outputs, decomposed.rank, rows, columns)
    with torch.no_grad():
        first.weight.copy_(inner.T.reshape(first.weight.shape))
        second.weight.copy_(outer)
        if bias is not None and second.bias is not None:
            second.bias.copy_(bias)


def _no_gain(config: Factorization, left: Mapping[str, str]) -> TechniqueError:
    named = [f"{name}: {reason}" for name, reason in left.items()][:SHOWN] or ["it has no layer with weights"]
    layers = "; ".join(named) + (f"; and {len(left) - SHOWN} more" if len(left) > SHOWN else "")
    return TechniqueError(
        f"factorization must make at least one layer take fewer products. Got rank {config.rank} with keep {config.keep:g} and round_to "
        f"{config.round_to}: {layers}. Lower factorization.keep or round_to, take a wider network, or leave the step out."
    )
