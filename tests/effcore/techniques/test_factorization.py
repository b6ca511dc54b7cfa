"""Layers are really two thinner ones, in the network and in the file, and only where that takes fewer products."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.factorization import Factorization
from effcore.catalogue.pruning import Pruning
from effcore.catalogue.quantization import Quantization
from effcore.catalogue.training import Training
from effcore.errors import SpecError, TechniqueError
from effcore.models import snapshot
from effcore.models.blocks import convolution, linear
from effcore.models.factors import Decomposition, Factors
from effcore.plan import Context, make_plan
from effcore.runtimes import onnxruntime
from effcore.spec import parse
from effcore.tasks import Data
from effcore.techniques import FUNCTIONS, pruning
from effcore.techniques.factorization import apply
from effcore.training import Fit, fit, predict

BOTH: tuple[Decomposition, ...] = ("channel", "spatial")


def untouched(model: nn.Module, epochs: int) -> Fit:
    raise AssertionError("fine-tuning was not asked for")


def factored(model: nn.Module, data: Data, **given: Any) -> tuple[nn.Module, dict[str, Any]]:
    thinner, _, facts = apply(model, Factorization.model_validate({"fine_tune": 0} | given), data, tune=untouched)
    return thinner, facts


def inner_channels(path: Path) -> list[tuple[int, ...]]:
    """Shapes of the weights of all layers in a file."""
    graph = onnx.load(str(path)).graph
    stored = {t.name: tuple(t.dims) for t in graph.initializer}
    return [stored[n.input[1]] for n in graph.node if n.op_type in ("Conv", "Gemm", "MatMul")]


@pytest.mark.parametrize("decomposition", BOTH)
def test_a_product_of_that_rank_is_found_again(decomposition: Decomposition, digits: Data) -> None:
    torch.manual_seed(0)
    layers = [convolution(16, 24), convolution(16, 24, stride=2), convolution(16, 24, kernel=1, stride=2), linear(64, 48)]
    for layer in layers:
        weight = layer.weight.weight
        rows = weight.permute(0, 3, 1, 2).flatten(0, 1).flatten(1) if weight.dim() == 4 and decomposition == "spatial" else weight.flatten(1)
        product = torch.randn(rows.shape[0], 4) @ torch.randn(4, rows.shape[1])
        with torch.no_grad():
            if weight.dim() == 4 and decomposition == "spatial":
                outputs, inputs, height, width = weight.shape
                weight.copy_(product.reshape(outputs, width, inputs, height).permute(0, 2, 3, 1))
            else:
                weight.copy_(product.reshape(weight.shape))
        model = nn.Sequential(layer).eval()
        thinner, facts = factored(model, digits, decomposition=decomposition, rank="energy", keep=0.999999, round_to=4)
        assert facts["ranks"] == {"0": 4} and facts["energy"]["0"] == pytest.approx(1.0) and isinstance(thinner[0], Factors)
        images = torch.randn(3, 16, 9, 9) if weight.dim() == 4 else torch.randn(3, 64)
        torch.testing.assert_close(thinner(images), model(images), rtol=1e-3, atol=1e-4)


def test_it_is_the_best_of_its_rank(digits: Data, trained: Callable[[str], nn.Module]) -> None:
    model = trained("mlp")
    thinner, facts = factored(model, digits)
    for name, rank in facts["ranks"].items():
        module = model.get_submodule(name)
        whole = (module if isinstance(module, nn.Linear) else module.weight).weight.detach().numpy()
        pair = [m.weight.detach().numpy() for m in thinner.get_submodule(name).modules() if isinstance(m, nn.Linear)]
        values = np.linalg.svd(whole, compute_uv=False)
        assert np.square(pair[1] @ pair[0] - whole).sum() == pytest.approx(np.square(values[rank:]).sum(), rel=1e-3)
        assert facts["energy"][name] == pytest.approx(np.square(values[:rank]).sum() / np.square(values).sum(), rel=1e-4)
        assert facts["full_ranks"][name] == len(values)


def test_the_energy_decides_the_rank(digits: Data, trained: Callable[[str], nn.Module]) -> None:
    ranks = [factored(trained("cnn"), digits, rank="energy", keep=keep, round_to=1)[1] for keep in (0.3, 0.6)]
    assert set(ranks[0]["ranks"]) >= {"3.0", "4.0"}
    for name in ranks[0]["ranks"].keys() & ranks[1]["ranks"].keys():
        assert ranks[0]["ranks"][name] < ranks[1]["ranks"][name]
        assert ranks[0]["energy"][name] >= 0.3 and ranks[1]["energy"][name] >= 0.6


@pytest.mark.parametrize("decomposition", BOTH)
@pytest.mark.parametrize("family", ["mlp", "cnn", "residual", "mobile_se", "lenet_5"])
def test_the_file_has_those_ranks_and_takes_fewer_products(
    family: str, decomposition: str, digits: Data, trained: Callable[[str], nn.Module], artifact: Callable[[str, str], Path], tmp_path: Path
) -> None:
    thinner, facts = factored(trained(family), digits, decomposition=decomposition)
    onnxruntime.export(thinner, tmp_path / "model.onnx", task=TASKS["digits"])
    before, after = (inner_channels(p) for p in (artifact(family, "float"), tmp_path / "model.onnx"))
    assert len(after) == len(before) + len(facts["ranks"])
    for name, rank in facts["ranks"].items():
        first, second = (m.weight.shape for m in thinner.get_submodule(name).modules() if isinstance(m, nn.Conv2d | nn.Linear))
        assert first[0] == second[1] == rank
        assert after.count(tuple(first)) + after.count(tuple(first)[::-1]) >= 1 and after.count(tuple(second)) + after.count(tuple(second)[::-1]) >= 1
    counts = [onnxruntime.counts(p) for p in (artifact(family, "float"), tmp_path / "model.onnx")]
    assert counts[1].macs < counts[0].macs and counts[1].params < counts[0].params
    images = digits.test.images
    torch.testing.assert_close(torch.tensor(onnxruntime.load(tmp_path / "model.onnx")(images)), predict(thinner, images), rtol=1e-3, atol=1e-3)


def test_groups_stay_whole_with_their_reason(digits: Data, trained: Callable[[str], nn.Module]) -> None:
    _, facts = factored(trained("mobile"), digits)
    assert facts["left_whole"]["3.0.spatial"].endswith("groups of channels are apart already")
    assert not facts["left_whole"].keys() & facts["ranks"].keys()


def test_a_network_whose_layers_gain_nothing_is_refused_with_the_reason(digits: Data, trained: Callable[[str], nn.Module]) -> None:
    with pytest.raises(TechniqueError, match="with keep 0.9 and round_to 8: 2: at rank 64 of 64 two layers would take 12,288 products"):
        factored(trained("mlp"), digits, keep=0.9)
    with pytest.raises(TechniqueError, match="and 3 more. Lower factorization.keep or round_to"):
        factored(nn.Sequential(*(linear(8, 8) for _ in range(6))), digits)


def test_it_can_be_cut_and_quantized_afterwards_and_comes_back(
    digits: Data, trained: Callable[[str], nn.Module], state_of: Callable[[nn.Module], str], tmp_path: Path
) -> None:
    def tune(model: nn.Module, epochs: int) -> Fit:
        return fit(model, digits.fraction(0.1), Training(epochs=epochs), seed=0)

    cut, first, _ = pruning.apply(trained("residual"), Pruning(amount=0.25, round_to=4, fine_tune=0), digits, tune=untouched)
    thinner, second, facts = apply(cut, Factorization(round_to=4), digits, tune=tune)
    again, third, channels = pruning.apply(thinner, Pruning(amount=0.25, round_to=2, fine_tune=0), digits, tune=untouched)
    assert channels["channels_after"]["4.0.first.0"] < facts["ranks"]["4.0.first"]
    kept = snapshot.take(again, "digits", Architecture(family="residual", width=0.5), [first, second, third])
    snapshot.save(tmp_path / "model.pt", kept)
    back = snapshot.rebuild(snapshot.load(tmp_path / "model.pt"))
    assert state_of(back) == state_of(again)
    assert torch.equal(predict(back, digits.test.images), predict(again, digits.test.images))
    _, reached = FUNCTIONS["quantization"](thinner, Quantization(reduce_range=True), digits)
    assert reached["layers"] == sum(isinstance(m, nn.Conv2d | nn.Linear) for m in thinner.modules())


def spec(*steps: str) -> str:
    lines = ("architecture: {family: mlp}", "training: {epochs: 2}", *steps, "runtime: onnxruntime")
    return "name: a\ntask: digits\nrecipe:\n" + "".join(f"  - {line}\n" for line in lines)


def test_it_follows_no_pruning_that_sets_weights_to_zero() -> None:
    zeros, channels = "pruning: {structure: weights, fine_tune: 0}", "pruning: {amount: 0.25, fine_tune: 0}"
    with pytest.raises(SpecError, match=r"recipe\[3\].factorization.decomposition \(line 7\): can't come after pruning that sets weights to zero"):
        parse(spec(zeros, "factorization: {}"))
    assert len(parse(spec("factorization: {}", zeros)).variants) == len(parse(spec(channels, "factorization: {}")).variants) == 1


def test_the_plan_knows_what_it_trains_and_which_structures_it_makes() -> None:
    both = parse(spec("factorization: [{fine_tune: 0}, {fine_tune: 3}, {rank: energy, fine_tune: 3}]"))
    plan = make_plan([(r, seed) for r in both.recipes for seed in (0, 1)], context=Context(exact_int8=True, machine="m"))
    assert sorted(s.units for s in plan.stages.values() if s.kind == "transform") == [0, 0, 3, 3, 3, 3]
    assert plan.structures == 1 + 2  # the energy decides ranks by the trained weights
