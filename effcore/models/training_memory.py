"""How much memory a training will take, told before it starts.

The terms are closed forms of what the network is. Their factors were fitted to the measured peaks of 44 trainings of all families: widths
of 0.5 to 4, depths of 1 to 4, batches of 32 to 1,024, images of 8x8 and 28x28 pixels, 24 to 224 MB. There the prediction is between 23 % below
and 14 % above; with the kernels of an older processor (AVX2 alone), to which nothing was fitted, between 12 % below and 19 % above.
"""

from __future__ import annotations

import copy
import math
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from effcore.catalogue import Task
from effcore.errors import EffcoreError
from effcore.models.classifier import classifier

MB = 1e6
LIBRARIES_MB = 24.8
"""Pages of libraries that the first training of a process touches."""
CONVOLUTIONS_MB = 12.2
"""The same of the library of convolutions, once there is one."""
WEIGHTS = 3.1
"""Gradients and the two moments of AdamW."""
CONVOLVING_WEIGHTS = 5.0
"""The same of convolutions, with copies that are rearranged for their kernels."""
KEPT = 1.6
"""What the forward pass keeps for the backward pass, with gradients on their way and the gaps that freed blocks leave."""
CONVOLVED = 1.9
"""The same of what convolutions and batch normalizations read and give, of which their kernels make rearranged copies."""
PASSING = 0.8
"""What lives at once while a batch is evaluated; some of it lies in what the training let go."""
PAIR_BYTES = 24
"""For each pair of images whose features are compared: similarities to the student, what is kept of them, and gradients."""
TEACHER_PAIR_BYTES = 8
"""The same for each teacher."""
TRACED_BATCH = 8


@dataclass(frozen=True, kw_only=True)
class TrainingMemory:
    """Megabytes over what the process holds before the training.

    Attributes:
        fixed_mb: Whatever the batch.
        image_mb: For each image of a batch.
        pair_mb: For each pair of images of a batch.
    """

    fixed_mb: float
    image_mb: float
    pair_mb: float = 0.0

    def at(self, batch: int) -> float:
        """Peak for a batch of so many images, in MB.

        Example:
            >>> TrainingMemory(fixed_mb=50.0, image_mb=0.5).at(64)
            82.0
        """
        return self.fixed_mb + self.image_mb * batch + self.pair_mb * batch**2

    def largest_batch(self, limit_mb: float) -> int:
        """Most images in a batch that stay within a limit; below 2 where nothing does.

        Example:
            >>> TrainingMemory(fixed_mb=50.0, image_mb=0.5).largest_batch(100.0)
            100
        """
        left = limit_mb - self.fixed_mb
        if left <= 0:
            return 0
        # The root of pair b^2 + image b = left, in the form that holds for pair = 0 too.
        return int(2 * left / (self.image_mb + math.sqrt(self.image_mb**2 + 4 * self.pair_mb * left)))


def training_memory(
    model: nn.Module, task: Task, *, images: int, evaluated: int,
    teachers: Sequence[nn.Module] = (), features: bool = False, changed: bool = False, parts: Sequence[nn.Module] = (),
) -> TrainingMemory:  # fmt: skip
    """The predicted peak memory of a training over its baseline.

    Nothing is computed: copies of the networks without numbers are traced.

    Args:
        model: What is trained.
        task: Gives the shape of the images.
        images: Training images, of which the training holds a copy, and what asks a teacher once for all another.
        evaluated: Images that are evaluated at once.
        teachers: What is asked beside it; what is asked once for all keeps its answers.
        features: Whether they are asked for their features too.
        changed: Whether images are changed, so that the teachers are asked in every step.
        parts: Parts of the model that pass the images of a step too, in its weights.
    """
    asked = [model, *teachers]
    convolving = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d)]
    # A teacher runs forward only, which touches about a third of the library.
    touched = 1.0 if convolving else 1 / 3 * any(isinstance(layer, nn.Conv2d) for m in asked for layer in m.modules())
    of_convolutions = sum(_size_bytes(p) for layer in convolving for p in layer.parameters())
    others = sum(_size_bytes(p) for p in model.parameters()) - of_convolutions
    weights = (WEIGHTS * others + CONVOLVING_WEIGHTS * of_convolutions) / MB
    passing = max(_passing_bytes(m, task, evaluated) for m in asked) / MB
    once = [] if changed else teachers
    copied = (1 + len(once)) * images * task.shape[0] * task.shape[1] * task.shape[2] / MB
    answered = sum(_answer_bytes(m, task, features=features) for m in once) * images / MB
    shown = max((_passing_bytes(m, task, TRACED_BATCH) for m in teachers), default=0) if changed else 0
    return TrainingMemory(
        fixed_mb=LIBRARIES_MB + CONVOLUTIONS_MB * touched + weights + PASSING * passing + copied + answered,
        image_mb=(sum(_kept_bytes(m, task, TRACED_BATCH) for m in (model, *parts)) + PASSING * shown) / TRACED_BATCH / MB,
        pair_mb=features * (PAIR_BYTES + TEACHER_PAIR_BYTES * len(teachers)) / MB,
    )


