"""Weights that become zero: how many, which ones, and that they are zero in the end and in the file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from effcore.catalogue import TASKS
from effcore.catalogue.averaging import Averaging
from effcore.catalogue.pruning import Pruning
from effcore.catalogue.training import Training
from effcore.errors import TechniqueError
from effcore.runtimes import RUNTIME_MODULES
from effcore.tasks import Data, Split
from effcore.techniques import FUNCTIONS, Context
from effcore.techniques.pruning import apply, keep_zeros
from effcore.techniques.pruning.masks import of_four, weights_of
from effcore.training import Fit, Hooks, fit


def pruned(model: nn.Module, data: Data, *, seed: int = 0, **given: object) -> tuple[nn.Module, dict[str, Any]]:
    """With an epoch of fine-tuning on a tenth of the images where it asks for one."""

    def tune(sparse: nn.Module, epochs: int, *, hooks: Sequence[Hooks] = ()) -> Fit:
        return fit(sparse, data.fraction(0.1), Training(epochs=epochs, learning_rate=0.01), seed=seed, hooks=hooks)

    torch.manual_seed(seed)
    sparse, edit, facts = apply(model, Pruning.model_validate({"structure": "weights"} | given), data, tune=tune)
    assert edit is None and not sparse.training
    return sparse, facts


def zeros(model: nn.Module) -> dict[str, Tensor]:
    return {name: weight == 0 for name, weight in weights_of(model).items()}


def same(one: nn.Module, other: nn.Module) -> bool:
    return all(torch.equal(zero, zeros(other)[name]) for name, zero in zeros(one).items())


@pytest.mark.parametrize("family", ["mlp", "cnn", "residual", "mobile"])
@pytest.mark.parametrize("amount", [0.5, 0.8])
def test_every_layer_has_its_zeros_after_fine_tuning(amount: float, family: str, digits: Data, trained: Callable[[str], nn.Module]) -> None:
    model = trained(family)
    sparse, facts = pruned(model, digits, amount=amount)
    for name, weight in weights_of(sparse).items():
        assert facts["zeros"][name] == int((weight == 0).sum()) == round(amount * weight.numel()), name
        assert facts["nonzero_share"][name] == pytest.approx(1 - amount, abs=0.5 / weight.numel())
        assert not torch.equal(weight, weights_of(model)[name])
    assert len(facts["zeros"]) == len([m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)])
    assert facts["left_whole"] == []
    assert {k: v.shape for k, v in sparse.state_dict().items()} == {k: v.shape for k, v in model.state_dict().items()}


def test_the_smallest_go_and_the_others_stay_as_they_are(digits: Data, trained: Callable[[str], nn.Module]) -> None:
    sparse, _ = pruned(trained("cnn"), digits, amount=0.3, fine_tune=0)
    for name, before in weights_of(trained("cnn")).items():
        after, gone = weights_of(sparse)[name], zeros(sparse)[name]
        assert before[gone].abs().max() <= before[~gone].abs().min() and torch.equal(after[~gone], before[~gone])


@pytest.mark.parametrize("family", ["mlp", "cnn", "residual", "mobile"])
@pytest.mark.parametrize("criterion", ["l1", "taylor", "random"])
def test_two_of_every_four_inputs_are_zero_after_fine_tuning(
    criterion: str, family: str, digits: Data, trained: Callable[[str], nn.Module]
) -> None:
    sparse, facts = pruned(trained(family), digits, structure="two_of_four", criterion=criterion)
    whole = {name for name, weight in weights_of(sparse).items() if weight.shape[1] == 1}
    assert set(facts["left_whole"]) == whole and len(whole) < len(facts["zeros"])
    assert bool(whole) == (family != "mlp")
    for name, zero in zeros(sparse).items():
        if name in whole:
            assert facts["zeros"][name] == 0
            continue
        outputs, inputs = zero.shape[:2]
        for places in zero.reshape(outputs, inputs, -1).unbind(2):
            assert bool((places.reshape(outputs, inputs // 4, 4).sum(2) == 2).all()), name
        assert facts["nonzero_share"][name] == 0.5


def test_two_of_four_by_hand() -> None:
    linear = torch.tensor([[1.0, 4.0, 2.0, 3.0, 0.0, 0.0, 5.0, 0.0]])
    assert of_four(linear, 2).int().tolist() == [[1, 0, 1, 0, 1, 1, 0, 0]]
    kernel = torch.arange(8.0).reshape(1, 4, 1, 2)  # inputs 0, 2, 4, 6 at the first place, 1, 3, 5, 7 at the second
    assert of_four(kernel, 2).int().flatten().tolist() == [1, 1, 1, 1, 0, 0, 0, 0]


def test_chance_repeats_for_a_seed_and_knows_nothing_of_weights(digits: Data, trained: Callable[[str], nn.Module]) -> None:
    first, again, other = (pruned(trained("mlp"), digits, criterion="random", seed=seed, fine_tune=0)[0] for seed in (0, 0, 1))
    assert same(first, again) and not same(first, other)
    assert not same(first, pruned(trained("mlp"), digits, fine_tune=0)[0])


def test_taylor_is_weight_times_gradient_on_the_training_images(digits: Data, trained: Callable[[str], nn.Module]) -> None:
    model = trained("cnn")
    sparse, _ = pruned(model, digits, criterion="taylor", fine_tune=0)
    for name, weight in weights_of(model).items():
        images, labels = torch.tensor(digits.train.images[:256]), torch.tensor(digits.train.labels[:256])
        (gradient,) = torch.autograd.grad(functional.cross_entropy(model.eval()(images), labels, reduction="sum"), weight)
        score, gone = (weight * gradient).abs().detach(), zeros(sparse)[name]
        assert score[gone].max() <= score[~gone].min() * 1.001 + 1e-6, name
    backwards = replace(digits, train=Split(digits.train.images[::-1].copy(), digits.train.labels[::-1].copy()))
    assert not same(sparse, pruned(model, backwards, criterion="taylor", fine_tune=0)[0])
    assert same(*(pruned(model, data, fine_tune=0)[0] for data in (digits, backwards)))


@pytest.mark.parametrize("criterion", ["l1", "taylor"])
def test_one_threshold_for_all_layers_takes_unequal_shares_of_the_same_sum(
    criterion: str, digits: Data, trained: Callable[[str], nn.Module]
) -> None:
    sparse, facts = pruned(trained("cnn"), digits, scope="global", amount=0.9, criterion=criterion, fine_tune=0)
    sizes = {name: weight.numel() for name, weight in weights_of(sparse).items()}
    assert sum(facts["zeros"].values()) == round(0.9 * sum(sizes.values()))
    assert max(facts["nonzero_share"].values()) > 2 * min(facts["nonzero_share"].values())
    assert all(facts["zeros"][name] < size for name, size in sizes.items())
    if criterion == "l1":
        kept, gone = (
            torch.cat([w.detach()[zeros(sparse)[name] == is_zero].abs() for name, w in weights_of(trained("cnn")).items()]) for is_zero in (0, 1)
        )
        assert (kept < gone.max()).float().mean() < 0.02  # what each layer keeps at least


def test_one_threshold_leaves_something_of_a_layer_of_tiny_weights(digits: Data, trained: Callable[[str], nn.Module]) -> None:
    model = pruned(trained("cnn"), digits, amount=0.01, fine_tune=0)[0]
    first = next(iter(weights_of(model).values()))
    with torch.no_grad():
        first.mul_(1e-6)
    sparse, _ = pruned(model, digits, scope="global", amount=0.5, fine_tune=0)
    assert 1 <= int((next(iter(weights_of(sparse).values())) != 0).sum()) <= max(1, first.numel() // 100)


def test_rounds_come_to_the_same_amount_with_a_training_after_each(digits: Data, trained: Callable[[str], nn.Module]) -> None:
    seen: list[float] = []

    def tune(sparse: nn.Module, epochs: int, *, hooks: Sequence[Hooks] = ()) -> Fit:
        weight = next(iter(weights_of(sparse).values()))
        seen.append(float((weight == 0).float().mean()))
        return fit(sparse, digits.fraction(0.1), Training(epochs=epochs), seed=0, hooks=hooks)

    config = Pruning(structure="weights", amount=0.875, rounds=3, fine_tune=2)
    sparse, _, facts = apply(trained("mlp"), config, digits, tune=tune)
    assert seen == pytest.approx([0.5, 0.75, 0.875], abs=1e-3)
    assert all(facts["zeros"][name] == round(0.875 * weight.numel()) for name, weight in weights_of(sparse).items())


def test_zeros_are_kept_beside_averaging(digits: Data, trained: Callable[[str], nn.Module]) -> None:
    sparse, facts = pruned(trained("mlp"), digits, fine_tune=0)
    part = digits.fraction(0.1)
    averaging = FUNCTIONS["averaging"](Averaging(), Context(data=part, seed=0))
    fit(sparse, part, Training(epochs=1, learning_rate=0.01), seed=0, hooks=[keep_zeros(sparse), averaging])
    assert {name: int(zero.sum()) for name, zero in zeros(sparse).items()} == facts["zeros"]
    fit(sparse, part, Training(epochs=1, learning_rate=0.01), seed=0)
    assert sum(int(zero.sum()) for zero in zeros(sparse).values()) < 0.2 * sum(facts["zeros"].values())


@pytest.mark.parametrize("given", [{"amount": 0.8}, {"structure": "two_of_four"}])
@pytest.mark.parametrize("family", ["mlp", "cnn", "residual"])
def test_the_exported_file_has_those_zeros(
    family: str, given: dict[str, Any], digits: Data, trained: Callable[[str], nn.Module], artifact: Callable[[str, str], Path], tmp_path: Path
) -> None:
    runtime = RUNTIME_MODULES["onnxruntime"]
    sparse, facts = pruned(trained(family), digits, **given)
    runtime.export(sparse, tmp_path / "model.onnx", task=TASKS["digits"])
    before, after = (runtime.counts(path) for path in (artifact(family, "float"), tmp_path / "model.onnx"))
    assert (after.params, after.macs) == (before.params, before.macs)
    assert after.params - after.nonzero_params == sum(facts["zeros"].values())
    assert runtime.structure(tmp_path / "model.onnx") == runtime.structure(artifact(family, "float"))


def test_a_step_that_finds_nothing_to_take_is_an_error(digits: Data, trained: Callable[[str], nn.Module]) -> None:
    model, _ = pruned(trained("mlp"), digits, amount=0.6, fine_tune=0)
    with pytest.raises(TechniqueError, match=r"found none to take. Got amount 0.5 and the structure weights for these layers: 2 \(128, 64\)"):
        pruned(model, digits, amount=0.5)
    odd = nn.Sequential(nn.Flatten(), nn.Linear(63, 10))
    with pytest.raises(TechniqueError, match=r"structure two_of_four for these layers: 1 \(10, 63\). It needs layers whose inputs"):
        pruned(odd, digits, structure="two_of_four")
