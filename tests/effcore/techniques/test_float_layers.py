"""Mixed precision: the layers that lose most stay in float, and the table of the scan says which."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from pydantic import ValidationError
from torch import nn

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.quantization import Quantization
from effcore.errors import TechniqueError
from effcore.models import snapshot
from effcore.models.program import deployable
from effcore.plan import Context, make_plan
from effcore.runtimes import onnxruntime
from effcore.spec import parse
from effcore.stages.export import work
from effcore.tasks import Data
from effcore.techniques.quantization import apply, static
from effcore.techniques.quantization.sensitivity import noise
from effcore.training import predict

LAYERS = {"mlp": 3, "cnn": 5, "residual": 10, "mobile": 13}


def config(count: int) -> Quantization:
    return Quantization(reduce_range=False, float_layers=count)


def float_layers(path: Path) -> list[onnx.NodeProto]:
    """Layers of which neither the image nor the weights come out of a DequantizeLinear."""
    graph = onnx.load(str(path)).graph
    integers = {name for node in graph.node if node.op_type == "DequantizeLinear" for name in node.output}
    return [n for n in graph.node if n.op_type in ("Conv", "Gemm", "MatMul") and not set(n.input[:2]) & integers]


def test_the_most_sensitive_layer_alone_stays_in_float_in_the_file(
    trained: Callable[[str], nn.Module], digits: Data, tmp_path: Path
) -> None:
    path = tmp_path / "model.onnx"
    program, facts = apply(trained("cnn"), config(1), digits)
    onnxruntime.export(program, path, task=TASKS["digits"])
    (layer,) = float_layers(path)
    assert facts["float_layers"] == [next(iter(facts["sensitivity"]))]
    assert facts["sensitivity"][facts["float_layers"][0]] == max(facts["sensitivity"].values())
    stored = {t.name: numpy_helper.to_array(t) for t in onnx.load(str(path)).graph.initializer}
    kept = deployable(trained("cnn")).get_submodule(facts["float_layers"][0])
    weight = next(p for p in kept.parameters() if p.dim() > 1)
    np.testing.assert_allclose(stored[layer.input[1]], weight.numpy(), rtol=1e-6)
    assert sum(v.dtype == np.int8 and v.ndim > 1 for v in stored.values()) == facts["layers"] == 4


@pytest.mark.parametrize("family", sorted(LAYERS))
def test_the_logits_get_closer_with_each_layer_that_stays_in_float(
    family: str, trained: Callable[[str], nn.Module], digits: Data
) -> None:
    images, errors = digits.test.images, []
    for count in (0, 1, 2):
        program, facts = apply(trained(family), config(count), digits)
        logits = program.module()(torch.tensor(images))
        errors.append(float((logits - predict(trained(family), images)).square().mean()))
        assert facts["layers"] == LAYERS[family] - count
        assert facts.get("float_layers", []) == list(facts.get("sensitivity", {}))[:count]
    assert errors[0] > errors[1] > errors[2] > 0


def test_the_table_has_every_layer_most_sensitive_first(trained: Callable[[str], nn.Module], digits: Data) -> None:
    _, facts = apply(trained("residual"), config(3), digits)
    table = facts["sensitivity"]
    assert len(table) == 10 and len(facts["float_layers"]) == 3
    assert {"1", "2.0.first", "2.0.second", "3.0.shortcut", "5.classify"} <= set(table)
    assert list(table.values()) == sorted(table.values(), reverse=True) and min(table.values()) > 0


def test_the_noise_of_a_layer_is_that_of_a_network_with_it_alone_in_integers(trained: Callable[[str], nn.Module], digits: Data) -> None:
    program, facts = apply(trained("mlp"), config(2), digits)
    images = digits.train.first(256).images
    found = noise(program.module()(torch.tensor(images)), predict(trained("mlp"), images))
    assert found == pytest.approx(list(facts["sensitivity"].values())[-1], rel=0.01)


def test_noise_is_the_squared_error_over_the_variance() -> None:
    reference = torch.tensor([[0.0, 2.0], [4.0, 6.0]])  # variance 5
    assert noise(reference + 1, reference) == pytest.approx(1 / 5)
    assert noise(reference, reference) == 0
    assert noise(torch.tensor([[3.0, 1.0]]), torch.ones(1, 2)) == pytest.approx(2.0)


@pytest.mark.parametrize(("count", "most"), [(3, 2), (1000, 2)])
def test_a_layer_must_be_left_to_quantize(count: int, most: int, trained: Callable[[str], nn.Module], digits: Data) -> None:
    with pytest.raises(TechniqueError, match=f"float_layers must leave a layer to quantize: at most {most} with the 3 of .*Got {count}. Take fewer"):
        apply(trained("mlp"), config(count), digits)


@pytest.mark.parametrize("mode", ["aware", "dynamic", "weight_only", "codebook", "fp16", "bf16"])
def test_other_modes_have_no_use_for_it(mode: str) -> None:
    with pytest.raises(ValidationError, match=f"left out with the mode {mode}"):
        Quantization.model_validate({"mode": mode, "float_layers": 1})


def test_which_layer_stays_in_float_decides_the_structure_that_is_measured(
    trained: Callable[[str], nn.Module], digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    structures = []
    for name in ("2.0", "3.0", "3.0"):
        monkeypatch.setattr(static, "sensitivity", lambda *_, first=name: {first: 1.0})
        program, facts = apply(trained("cnn"), config(1), digits)
        onnxruntime.export(program, tmp_path / "model.onnx", task=TASKS["digits"])
        structures.append(onnxruntime.structure(tmp_path / "model.onnx"))
        assert facts["float_layers"] == [name]
    assert structures[0] != structures[1] == structures[2]


def test_an_export_keeps_the_table_in_its_facts(trained: Callable[[str], nn.Module], tmp_path: Path) -> None:
    snapshot.save(tmp_path / "model.pt", snapshot.take(trained("mlp"), "digits", Architecture(family="mlp", width=0.5).model_dump(), []))
    asked = {"task": "digits", "runtime": "onnxruntime", "lower": [{"quantization": config(1).model_dump(mode="json")}], "data_fraction": 1.0}
    did = work(asked, {"model": tmp_path}, tmp_path)["did"]["quantization"]
    assert set(did["sensitivity"]) == {"2", "3", "4"} and did["float_layers"] == list(did["sensitivity"])[:1]
    assert len(float_layers(tmp_path / "model.onnx")) == 1


def expected_structure(quantization: str) -> str:
    steps = ("architecture: {family: mlp}", "training: {}", f"quantization: {quantization}", "runtime: onnxruntime")
    spec = parse("name: a\ntask: digits\nrecipe:\n" + "".join(f"  - {step}\n" for step in steps))
    return make_plan([(spec.recipes[0], 0)], context=Context(exact_int8=True, machine="m")).variants[0].structure


def test_layers_in_float_are_expected_to_be_another_structure_and_another_calibration_is_not() -> None:
    plain, calibrated, one, two = map(expected_structure, ("{}", "{calibration: minmax}", "{float_layers: 1}", "{float_layers: 2}"))
    assert plain == calibrated and len({plain, one, two}) == 3
