"""Zeros that a transform sets are there in its snapshot, and in that of a phase that comes after it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from torch import nn

from effcore.models import snapshot
from effcore.recipe import read_step
from effcore.stages import train, transform
from effcore.techniques.pruning.weights import weights_of

CONFIG: dict[str, Any] = {
    "task": "digits", "seed": 0, "threads": 1, "contributes": [],
    "architecture": {"family": "mlp", "width": 0.25}, "training": {"epochs": 1, "data_fraction": 0.2},
}  # fmt: skip


def model(folder: Path) -> nn.Module:
    return snapshot.rebuild(snapshot.load(folder / "model.pt"))


def zeros(folder: Path) -> int:
    return sum(int((weight == 0).sum()) for weight in weights_of(model(folder)).values())


def work(folder: Path, name: str, config: dict[str, Any], **inputs: Path) -> dict[str, Any]:
    (folder / name).mkdir()
    return (transform if "step" in config else train).work(CONFIG | config, inputs, folder / name)


def test_zeros_and_the_curve_of_every_round_are_handed_on(tmp_path: Path) -> None:
    work(tmp_path, "trained", {"from": 0, "until": 1})
    given = {"structure": "weights", "amount": 0.8, "rounds": 2, "fine_tune": 2, "criterion": "taylor"}
    step = read_step({"pruning": given}).document
    facts = work(tmp_path, "pruned", {"step": step}, model=tmp_path / "trained")
    count = sum(weight.numel() for weight in weights_of(model(tmp_path / "pruned")).values())
    assert zeros(tmp_path / "trained") == 0 and zeros(tmp_path / "pruned") == sum(facts["did"]["zeros"].values())
    assert abs(zeros(tmp_path / "pruned") - 0.8 * count) <= 1.5
    curve = json.loads((tmp_path / "pruned" / "curve.json").read_text())
    assert [row["epoch"] for row in curve] == [1, 2, 3, 4]
    assert facts["samples"] == 4 * 239 and snapshot.load(tmp_path / "pruned" / "model.pt").edits == []

    again = {"from": 0, "until": 1, "training": {"epochs": 1, "data_fraction": 0.2}}
    work(tmp_path, "kept", again | {"keep_zeros": True}, start=tmp_path / "pruned")
    work(tmp_path, "lost", again, start=tmp_path / "pruned")
    assert zeros(tmp_path / "kept") == zeros(tmp_path / "pruned") and zeros(tmp_path / "lost") < 0.5 * zeros(tmp_path / "pruned")
    cut = {"step": read_step({"pruning": {"amount": 0.5, "round_to": 4}}).document, "keep_zeros": True}
    work(tmp_path, "cut", cut, model=tmp_path / "pruned")
    fewer = sum(weight.numel() for weight in weights_of(model(tmp_path / "cut")).values())
    assert fewer < 0.6 * count and zeros(tmp_path / "cut") > 0.5 * fewer
