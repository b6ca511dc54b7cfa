"""The one training loop: AdamW, data held as tensors, the same bits for the same seed wherever it is interrupted."""

from __future__ import annotations

import copy
import hashlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from effcore.catalogue.training import Training
from effcore.errors import EffcoreError
from effcore.models.layout import channels_last
from effcore.stopping import watch
from effcore.tasks import Data, Split

WARM_UP = 0.3
"""Share of a one-cycle schedule in which the learning rate rises."""
START_DIVISOR = 25.0
END_DIVISOR = 1e4
HOOKS, LEARNED, STOPPING = "hooks", "learned", "stopping"
"""Where the states of hooks, of what they have learned beside the model, and of early stopping stand beside that of the optimizer."""
EVALUATION_BATCH = 64
"""With 256, evaluating took more memory than training did: a sixth less over all families with 64, and no slower."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Images of one step.

    Attributes:
        images: Raw pixels, uint8, or float32 in the same range once a hook changed them, (N, C, H, W).
        labels: Index of the class, int64 (N,).
        indices: Place of each image in the training split, int64 (N,).
        changed: Whether the images differ from those of the split.
        other_labels: Class of the image that was mixed into each, int64 (N,); none where nothing was mixed.
        share: How much of each image is of the class in `labels`, float32 (N,); the rest is of that in `other_labels`.
    """

    images: Tensor
    labels: Tensor
    indices: Tensor
    changed: bool = False
    other_labels: Tensor | None = None
    share: Tensor | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Hooks:
    """What a learning technique does in the loop.

    Attributes:
        batch: (batch, generator) -> batch; all its randomness must come from the generator.
        loss: (logits, batch, base loss) -> loss; the base loss is cross entropy, or what the hook before made of it.
        step: (state, model, share of the phase's steps that are done) -> None, after every step; changes its state, which
            is empty at first, holds plain data and tensors, and goes with that of the optimizer. May set weights of the model, as
            pruning does, which keeps zeros; what comes after it in the order of hooks sees them so.
        end: (state, model, images) -> None, once after the last epoch of the phase; may change the model, which then is
            what the phase hands on. Gets the training images, uint8 (N, C, H, W).
        attach: model -> what is held open while the model is trained, as a hook on one of its layers; must leave nothing on the model.
        learned: model -> what is trained beside it and does not go with it, as a projection of its features; called once, before `attach`.
    """

    batch: Callable[[Batch, torch.Generator], Batch] | None = None
    loss: Callable[[Tensor, Batch, Tensor], Tensor] | None = None
    step: Callable[[dict[str, Any], nn.Module, float], None] | None = None
    end: Callable[[dict[str, Any], nn.Module, Tensor], None] | None = None
    attach: Callable[[nn.Module], AbstractContextManager[None]] | None = None
    learned: Callable[[nn.Module], nn.Module] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """What a training left beside the model.

    Attributes:
        curve: A row for each epoch: epoch (from 1), train_loss, val_accuracy, seconds since this fit began.
        optimizer_state: To go on with, the state of hooks that have one under `hooks`; plain data and tensors.
        samples: Images that went through the model, repeats counted.
        best_epoch: Whose weights the model has, where early stopping has ended the phase.
    """

    curve: list[dict[str, float]]
    optimizer_state: dict[str, Any]
    samples: int
    best_epoch: int | None = None


def joined(fits: Sequence[Fit]) -> list[dict[str, float]]:
    """The curve of trainings that followed each other, epochs and seconds counted on."""
    rows: list[dict[str, float]] = []
    for one in fits:
        before, passed = (rows[-1]["epoch"], rows[-1]["seconds"]) if rows else (0, 0.0)
        rows += [row | {"epoch": row["epoch"] + before, "seconds": row["seconds"] + passed} for row in one.curve]
    return rows


