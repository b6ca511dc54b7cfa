"""Fine-tuning after pruning inherits what shaped the phase before, teachers among it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from effcore.catalogue.distillation import Distillation
from effcore.recipe import Step
from effcore.stages import train, transform

PHASE: dict[str, Any] = {"task": "digits", "seed": 0, "threads": 1, "training": {"epochs": 1, "data_fraction": 0.2}}
MLP, CNN = ({"family": family, "width": 0.25} for family in ("mlp", "cnn"))
KINDS: dict[str, dict[str, Any]] = {
    "soft": {}, "hard": {"labels": "hard"}, "features": {"features": 1000.0}, "features alone": {"weight": 0.0, "features": 1000.0},
}  # fmt: skip


def trained(folder: Path, architecture: dict[str, Any], *, seed: int = 0, **inputs: Path) -> Path:
    folder.mkdir()
    train.work(PHASE | {"architecture": architecture, "contributes": [], "seed": seed, "from": 0, "until": 1}, inputs, folder)
    return folder


def fine_tuning_loss(folder: Path, parameters: dict[str, Any] | None, **inputs: Path) -> float:
    """Loss of the fine-tuning of the same pruned network, with the phase's way to distil or without any."""
    folder.mkdir()
    teacher = {"family": "cnn", "members": len(inputs) - 1 or 1}
    step = Step("distillation", Distillation.model_validate({"teacher": teacher} | (parameters or {})))
    config = PHASE | {"step": {"pruning": {"amount": 0.5, "fine_tune": 1}}, "contributes": [] if parameters is None else [step.document]}
    transform.work(config, inputs, folder)
    (row,) = json.loads((folder / "curve.json").read_text())
    return float(row["train_loss"])


@pytest.mark.parametrize("family", [MLP, CNN], ids=["born again", "from another"])
def test_fine_tuning_listens_to_the_teachers_of_its_phase(family: dict[str, Any], tmp_path: Path) -> None:
    student = trained(tmp_path / "student", MLP)
    first, second = (trained(tmp_path / f"teacher_{seed}", family, seed=seed) for seed in (1, 2))
    losses = [fine_tuning_loss(tmp_path / "alone", None, model=student)]
    for kind, parameters in KINDS.items():
        losses.append(fine_tuning_loss(tmp_path / kind, parameters, model=student, teacher=first))
        losses.append(fine_tuning_loss(tmp_path / f"{kind} of two", parameters, model=student, teacher_1=second, teacher=first))
    assert len(set(losses)) == 1 + 2 * len(KINDS)


def test_members_are_read_in_the_order_of_their_roles(tmp_path: Path) -> None:
    first, second = (trained(tmp_path / f"teacher_{seed}", MLP, seed=seed) for seed in (1, 2))
    alone = [train.load_teachers({"teacher": path})[0].state_dict() for path in (first, second)]
    both = [model.state_dict() for model in train.load_teachers({"teacher_1": second, "model": first, "teacher": first})]
    assert [{k: v.tolist() for k, v in state.items()} for state in both] == [{k: v.tolist() for k, v in state.items()} for state in alone]
    assert train.load_teachers({"before": first}) == []
