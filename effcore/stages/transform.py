"""A technique that turns a trained model into another one, with its fine-tuning."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.training import Training
from effcore.measure.memory import PeakMemory
from effcore.models import build, snapshot
from effcore.recipe import read_step
from effcore.stages import TRAINED
from effcore.stages.train import kept_zeros, load_teachers, phase_hooks
from effcore.tasks import load
from effcore.techniques import FUNCTIONS, TRAINERS
from effcore.techniques.tune import Early
from effcore.training import HOOKS, STOPPING, Fit, Hooks, fit, joined, training_seed

FINE_TUNE_RATE = 1 / 3
"""Peak learning rate of fine-tuning, as a share of that of the phase before."""


def work(config: Mapping[str, Any], inputs: Mapping[str, Path], folder: Path) -> dict[str, Any]:
    """Apply one transform, or train a network before it is lowered.

    Args:
        config: task, step, training and contributes of the phase that it inherits, seed; `keep_zeros` where a step before set weights to zero;
            `before`, how many phases and steps that changed the network came before; `rewind_to`, the epoch of the phase that it goes back to,
            where it does, and `before_phase`, what came before that.
        inputs: `model`; `teacher`, `teacher_1` and so on where the phase had some; `early`, the phase after that epoch, or `start`, the
            model that the phase began with where it had one.
        folder: Gets `model.pt`, or `trained.pt` where the step lowers the network later, and `curve.json`.

    Returns:
        Facts: what the technique did, images seen, devices, peak memory over the baseline, epochs of fine-tuning.
    """
    torch.set_num_threads(config["threads"])
    torch.manual_seed(config["seed"])
    data = load(config["task"])
    kept = snapshot.load(inputs["model"] / "model.pt")
    step = read_step(config["step"])
    training = Training.model_validate(config["training"])
    fits: list[Fit] = []
    asked: list[int] = []
    part = data.fraction(training.data_fraction)  # neither fine-tuning nor a criterion sees an image that training did not

    @cache  # made once for all rounds, and not at all where nothing is trained: a teacher answers for all images only once
    def learning() -> Sequence[Hooks]:
        return phase_hooks(config, load_teachers(inputs), part)

    def tune(
        model: nn.Module, epochs: int, *, hooks: Sequence[Hooks] = (), learning_rate: float | None = None, named_by: nn.Module | None = None
    ) -> Fit:
        rate = learning_rate or training.learning_rate * FINE_TUNE_RATE
        short = training.model_copy(update={"epochs": epochs, "learning_rate": rate})
        asked.append(epochs)
        hooks = [*hooks, *kept_zeros(config, named_by or model), *learning()]
        drawn = training_seed(config["seed"], before=config.get("before", 0), turn=len(fits))
        fits.append(fit(model, part, short, seed=drawn, start_epoch=0, end_epoch=epochs, hooks=hooks))
        return fits[-1]

    def again(model: nn.Module, hooks: Sequence[Hooks]) -> Fit:
        first, own = config["rewind_to"], [*hooks, *kept_zeros(config, model)]
        state = _state_of(inputs, len(hooks)) if first else None
        asked.append(training.epochs - first)
        drawn = training_seed(config["seed"], before=config.get("before_phase", 0))  # as the phase drew, which is repeated
        fits.append(fit(model, part, training, seed=drawn, start_epoch=first, optimizer_state=state, hooks=[*own, *learning()]))
        return fits[-1]

    early = {"early": Early(state=_early(config, inputs, kept), train=again)} if "rewind_to" in config else {}
    with PeakMemory() as memory:
        change = TRAINERS if step.record.trains(step.config) else FUNCTIONS
        made = change[step.technique](snapshot.rebuild(kept), step.config, part, tune=tune, **early)
    facts = _save(folder, kept, made)
    (folder / "curve.json").write_text(json.dumps(joined(fits)))
    done = sum(len(result.curve) for result in fits)
    return {
        "did": facts, "samples": sum(result.samples for result in fits), "devices": 1, "peak_ram_mb": memory.over_baseline_mb,
        "epochs": done, "share_done": done / sum(asked) if asked else 1.0,
    }  # fmt: skip


def _save(folder: Path, kept: snapshot.Snapshot, made: tuple[Any, ...]) -> dict[str, Any]:
    """Write what a technique made, a network with its edit or the state of one that it lowers later; the facts beside it."""
    facts: dict[str, Any] = made[-1]
    if isinstance(made[0], nn.Module):
        edits = [*kept.edits, *([made[1]] if made[1] is not None else [])]
        snapshot.save(folder / "model.pt", snapshot.take(made[0], kept.task, kept.architecture, edits))
    else:
        torch.save(made[0], folder / TRAINED)
    return facts


def _early(config: Mapping[str, Any], inputs: Mapping[str, Path], kept: snapshot.Snapshot) -> Mapping[str, Tensor]:
    """The weights at the epoch of the phase that is gone back to; the phase drew new ones from its seed where it started from no model."""
    before = inputs.get("early") or inputs.get("start")
    if before is not None:
        return snapshot.load(before / "model.pt").state
    torch.manual_seed(config["seed"])
    return build(Architecture.model_validate(kept.architecture), TASKS[kept.task]).state_dict()


def _state_of(inputs: Mapping[str, Path], own: int) -> dict[str, Any]:
    """The optimizer's state at that epoch, with empty states for hooks that the phase did not have; whether it had ended early is left out."""
    state: dict[str, Any] = torch.load(inputs["early"] / "optimizer.pt", weights_only=True)
    state.pop(STOPPING, None)
    return state | {HOOKS: [*({} for _ in range(own)), *state[HOOKS]]} if HOOKS in state else state
