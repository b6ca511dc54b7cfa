"""One rung of a training."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.augmentation import Augmentation
from effcore.catalogue.distillation import Distillation
from effcore.catalogue.own import CHECKPOINTS, Checkpoint
from effcore.catalogue.training import Training
from effcore.catalogue.weight_sharing import WeightSharing
from effcore.measure.memory import PeakMemory, available_ram_mb
from effcore.models import build, snapshot
from effcore.models.checkpoint import load_checkpoint
from effcore.models.elastic import heaviest_parts
from effcore.models.layout import channels_last
from effcore.models.training_memory import require_room, training_memory
from effcore.recipe import read_step
from effcore.stages import LIMIT_VARIABLE
from effcore.tasks import Data, load
from effcore.techniques import CONTRIBUTORS, Context
from effcore.techniques.pruning import keep_zeros, zeros_of
from effcore.training import EVALUATION_BATCH, Hooks, evaluate, fit, training_seed

PLACES = {"pruning": 0, "weight_sharing": 2}
"""Where learning steps stand whatever their order in the recipe, others at 1: all are to see the zeros of pruning, and what scales the loss on the
labels, as distillation does, is not to scale the losses that weight sharing adds for sub-networks."""


def work(config: Mapping[str, Any], inputs: Mapping[str, Path], folder: Path) -> dict[str, Any]:
    """Train from one epoch to another.

    Args:
        config: task, architecture, training, contributes, seed, from, until; `keep_zeros` where a step before set weights to zero; `before`, how
            many phases and steps that changed the network came before, where some did.
        inputs: `before`, the rung below; `start`, a model to start from; `teacher`, `teacher_1` and so on.
        folder: Gets `model.pt`, `optimizer.pt` and `curve.json`.

    Returns:
        Facts: images seen, devices, peak memory over the baseline and what was predicted, accuracy on validation, epochs that were
        trained, and, where early stopping has ended the phase, the one whose weights were handed on; zeros, where pruning shapes it.

    Raises:
        EffcoreError: The training would not fit into the memory that is left, or that it may take.
    """
    torch.set_num_threads(config["threads"])
    data = load(config["task"])
    training = Training.model_validate(config["training"])
    torch.manual_seed(config["seed"])
    model, optimizer_state, edits = _model(config, inputs)
    part = data.fraction(training.data_fraction)
    teachers = load_teachers(inputs)
    if "checkpoint" in config:
        return _taken(model, data, config, folder)
    hooks = [*kept_zeros(config, model), *phase_hooks(config, teachers, part)]  # a teacher that is asked once for all is not asked of other images
    with PeakMemory() as memory:
        predicted = _require_room(model, config, training, images=len(part.train), teachers=teachers)
        result = fit(
            model, part, training, seed=training_seed(config["seed"], before=config.get("before", 0)), start_epoch=config["from"],
            end_epoch=config["until"], optimizer_state=optimizer_state, hooks=hooks,
        )  # fmt: skip
    snapshot.save(folder / "model.pt", snapshot.take(model, config["task"], config["architecture"], edits))
    torch.save(result.optimizer_state, folder / "optimizer.pt")
    curve = _continued(_curve(inputs), result.curve)
    (folder / "curve.json").write_text(json.dumps(curve))
    pruned = any("pruning" in document for document in config["contributes"])
    return {
        "did": {"pruning": zeros_of(model)} if pruned else {},
        "samples": result.samples, "devices": 1, "peak_ram_mb": memory.over_baseline_mb, "predicted_ram_mb": predicted,
        "val_accuracy": curve[(result.best_epoch or len(curve)) - 1]["val_accuracy"], "epochs": len(result.curve), "best_epoch": result.best_epoch,
        "share_done": len(result.curve) / (config["until"] - config["from"]),
    }  # fmt: skip


def _taken(model: nn.Module, data: Data, config: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Hand on a model with the weights of a checkpoint, which takes no training; facts as of `work`."""
    name = config["training"]["checkpoint"]
    tensors = load_checkpoint(model, Checkpoint(name=name, path=CHECKPOINTS[name].path, sha256=config["checkpoint"]))
    snapshot.save(folder / "model.pt", snapshot.take(channels_last(model).eval(), config["task"], config["architecture"]))
    (folder / "curve.json").write_text("[]")
    return {
        "samples": 0, "devices": 1, "peak_ram_mb": 0.0, "predicted_ram_mb": 0.0, "val_accuracy": evaluate(model, data.validation), "epochs": 0,
        "best_epoch": None, "share_done": 1.0, "tensors": tensors,
    }  # fmt: skip


def _require_room(
    model: nn.Module, config: Mapping[str, Any], training: Training, *, images: int, teachers: Sequence[nn.Module]
) -> float:
    """Refuse a training that does not fit before it starts; what it is predicted to take, in MB."""
    steps = [read_step(document) for document in config["contributes"]]
    memory = training_memory(
        model, TASKS[config["task"]], images=images, evaluated=EVALUATION_BATCH, teachers=teachers,
        features=any(isinstance(s.config, Distillation) and s.config.features > 0 for s in steps),
        changed=any(isinstance(s.config, Augmentation) for s in steps),
        parts=[part for s in steps if isinstance(s.config, WeightSharing) for part in heaviest_parts(model, s.config.sampled)],
    )  # fmt: skip
    limits = [("the memory that this machine has left", left)] if (left := available_ram_mb()) is not None else []
    if os.environ.get(LIMIT_VARIABLE):
        limits.append(("limits.train_ram_mb", float(os.environ[LIMIT_VARIABLE])))
    batch = min(training.batch_size, images)
    require_room(memory, batch=batch, limits_mb=limits)
    return memory.at(batch)


def kept_zeros(config: Mapping[str, Any], model: nn.Module) -> Sequence[Hooks]:
    """What keeps the zeros of a model while it is trained, where a step before set weights to zero; before all other hooks."""
    return [keep_zeros(model)] if config.get("keep_zeros") else []


def phase_hooks(config: Mapping[str, Any], teachers: Sequence[nn.Module], data: Data) -> Sequence[Hooks]:
    """What the learning steps of a phase contribute to its training."""
    smoothing = Training.model_validate(config["training"]).label_smoothing
    context = Context(data=data, seed=config["seed"], teachers=tuple(teachers), label_smoothing=smoothing)
    steps = sorted(map(read_step, config["contributes"]), key=lambda step: PLACES.get(step.technique, 1))
    return [CONTRIBUTORS[step.technique](step.config, context) for step in steps]


def load_teachers(inputs: Mapping[str, Path]) -> list[nn.Module]:
    """The networks that a phase learns from, in the order of their roles."""
    roles = sorted(role for role in inputs if role.startswith("teacher"))
    return [snapshot.rebuild(snapshot.load(inputs[role] / "model.pt")).eval() for role in roles]


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


def _continued(before: list[dict[str, Any]], rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One curve, whose seconds count from the beginning of the phase, without the time between its rungs."""
    passed = before[-1]["seconds"] if before else 0.0
    return before + [row | {"seconds": row["seconds"] + passed} for row in rows]


def _curve(inputs: Mapping[str, Path]) -> list[dict[str, Any]]:
    """The learning curve so far, of this phase."""
    if "before" not in inputs:
        return []
    rows: list[dict[str, Any]] = json.loads((inputs["before"] / "curve.json").read_text())
    return rows
