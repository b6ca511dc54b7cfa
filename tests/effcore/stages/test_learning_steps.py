"""Learning steps of one phase come to the same training in whatever order a recipe names them."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from effcore.recipe import read_step
from effcore.stages import train
from effcore.tasks import load
from effcore.training import Batch

PHASE: dict[str, Any] = {
    "task": "digits", "seed": 0, "threads": 1, "from": 0, "until": 1, "training": {"epochs": 1, "data_fraction": 0.1},
    "architecture": {"family": "elastic", "width": 0.25, "depth": 1},
}  # fmt: skip
SHARING = {"weight_sharing": {"sampled": 1}}


def trained(folder: Path, *steps: dict[str, Any], **inputs: Path) -> tuple[float, dict[str, Tensor]]:
    """Loss of the epoch, and the weights."""
    folder.mkdir()
    train.work(PHASE | {"contributes": [read_step(step).document for step in steps]}, inputs, folder)
    (row,) = json.loads((folder / "curve.json").read_text())
    return row["train_loss"], torch.load(folder / "model.pt", weights_only=True)["state"]


@pytest.mark.parametrize("parameters", [{"weight": 0.7}, {"weight": 1.0, "features": 10.0}, {"labels": "hard", "weight": 1.0}])
def test_weight_sharing_and_distillation_are_the_same_in_both_orders(parameters: dict[str, Any], tmp_path: Path) -> None:
    trained(tmp_path / "teacher")
    steps = [SHARING, {"distillation": {"teacher": {"family": "elastic"}, **parameters}}]
    losses = [trained(tmp_path / str(i), *order, teacher=tmp_path / "teacher") for i, order in enumerate(itertools.permutations(steps))]
    assert losses[0][0] == losses[1][0]
    assert all(torch.equal(value, losses[1][1][name]) for name, value in losses[0][1].items())


@pytest.mark.parametrize("reverse", [False, True])
def test_distillation_scales_the_loss_on_the_labels_alone(reverse: bool, tmp_path: Path) -> None:
    trained(tmp_path / "teacher")
    data = load("digits").fraction(0.1)
    (teacher,) = train.load_teachers({"teacher": tmp_path / "teacher"})
    steps = [{"distillation": {"teacher": {"family": "elastic"}, "weight": 1.0}}, SHARING]
    hooks = train.phase_hooks(PHASE | {"contributes": [read_step(s).document for s in (steps[::-1] if reverse else steps)]}, [teacher], data)
    images, labels = torch.tensor(data.train.images[:16]), torch.tensor(data.train.labels[:16])
    batch, loss = Batch(images=images, labels=labels, indices=torch.arange(16)), torch.tensor(5.0)
    (sharing,) = [hook for hook in hooks if hook.attach is not None]
    assert sharing.attach is not None
    with sharing.attach(teacher):  # the student is its teacher, so that all that is left is what the parts learn
        for hook in hooks:
            batch = batch if hook.batch is None else hook.batch(batch, torch.Generator().manual_seed(0))
        logits = teacher(images)
        for hook in hooks:
            loss = loss if hook.loss is None else hook.loss(logits, batch, loss)
        assert sharing.loss is not None
        parts = sharing.loss(logits, batch, torch.tensor(0.0))
    assert float(parts.detach()) > 0.01 and torch.allclose(loss, parts, atol=1e-4)
