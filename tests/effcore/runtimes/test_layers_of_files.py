"""Bytes, parameters and products by layer add up to those of the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from torch import nn

from effcore.catalogue import TASKS
from effcore.catalogue.quantization import Quantization
from effcore.runtimes import RUNTIME_MODULES
from effcore.tasks import Data
from effcore.techniques import FUNCTIONS


@pytest.mark.parametrize("runtime", ["onnxruntime", "torch"])
def test_layers_add_up_to_the_counts_of_the_file(runtime: str, trained: Callable[[str], nn.Module], tmp_path: Path) -> None:
    path, module = tmp_path / "model", RUNTIME_MODULES[runtime]
    module.export(trained("cnn"), path, task=TASKS["digits"])
    layers, counts = module.layers(path), module.counts(path)
    assert sum(layer.params for layer in layers) == counts.params
    assert sum(layer.nonzero_params for layer in layers) == counts.nonzero_params
    assert sum(layer.macs for layer in layers) == counts.macs
    assert 0.5 * path.stat().st_size < sum(layer.bytes for layer in layers) < path.stat().st_size
    assert len({layer.name for layer in layers}) == len(layers)


def test_what_is_quantized_belongs_to_the_layer_that_uses_it(trained: Callable[[str], nn.Module], digits: Data, tmp_path: Path) -> None:
    path, module = tmp_path / "model", RUNTIME_MODULES["onnxruntime"]
    module.export(trained("cnn"), path, task=TASKS["digits"])
    before = module.layers(path)
    program, _ = FUNCTIONS["quantization"](trained("cnn"), Quantization(reduce_range=True), digits)
    module.export(program, path, task=TASKS["digits"])
    after = module.layers(path)
    assert [(layer.name, layer.params, layer.macs) for layer in after] == [(layer.name, layer.params, layer.macs) for layer in before]
    assert sum(layer.params for layer in after) == module.counts(path).params
    largest = max(range(len(before)), key=lambda i: before[i].params if before[i].operator == "Conv" else 0)
    assert after[largest].bytes < 0.4 * before[largest].bytes
