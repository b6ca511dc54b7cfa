"""How much accuracy a network loses when one of its layers alone is pruned, by amount; and amounts that are fair to all layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from effcore.catalogue.pruning import MOST_SCANNED
from effcore.errors import TechniqueError
from effcore.models.blocks import Layer
from effcore.tasks import Split
from effcore.techniques.pruning.criteria import weight_scores
from effcore.techniques.pruning.masks import lowest_of, weights_of
from effcore.training import evaluate

AMOUNTS = (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, MOST_SCANNED)
"""Shares of a layer that are tried; small layers break somewhere between a half and nine tenths."""
Scanned = Literal["weights", "channels"]
_HALVINGS = 40


def scan(model: nn.Module, images: Split, *, structure: Scanned = "weights", amounts: Sequence[float] = AMOUNTS) -> dict[str, Any]:
    """Prunes every layer alone by every amount, without training, and puts it back.

    Weights are set to zero, smallest first. Channels of the smallest squared weights give zeros in the place of their activations, which is
    what the rest of the network sees of channels that are cut out.

    Args:
        model: In eval mode; as it was afterwards.
        images: Validation images, on which accuracy is taken.
        structure: What is taken of each layer; `channels` leaves the classifier out.
        amounts: Shares of a layer, each between 0 and 1.

    Returns:
        Plain data: structure, amounts, images, accuracy of the whole network, and by layer its size (weights or channels) and the accuracy
        for each amount.

    Source: Li et al. 2017, https://arxiv.org/abs/1608.08710; Han et al. 2015, https://arxiv.org/abs/1506.02626.
    """
    without = _zeroed(model) if structure == "weights" else _silenced(model)
    layers: dict[str, Any] = {}
    for name, (size, less) in without.items():
        found = []
        for amount in amounts:
            with less(amount):
                found.append(evaluate(model, images))
        layers[name] = {"size": size, "accuracy": found}
    return {
        "structure": structure, "amounts": list(amounts), "images": len(images), "accuracy": evaluate(model, images), "layers": layers,
    }  # fmt: skip


_Less = Callable[[float], AbstractContextManager[None]]


def _zeroed(model: nn.Module) -> dict[str, tuple[int, _Less]]:
    """By layer its weights, and what sets a share of them to zero while it is open."""

    def less(weight: nn.Parameter) -> _Less:
        @contextmanager
        def opened(amount: float) -> Iterator[None]:
            before = weight.detach().clone()
            gone = lowest_of(weight_scores(weight, "l1"), amount)
            with torch.no_grad():
                weight.masked_fill_(gone, 0.0)
            try:
                yield
            finally:
                with torch.no_grad():
                    weight.copy_(before)

        return opened

    return {name: (weight.numel(), less(weight)) for name, weight in weights_of(model).items()}


def _silenced(model: nn.Module) -> dict[str, tuple[int, _Less]]:
    """By layer its channels, and what gives zeros for a share of them while it is open."""

    def less(layer: Layer) -> _Less:
        @contextmanager
        def opened(amount: float) -> Iterator[None]:
            gone = lowest_of(layer.weight.weight.detach().flatten(1).square().sum(1), amount)

            def silence(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
                channels = 1 if isinstance(layer.weight, nn.Conv2d) else output.dim() - 1
                return output.index_fill(channels, gone.nonzero().flatten(), 0.0)

            handle = layer.register_forward_hook(silence)
            try:
                yield
            finally:
                handle.remove()

        return opened

    return {name: (module.outputs, less(module)) for name, module in model.named_modules() if isinstance(module, Layer)}


def fair_amounts(found: Mapping[str, Any], amount: float) -> dict[str, float]:
    """A share for every layer, so that no layer alone loses more accuracy than another and all together lose a share of the whole.

    Between the amounts of the scan the loss is taken as a straight line, and no layer loses more than the largest of them.

    Args:
        found: From `scan`.
        amount: Share of all layers together.

    Raises:
        TechniqueError: The amount is above the largest of the scan.
    """
    grid = np.array([0.0, *found["amounts"]])
    if amount > grid[-1]:
        raise TechniqueError(
            f"pruning.amount must be at most {grid[-1]:g} with the scope sensitivity, which leaves something of every layer. Got {amount:g}."
        )
    sizes = np.array([layer["size"] for layer in found["layers"].values()], dtype=float)
    losses = [np.maximum.accumulate([0.0, *(found["accuracy"] - np.array(layer["accuracy"]))]) for layer in found["layers"].values()]

    def at(loss: float) -> np.ndarray:
        return np.array([_largest(grid, curve, loss) for curve in losses])

    low, high = 0.0, max(float(curve[-1]) for curve in losses)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if at(middle) @ sizes >= amount * sizes.sum() else (middle, high)
    shares = at(high)
    shares = shares * (amount * sizes.sum() / (shares @ sizes))  # exactly, and less of all where none of it costs anything
    return dict(zip(found["layers"], map(float, shares), strict=True))


def _largest(grid: np.ndarray, curve: np.ndarray, loss: float) -> float:
    """The largest amount whose loss is not above the one that is allowed."""
    above = np.nonzero(curve > loss)[0]
    if not len(above):
        return float(grid[-1])
    after = int(above[0])
    share = (loss - curve[after - 1]) / (curve[after] - curve[after - 1])
    return float(grid[after - 1] + share * (grid[after] - grid[after - 1]))
