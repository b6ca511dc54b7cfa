"""The teachers' losses in closed form, when they are asked, and that nothing is left on a network."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.augmentation import Augmentation
from effcore.catalogue.averaging import Averaging
from effcore.catalogue.distillation import Distillation, Teacher
from effcore.catalogue.training import Training
from effcore.errors import TechniqueError
from effcore.models import build
from effcore.models.classifier import classifier
from effcore.tasks import Data
from effcore.techniques import FUNCTIONS
from effcore.techniques.context import Context
from effcore.techniques.distillation import contribute, feature_loss, hint_loss, log_mean, teacher_loss
from effcore.training import Batch, Fit, Hooks, fit

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
    loss = teacher_loss(student, [teacher], Distillation(teacher=TEACHER, temperature=2.0))
    expected = 4 * (0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5))
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_soft_loss_is_0_where_both_agree() -> None:
    logits = torch.randn(5, 10, generator=torch.Generator().manual_seed(0))
    assert float(teacher_loss(logits, [logits + 3], Distillation(teacher=TEACHER))) == pytest.approx(0, abs=1e-5)


def test_hard_loss_is_the_cross_entropy_with_the_decision() -> None:
    teacher, student = torch.tensor([[0.0, 9.0]]), torch.tensor([[0.0, math.log(3.0)]])
    loss = teacher_loss(student, [teacher], Distillation(teacher=TEACHER, labels="hard"))
    assert float(loss) == pytest.approx(-math.log(0.75), rel=1e-5)


def test_the_weight_mixes_both_losses(digits: Data) -> None:
    config = Distillation(teacher=TEACHER, weight=0.25, labels="hard")
    teacher, batch = Counting(), batch_of(digits, [3, 4])
    hook = contribute(config, Context(data=digits, seed=0, teachers=(teacher,))).loss
    assert hook is not None
    logits = torch.zeros(2, 10, requires_grad=True)
    loss = hook(logits, batch, torch.tensor(1.0))
    assert float(loss.detach()) == pytest.approx(0.75 * 1.0 + 0.25 * math.log(10), rel=1e-5)
    loss.backward()
    assert logits.grad is not None and float(logits.grad.abs().sum()) > 0


def test_the_teacher_sees_unchanged_images_once_and_changed_ones_as_they_are(digits: Data) -> None:
    teacher = Counting()
    hook = contribute(Distillation(teacher=TEACHER), Context(data=digits, seed=0, teachers=(teacher,))).loss
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
    with pytest.raises(TechniqueError, match="distillation.weight must be above 0, or distillation.features, .* Got 0 and 0"):
        contribute(Distillation(teacher=TEACHER).model_copy(update={"weight": 0.0}), Context(data=digits, seed=0, teachers=(Counting(),)))


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_two_teachers_are_the_mean_of_their_probabilities_at_the_temperature() -> None:
    # At temperature 2 the first says 3/4 and 1/4, the second 1/10 and 9/10.
    first, second = torch.tensor([[math.log(3.0) * 2, 0.0]]), torch.tensor([[0.0, math.log(9.0) * 2]])
    mean = log_mean([first, second], temperature=2.0).exp()
    assert torch.allclose(mean, torch.tensor([[0.425, 0.575]]), atol=1e-6)
    loss = teacher_loss(torch.zeros(1, 2), [first, second], Distillation(teacher=TEACHER, temperature=2.0))
    assert float(loss) == pytest.approx(4 * (0.425 * math.log(0.425 / 0.5) + 0.575 * math.log(0.575 / 0.5)), rel=1e-4)


def test_teachers_decide_together_by_their_mean_and_not_by_their_logits() -> None:
    # The mean of the logits is for the first class; of the probabilities, 2/3 and nearly 0 against 1/3 and nearly 1, for the second.
    first, second = torch.tensor([[50.0, 50.0 - math.log(2.0)]]), torch.tensor([[0.0, 20.0]])
    student = torch.tensor([[0.0, math.log(3.0)]])
    assert float(teacher_loss(student, [first, second], Distillation(teacher=TEACHER, labels="hard"))) == pytest.approx(-math.log(0.75), rel=1e-5)


def test_one_teacher_is_not_rounded_by_being_an_ensemble_of_one() -> None:
    logits = random(50, 10) * 30
    assert torch.equal(log_mean([logits], temperature=4.0), functional.log_softmax(logits / 4.0, 1))


def test_features_that_are_alike_have_no_loss_whatever_their_width() -> None:
    features = random(16, 8)
    turn, _ = torch.linalg.qr(random(8, 8, seed=1))
    for same in (features, features * 3, features @ turn, features.repeat(1, 5), functional.pad(features, (0, 24))):
        assert float(feature_loss(features, [same])) == pytest.approx(0, abs=1e-10)
    assert float(feature_loss(features, [random(16, 12, seed=2)])) > 1e-3


def test_the_feature_loss_is_the_mean_square_over_all_pairs() -> None:
    # Two images that are at right angles for one and the same for the other.
    apart, together = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[3.0], [3.0]])
    low = 1 / math.sqrt(2)
    single = ((1 - low) ** 2 * 2 + low**2 * 2) / 4
    assert float(feature_loss(apart, [together])) == pytest.approx(single, rel=1e-6)
    assert float(feature_loss(apart, [together, apart])) == pytest.approx(single / 2, rel=1e-6)


def test_the_hint_loss_is_half_the_mean_square_and_that_of_several_teachers_their_mean() -> None:
    ones, zeros, wide = torch.ones(2, 3), torch.zeros(2, 3), torch.zeros(2, 5)
    assert float(hint_loss([ones * 2], [zeros])) == 2.0 and float(hint_loss([ones], [ones])) == 0.0
    assert float(hint_loss([ones * 2, wide], [zeros, wide])) == 1.0


def test_the_map_to_the_teachers_width_is_learned_beside_the_student_and_does_not_go_with_it(digits: Data) -> None:
    config, data = KINDS["hints"].model_copy(update={"weight": 0.0, "features": 10.0}), digits.fraction(0.3)
    context = Context(data=data, seed=5, teachers=(teachers(1)[0], teachers(1, family="residual")[0]))
    first, last = (contribute(config, context) for _ in range(2))
    model = student()
    assert first.learned is not None and last.learned is not None
    fresh = first.learned(model).state_dict()
    assert {name: tuple(t.shape) for name, t in fresh.items() if t.dim() == 2} == {
        f"{index}.weight": (classifier(teacher).in_features, classifier(model).in_features) for index, teacher in enumerate(context.teachers)
    }
    done = train(model, data, [last])
    maps = done.optimizer_state["learned"]
    assert list(maps) == [f"0.{name}" for name in fresh] and not any(torch.equal(maps[f"0.{name}"], fresh[name]) for name in fresh)
    assert set(model.state_dict()) == set(student().state_dict())
    assert done.curve[-1]["train_loss"] < done.curve[0]["train_loss"]


def test_an_image_without_any_feature_has_finite_gradients() -> None:
    raw = torch.cat([random(5, 4), -torch.ones(1, 4)]).requires_grad_()
    feature_loss(raw.relu(), [random(6, 3)]).backward()
    assert raw.grad is not None and bool(raw.grad.isfinite().all())


KINDS: dict[str, Distillation] = {
    "soft": Distillation(teacher=TEACHER),
    "hard": Distillation(teacher=TEACHER, labels="hard"),
    "features": Distillation(teacher=TEACHER, features=1000.0),
    "hints": Distillation(teacher=TEACHER, features=1.0, feature_loss="hints"),
    "features alone": Distillation(teacher=TEACHER, weight=0.0, features=1000.0),
}


def teachers(count: int, *, family: str = "cnn") -> tuple[nn.Module, ...]:
    return tuple(build(Architecture(family=family, width=0.5), TASKS["digits"], seed=seed).eval() for seed in range(count))  # type: ignore[arg-type]


def student() -> nn.Module:
    return build(Architecture(family="mlp", width=0.25), TASKS["digits"], seed=7)


def taught(config: Distillation, data: Data, *, members: int = 1, changed: bool = False) -> list[Hooks]:
    context = Context(data=data, seed=5, teachers=teachers(members))
    others = [("augmentation", Augmentation())] if changed else [("averaging", Averaging(start=0.2))]
    return [FUNCTIONS[name](step, context) for name, step in (*others, ("distillation", config))]


def train(model: nn.Module, data: Data, hooks: list[Hooks], *, start: int = 0, end: int = 2, before: Fit | None = None) -> Fit:
    state = before.optimizer_state if before else None
    return fit(model, data, Training(epochs=2), seed=5, start_epoch=start, end_epoch=end, optimizer_state=state, hooks=hooks)


@pytest.mark.parametrize("changed", [False, True], ids=["plain", "augmented"])
@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_bits_wherever_it_stops_and_no_hook_is_left(
    kind: str, members: int, changed: bool, digits: Data, state_of: Callable[[nn.Module], str]
) -> None:
    data = digits.fraction(0.1)
    whole, parts = student(), student()
    hooks = taught(KINDS[kind], data, members=members, changed=changed)
    through = train(whole, data, hooks)
    first = train(parts, data, taught(KINDS[kind], data, members=members, changed=changed), end=1)
    again = taught(KINDS[kind], data, members=members, changed=changed)
    last = train(parts, data, again, start=1, before=first)
    assert state_of(whole) == state_of(parts)
    assert [row["train_loss"] for row in first.curve + last.curve] == [row["train_loss"] for row in through.curve]
    assert not any(module._forward_pre_hooks or module._forward_hooks for module in (*whole.modules(), *parts.modules()))


def test_each_kind_gives_another_student(digits: Data, state_of: Callable[[nn.Module], str]) -> None:
    data, states = digits.fraction(0.1), []
    for config in KINDS.values():
        for members in (1, 2):
            model = student()
            train(model, data, taught(config, data, members=members), end=1)
            states.append(state_of(model))
    assert len(set(states)) == len(states)


def test_features_are_learned(digits: Data) -> None:
    (teacher,) = teachers(1)
    fit(teacher, digits.fraction(0.5), Training(epochs=2, learning_rate=0.01), seed=0)
    hooks = [contribute(KINDS["features alone"], Context(data=digits, seed=5, teachers=(teacher,)))]
    curve = fit(student(), digits, Training(epochs=3, learning_rate=0.01), seed=5, hooks=hooks).curve
    assert curve[-1]["train_loss"] < 0.5 * curve[0]["train_loss"]


def test_teachers_see_the_images_that_augmentation_changed_and_nothing_is_left_on_them(digits: Data) -> None:
    data = digits.fraction(0.1)
    both, shown = teachers(2), []
    handles = [teacher.register_forward_pre_hook(lambda module, inputs: shown.append(inputs[0])) for teacher in both]
    context = Context(data=data, seed=5, teachers=both)
    hooks = [FUNCTIONS["augmentation"](Augmentation(), context), contribute(KINDS["features"], context)]
    fit(student(), data, Training(epochs=1), seed=5, hooks=hooks)
    assert sum(len(images) for images in shown) == 2 * len(data.train) and all(images.dtype == torch.float32 for images in shown)
    for handle in handles:
        handle.remove()
    assert not any(module._forward_pre_hooks for teacher in both for module in teacher.modules())
