"""The scan of layers: what it measures, that it leaves the network alone, and the amounts that follow from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from effcore.catalogue.pruning import Pruning
from effcore.errors import TechniqueError
from effcore.models.blocks import Layer
from effcore.tasks import Data
from effcore.techniques.pruning import apply
from effcore.techniques.pruning.masks import weights_of
from effcore.techniques.pruning.sensitivity import AMOUNTS, fair_amounts, scan
from effcore.training import Fit, evaluate


def untouched(model: nn.Module, epochs: int) -> Fit:
    raise AssertionError("fine-tuning was not asked for")


@pytest.mark.parametrize("structure", ["weights", "channels"])
@pytest.mark.parametrize("family", ["mlp", "residual", "mobile_se"])
def test_every_layer_is_tried_alone_and_the_network_stays_as_it_is(
    family: str, structure: Any, digits: Data, trained: Callable[[str], nn.Module], state_of: Callable[[nn.Module], str]
) -> None:
    model = trained(family)
    before = state_of(model)
    found = scan(model, digits.validation, structure=structure, amounts=(0.5, 0.9))
    assert state_of(model) == before and not any(module._forward_hooks for module in model.modules())
    layers = weights_of(model) if structure == "weights" else [n for n, m in model.named_modules() if isinstance(m, Layer)]
    assert list(found["layers"]) == list(layers) and found["amounts"] == [0.5, 0.9] and found["images"] == len(digits.validation)
    assert found["accuracy"] == evaluate(model, digits.validation)
    assert all(len(layer["accuracy"]) == 2 for layer in found["layers"].values())


def test_the_accuracy_is_that_of_a_network_with_the_smallest_weights_of_one_layer_at_zero(
    digits: Data, trained: Callable[[str], nn.Module]
) -> None:
    found = scan(trained("cnn"), digits.validation, amounts=(0.8,))
    for name in found["layers"]:
        sparse, _, _ = apply(trained("cnn"), Pruning(structure="weights", amount=0.8, fine_tune=0), digits, tune=untouched)
        state = trained("cnn").state_dict()
        own = next(key for key in state if key.startswith(f"{name}.") and key.endswith("weight") and state[key].dim() > 1)
        sparse.load_state_dict(state | {own: sparse.state_dict()[own]})
        assert found["layers"][name]["accuracy"] == [evaluate(sparse, digits.validation)], name
        assert found["layers"][name]["size"] == state[own].numel()


def test_silent_channels_are_those_that_cutting_takes_away(digits: Data, trained: Callable[[str], nn.Module]) -> None:
    model = trained("mlp")
    name, layer = [(n, m) for n, m in model.named_modules() if isinstance(m, Layer)][-1]
    found = scan(model, digits.validation, structure="channels", amounts=(0.5,))
    lowest = layer.weight.weight.detach().square().sum(1).argsort()[: layer.outputs // 2]
    last = next(m for m in reversed(list(model.modules())) if isinstance(m, nn.Linear))
    state = {k: v.clone() for k, v in model.state_dict().items()}
    try:
        with torch.no_grad():
            last.weight[:, lowest] = 0  # what the classifier reads of them
        assert found["layers"][name] == {"size": layer.outputs, "accuracy": [evaluate(model, digits.validation)]}
    finally:
        model.load_state_dict(state)


def table(*rows: tuple[int, list[float]]) -> dict[str, Any]:
    layers = {f"layer {i}": {"size": size, "accuracy": accuracy} for i, (size, accuracy) in enumerate(rows)}
    return {"structure": "weights", "amounts": [0.5, 0.9], "images": 100, "accuracy": 0.9, "layers": layers}


def test_amounts_come_to_the_same_loss_and_to_the_whole() -> None:
    found = fair_amounts(table((100, [0.9, 0.9]), (300, [0.8, 0.4])), 0.5)
    # The first layer loses all it may, 90 of 200 weights; the second 110 of 300, at a loss of 0.1 * (110 / 300) / 0.5.
    assert found == {"layer 0": pytest.approx(0.9), "layer 1": pytest.approx(110 / 300)}
    even = fair_amounts(table((100, [0.8, 0.4]), (300, [0.8, 0.4])), 0.7)
    assert even == {"layer 0": pytest.approx(0.7), "layer 1": pytest.approx(0.7)}
    free = fair_amounts(table((100, [0.9, 0.9]), (100, [0.95, 0.9])), 0.3)
    assert free == {"layer 0": pytest.approx(0.3), "layer 1": pytest.approx(0.3)}
    assert fair_amounts(table((10, [0.1, 0.1]), (10, [0.2, 0.3])), 0.9) == {"layer 0": pytest.approx(0.9), "layer 1": pytest.approx(0.9)}
    with pytest.raises(TechniqueError, match="amount must be at most 0.9 with the scope sensitivity.*Got 0.95"):
        fair_amounts(table((10, [0.9, 0.9])), 0.95)


@pytest.mark.parametrize("rounds", [1, 2])
def test_the_scope_takes_the_amount_in_all_and_less_of_the_layer_that_minds_most(
    rounds: int, digits: Data, trained: Callable[[str], nn.Module]
) -> None:
    config = Pruning(structure="weights", amount=0.7, scope="sensitivity", rounds=rounds)
    seen: list[int] = []

    def tune(model: nn.Module, epochs: int, **_: Any) -> Fit:
        seen.append(sum(int((w == 0).sum()) for w in weights_of(model).values()))
        return Fit(curve=[], optimizer_state={}, samples=0)

    sparse, _, facts = apply(trained("cnn"), config, digits, tune=tune)
    sizes = {name: weight.numel() for name, weight in weights_of(sparse).items()}
    assert len(seen) == rounds and seen[-1] == pytest.approx(0.7 * sum(sizes.values()), abs=len(sizes))
    assert tuple(facts["scan"]["amounts"]) == AMOUNTS
    wanted = fair_amounts(facts["scan"], 0.7)
    assert {name: 1 - share for name, share in facts["nonzero_share"].items()} == pytest.approx(wanted, abs=0.5 / min(sizes.values()))
    losses = {name: np.mean(layer["accuracy"]) for name, layer in facts["scan"]["layers"].items()}
    assert wanted[min(losses, key=lambda n: losses[n])] < 0.7 < max(wanted.values())