def require_room(memory: TrainingMemory, *, batch: int, limits_mb: Sequence[tuple[str, float]]) -> None:
    """Refuse a training that will not fit.

    Args:
        memory: From `training_memory`.
        batch: Images in a batch.
        limits_mb: What each limit is called, and how much it allows.

    Raises:
        EffcoreError: The peak is above a limit; says the largest batch that fits all of them.
    """
    beyond = [(name, limit) for name, limit in limits_mb if memory.at(batch) > limit]
    if not beyond:
        return
    name, limit = min(beyond, key=lambda entry: entry[1])
    largest = memory.largest_batch(limit)
    hint = f"Take training.batch_size {largest} or less." if largest >= 2 else "No batch fits: take a smaller network."
    raise EffcoreError(
        f"training must fit into {name}, {limit:.0f} MB. It would take about {memory.at(batch):.0f} MB "
        f"with training.batch_size {batch}. {hint}"
    )


def _size_bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _answer_bytes(teacher: nn.Module, task: Task, *, features: bool) -> int:
    """What a teacher says to one image."""
    numbers = len(task.classes) + (classifier(teacher).in_features if features else 0)
    return numbers * torch.float32.itemsize


def _kept_bytes(model: nn.Module, task: Task, batch: int) -> float:
    """What keeping takes for the backward pass of a batch."""
    kept, convolved = _kept(model, task, batch)
    return KEPT * kept + CONVOLVED * convolved


def _kept(model: nn.Module, task: Task, batch: int) -> tuple[int, int]:
    """Bytes that the forward pass of a batch keeps, each block once, without weights: of convolutions and batch normalizations the latter."""
    traced = copy.deepcopy(model).to("meta").train()
    own = {t.untyped_storage()._cdata for t in (*traced.parameters(), *traced.buffers())}
    kept: dict[int, Any] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            kept[storage._cdata] = storage
        return tensor

    convolved = _Convolved()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), convolved:
        labels = torch.empty(batch, dtype=torch.int64, device="meta")
        loss = functional.cross_entropy(traced(_images(task, batch)), labels)
        del loss
    of_convolutions = sum(int(storage.nbytes()) for place, storage in kept.items() if place in convolved.blocks)
    return sum(int(storage.nbytes()) for storage in kept.values()) - of_convolutions, of_convolutions


def _passing_bytes(model: nn.Module, task: Task, batch: int) -> int:
    """Most that lives at once while a batch is evaluated, without the weights."""
    traced = copy.deepcopy(model).to("meta").eval()
    living = _Living()
    with torch.inference_mode(), living:
        traced(_images(task, batch))
    return living.peak


def _images(task: Task, batch: int) -> Tensor:
    return torch.empty(batch, *task.shape, dtype=torch.uint8, device="meta")


class _Convolved(TorchDispatchMode):
    """Notes the blocks that convolutions and batch normalizations read and give."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.blocks: dict[int, Any] = {}  # held, so that no other takes the place of one that is let go

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = function(*args, **(kwargs or {}))
        if "convolution" in str(function) or "batch_norm" in str(function):
            storages = [t.untyped_storage() for t in tree_leaves((made, args)) if isinstance(t, Tensor)]
            self.blocks |= {storage._cdata: storage for storage in storages}
        return made


class _Living(TorchDispatchMode):
    """Counts the bytes of the blocks that live, while operators make them and they are let go."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now: int = 0
        self.peak: int = 0
        self._known: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor) and tensor.untyped_storage() not in self._known:
                storage = tensor.untyped_storage()
                size = int(storage.nbytes())
                self._known[storage] = size
                self.now += size
                self.peak = max(self.peak, self.now)
                weakref.finalize(storage, self._let_go, size)
        return made

    def _let_go(self, size: int) -> None:
        self.now -= size
