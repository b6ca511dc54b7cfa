"""Each mode that acts on the exported file: what the file holds then, how large and how accurate it is."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, numpy_helper
from torch import nn

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.quantization import Quantization
from effcore.errors import TechniqueError
from effcore.models import build, snapshot
from effcore.runtimes import RUNTIME_MODULES
from effcore.stages.export import work
from effcore.tasks import Data
from effcore.techniques.quantization import CONVERTERS, apply, convert
from effcore.techniques.quantization.calibration import divergence_of
from effcore.techniques.quantization.codebook import codebook
from effcore.techniques.quantization.onnxfile import packed
from effcore.techniques.quantization.weight_only import rounded

RUNTIME = RUNTIME_MODULES["onnxruntime"]
LAYERS = {"mlp": 3, "cnn": 5, "residual": 10, "mobile": 13}
MODES: dict[str, dict[str, Any]] = {
    "fp16": {"mode": "fp16"},
    "bf16": {"mode": "bf16"},
    "dynamic": {"mode": "dynamic", "reduce_range": True},
    "int8": {"mode": "weight_only"},
    "int8 a layer": {"mode": "weight_only", "per_channel": False},
    "int4": {"mode": "weight_only", "bits": 4},
    "codebook": {"mode": "codebook"},
    "codebook 8": {"mode": "codebook", "bits": 8},
}
TOLERANCE = {4: 0.05, 8: 0.01, 16: 0.0025}
"""Largest difference in accuracy to the float file over 400 images, by bits."""
STORED = {
    "fp16": TensorProto.FLOAT16, "bf16": TensorProto.BFLOAT16, "dynamic": TensorProto.INT8, "int8": TensorProto.INT8,
    "int8 a layer": TensorProto.INT8,
    "int4": TensorProto.INT4, "codebook": TensorProto.UINT4, "codebook 8": TensorProto.UINT8,
}  # fmt: skip
"""Type of the stored weights; 4-bit products of linear layers hold theirs in bytes."""


def config(mode: str) -> Quantization:
    return Quantization.model_validate(MODES[mode])


@lru_cache
def mid_sized(family: str) -> bytes:
    """A float file with 0.9 (mlp) or 0.39 million (cnn) parameters, not trained."""
    width = {"mlp": 3.0, "cnn": 1.0}[family]
    model = build(Architecture(family=family, width=width), TASKS["mnist5k"], seed=0)  # type: ignore[arg-type]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        RUNTIME.export(model.eval(), path, task=TASKS["mnist5k"])
        return path.read_bytes()


def types_of(graph: onnx.GraphProto) -> Counter[int]:
    return Counter(t.data_type for t in graph.initializer if len(t.dims) > 1)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("family", sorted(LAYERS))
def test_a_mode_keeps_the_accuracy_and_says_what_it_did(
    family: str, mode: str, digits: Data, artifact: Callable[[str, str], Path], tmp_path: Path
) -> None:
    before = artifact(family, "float").read_bytes()
    file, facts = convert(before, config(mode), digits)
    assert convert(before, config(mode), digits)[0] == file != before == artifact(family, "float").read_bytes()
    linear = {"mlp": 3}.get(family, 1)
    assert facts["layers"] == (linear if mode == "dynamic" else LAYERS[family])
    assert (facts["mode"], facts["bits"]) == (MODES[mode]["mode"], config(mode).bits)
    path = tmp_path / "model.onnx"
    path.write_bytes(file)
    labels, images = digits.test.labels, digits.test.images
    right, reference = ((RUNTIME.load(p)(images).argmax(1) == labels).mean() for p in (path, artifact(family, "float")))
    assert right == pytest.approx(reference, abs=TOLERANCE[config(mode).bits])
    assert RUNTIME.class_names(path) == TASKS["digits"].classes
    assert not any(node.name for node in onnx.load(str(path)).graph.node)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("family", sorted(LAYERS))
def test_the_weights_in_the_file_have_the_type_that_the_mode_says(family: str, mode: str, digits: Data, artifact: Callable[[str, str], Path]) -> None:
    file, _ = convert(artifact(family, "float").read_bytes(), config(mode), digits)
    graph = onnx.load_from_string(file).graph
    linear, operators = {"mlp": 3}.get(family, 1), Counter(node.op_type for node in graph.node)
    found, layers = types_of(graph), LAYERS[family]
    if mode == "dynamic":
        assert found[STORED[mode]] == operators["MatMulInteger"] == operators["DynamicQuantizeLinear"] == linear
        assert found[TensorProto.FLOAT] == operators["Conv"] == layers - linear and not operators["Gemm"] + operators["MatMul"]
    elif mode == "int4":
        assert found[STORED[mode]] == layers - linear and operators["MatMulNBits"] == linear
        assert not operators["Gemm"] + operators["MatMul"]
        bits = {a.i for n in graph.node if n.op_type == "MatMulNBits" for a in n.attribute if a.name == "bits"}
        assert bits == {4} and found[TensorProto.UINT8] == linear
    else:
        assert found[STORED[mode]] == layers and found[TensorProto.FLOAT] == (layers if mode == "int8" else 0)
        assert operators["Conv"] + operators["Gemm"] == layers
    for tensor in graph.initializer:
        if tensor.data_type in (TensorProto.INT4, TensorProto.UINT4):
            assert len(tensor.raw_data) == (int(np.prod(tensor.dims)) + 1) // 2


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("family", ["mlp", "cnn", "mobile"])
def test_weights_are_counted_however_they_are_stored(
    family: str, mode: str, digits: Data, artifact: Callable[[str, str], Path], tmp_path: Path
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(convert(artifact(family, "float").read_bytes(), config(mode), digits)[0])
    counts, floats = RUNTIME.counts(path), RUNTIME.counts(artifact(family, "float"))
    assert (counts.params, counts.macs) == (floats.params, floats.macs)
    assert 0.8 * floats.params < counts.nonzero_params <= counts.params
    layers = RUNTIME.layers(path)
    assert sum(layer.params for layer in layers) == counts.params and sum(layer.macs for layer in layers) == counts.macs
    assert sum(layer.nonzero_params for layer in layers) == counts.nonzero_params
    assert sum(layer.bytes for layer in layers) <= path.stat().st_size


def test_every_mode_is_a_structure_of_its_own_that_weights_do_not_change(digits: Data, tmp_path: Path) -> None:
    structures: dict[str, set[str]] = {}
    for seed in (0, 1):
        float_file = tmp_path / f"{seed}.onnx"
        RUNTIME.export(build(Architecture(family="cnn", width=0.25), TASKS["digits"], seed=seed).eval(), float_file, task=TASKS["digits"])
        structures.setdefault("float", set()).add(RUNTIME.structure(float_file))
        for mode in MODES:
            path = tmp_path / "changed.onnx"
            path.write_bytes(convert(float_file.read_bytes(), config(mode), digits)[0])
            structures.setdefault(mode, set()).add(RUNTIME.structure(path))
    assert all(len(found) == 1 for found in structures.values()), structures
    assert len(set.union(*structures.values())) == len(MODES) + 1


@pytest.mark.parametrize(
    ("family", "mode", "most"),
    [
        ("mlp", "fp16", 0.51), ("mlp", "bf16", 0.51), ("cnn", "bf16", 0.51), ("mlp", "dynamic", 0.26),
        ("mlp", "int8", 0.26), ("mlp", "int4", 0.165), ("mlp", "codebook", 0.13),
        ("cnn", "fp16", 0.51), ("cnn", "int8", 0.27), ("cnn", "int4", 0.14), ("cnn", "codebook", 0.13), ("cnn", "codebook 8", 0.27),
    ],
)  # fmt: skip
def test_the_file_shrinks_as_the_bits_say(family: str, mode: str, most: float, digits: Data) -> None:
    before = mid_sized(family)
    share = len(convert(before, config(mode), digits)[0]) / len(before)
    assert config(mode).bits / 32 * 0.99 < share <= most


def test_dynamic_leaves_a_convolutional_network_almost_as_large_as_it_was(digits: Data) -> None:
    before = mid_sized("cnn")
    assert len(convert(before, config("dynamic"), digits)[0]) / len(before) > 0.97


def convolutions_only() -> bytes:
    image = onnx.helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, 4, 4])
    logits = onnx.helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 2, 4, 4])
    weight = numpy_helper.from_array(np.full((2, 1, 1, 1), 1e5, np.float32), "w")
    graph = onnx.helper.make_graph([onnx.helper.make_node("Conv", ["image", "w"], ["logits"])], "g", [image], [logits], [weight])
    return onnx.helper.make_model(graph).SerializeToString()  # type: ignore[no-any-return]


def test_what_a_mode_cannot_do_is_refused_with_the_reason(digits: Data, artifact: Callable[[str, str], Path]) -> None:
    file = artifact("mlp", "float").read_bytes()
    with pytest.raises(TechniqueError, match="must find linear layers, the only ones it acts on. Got a network without"):
        convert(convolutions_only(), config("dynamic"), digits)
    with pytest.raises(TechniqueError, match="weights of at most 65504. Got 100000 in 'w'"):
        convert(convolutions_only(), config("fp16"), digits)
    with pytest.raises(TechniqueError, match="reduce_range must be true or false"):
        convert(file, Quantization(mode="dynamic"), digits)
    with pytest.raises(TechniqueError, match="must be one that acts on the file to convert it.*Got 'static'"):
        convert(file, Quantization(), digits)
    with pytest.raises(TechniqueError, match="must be 'static' to act before the export. Got 'fp16'"):
        apply(nn.Linear(1, 1), config("fp16"), digits)
    for mode in ("fp16", "bf16", "int8", "codebook"):
        once = onnx.load_from_string(file)
        del once.graph.node[2:]
        with pytest.raises(TechniqueError, match="must find layers with float weights"):
            convert(once.SerializeToString(), config(mode), digits)


def test_bf16_keeps_the_first_half_of_a_float_rounded_to_the_nearest(digits: Data, artifact: Callable[[str, str], Path]) -> None:
    before = artifact("mlp", "float").read_bytes()
    tensors = [t for t in onnx.load_from_string(before).graph.initializer if t.data_type == TensorProto.FLOAT and t.dims]
    floats = {t.name: numpy_helper.to_array(t) for t in tensors}
    stored = {t.name: t for t in onnx.load_from_string(convert(before, config("bf16"), digits)[0]).graph.initializer}
    for name, values in floats.items():
        half = stored[f"{name}_half"]
        assert half.data_type == TensorProto.BFLOAT16 and len(half.raw_data) == 2 * values.size
        back = numpy_helper.to_array(half).astype(np.float32)
        np.testing.assert_allclose(back, values, rtol=2**-8)
        assert not (back.view(np.uint32) & 0xFFFF).any()


def test_every_mode_of_the_catalogue_has_its_file() -> None:
    assert {*CONVERTERS, "static", "aware"} == set(Quantization.model_json_schema()["properties"]["mode"]["enum"])


def test_bits_that_are_left_out_are_those_of_the_mode() -> None:
    bits = {mode: Quantization.model_validate({"mode": mode}).bits for mode in (*CONVERTERS, "static", "aware")}
    assert bits == {"dynamic": 8, "weight_only": 8, "codebook": 4, "fp16": 16, "bf16": 16, "static": 8, "aware": 8}
    for mode in MODES:
        assert Quantization.model_validate_json(config(mode).model_dump_json()) == config(mode)
    assert Quantization.model_validate_json(json.dumps({"mode": "codebook"})).bits == 4


def test_a_codebook_holds_the_values_themselves_where_they_are_few_and_zero_where_there_is_one() -> None:
    few = np.array([3, 1, 1, 0, 2], np.float32)
    book, indices = codebook(few, entries=4)
    assert book.tolist() == [0, 1, 2, 3] and book[indices].tolist() == few.tolist()
    many = np.random.default_rng(0).normal(size=2000).astype(np.float32)
    many[:500] = 0
    book, indices = codebook(many, entries=16)
    assert len(book) == 16 and 0 in book and (book[indices][:500] == 0).all()
    nearest = np.abs(many[:, None] - book[None]).min(axis=1)
    assert np.abs(book[indices] - many) == pytest.approx(nearest)
    evenly = np.linspace(many.min(), many.max(), 16, dtype=np.float32)
    assert (nearest**2).mean() < 0.8 * (np.abs(many[:, None] - evenly[None]).min(axis=1) ** 2).mean()


def test_a_scale_that_clips_an_outlier_has_less_error() -> None:
    row = np.concatenate([np.random.default_rng(0).normal(size=255), [6.0]]).astype(np.float32)[None]
    whole, scales = rounded(np.concatenate([row, np.zeros_like(row)]), largest=7)
    assert whole.max() == 7 and whole.min() >= -7 and scales[0] < 6 / 7
    plain = np.float32(6 / 7)
    assert ((whole[0] * scales[0] - row[0]) ** 2).sum() < ((np.round(row[0] / plain) * plain - row[0]) ** 2).sum()
    assert not whole[1].any() and np.isfinite(scales).all()


def test_two_numbers_in_a_byte_the_first_in_the_lower_half() -> None:
    assert packed(np.array([1, 2, -1])).tolist() == [0x21, 0x0F]


@pytest.mark.parametrize("calibration", ["mse", "minmax", "percentile", "entropy"])
def test_every_calibration_keeps_the_answers(calibration: str, trained: Callable[[str], nn.Module], digits: Data) -> None:
    chosen = Quantization.model_validate({"calibration": calibration, "reduce_range": False})
    program, facts = apply(trained("cnn"), chosen, digits)
    images = torch.tensor(digits.test.images)
    same = program.module()(images).argmax(1) == trained("cnn")(images).argmax(1)
    assert facts["calibration"] == calibration and float(same.float().mean()) > 0.95


def test_calibrations_choose_different_ranges(trained: Callable[[str], nn.Module], digits: Data) -> None:
    scales = {}
    for calibration in ("mse", "minmax", "percentile", "entropy"):
        chosen = Quantization.model_validate({"calibration": calibration, "reduce_range": False})
        nodes = apply(trained("cnn"), chosen, digits)[0].graph.nodes
        scales[calibration] = [n.args[1] for n in nodes if "quantize_per_tensor" in str(n.target) and "dequantize" not in str(n.target)]
    assert len({tuple(found) for found in scales.values()}) == 4
    for narrower in ("mse", "percentile", "entropy"):
        assert all(one <= other * 1.001 for one, other in zip(scales[narrower], scales["minmax"], strict=True))


def test_rounding_to_as_many_levels_as_bins_loses_nothing_and_cutting_off_does() -> None:
    histogram = torch.tensor([4.0, 3.0, 2.0, 1.0])
    assert divergence_of(histogram, 0, 4, 4) == pytest.approx(0)
    assert 0 < divergence_of(histogram, 0, 4, 2) < divergence_of(histogram, 0, 2, 2)


def test_a_stage_writes_the_changed_file(trained: Callable[[str], nn.Module], tmp_path: Path) -> None:
    kept = snapshot.take(trained("mlp"), "digits", Architecture(family="mlp", width=0.5).model_dump(), [])
    snapshot.save(tmp_path / "model.pt", kept)
    step = {"quantization": config("int4").model_dump(mode="json")}
    asked = {"task": "digits", "runtime": "onnxruntime", "lower": [step], "data_fraction": 1.0}
    facts = work(asked, {"model": tmp_path}, tmp_path)
    assert facts["did"]["quantization"]["block_layers"] == 3
    assert "MatMulNBits" in {n.op_type for n in onnx.load(str(tmp_path / "model.onnx")).graph.node}
    assert facts["metrics"]["params"] == RUNTIME.counts(tmp_path / "model.onnx").params


def test_a_stage_that_is_given_the_file_writes_the_same(trained: Callable[[str], nn.Module], tmp_path: Path) -> None:
    kept = snapshot.take(trained("mlp"), "digits", Architecture(family="mlp", width=0.5).model_dump(), [])
    snapshot.save(tmp_path / "model.pt", kept)
    asked = {"task": "digits", "runtime": "onnxruntime", "lower": [], "data_fraction": 1.0}
    changed = asked | {"lower": [{"quantization": config("int4").model_dump(mode="json")}]}
    folders = [tmp_path / name for name in ("plain", "whole", "shared")]
    for folder in folders:
        folder.mkdir()
    work(asked, {"model": tmp_path}, folders[0])
    whole = work(changed, {"model": tmp_path}, folders[1])
    shared = work(changed, {"model": tmp_path, "file": folders[0]}, folders[2])
    assert whole == shared and (folders[1] / "model.onnx").read_bytes() == (folders[2] / "model.onnx").read_bytes()
