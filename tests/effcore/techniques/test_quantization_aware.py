"""Quantization-aware training: the same operators as the mode static, ranges and weights that were learned, what it keeps and what it inherits."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.augmentation import Augmentation
from effcore.catalogue.averaging import Averaging
from effcore.catalogue.distillation import Distillation, Teacher
from effcore.catalogue.pruning import Pruning
from effcore.catalogue.quantization import FineTune, Quantization
from effcore.catalogue.training import Training
from effcore.errors import TechniqueError
from effcore.models import snapshot
from effcore.recipe import Step
from effcore.runtimes import onnxruntime
from effcore.stages import export, transform
from effcore.tasks import Data
from effcore.techniques import FUNCTIONS, Context
from effcore.techniques.pruning import keep_zeros
from effcore.techniques.quantization import aware
from effcore.training import Fit, Hooks, evaluate, fit

AWARE = Quantization(mode="aware", reduce_range=True, fine_tune=FineTune(epochs=1))
TRAINING = Training(epochs=1, learning_rate=0.001)


def tuned(data: Data, *hooks: Hooks, watch: Callable[[nn.Module], None] = lambda graph: None) -> aware.TrainRounded:
    """Trains as the stage does, with hooks, and shows what was trained."""

    def tune(model: nn.Module, epochs: int, *, learning_rate: float | None, named_by: nn.Module, hooks: Any = ()) -> Fit:
        own = [*hooks, keep_zeros(named_by), *given]
        done = fit(model, data, TRAINING.model_copy(update={"epochs": epochs}), seed=0, hooks=own)
        watch(model)
        return done

    given = hooks
    return tune


def made(model: nn.Module, data: Data, path: Path, config: Quantization = AWARE, *hooks: Hooks) -> dict[str, Any]:
    trained, _ = aware.train(model, config, data, tune=tuned(data, *hooks))
    program, facts = FUNCTIONS["quantization"](model, config, data, trained=trained)
    onnxruntime.export(program, path, task=TASKS["digits"])
    return facts  # type: ignore[no-any-return]


@pytest.mark.parametrize("family", ["mlp", "residual", "mobile_se"])
def test_the_file_has_the_structure_of_the_mode_static_and_the_accuracy_of_the_rounded_network(
    family: str, digits: Data, trained: Callable[[str], nn.Module], artifact: Callable[[str, str], Path], state_of: Callable[[nn.Module], str],
    tmp_path: Path,
) -> None:  # fmt: skip
    model, before, seen = trained(family), state_of(trained(family)), {}
    state, facts = aware.train(model, AWARE, digits, tune=tuned(digits, watch=lambda graph: seen.update(accuracy=evaluate(graph, digits.test))))
    program, did = FUNCTIONS["quantization"](model, AWARE, digits, trained=state)
    onnxruntime.export(program, tmp_path / "model.onnx", task=TASKS["digits"])
    assert state_of(model) == before
    assert onnxruntime.structure(tmp_path / "model.onnx") == onnxruntime.structure(artifact(family, "int8"))
    assert (tmp_path / "model.onnx").read_bytes() != artifact(family, "int8").read_bytes()
    right = onnxruntime.load(tmp_path / "model.onnx")(digits.test.images).argmax(1) == digits.test.labels
    assert float(right.mean()) == pytest.approx(seen["accuracy"], abs=0.01) and seen["accuracy"] > evaluate(model, digits.test) - 0.02
    assert did["layers"] == sum(isinstance(m, nn.Conv2d | nn.Linear) for m in model.modules())
    assert facts["samples"] == len(digits.train) and [row["epoch"] for row in facts["curve"]] == [1] and facts["rounded"] > 2 * did["layers"] - 1
    again, _ = aware.train(model, AWARE, digits, tune=tuned(digits))
    assert all(torch.equal(state[name], tensor) for name, tensor in again.items())


def test_no_validation_image_shapes_a_range_and_weights_have_the_range_that_they_end_with(digits: Data, trained: Callable[[str], nn.Module]) -> None:
    loud = replace(digits, validation=replace(digits.validation, images=np.minimum(digits.validation.images * 15, 255).astype(np.uint8)))
    states = [aware.train(trained("cnn"), AWARE, data, tune=tuned(data))[0] for data in (digits, loud)]
    assert all(torch.equal(states[0][name], tensor) for name, tensor in states[1].items())
    weights = {name.removesuffix(".weight"): t for name, t in states[0].items() if name.endswith("weight") and t.dim() == 2}
    (classifier,) = weights.values()
    widest = classifier.abs().amax(1) / 127
    scales = [t for name, t in states[0].items() if name.endswith("scale") and t.shape == widest.shape]
    assert any(torch.allclose(scale, widest, rtol=1e-5) for scale in scales)


def test_zeros_of_an_earlier_pruning_stay_in_the_file(digits: Data, trained: Callable[[str], nn.Module], tmp_path: Path) -> None:
    sparse, _, _ = FUNCTIONS["pruning"](trained("cnn"), Pruning(structure="weights", criterion="l1", amount=0.8, fine_tune=0), digits, tune=None)
    made(sparse, digits, tmp_path / "model.onnx")
    stored = [numpy_helper.to_array(t) for t in onnx.load(str(tmp_path / "model.onnx")).graph.initializer]
    integers = np.concatenate([values.ravel() for values in stored if values.dtype == np.int8 and values.ndim > 1])
    assert 0.7999 < (integers == 0).mean() < 0.9


@pytest.mark.parametrize("names", [("augmentation", "averaging"), ("distillation",)])
def test_it_learns_with_the_learning_steps_of_the_phase(
    names: tuple[str, ...], digits: Data, trained: Callable[[str], nn.Module], tmp_path: Path
) -> None:
    data = digits.fraction(0.2)
    configs = {
        "augmentation": Augmentation(), "averaging": Averaging(start=0.2),
        "distillation": Distillation(teacher=Teacher(family="residual"), features=1.0, feature_loss="hints"),
    }  # fmt: skip
    context = Context(data=data, seed=0, teachers=(trained("residual"),))
    hooks = [FUNCTIONS[name](configs[name], context) for name in names]
    states = [aware.train(trained("cnn"), AWARE, data, tune=tuned(data, *used))[0] for used in ([], hooks)]
    assert not all(torch.equal(states[0][name], tensor) for name, tensor in states[1].items())
    assert all(bool(tensor.isfinite().all()) for tensor in states[1].values())


def test_a_stage_trains_and_the_export_takes_what_it_trained(digits: Data, trained: Callable[[str], nn.Module], tmp_path: Path) -> None:
    folders = {name: tmp_path / name for name in ("model", "trained", "file")}
    for folder in folders.values():
        folder.mkdir()
    architecture = Architecture(family="mlp", width=0.5).model_dump()
    snapshot.save(folders["model"] / "model.pt", snapshot.take(trained("mlp"), "digits", architecture, []))
    step = Step("quantization", AWARE.model_copy(update={"fine_tune": FineTune(epochs=2, learning_rate=0.002)}))
    asked = {"task": "digits", "seed": 0, "threads": 1, "step": step.document, "training": TRAINING.model_dump(mode="json"), "contributes": []}
    facts = transform.work(asked, {"model": folders["model"]}, folders["trained"])
    assert (facts["epochs"], facts["samples"], facts["share_done"]) == (2, 2 * len(digits.train), 1.0)
    assert len(json.loads((folders["trained"] / "curve.json").read_text())) == 2
    kept: dict[str, Tensor] = torch.load(folders["trained"] / "trained.pt", weights_only=True)
    assert {"2.weight.weight", "activation_post_process_0.scale"} <= set(kept)
    lower = {"task": "digits", "runtime": "onnxruntime", "lower": [step.document], "data_fraction": 1.0}
    did = export.work(lower, {"model": folders["model"], "trained": folders["trained"]}, folders["file"])["did"]["quantization"]
    assert did == {"layers": 3, "reduce_range": True, "per_channel": True}


def test_what_it_was_not_given_is_refused(digits: Data, trained: Callable[[str], nn.Module]) -> None:
    with pytest.raises(TechniqueError, match="needs the network that was trained with rounding. Got none"):
        FUNCTIONS["quantization"](trained("mlp"), AWARE, digits)
    with pytest.raises(TechniqueError, match="mode must be 'aware' to train with rounding. Got 'static'"):
        aware.train(trained("mlp"), Quantization(reduce_range=True), digits, tune=tuned(digits))
    with pytest.raises(TechniqueError, match="reduce_range must be true or false"):
        aware.train(trained("mlp"), Quantization(mode="aware"), digits, tune=tuned(digits))
