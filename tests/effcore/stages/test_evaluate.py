"""Accuracy of a file whose scales are those of a batch is taken one image at a time; of any other in batches."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from effcore.catalogue.quantization import Quantization
from effcore.measure.accuracy import BATCH
from effcore.runtimes import RUNTIME_MODULES, onnxruntime
from effcore.stages import evaluate
from effcore.tasks import Data
from effcore.techniques.quantization import convert

MODES: dict[str, dict[str, Any]] = {
    "dynamic": {"mode": "dynamic", "reduce_range": True}, "int4": {"mode": "weight_only", "bits": 4}, "int8": {"mode": "weight_only"},
}  # fmt: skip


def quantized(mode: str, folder: Path, digits: Data, artifact: Callable[[str, str], Path]) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(convert(artifact("mlp", "float").read_bytes(), Quantization.model_validate(MODES[mode]), digits)[0])
    return path


def test_which_files_mix_the_images_of_a_batch(tmp_path: Path, digits: Data, artifact: Callable[[str, str], Path]) -> None:
    found = {}
    for mode in MODES:
        path, images = quantized(mode, tmp_path, digits, artifact), digits.test.images[:8]
        predict = onnxruntime.load(path)
        alone = np.concatenate([predict(images[i : i + 1]) for i in range(len(images))])
        found[mode] = onnxruntime.mixes_images(path)
        assert (not np.allclose(predict(images), alone, atol=1e-3)) == found[mode]
    assert found == {"dynamic": True, "int4": False, "int8": False}
    assert not onnxruntime.mixes_images(artifact("mlp", "int8")) and not RUNTIME_MODULES["torch"].mixes_images(artifact("mlp", "torch"))


@pytest.mark.parametrize(("mode", "batch"), [("dynamic", 1), ("int8", BATCH)])
def test_the_evaluation_is_of_single_images_where_these_are_mixed(
    mode: str, batch: int, tmp_path: Path, digits: Data, artifact: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    load = onnxruntime.load

    def counting(path: Path, **options: Any) -> Callable[[np.ndarray], np.ndarray]:
        predict = load(path, **options)
        return lambda images: (sizes.append(len(images)), predict(images))[1]

    path = quantized(mode, tmp_path, digits, artifact)
    monkeypatch.setattr(onnxruntime, "load", counting)
    metrics = evaluate.work({"task": "digits", "runtime": "onnxruntime"}, {"artifact": path.parent}, tmp_path)["metrics"]
    assert max(sizes) == batch and sum(sizes) == len(digits.test) + len(digits.validation)
    right = [int(load(path)(image[None]).argmax() == label) for image, label in zip(digits.test.images, digits.test.labels, strict=True)]
    assert json.loads((tmp_path / "correct.json").read_text())["test"] == right and metrics["accuracy"] == sum(right) / len(right)


def test_products_of_4_bit_weights_round_their_inputs_to_8_bits(tmp_path: Path, digits: Data, artifact: Callable[[str, str], Path]) -> None:
    path, images = quantized("int4", tmp_path, digits, artifact), digits.test.images[:32]
    rounded = onnxruntime.load(path)(images)
    model = onnx.load(str(path))
    products = [node for node in model.graph.node if node.op_type == "MatMulNBits"]
    (level,) = {a.i for node in products for a in node.attribute if a.name == "accuracy_level"}
    for node in products:
        next(a for a in node.attribute if a.name == "accuracy_level").i = 0
    onnx.save(model, str(tmp_path / "exact.onnx"))
    exact = onnxruntime.load(tmp_path / "exact.onnx")(images)
    shift = np.abs(rounded - exact).max() / np.abs(exact).max()
    assert level == 4 and 1e-4 < shift < 0.05
