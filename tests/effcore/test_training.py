"""The training loop: same bits wherever it stops, a rate that depends on the step alone, hooks in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.augmentation import Augmentation
from effcore.catalogue.training import Training
from effcore.errors import EffcoreError
from effcore.models import build, snapshot
from effcore.tasks import Data, Split
from effcore.techniques import Context, augmentation
from effcore.training import Batch, Hooks, epoch_seed, evaluate, fit, learning_rate, predict


def fresh(family: str = "cnn") -> nn.Module:
    return build(Architecture(family=family, width=0.25), TASKS["digits"], seed=3)  # type: ignore[arg-type]


@pytest.mark.parametrize("family", ["mlp", "cnn", "residual", "mobile"])
@pytest.mark.parametrize("stop", [1, 2])
def test_stopping_and_going_on_gives_the_same_bits(
    family: str, stop: int, digits: Data, tmp_path: Path, state_of: Callable[[nn.Module], str]
) -> None:
    data, config = digits.fraction(0.2), Training(epochs=3)
    hooks = [augmentation.contribute(Augmentation(), Context(data=data, seed=5))]
    whole = fresh(family)
    through = fit(whole, data, config, seed=5, hooks=hooks)
    part = fresh(family)
    before = fit(part, data, config, seed=5, end_epoch=stop, hooks=hooks)
    kept = snapshot.take(part, "digits", Architecture(family=family, width=0.25))  # type: ignore[arg-type]
    snapshot.save(tmp_path / "model.pt", kept)
    torch.save(before.optimizer_state, tmp_path / "optimizer.pt")
    back = snapshot.rebuild(snapshot.load(tmp_path / "model.pt"))
    state = torch.load(tmp_path / "optimizer.pt", weights_only=True)
    after = fit(back, data, config, seed=5, start_epoch=stop, optimizer_state=state, hooks=hooks)
    assert state_of(back) == state_of(whole)
    assert before.samples + after.samples == through.samples == 3 * 239
    rows = [(row["epoch"], row["train_loss"], row["val_accuracy"]) for row in before.curve + after.curve]
    assert rows == [(row["epoch"], row["train_loss"], row["val_accuracy"]) for row in through.curve]


def test_the_seed_decides(digits: Data, state_of: Callable[[nn.Module], str]) -> None:
    states = []
    for seed in (0, 0, 1):
        model = fresh()
        fit(model, digits.fraction(0.1), Training(epochs=1), seed=seed)
        states.append(state_of(model))
    assert states[0] == states[1] != states[2]


def test_it_learns(digits: Data) -> None:
    model = fresh()
    result = fit(model, digits, Training(epochs=3, learning_rate=0.01), seed=0)
    assert [row["epoch"] for row in result.curve] == [1, 2, 3]
    assert result.curve[-1]["val_accuracy"] == evaluate(model, digits.validation) > 0.9
    assert result.curve[-1]["train_loss"] < result.curve[0]["train_loss"]
    assert not model.training


def test_every_image_is_seen_once_an_epoch_and_hooks_come_in_their_order(digits: Data) -> None:
    seen: list[int] = []

    def brighten(batch: Batch, generator: torch.Generator) -> Batch:
        seen.extend(batch.indices.tolist())
        return replace(batch, images=batch.images.float() + 1, changed=True)

    def check(batch: Batch, generator: torch.Generator) -> Batch:
        assert batch.changed and float(batch.images.min()) == 1.0
        return batch

    losses: list[float] = []

    def double(logits: Tensor, batch: Batch, loss: Tensor) -> Tensor:
        losses.append(float(loss.detach()))
        return loss * 2

    def last(logits: Tensor, batch: Batch, loss: Tensor) -> Tensor:
        assert float(loss.detach()) == pytest.approx(2 * losses[-1])
        return loss

    data = digits.fraction(0.1)
    fit(
        fresh(),
        data,
        Training(epochs=1),
        seed=0,
        hooks=[Hooks(batch=brighten), Hooks(batch=check, loss=double), Hooks(loss=last)],
    )
    assert sorted(seen) == list(range(120)) and len(losses) == 2


@pytest.mark.parametrize("finite", [True, False])
def test_what_is_attached_is_held_while_the_model_is_trained_and_let_go_whatever_happens(finite: bool, digits: Data) -> None:
    model, course = fresh(), []

    @contextmanager
    def attach(attached: nn.Module) -> Iterator[None]:
        assert attached is model
        course.append("held")
        try:
            yield
        finally:
            course.append("let go")

    def loss(logits: Tensor, batch: Batch, base: Tensor) -> Tensor:
        course.append("step")
        return base if finite else base * float("nan")

    hooks = [Hooks(attach=attach), Hooks(loss=loss)]
    with nullcontext() if finite else pytest.raises(EffcoreError, match="must stay finite"):
        fit(model, digits.fraction(0.05), Training(epochs=1), seed=0, hooks=hooks)
    assert course == ["held", "step", "let go"]


def test_one_cycle_rises_and_falls_and_cosine_falls() -> None:
    cycle, cosine = Training(learning_rate=0.1), Training(learning_rate=0.1, schedule="cosine")
    rates = [learning_rate(cycle, step=step, total=101) for step in range(101)]
    assert rates[0] == pytest.approx(0.1 / 25) and max(rates) == pytest.approx(0.1, rel=1e-3)
    assert rates.index(max(rates)) in (30, 31) and rates[-1] == pytest.approx(1e-5)
    falling = [learning_rate(cosine, step=step, total=101) for step in range(101)]
    assert falling[0] == pytest.approx(0.1) and falling[50] == pytest.approx(0.05, rel=1e-3)
    assert falling == sorted(falling, reverse=True) and falling[-1] == pytest.approx(1e-5)


def test_a_constant_rate_is_the_same_at_every_step() -> None:
    assert {learning_rate(Training(learning_rate=0.1, schedule="constant"), step=step, total=9) for step in range(9)} == {0.1}


def test_a_single_step_is_a_schedule_too() -> None:
    assert learning_rate(Training(schedule="cosine", learning_rate=0.1), step=0, total=1) == pytest.approx(0.1)


def test_the_seed_of_an_epoch_depends_on_seed_and_epoch_alone() -> None:
    assert len({epoch_seed(s, e) for s in range(10) for e in range(10)}) == 100
    assert epoch_seed(0, 0) == epoch_seed(0, 0) < 2**63


def test_label_smoothing_raises_the_loss_of_a_sure_model(digits: Data) -> None:
    sharp, smooth = (
        fit(fresh(), digits, Training(epochs=2, learning_rate=0.01, label_smoothing=s), seed=0) for s in (0.0, 0.2)
    )
    assert smooth.curve[-1]["train_loss"] > sharp.curve[-1]["train_loss"] + 0.3


def test_predict_puts_the_mode_back(digits: Data) -> None:
    model = fresh().train()
    assert predict(model, digits.test.images).shape == (400, 10)
    assert model.training


@pytest.mark.parametrize(("start", "end", "state"), [(0, 0, None), (2, 1, {}), (0, 5, None), (1, 2, None)])
def test_a_part_that_is_none_is_refused(start: int, end: int, state: dict[str, object] | None, digits: Data) -> None:
    with pytest.raises(
        EffcoreError, match=f"training must go from an epoch to a later one of its 4.*Got {start} to {end}"
    ):
        fit(fresh(), digits, Training(), seed=0, start_epoch=start, end_epoch=end, optimizer_state=state)


def test_a_batch_of_one_image_is_refused(digits: Data) -> None:
    with pytest.raises(
        EffcoreError, match="training.batch_size must leave at least 2 images.*Got batch_size 2 for 3 images"
    ):
        three = replace(digits, train=Split(digits.train.images[:3], digits.train.labels[:3]))
        fit(fresh(), three, Training(batch_size=2), seed=0)


def test_a_loss_that_is_not_finite_names_the_learning_rate(digits: Data) -> None:
    broken = Hooks(loss=lambda logits, batch, loss: loss * float("nan"))
    with pytest.raises(
        EffcoreError, match="must stay finite. Got nan in epoch 1. Lower training.learning_rate, which is 0.003"
    ):
        fit(fresh(), digits.fraction(0.1), Training(), seed=0, hooks=[broken])
