"""The .onnx file: self-contained, raw pixels in, integers around the layers, and read without running it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, numpy_helper
from torch import nn

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.pruning import Pruning
from effcore.catalogue.quantization import Quantization
from effcore.models import build
from effcore.runtimes import onnxruntime
from effcore.tasks import Data
from effcore.techniques import pruning, quantization
from effcore.training import predict

TASK = TASKS["digits"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a model.onnx"


def fresh(family: str, width: float = 0.5, seed: int = 0) -> nn.Module:
    return build(Architecture(family=family, width=width), TASK, seed=seed).eval()  # type: ignore[arg-type]


@pytest.mark.parametrize("family", ["mlp", "cnn", "residual", "mobile"])
def test_the_file_says_what_the_model_says(
    family: str, artifact: Callable[[str, str], Path], trained: Callable[[str], nn.Module], digits: Data
) -> None:
    model, run = trained(family), onnxruntime.load(artifact(family, "float"))
    for count in (1, 7, 400):
        logits = run(digits.test.images[:count])
        assert logits.dtype == np.float32 and logits.shape == (count, 10)
        np.testing.assert_allclose(logits, predict(model, digits.test.images[:count]), atol=2e-4)


def test_it_takes_raw_pixels_and_knows_its_classes(artifact: Callable[[str, str], Path]) -> None:
    path = artifact("cnn", "float")
    model = onnx.load(str(path))
    (image,), (logits,) = model.graph.input, model.graph.output
    assert (image.name, image.type.tensor_type.elem_type, logits.name) == ("image", TensorProto.UINT8, "logits")
    assert [d.dim_value for d in image.type.tensor_type.shape.dim] == [0, 1, 8, 8]
    assert onnxruntime.class_names(path) == TASK.classes
    assert {entry.key: entry.value for entry in model.metadata_props}["task"] == "digits"
    onnx.checker.check_model(model, full_check=True)


def test_nothing_of_the_exporter_is_left_in_it(path: Path) -> None:
    onnxruntime.export(fresh("residual"), path, task=TASK)
    model, content = onnx.load(str(path)), path.read_bytes()
    assert list(path.parent.iterdir()) == [path]
    assert not model.graph.value_info and not any(node.metadata_props or node.doc_string for node in model.graph.node)
    for told in (b"site-packages", b"forward", str(Path(__file__).parents[3]).encode()):
        assert told not in content
    weights = sum(len(numpy_helper.to_array(tensor).tobytes()) for tensor in model.graph.initializer)
    assert weights <= len(content) < weights + 10_000


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        onnxruntime.export(fresh("mlp"), tmp_path / name, task=TASK)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("family", ["cnn", "residual", "mobile", "mlp"])
def test_integers_stand_around_every_layer_and_weights_are_stored_as_integers(
    family: str, artifact: Callable[[str, str], Path], trained: Callable[[str], nn.Module]
) -> None:
    graph = onnx.load(str(artifact(family, "int8"))).graph
    made_by = {output: node for node in graph.node for output in node.output}
    stored = {tensor.name: tensor for tensor in graph.initializer}
    layers = [node for node in graph.node if node.op_type in ("Conv", "Gemm", "MatMul")]
    assert len(layers) == sum(isinstance(m, nn.Conv2d | nn.Linear) for m in trained(family).modules())
    for layer in layers:
        image, weight = (made_by[name] for name in layer.input[:2])
        assert image.op_type == weight.op_type == "DequantizeLinear"
        assert made_by[image.input[0]].op_type == "QuantizeLinear"
        assert stored[weight.input[0]].data_type == TensorProto.INT8
    assert not [t.name for t in graph.initializer if t.data_type == TensorProto.FLOAT and len(t.dims) > 1]


def test_all_convolutions_run_on_integer_kernels(tmp_path: Path, artifact: Callable[[str, str], Path]) -> None:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    options.log_severity_level = 3
    ort.InferenceSession(str(artifact("residual", "int8")), options)
    kernels = Counter(node.op_type for node in onnx.load(str(tmp_path / "optimized.onnx")).graph.node)
    assert kernels["QLinearConv"] == 9 and kernels["QLinearAdd"] == 3
    assert not kernels["Conv"] and not kernels["FusedConv"]


def test_the_integer_file_is_at_most_35_percent_of_a_parent_of_half_a_megabyte(tmp_path: Path, digits: Data) -> None:
    model = fresh("cnn", width=1.0)
    program, _ = quantization.apply(model, Quantization(reduce_range=False), digits)
    for name, given in (("float", model), ("int8", program)):
        onnxruntime.export(given, tmp_path / name, task=TASK)
    parent, child = ((tmp_path / name).stat().st_size for name in ("float", "int8"))
    assert parent >= 500_000 and child <= 0.35 * parent


def test_structure_ignores_weights_and_names_and_sees_shapes_and_types(tmp_path: Path, digits: Data) -> None:
    first, other, wider = fresh("mlp"), fresh("mlp", seed=1), fresh("mlp", width=1.0)
    integers = [quantization.apply(m, Quantization(reduce_range=False), digits)[0] for m in (first, other)]
    found = []
    for given in (first, other, *integers, wider):
        onnxruntime.export(given, tmp_path / "model.onnx", task=TASK)
        found.append(onnxruntime.structure(tmp_path / "model.onnx"))
    assert found[0] == found[1] and found[2] == found[3]
    assert len(set(found)) == 3 and all(len(name) == 16 for name in found)


def test_counts_by_hand(artifact: Callable[[str, str], Path]) -> None:
    counts = onnxruntime.counts(artifact("cnn", "float"))
    layers = [(1, 16, 16), (16, 32, 4), (32, 64, 1), (64, 128, 1)]  # inputs, outputs, places in the output
    assert counts.macs == sum(i * o * 9 * places for i, o, places in layers) + 128 * 10
    assert counts.params == counts.nonzero_params == sum(i * o * 9 + o for i, o, _ in layers) + 128 * 10 + 10


@pytest.mark.parametrize("family", ["mlp", "cnn", "residual", "mobile"])
def test_integers_have_the_counts_of_the_floats_they_came_from(
    family: str, artifact: Callable[[str, str], Path]
) -> None:
    floats, integers = (onnxruntime.counts(artifact(family, kind)) for kind in ("float", "int8"))
    assert (floats.params, floats.macs) == (integers.params, integers.macs)
    assert 0.9 * floats.params < integers.nonzero_params < integers.params


def test_a_pruned_file_has_fewer_channels_and_macs(tmp_path: Path, digits: Data) -> None:
    model = fresh("residual", width=1.0)
    smaller, _, _ = pruning.apply(
        model, Pruning(fine_tune=0), digits, tune=lambda model, epochs: pytest.fail("not asked for")
    )
    onnxruntime.export(model, tmp_path / "full", task=TASK)
    onnxruntime.export(smaller, tmp_path / "cut", task=TASK)

    def outputs(name: str) -> list[int]:
        graph = onnx.load(str(tmp_path / name)).graph
        shapes = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
        return [shapes[node.input[1]][0] for node in graph.node if node.op_type == "Conv"]

    assert outputs("cut") == [count // 2 for count in outputs("full")]
    assert onnxruntime.counts(tmp_path / "cut").macs < 0.3 * onnxruntime.counts(tmp_path / "full").macs


def test_export_leaves_the_model_as_it_was(path: Path, state_of: Callable[[nn.Module], str]) -> None:
    model = fresh("cnn").train()
    before = state_of(model)
    onnxruntime.export(model, path, task=TASK)
    assert state_of(model) == before and model.training and all(p.requires_grad for p in model.parameters())


def test_version_is_that_of_the_package() -> None:
    import onnxruntime as ort

    assert onnxruntime.version() == ort.__version__


def test_zeros_are_counted_apart(path: Path) -> None:
    model = fresh("mlp")
    with torch.no_grad():
        next(m for m in model.modules() if isinstance(m, nn.Linear)).weight[0] = 0
    onnxruntime.export(model, path, task=TASK)
    counts = onnxruntime.counts(path)
    assert counts.params - counts.nonzero_params == 64
