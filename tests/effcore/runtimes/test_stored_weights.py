"""The weights of a file as they are stored, and what the file would take with them Huffman-coded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from torch import nn

from effcore.catalogue.architecture import Architecture
from effcore.catalogue.quantization import Quantization
from effcore.measure.huffman import coded_bytes, measure_huffman
from effcore.models import snapshot
from effcore.runtimes import Stored, onnxruntime, torch
from effcore.runtimes.onnxweights import stored_weights
from effcore.stages.export import work
from effcore.tasks import Data
from effcore.techniques.quantization import convert

MODES: dict[str, dict[str, Any]] = {
    "fp16": {"mode": "fp16"}, "bf16": {"mode": "bf16"}, "int8": {"mode": "weight_only"}, "int4": {"mode": "weight_only", "bits": 4},
    "codebook": {"mode": "codebook"}, "codebook 8": {"mode": "codebook", "bits": 8}, "dynamic": {"mode": "dynamic", "reduce_range": True},
}  # fmt: skip
BITS = {"fp16": {16}, "bf16": {16}, "int8": {8}, "int4": {4}, "codebook": {32}, "codebook 8": {32}, "dynamic": {8}}


def changed(mode: str, before: Path, data: Data, path: Path) -> Path:
    path.write_bytes(convert(before.read_bytes(), Quantization.model_validate(MODES[mode]), data)[0])
    return path


def layers(weights: tuple[Stored, ...]) -> list[Stored]:
    return [w for w in weights if w.values.ndim > 1]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("family", ["mlp", "cnn"])
def test_every_weight_is_there_with_its_bits(
    family: str, mode: str, digits: Data, artifact: Callable[[str, str], Path], tmp_path: Path
) -> None:
    path = changed(mode, artifact(family, "float"), digits, tmp_path / "model.onnx")
    weights, counts = onnxruntime.weights(path), onnxruntime.counts(path)
    assert sum(w.values.size for w in weights) == counts.params
    assert sum(int(np.count_nonzero(w.values)) for w in weights) == counts.nonzero_params
    expected = BITS[mode] | ({32} if (family, mode) == ("cnn", "dynamic") else set())  # only its linear layer is changed
    assert {w.bits for w in layers(weights)} == expected
    assert [w.convolution for w in layers(weights)].count(True) == (4 if family == "cnn" else 0)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("family", ["mlp", "cnn"])
def test_the_bytes_of_weights_are_those_in_the_file(
    family: str, mode: str, digits: Data, artifact: Callable[[str, str], Path], tmp_path: Path
) -> None:
    path = changed(mode, artifact(family, "float"), digits, tmp_path / "model.onnx")
    model = onnx.load(str(path))
    weights = stored_weights(model)
    sizes = {t.name: len(t.raw_data) for t in model.graph.initializer if t.name in weights or t.name.endswith("_codebook")}
    assert sum(w.bytes for w in weights.values()) == sum(sizes.values())
    assert all(sizes.values()) and len([w for w in weights.values() if w.values.ndim > 1]) == {"mlp": 3, "cnn": 5}[family]


def test_the_weights_of_both_runtimes_are_the_same(artifact: Callable[[str, str], Path]) -> None:
    one, other = onnxruntime.weights(artifact("cnn", "float")), torch.weights(artifact("cnn", "torch"))
    for key in (lambda w: w.values.shape, lambda w: (w.bits, w.bytes, w.convolution)):
        assert sorted(map(key, one)) == sorted(map(key, other))
    assert sum(map(coded_bytes, one)) == sum(map(coded_bytes, other))


def test_shared_values_are_coded_with_their_codebook_and_floats_stay_as_they_are(
    digits: Data, artifact: Callable[[str, str], Path], tmp_path: Path
) -> None:
    before = artifact("cnn", "float")
    assert measure_huffman(before, onnxruntime.weights(before)) == before.stat().st_size / 1e6
    path = changed("codebook", before, digits, tmp_path / "model.onnx")
    weights = layers(onnxruntime.weights(path))
    assert all(len(np.unique(w.values)) <= 16 for w in weights) and len(weights) == 5
    largest = max(weights, key=lambda w: w.values.size)
    _, counts = np.unique(largest.values, return_counts=True)
    share = counts / counts.sum()
    entropy = float(-(share * np.log2(share)).sum()) * largest.values.size / 8
    book = len(counts) * 5
    assert entropy <= coded_bytes(largest) - book < 1.03 * entropy < largest.bytes
    assert measure_huffman(path, onnxruntime.weights(path)) < path.stat().st_size / 1e6


@pytest.mark.parametrize("runtime", ["onnxruntime", "torch"])
def test_the_export_says_the_coded_size(runtime: str, trained: Callable[[str], nn.Module], tmp_path: Path) -> None:
    snapshot.save(tmp_path / "model.pt", snapshot.take(trained("mlp"), "digits", Architecture(family="mlp", width=0.5).model_dump(), []))
    lower = [{"quantization": Quantization.model_validate(MODES["codebook"]).model_dump(mode="json")}] if runtime == "onnxruntime" else []
    metrics = work({"task": "digits", "runtime": runtime, "lower": lower, "data_fraction": 1.0}, {"model": tmp_path}, tmp_path)["metrics"]
    if lower:
        assert 0.5 * metrics["size_mb"] < metrics["size_huffman_mb"] < metrics["size_mb"]
    else:
        assert metrics["size_huffman_mb"] == metrics["size_mb"]
