"""Averaging: the mean that the formula says, over any cut of the phase, with statistics of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.averaging import Averaging
from effcore.catalogue.training import Training
from effcore.models import build, snapshot
from effcore.tasks import Data
from effcore.techniques.averaging import contribute
from effcore.techniques.context import Context
from effcore.training import HOOKS, Hooks, fit

CNN = Architecture(family="cnn", width=0.25)


def averaged(data: Data, config: Averaging) -> Hooks:
    return contribute(config, Context(data=data, seed=5))


def mean_of(values: list[float], config: Averaging, digits: Data) -> tuple[float, dict[str, Any]]:
    """What is handed on by a model of one weight that takes these values, one a step."""
    hooks, model, state = averaged(digits, config), nn.Linear(1, 1, bias=False), {}
    assert hooks.step is not None and hooks.end is not None
    for index, value in enumerate(values, start=1):
        with torch.no_grad():
            model.weight.fill_(value)
        hooks.step(state, model, index / len(values))
    assert model.weight.item() == values[-1]
    hooks.end(state, model, torch.zeros(4, 1))
    return model.weight.item(), state


def test_ema_is_its_closed_form(digits: Data) -> None:
    w, d = [3.0, 1.0, 4.0, 1.0, 5.0], 0.8
    expected = d**4 * w[0] + (1 - d) * sum(d ** (4 - i) * w[i] for i in range(1, 5))
    got, state = mean_of(w, Averaging(decay=d, start=0.0), digits)
    assert got == pytest.approx(expected, rel=1e-6) and state["count"] == 5


def test_swa_is_the_mean_of_all_steps_after_the_start(digits: Data) -> None:
    assert mean_of([3.0, 1.0, 4.0, 1.0, 5.0, 10.0], Averaging(kind="swa", start=0.5), digits)[0] == pytest.approx(16 / 3)


def test_a_start_close_to_the_end_leaves_the_last_step(digits: Data) -> None:
    assert mean_of([3.0, 1.0, 4.0], Averaging(kind="swa", start=0.99), digits)[0] == 4.0


@pytest.mark.parametrize("kind", ["ema", "swa"])
@pytest.mark.parametrize("stops", [(1,), (2,), (1, 2)])
def test_a_phase_in_rungs_hands_on_the_same_bits(
    kind: str, stops: tuple[int, ...], digits: Data, tmp_path: Path, state_of: Callable[[nn.Module], str]
) -> None:
    data, config = digits.fraction(0.2), Training(epochs=3, learning_rate=0.01)
    hooks = [Hooks(), averaged(data, Averaging(kind=kind, start=0.2))]  # type: ignore[arg-type]
    whole = build(CNN, TASKS["digits"], seed=3)
    through = fit(whole, data, config, seed=5, hooks=hooks)
    model, state, start, rows = build(CNN, TASKS["digits"], seed=3), None, 0, []
    for end in (*stops, 3):
        part = fit(model, data, config, seed=5, start_epoch=start, end_epoch=end, optimizer_state=state, hooks=hooks)
        snapshot.save(tmp_path / "model.pt", snapshot.take(model, "digits", CNN))
        torch.save(part.optimizer_state, tmp_path / "optimizer.pt")
        model = snapshot.rebuild(snapshot.load(tmp_path / "model.pt"))
        state, start = torch.load(tmp_path / "optimizer.pt", weights_only=True), end
        rows += [(row["train_loss"], row["val_accuracy"]) for row in part.curve]
    assert state_of(model) == state_of(whole)
    assert rows == [(row["train_loss"], row["val_accuracy"]) for row in through.curve]
    assert state is not None and state[HOOKS][1]["count"] > 1


def test_between_rungs_the_trained_weights_go_on_and_at_the_end_the_mean_is_handed_on(
    digits: Data, state_of: Callable[[nn.Module], str]
) -> None:
    data, config = digits.fraction(0.2), Training(epochs=2, learning_rate=0.01)
    plain, mean = (build(CNN, TASKS["digits"], seed=3) for _ in range(2))
    hooks = [averaged(data, Averaging(start=0.0))]
    fit(plain, data, config, seed=5, end_epoch=1)
    first = fit(mean, data, config, seed=5, end_epoch=1, hooks=hooks)
    assert state_of(plain) == state_of(mean)
    kept = first.optimizer_state[HOOKS][0]["mean"]
    before = {name: value.clone() for name, value in kept.items()}
    last = fit(mean, data, config, seed=5, start_epoch=1, optimizer_state=first.optimizer_state, hooks=hooks)
    assert all(torch.equal(kept[name], before[name]) for name in kept), "the state that was given is not changed"
    handed = last.optimizer_state[HOOKS][0]["mean"]
    assert all(torch.equal(parameter.detach(), handed[name]) for name, parameter in mean.named_parameters())


def test_the_statistics_of_batch_normalization_are_those_of_the_mean(digits: Data) -> None:
    data = digits.fraction(0.05)  # 60 images, one batch
    model = build(CNN, TASKS["digits"], seed=3)
    fit(model, data, Training(epochs=2), seed=5, hooks=[averaged(data, Averaging(start=0.0))])
    seen: dict[nn.Module, torch.Tensor] = {}
    norm = next(m for m in model.modules() if isinstance(m, nn.BatchNorm2d))
    handle = norm.register_forward_pre_hook(lambda module, inputs: seen.update({module: inputs[0]}))
    with torch.no_grad():
        model(torch.tensor(data.train.images))
    handle.remove()
    assert torch.allclose(norm.running_mean, seen[norm].mean(dim=(0, 2, 3)), atol=1e-5)
    assert torch.allclose(norm.running_var, seen[norm].var(dim=(0, 2, 3)), rtol=1e-4)
    assert not model.training and norm.momentum is not None
