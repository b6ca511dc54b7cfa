"""A rung goes on with the clock of the one below, and is refused before it starts where it would not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from effcore.errors import EffcoreError
from effcore.stages import LIMIT_VARIABLE, train

CONFIG: dict[str, Any] = {
    "task": "digits", "seed": 0, "threads": 1, "contributes": [],
    "architecture": {"family": "mlp", "width": 0.25}, "training": {"epochs": 2, "data_fraction": 0.2},
}  # fmt: skip


def rung(folder: Path, start: int, until: int, **inputs: Path) -> dict[str, Any]:
    folder.mkdir()
    return train.work(CONFIG | {"from": start, "until": until}, inputs, folder)


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
