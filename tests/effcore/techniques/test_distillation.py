"""The teacher's loss in closed form, and when the teacher is asked."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from effcore.catalogue.distillation import Distillation, Teacher
from effcore.errors import TechniqueError
from effcore.tasks import Data
from effcore.techniques.context import Context
from effcore.techniques.distillation import contribute, teacher_loss
from effcore.training import Batch

TEACHER = Teacher(family="mlp")


class Counting(nn.Module):
    """Says that the class is the brightness of the first pixel, and counts the images it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = 0

    def forward(self, images: Tensor) -> Tensor:
        self.shown += len(images)
        return nn.functional.one_hot(images[:, 0, 0, 0].long() % 10, 10).float() * 5


def batch_of(data: Data, indices: list[int]) -> Batch:
    return Batch(
        images=torch.tensor(data.train.images[indices]),
        labels=torch.tensor(data.train.labels[indices]),
        indices=torch.tensor(indices),
    )


def test_soft_loss_is_the_divergence_times_the_square_of_the_temperature() -> None:
    teacher, student = torch.tensor([[math.log(3.0) * 2, 0.0]]), torch.zeros(1, 2)
    loss = teacher_loss(student, teacher, Distillation(teacher=TEACHER, temperature=2.0))
    expected = 4 * (0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5))
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_soft_loss_is_0_where_both_agree() -> None:
    logits = torch.randn(5, 10, generator=torch.Generator().manual_seed(0))
    assert float(teacher_loss(logits, logits + 3, Distillation(teacher=TEACHER))) == pytest.approx(0, abs=1e-5)


def test_hard_loss_is_the_cross_entropy_with_the_decision() -> None:
    teacher, student = torch.tensor([[0.0, 9.0]]), torch.tensor([[0.0, math.log(3.0)]])
    loss = teacher_loss(student, teacher, Distillation(teacher=TEACHER, labels="hard"))
    assert float(loss) == pytest.approx(-math.log(0.75), rel=1e-5)


def test_the_weight_mixes_both_losses(digits: Data) -> None:
    config = Distillation(teacher=TEACHER, weight=0.25, labels="hard")
    teacher, batch = Counting(), batch_of(digits, [3, 4])
    hook = contribute(config, Context(data=digits, seed=0, teacher=teacher)).loss
    assert hook is not None
    logits = torch.zeros(2, 10, requires_grad=True)
    loss = hook(logits, batch, torch.tensor(1.0))
    assert float(loss.detach()) == pytest.approx(0.75 * 1.0 + 0.25 * math.log(10), rel=1e-5)
    loss.backward()
    assert logits.grad is not None and float(logits.grad.abs().sum()) > 0


def test_the_teacher_sees_unchanged_images_once_and_changed_ones_as_they_are(digits: Data) -> None:
    teacher = Counting()
    hook = contribute(Distillation(teacher=TEACHER), Context(data=digits, seed=0, teacher=teacher)).loss
    assert hook is not None
    batch = batch_of(digits, [0, 7, 9])
    logits = torch.zeros(3, 10)
    for _ in range(3):
        plain = hook(logits, batch, torch.tensor(0.0))
    assert teacher.shown == len(digits.train)
    bright = replace(batch, images=batch.images.float() * 0 + 5, changed=True)
    assert float(hook(logits, bright, torch.tensor(0.0))) == pytest.approx(float(plain), rel=1e-5)
    assert teacher.shown == len(digits.train) + 3


def test_no_teacher_or_no_weight_is_refused(digits: Data) -> None:
    with pytest.raises(TechniqueError, match="needs a trained teacher"):
        contribute(Distillation(teacher=TEACHER), Context(data=digits, seed=0))
    with pytest.raises(TechniqueError, match="distillation.weight must be above 0"):
        contribute(Distillation(teacher=TEACHER, weight=0.0), Context(data=digits, seed=0, teacher=Counting()))