def fit(
    model: nn.Module,
    data: Data,
    config: Training,
    *,
    seed: int,
    start_epoch: int = 0,
    end_epoch: int | None = None,
    optimizer_state: dict[str, Any] | None = None,
    hooks: Sequence[Hooks] = (),
) -> Fit:
    """Trains a model in place from one epoch to another; to stop and go on gives the same bits as not to stop.

    Args:
        model: Takes raw pixels; left in eval mode.
        data: Cut to `config.data_fraction` already, with `Data.fraction`; all of its training images are used.
        config: The phase as a whole, also where only a part of its epochs is trained.
        seed: Of order and hooks.
        start_epoch: Epochs that were trained before.
        end_epoch: Epochs that are trained afterwards; none means all.
        optimizer_state: Of the epoch `start_epoch`; needed where that is not 0.
        hooks: Applied in this order.

    Returns:
        The fit; its curve is shorter than was asked for where early stopping has ended the phase, and empty where it had before.

    Raises:
        EffcoreError: The part is none of the phase, its optimizer state is missing, batches are too small, the loss is not
            finite, or a hook changes the model at the end of a phase that may end early.
    """
    end = config.epochs if end_epoch is None else end_epoch
    if not 0 <= start_epoch < end <= config.epochs or (start_epoch > 0 and optimizer_state is None):
        raise EffcoreError(
            f"training must go from an epoch to a later one of its {config.epochs}, with the optimizer's state where "
            f"it goes on. Got {start_epoch} to {end}, {'no' if optimizer_state is None else 'a'} state."
        )
    _require_one_choice(config, hooks)
    images, labels = _tensors(data.train)
    channels_last(model)
    learned = nn.ModuleList(hook.learned(model) for hook in hooks if hook.learned is not None)
    optimizer = _optimizer([model, learned], config, optimizer_state)
    learned.load_state_dict((optimizer_state or {}).get(LEARNED, learned.state_dict()))
    states = copy.deepcopy((optimizer_state or {}).get(HOOKS, [{} for _ in hooks]))
    stopping: dict[str, Any] = copy.deepcopy((optimizer_state or {}).get(STOPPING, {}))
    began, curve = time.perf_counter(), []
    with _attached(model, hooks):
        for epoch in range(start_epoch, end):
            if stopping.get("ended"):
                break
            loss = _epoch(model, optimizer, images, labels, config, epoch=epoch, seed=seed, hooks=hooks, states=states)
            if epoch + 1 == config.epochs:
                _end(model, images, hooks, states)
            row = {"epoch": epoch + 1, "train_loss": loss, "val_accuracy": evaluate(model, data.validation)}
            if config.early_stopping.patience:
                watch(stopping, model, row["val_accuracy"], epoch=epoch + 1, last=epoch + 1 == config.epochs, config=config.early_stopping)
            curve.append(row | {"seconds": time.perf_counter() - began})
    beside = {HOOKS: states if any(states) else [], LEARNED: learned.state_dict(), STOPPING: stopping}
    state = optimizer.state_dict() | {name: kept for name, kept in beside.items() if kept}
    return Fit(curve=curve, optimizer_state=state, samples=len(curve) * len(labels), best_epoch=stopping["best"] if stopping.get("ended") else None)


def _optimizer(trained: Sequence[nn.Module], config: Training, state: dict[str, Any] | None) -> torch.optim.Optimizer:
    parameters = [parameter for module in trained for parameter in module.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=config.learning_rate, weight_decay=config.weight_decay, fused=True)
    if state is not None:
        optimizer.load_state_dict({k: v for k, v in state.items() if k not in (HOOKS, LEARNED, STOPPING)})
    return optimizer


def _require_one_choice(config: Training, hooks: Sequence[Hooks]) -> None:
    """Refuse that both early stopping and a technique decide which weights are handed on."""
    if config.early_stopping.patience and any(hook.end is not None for hook in hooks):
        raise EffcoreError(
            f"training.early_stopping.patience must be 0 where a technique changes the network at the end of the phase, as averaging does: "
            f"both decide which weights are handed on. Got {config.early_stopping.patience}."
        )


@contextmanager
def _attached(model: nn.Module, hooks: Sequence[Hooks]) -> Iterator[None]:
    with ExitStack() as stack:
        for hook in hooks:
            if hook.attach is not None:
                stack.enter_context(hook.attach(model))
        yield


def _end(model: nn.Module, images: Tensor, hooks: Sequence[Hooks], states: Sequence[dict[str, Any]]) -> None:
    for hook, state in zip(hooks, states, strict=True):
        if hook.end is not None:
            hook.end(state, model, images)


def _tensors(split: Split) -> tuple[Tensor, Tensor]:
    return torch.tensor(split.images), torch.tensor(split.labels)


