"""Early stopping: when it ends a training, and that the best weights are handed on wherever the training was cut."""

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
from effcore.catalogue.training import EarlyStopping, Training
from effcore.errors import EffcoreError
from effcore.models import build
from effcore.stopping import watch
from effcore.tasks import Data
from effcore.techniques import Context, averaging
from effcore.training import evaluate, fit


def walk(accuracies: list[float], **config: Any) -> tuple[int, dict[str, Any], float]:
    """Epochs until the end, the state then, and the weight that is handed on, where the weight of each epoch is its number."""
    state: dict[str, Any] = {}
    model = nn.Linear(1, 1)
    for epoch, accuracy in enumerate(accuracies, start=1):
        nn.init.constant_(model.weight, epoch)
        watch(state, model, accuracy, epoch=epoch, last=epoch == len(accuracies), config=EarlyStopping(**config))
        if state["ended"]:
            break
    return epoch, state, model.weight.item()


@pytest.mark.parametrize(
    ("accuracies", "config", "epochs", "best"),
    [
        ([0.5, 0.6, 0.6, 0.7, 0.8], {"patience": 1}, 3, 2),
        ([0.5, 0.6, 0.6, 0.7, 0.8], {"patience": 2}, 5, 5),
        ([0.9, 0.8, 0.7, 0.6], {"patience": 2}, 3, 1),
        ([0.9, 0.8, 0.7, 0.6], {"patience": 9}, 4, 1),
        ([0.5, 0.51, 0.52, 0.53], {"patience": 2, "min_delta": 0.1}, 3, 3),
        ([0.5, 0.51, 0.62, 0.63], {"patience": 2, "min_delta": 0.1}, 4, 4),
    ],
)
def test_training_ends_when_nothing_has_risen_for_so_long_and_the_best_weights_come_back(
    accuracies: list[float], config: dict[str, Any], epochs: int, best: int
) -> None:
    ended, state, weight = walk(accuracies, **config)
    assert (ended, state["best"], weight) == (epochs, best, best)
    assert state["accuracy"] == max(accuracies[:epochs]) and "weights" not in state


def fresh() -> nn.Module:
    return build(Architecture(family="cnn", width=0.25), TASKS["digits"], seed=3)


@pytest.mark.parametrize("stop", [1, 3, 5])
def test_a_training_that_ends_early_has_the_same_bits_wherever_it_was_cut(
    stop: int, digits: Data, tmp_path: Path, state_of: Callable[[nn.Module], str]
) -> None:
    data = digits.fraction(0.2)
    config = Training(epochs=8, learning_rate=0.03, schedule="constant", early_stopping=EarlyStopping(patience=1))
    whole, part = fresh(), fresh()
    through = fit(whole, data, config, seed=1)
    before = fit(part, data, config, seed=1, end_epoch=stop)
    torch.save(before.optimizer_state, tmp_path / "optimizer.pt")
    state = torch.load(tmp_path / "optimizer.pt", weights_only=True)
    after = fit(part, data, config, seed=1, start_epoch=stop, optimizer_state=state)
    assert 1 < len(through.curve) < 8 and through.best_epoch == after.best_epoch == len(through.curve) - 1
    assert before.samples + after.samples == through.samples == len(through.curve) * 239
    assert state_of(part) == state_of(whole)
    reached = max(row["val_accuracy"] for row in through.curve)
    assert evaluate(whole, digits.validation) == reached > through.curve[-1]["val_accuracy"] - 1e-9


def test_without_patience_nothing_is_kept_and_nothing_ends(digits: Data) -> None:
    done = fit(fresh(), digits.fraction(0.1), Training(epochs=2), seed=0)
    assert len(done.curve) == 2 and done.best_epoch is None and "stopping" not in done.optimizer_state


def test_what_changes_the_network_at_the_end_of_a_phase_is_refused(digits: Data) -> None:
    hooks = [averaging.contribute(Averaging(), Context(data=digits, seed=0))]
    with pytest.raises(EffcoreError, match="early_stopping.patience must be 0 where a technique changes the network at the end.*Got 2"):
        fit(fresh(), digits, Training(early_stopping=EarlyStopping(patience=2)), seed=0, hooks=hooks)
