"""A rung goes on with the clock of the one below, and is refused before it starts where it would not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from effcore.errors import EffcoreError
from effcore.models import snapshot
from effcore.stages import LIMIT_VARIABLE, train

EARLY = {"training": {"epochs": 4, "data_fraction": 0.2, "learning_rate": 1e-6, "early_stopping": {"patience": 1, "min_delta": 0.5}}}
"""A training whose accuracy can't rise by half of the images from the first epoch on."""

CONFIG: dict[str, Any] = {
    "task": "digits", "seed": 0, "threads": 1, "contributes": [],
    "architecture": {"family": "mlp", "width": 0.25}, "training": {"epochs": 2, "data_fraction": 0.2},
}  # fmt: skip


def rung(folder: Path, start: int, until: int, *, config: dict[str, Any] = CONFIG, **inputs: Path) -> dict[str, Any]:
    folder.mkdir()
    return train.work(config | {"from": start, "until": until}, inputs, folder)


def test_seconds_of_a_curve_count_from_the_first_rung_on(tmp_path: Path) -> None:
    rung(tmp_path / "first", 0, 1)
    facts = rung(tmp_path / "second", 1, 2, before=tmp_path / "first")
    first, second = (json.loads((tmp_path / name / "curve.json").read_text()) for name in ("first", "second"))
    assert second[:1] == first and [row["epoch"] for row in second] == [1, 2]
    assert second[1]["seconds"] > second[0]["seconds"] > 0
    assert facts["samples"] == 239 and facts["predicted_ram_mb"] > 20


def test_a_training_beyond_its_limit_is_refused_before_it_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT_VARIABLE, "10.0")
    with pytest.raises(EffcoreError, match="training must fit into limits.train_ram_mb, 10 MB. It would take about 2"):
        rung(tmp_path / "first", 0, 1)
    assert list((tmp_path / "first").iterdir()) == []


def test_what_the_machine_has_left_is_a_limit_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "available_ram_mb", lambda: 25.0)
    with pytest.raises(EffcoreError, match="must fit into the memory that this machine has left, 25 MB"):
        rung(tmp_path / "first", 0, 1)
    monkeypatch.setattr(train, "available_ram_mb", lambda: None)
    assert rung(tmp_path / "second", 0, 1)["samples"] == 239


def test_rungs_after_the_one_in_which_training_was_stopped_hand_on_its_best_weights(tmp_path: Path) -> None:
    first = rung(tmp_path / "first", 0, 1, config=CONFIG | EARLY)
    second = rung(tmp_path / "second", 1, 3, config=CONFIG | EARLY, before=tmp_path / "first")
    third = rung(tmp_path / "third", 3, 4, config=CONFIG | EARLY, before=tmp_path / "second")
    assert [(f["epochs"], f["samples"], f["share_done"]) for f in (first, second, third)] == [(1, 239, 1.0), (1, 239, 0.5), (0, 0, 0.0)]
    assert first["best_epoch"] is None and second["best_epoch"] == third["best_epoch"] in (1, 2)
    curve = json.loads((tmp_path / "third" / "curve.json").read_text())
    assert [row["epoch"] for row in curve] == [1, 2]
    assert second["val_accuracy"] == third["val_accuracy"] == max(row["val_accuracy"] for row in curve)
    models = [snapshot.load(tmp_path / name / "model.pt").state for name in ("second", "third")]
    assert all(torch.equal(models[0][name], tensor) for name, tensor in models[1].items())