def _epoch(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    images: Tensor,
    labels: Tensor,
    config: Training,
    *,
    epoch: int,
    seed: int,
    hooks: Sequence[Hooks],
    states: Sequence[dict[str, Any]],
) -> float:
    """One pass over the images; the mean loss over them."""
    model.train()
    generator = torch.Generator().manual_seed(epoch_seed(seed, epoch))
    torch.manual_seed(epoch_seed(seed, epoch))  # for layers that draw from the global generator, as dropout does
    steps = math.ceil(len(labels) / config.batch_size)
    # Evenly cut: batch normalization can't do with the single image that could be left at the end.
    parts = torch.tensor_split(torch.randperm(len(labels), generator=generator), steps)
    if min(len(part) for part in parts) < 2:
        raise EffcoreError(
            f"training.batch_size must leave at least 2 images in a batch, which batch normalization needs. "
            f"Got batch_size {config.batch_size} for {len(labels)} images. Take at least 2."
        )
    total = 0.0
    for step, indices in enumerate(parts):
        batch = Batch(images=images[indices], labels=labels[indices], indices=indices)
        done, all_steps = epoch * steps + step, config.epochs * steps
        rate = learning_rate(config, step=done, total=all_steps)
        total += _step(model, optimizer, batch, config, rate=rate, generator=generator, hooks=hooks) * len(indices)
        for hook, state in zip(hooks, states, strict=True):
            if hook.step is not None:
                hook.step(state, model, (done + 1) / all_steps)
    if not math.isfinite(total):
        raise EffcoreError(
            f"the training loss must stay finite. Got {total} in epoch {epoch + 1}. "
            f"Lower training.learning_rate, which is {config.learning_rate:g}."
        )
    return total / len(labels)


def _step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    batch: Batch,
    config: Training,
    *,
    rate: float,
    generator: torch.Generator,
    hooks: Sequence[Hooks],
) -> float:
    """One step of the optimizer; its loss."""
    for group in optimizer.param_groups:
        group["lr"] = rate
    for hook in hooks:
        batch = batch if hook.batch is None else hook.batch(batch, generator)
    logits = model(batch.images)
    loss = label_loss(logits, batch, smoothing=config.label_smoothing)
    for hook in hooks:
        loss = loss if hook.loss is None else hook.loss(logits, batch, loss)
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return float(loss.detach())


def label_loss(logits: Tensor, batch: Batch, *, smoothing: float = 0.0) -> Tensor:
    """Mean cross entropy with the labels; of images that were mixed, with both labels by their shares.

    Args:
        logits: float32 (N, classes).
        batch: Holds the labels.
        smoothing: Share of the target that is spread evenly over all classes.
    """
    if batch.other_labels is None or batch.share is None:
        return functional.cross_entropy(logits, batch.labels, label_smoothing=smoothing)
    own, other = (
        functional.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="none")
        for labels in (batch.labels, batch.other_labels)
    )
    return (batch.share * own + (1 - batch.share) * other).mean()


def epoch_seed(seed: int, epoch: int) -> int:
    """Seed of one epoch, which depends on nothing but the training's seed and the epoch."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{epoch}".encode()).digest()[:7], "big")


def training_seed(seed: int, *, before: int, turn: int = 0) -> int:
    """Seed of one training of a recipe, so that none repeats the order and the random changes of another; that of the first one is the recipe's.

    Args:
        seed: Of the recipe.
        before: Phases and steps that changed the network before this one.
        turn: Trainings of the same step before it, as a round of fine-tuning each.
    """
    return seed if before == turn == 0 else epoch_seed(epoch_seed(seed, before), turn)


def learning_rate(config: Training, *, step: int, total: int) -> float:
    """The learning rate of a step, as a function of the step alone.

    Args:
        config: Peak and schedule.
        step: From 0.
        total: Steps of the whole phase.

    Source: Smith and Topin 2018, https://arxiv.org/abs/1708.07120, with cosine flanks; Loshchilov and Hutter 2017, https://arxiv.org/abs/1608.03983.
    """
    peak, end = config.learning_rate, config.learning_rate / END_DIVISOR
    if config.schedule == "constant":
        return peak
    rise = WARM_UP * total if config.schedule == "one_cycle" else 0.0
    if step < rise:
        return _cosine(peak / START_DIVISOR, peak, step / rise)
    return _cosine(peak, end, (step - rise) / max(1.0, total - 1 - rise))


def _cosine(start: float, end: float, share: float) -> float:
    """From start to end along half a cosine."""
    return end + (start - end) * (1 + math.cos(math.pi * min(1.0, share))) / 2


def predict(model: nn.Module, images: np.ndarray) -> Tensor:
    """Logits, float32 (N, classes), in eval mode; the model's mode is put back.

    Args:
        model: Takes raw pixels.
        images: uint8 (N, C, H, W).
    """
    training = model.training
    model.eval()
    with torch.inference_mode():
        parts = [model(part) for part in torch.split(torch.tensor(images), EVALUATION_BATCH)]
    model.train(training)
    return torch.cat(parts)


def evaluate(model: nn.Module, split: Split) -> float:
    """Share of the images that the model gets right; leaves the model in eval mode."""
    model.eval()
    return float((predict(model, split.images).argmax(1).numpy() == split.labels).mean())
