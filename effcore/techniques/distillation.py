"""Distillation: a student learns from a teacher's outputs beside the true labels."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional

from effcore.catalogue.distillation import Distillation
from effcore.errors import TechniqueError
from effcore.models.classifier import features_of, penultimate
from effcore.techniques.context import Context
from effcore.training import Batch, Hooks, predict


@dataclass(frozen=True, eq=False)
class Answer:
    """What one teacher says to images.

    Attributes:
        logits: (N, classes).
        features: What goes into its classifier, (N, features); (N, 0) where it was not asked for.
    """

    logits: Tensor
    features: Tensor


def contribute(config: Distillation, context: Context) -> Hooks:
    """A loss hook that mixes the teacher's losses into the loss on the true labels.

    The teacher sees each unchanged image once; images that augmentation changed are shown to it as they are.

    Args:
        config: Kind of labels, temperature and weights.
        context: With the teacher, trained; several are an ensemble.

    Raises:
        TechniqueError: There is no teacher, or its weights are 0.

    Source: Hinton et al. 2015, https://arxiv.org/abs/1503.02531.
    """
    if not context.teachers:
        raise TechniqueError("distillation needs a trained teacher in its context. Got none.")
    if config.weight == 0 and config.features == 0:
        raise TechniqueError("distillation.weight must be above 0, or distillation.features, or the teacher is never heard. Got 0 and 0.")
    ask, projections = _asker(config, context), _Projections(context)
    last: deque[Tensor] = deque(maxlen=1)  # what went into the student's classifier

    def attach(model: nn.Module) -> AbstractContextManager[None]:
        return penultimate(model, last.append)

    def mix(logits: Tensor, batch: Batch, loss: Tensor) -> Tensor:
        answers = ask(batch)
        if config.weight > 0:
            taught = teacher_loss(logits, [answer.logits for answer in answers], config)
            loss = (1 - config.weight) * loss + config.weight * taught
        if config.features > 0:
            shown = [answer.features for answer in answers]
            far = hint_loss(projections.of(last.pop()), shown) if hinted else feature_loss(last.pop(), shown)
            loss = loss + config.features * far
        return loss

    hinted = config.feature_loss == "hints"
    return Hooks(loss=mix, attach=attach if config.features > 0 else None, learned=projections.build if config.features > 0 and hinted else None)


def teacher_loss(student: Tensor, teachers: Sequence[Tensor], config: Distillation) -> Tensor:
    """Loss of the student's logits against those of its teachers, all (N, classes).

    Soft labels: T^2 * KL(mean of softmax(teacher / T) || softmax(student / T)); the square keeps the size of its gradient.
    Hard labels: cross entropy with the teachers' decision.
    """
    if config.labels == "hard":
        # One teacher's logits decide as they are: rounding could make a tie of its probabilities.
        decided = teachers[0] if len(teachers) == 1 else log_mean(teachers, temperature=1.0)
        return functional.cross_entropy(student, decided.argmax(1))
    heat = config.temperature
    quiet, loud = functional.log_softmax(student / heat, 1), log_mean(teachers, temperature=heat)
    return functional.kl_div(quiet, loud, reduction="batchmean", log_target=True) * heat**2


def log_mean(logits: Sequence[Tensor], *, temperature: float) -> Tensor:
    """Logarithm of the mean of the probabilities that several networks give, (N, classes).

    Args:
        logits: Of each network, (N, classes).
        temperature: Divides all logits.

    Source: Lakshminarayanan et al. 2017, https://arxiv.org/abs/1612.01474.
    """
    single = [functional.log_softmax(each / temperature, 1) for each in logits]
    return single[0] if len(single) == 1 else torch.logsumexp(torch.stack(single), 0) - math.log(len(single))


def feature_loss(student: Tensor, teachers: Sequence[Tensor]) -> Tensor:
    """How differently a student and its teachers see which images are alike, in the mean: 0 where all similarities are the same.

    Args:
        student: Features of a batch, (N, features).
        teachers: Of the same images; each may be of another width.

    Source: Tung and Mori 2019, https://arxiv.org/abs/1907.09682.
    """
    own = _similarity(student)
    return torch.stack([functional.mse_loss(own, _similarity(each)) for each in teachers]).mean()


def hint_loss(projected: Sequence[Tensor], teachers: Sequence[Tensor]) -> Tensor:
    """How far a student's features, projected to the width of each teacher, are from that teacher's, in the mean over images and features.

    Args:
        projected: Of a batch, for each teacher, (N, features of the teacher).
        teachers: Of the same images.

    Source: Romero et al. 2015, https://arxiv.org/abs/1412.6550, between what goes into the classifiers and in one training with the rest.
    """
    pairs = zip(projected, teachers, strict=True)
    return torch.stack([functional.mse_loss(own, theirs) / 2 for own, theirs in pairs]).mean()


class _Projections:
    """The linear maps from the student's features to those of each teacher, which are learned beside the student.

    Args:
        context: With the teachers; its seed draws the first weights.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._maps = nn.ModuleList()

    def build(self, student: nn.Module) -> nn.Module:
        """New maps for a student."""
        images = torch.tensor(self._context.data.train.images[:2])
        own = features_of(student, images)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self._context.seed)
            self._maps = nn.ModuleList(nn.Linear(own, features_of(teacher, images)) for teacher in self._context.teachers)
        return self._maps

    def of(self, features: Tensor) -> list[Tensor]:
        """The features as each teacher would have them."""
        return [project(features) for project in self._maps]


def _similarity(features: Tensor) -> Tensor:
    """Scalar products of all pairs of images, (N, N), each row of length 1."""
    return functional.normalize(features @ features.T, dim=1)


def _asker(config: Distillation, context: Context) -> Callable[[Batch], list[Answer]]:
    """What each teacher says to a batch."""
    for teacher in context.teachers:
        teacher.eval()

    def answer(teacher: nn.Module, say: Callable[[nn.Module], Tensor]) -> Answer:
        seen: list[Tensor] = []
        with penultimate(teacher, seen.append) if config.features > 0 else nullcontext():
            logits = say(teacher)
        # An inference tensor may not be used in autograd, its clone may.
        return Answer(logits.clone(), torch.cat(seen).clone() if seen else logits.new_empty(len(logits), 0))

    @cache
    def known() -> list[Answer]:
        return [answer(teacher, lambda model: predict(model, context.data.train.images)) for teacher in context.teachers]

    def ask(batch: Batch) -> list[Answer]:
        if not batch.changed:
            return [Answer(each.logits[batch.indices], each.features[batch.indices]) for each in known()]
        with torch.no_grad():
            return [answer(teacher, lambda model: model(batch.images)) for teacher in context.teachers]

    return ask
