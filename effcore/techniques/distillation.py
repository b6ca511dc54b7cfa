"""Distillation: a student learns from a teacher's outputs beside the true labels."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional

from effcore.catalogue.distillation import Distillation
from effcore.errors import TechniqueError
from effcore.techniques.context import Context
from effcore.training import Batch, Hooks, predict


def contribute(config: Distillation, context: Context) -> Hooks:
    """A loss hook that mixes the teacher's loss into the loss on the true labels.

    The teacher sees each unchanged image once; images that augmentation changed are shown to it as they are.

    Args:
        config: Kind of labels, temperature and weight.
        context: With the teacher, trained.

    Raises:
        TechniqueError: There is no teacher, or its weight is 0.

    Source: Hinton et al. 2015, https://arxiv.org/abs/1503.02531.
    """
    if context.teacher is None:
        raise TechniqueError("distillation needs a trained teacher in its context. Got none.")
    if config.weight == 0:
        raise TechniqueError("distillation.weight must be above 0, or the teacher is never heard. Got 0.")
    listen = _listener(context.teacher, context)

    def mix(logits: Tensor, batch: Batch, loss: Tensor) -> Tensor:
        return (1 - config.weight) * loss + config.weight * teacher_loss(logits, listen(batch), config)

    return Hooks(loss=mix)


def teacher_loss(student: Tensor, teacher: Tensor, config: Distillation) -> Tensor:
    """Loss of the student's logits against the teacher's, both (N, classes).

    Soft labels: T^2 * KL(softmax(teacher / T) || softmax(student / T)); the square keeps the size of its gradient.
    Hard labels: cross entropy with the teacher's decision.
    """
    if config.labels == "hard":
        return functional.cross_entropy(student, teacher.argmax(1))
    heat = config.temperature
    quiet, loud = functional.log_softmax(student / heat, 1), functional.log_softmax(teacher / heat, 1)
    return functional.kl_div(quiet, loud, reduction="batchmean", log_target=True) * heat**2


def _listener(teacher: nn.Module, context: Context) -> Callable[[Batch], Tensor]:
    """What the teacher says to a batch."""
    teacher.eval()

    @cache
    def known() -> Tensor:
        # An inference tensor may not be used in autograd, its clone may.
        return predict(teacher, context.data.train.images).clone()

    def listen(batch: Batch) -> Tensor:
        if not batch.changed:
            return known()[batch.indices]
        with torch.no_grad():
            logits: Tensor = teacher(batch.images)
        return logits

    return listen
