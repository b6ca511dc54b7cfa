"""The .pt2 file: the same numbers, the same counts as the .onnx file, and no integers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch as pytorch
from torch import nn

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.quantization import Quantization
from effcore.errors import EffcoreError
from effcore.models import build
from effcore.runtimes import onnxruntime, torch
from effcore.tasks import Data
from effcore.techniques import quantization
from effcore.training import predict

TASK = TASKS["digits"]


@pytest.mark.parametrize("family", ["mlp", "cnn", "residual", "mobile"])
def test_the_file_says_what_the_model_says_and_counts_what_onnx_counts(
    family: str, artifact: Callable[[str, str], Path], trained: Callable[[str], nn.Module], digits: Data
) -> None:
    model, path = trained(family), artifact(family, "torch")
    run = torch.load(path)
    for count in (1, 400):
        np.testing.assert_allclose(
            run(digits.test.images[:count]), predict(model, digits.test.images[:count]), atol=2e-4
        )
    assert torch.counts(path) == onnxruntime.counts(artifact(family, "float"))
    assert torch.class_names(path) == TASK.classes


def test_structure_ignores_weights_and_sees_shapes(tmp_path: Path) -> None:
    found = []
    for width, seed in ((0.5, 0), (0.5, 1), (1.0, 0)):
        model = build(Architecture(family="residual", width=width), TASK, seed=seed)
        torch.export(model, tmp_path / f"{seed}.pt2", task=TASK)
        found.append(torch.structure(tmp_path / f"{seed}.pt2"))
    assert found[0] == found[1] != found[2] and len(found[0]) == 16


def test_no_path_of_this_machine_is_in_it(tmp_path: Path) -> None:
    torch.export(build(Architecture(family="cnn", width=0.25), TASK), tmp_path / "model.pt2", task=TASK)
    content = (tmp_path / "model.pt2").read_bytes()
    assert b"site-packages" not in content and b"stack_trace" not in content and str(tmp_path).encode() not in content


def test_a_quantized_program_is_refused_with_the_reason(
    tmp_path: Path, trained: Callable[[str], nn.Module], digits: Data
) -> None:
    program, _ = quantization.apply(trained("mlp"), Quantization(reduce_range=False), digits)
    with pytest.raises(
        EffcoreError, match="can't run a quantized program.*simulated with float kernels.*Use the runtime onnxruntime"
    ):
        torch.export(program, tmp_path / "model.pt2", task=TASK)
    assert not list(tmp_path.iterdir())


def test_threads_are_set(tmp_path: Path) -> None:
    torch.export(build(Architecture(family="mlp", width=0.25), TASK), tmp_path / "model.pt2", task=TASK)
    torch.load(tmp_path / "model.pt2", threads=2)
    assert pytorch.get_num_threads() == 2
    torch.load(tmp_path / "model.pt2")
    assert pytorch.get_num_threads() == 1


def test_version_has_no_build_in_it() -> None:
    assert pytorch.__version__.startswith(torch.version()) and "+" not in torch.version()
