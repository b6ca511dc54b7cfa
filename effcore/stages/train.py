"""One rung of a training."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.training import Training
from effcore.measure.memory import PeakMemory
from effcore.models import build, snapshot
from effcore.recipe import read_step
from effcore.tasks import Data, load
from effcore.techniques import FUNCTIONS, Context
from effcore.training import Hooks, fit


def work(config: Mapping[str, Any], inputs: Mapping[str, Path], folder: Path) -> dict[str, Any]:
    """Train from one epoch to another.

    Args:
        config: task, architecture, training, contributes, seed, from, until.
        inputs: `before`, the rung below; `start`, a model to start from; `teacher`.
        folder: Gets `model.pt`, `optimizer.pt` and `curve.json`.

    Returns:
        Facts: images seen, devices, peak memory over the baseline, accuracy on validation.
    """
    torch.set_num_threads(config["threads"])
    data = load(config["task"])
    training = Training.model_validate(config["training"])
    torch.manual_seed(config["seed"])
    model, optimizer_state, edits = _model(config, inputs)
    hooks = phase_hooks(config, inputs, data)
    with PeakMemory() as memory:
        result = fit(
            model, data.fraction(training.data_fraction), training, seed=config["seed"], start_epoch=config["from"],
            end_epoch=config["until"], optimizer_state=optimizer_state, hooks=hooks,
        )  # fmt: skip
    snapshot.save(folder / "model.pt", snapshot.take(model, config["task"], config["architecture"], edits))
    torch.save(result.optimizer_state, folder / "optimizer.pt")
    (folder / "curve.json").write_text(json.dumps(_curve(inputs) + result.curve))
    return {
        "samples": result.samples, "devices": 1, "peak_ram_mb": memory.over_baseline_mb,
        "val_accuracy": result.curve[-1]["val_accuracy"],
    }  # fmt: skip


def phase_hooks(config: Mapping[str, Any], inputs: Mapping[str, Path], data: Data) -> Sequence[Hooks]:
    """What the learning steps of a phase contribute to its training."""
    teacher = _teacher(inputs)
    context = Context(data=data, seed=config["seed"], teacher=teacher)
    hooks = []
    for document in config["contributes"]:
        step = read_step(document)
        hooks.append(FUNCTIONS[step.technique](step.config, context))
    return hooks


def _teacher(inputs: Mapping[str, Path]) -> nn.Module | None:
    if "teacher" not in inputs:
        return None
    return snapshot.rebuild(snapshot.load(inputs["teacher"] / "model.pt")).eval()


def _model(config: Mapping[str, Any], inputs: Mapping[str, Path]) -> tuple[nn.Module, Any, list[Any]]:
    """The model to go on with, the state of its optimizer and the structural edits it has behind it."""
    if "before" in inputs:
        kept = snapshot.load(inputs["before"] / "model.pt")
        return snapshot.rebuild(kept), torch.load(inputs["before"] / "optimizer.pt", weights_only=True), kept.edits
    if "start" in inputs:
        kept = snapshot.load(inputs["start"] / "model.pt")
        return snapshot.rebuild(kept), None, kept.edits
    architecture = Architecture.model_validate(config["architecture"])
    return build(architecture, TASKS[config["task"]]), None, []


def _curve(inputs: Mapping[str, Path]) -> list[dict[str, Any]]:
    """The learning curve so far, of this phase."""
    if "before" not in inputs:
        return []
    rows: list[dict[str, Any]] = json.loads((inputs["before"] / "curve.json").read_text())
    return rows
