"""Every layer reads integers, ranges are what was asked for, and the numbers stay close."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from effcore.catalogue.quantization import Quantization
from effcore.errors import TechniqueError
from effcore.tasks import Data
from effcore.techniques.quantization import apply
from effcore.training import predict

LAYERS = {"mlp": 3, "cnn": 5, "residual": 10, "mobile": 13}


def constants(program: torch.export.ExportedProgram, dtype: torch.dtype) -> list[torch.Tensor]:
    return [value for value in program.state_dict.values() if value.dtype == dtype and value.dim() > 1]


@pytest.mark.parametrize("family", sorted(LAYERS))
def test_every_layer_is_reached_and_the_logits_stay_close(
    family: str, trained: Callable[[str], nn.Module], digits: Data
) -> None:
    model = trained(family)
    program, facts = apply(model, Quantization(reduce_range=False), digits)
    assert facts == {"layers": LAYERS[family], "calibration_images": 256, "reduce_range": False, "per_channel": True, "calibration": "mse"}
    assert len(constants(program, torch.int8)) == LAYERS[family]
    logits, integers = predict(model, digits.test.images), program.module()(torch.tensor(digits.test.images))
    assert float((logits.argmax(1) == integers.argmax(1)).float().mean()) > 0.97


@pytest.mark.parametrize(("reduce_range", "largest"), [(False, 255), (True, 127)])
def test_reduced_range_leaves_a_bit_of_activations_free(
    reduce_range: bool, largest: int, trained: Callable[[str], nn.Module], digits: Data
) -> None:
    program, _ = apply(trained("cnn"), Quantization(reduce_range=reduce_range), digits)
    quantizers = [
        n
        for n in program.graph.nodes
        if "quantize_per_tensor" in str(n.target) and "de" not in str(n.target).split(".")[1]
    ]
    assert len(quantizers) == 6 and {node.args[4] for node in quantizers} == {largest}


@pytest.mark.parametrize("per_channel", [False, True])
def test_a_scale_for_each_channel_or_one_for_all(
    per_channel: bool, trained: Callable[[str], nn.Module], digits: Data
) -> None:
    program, facts = apply(trained("cnn"), Quantization(reduce_range=False, per_channel=per_channel), digits)
    targets = [str(node.target) for node in program.graph.nodes]
    assert any("dequantize_per_channel" in target for target in targets) == per_channel == facts["per_channel"]


def test_calibration_takes_the_images_that_were_asked_for(trained: Callable[[str], nn.Module], digits: Data) -> None:
    _, few = apply(trained("mlp"), Quantization(reduce_range=False, calibration_images=10), digits)
    _, all_there_are = apply(trained("mlp"), Quantization(reduce_range=False, calibration_images=5000), digits)
    assert few["calibration_images"] == 10 and all_there_are["calibration_images"] == 1197


def test_a_range_that_is_not_resolved_is_refused(trained: Callable[[str], nn.Module], digits: Data) -> None:
    with pytest.raises(TechniqueError, match="quantization.reduce_range must be true or false"):
        apply(trained("mlp"), Quantization(), digits)


def test_a_layer_that_is_not_reached_is_an_error(digits: Data) -> None:
    class Strange(nn.Module):
        """Holds a layer that no image passes."""

        def __init__(self) -> None:
            super().__init__()
            self.used, self.unused = nn.Linear(64, 10), nn.Linear(64, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.used(x.float().reshape(-1, 64))

    with pytest.raises(TechniqueError, match="must reach every layer with weights, 2 here. Got 1"):
        apply(Strange(), Quantization(reduce_range=False), digits)
