"""`check` tells what of an operator's networks and weights does not fit, before anything is run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import torch

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.own import CHECKPOINTS, Checkpoint
from effcore.models import build
from effcore.models.fits import misfits
from effcore.own.listing import sha256_of

ROOT = Path(__file__).parents[3]
MLP = Architecture(family="mlp", width=0.5)
PLUGIN = """
from torch import nn
from effcore.plugin import Card, OwnArchitecture, Plugin

def build(task, *, width, depth):
    return nn.Sequential(nn.Flatten(), nn.Linear(99, len(task.classes)))

CARD = Card(name="straight", summary="One layer.", formula="y = W x", unhelpful="Always.", source="ours", link="")
PLUGIN = Plugin(architectures=[OwnArchitecture(name="straight", build=build, card=CARD)])
"""
SPEC = """\
name: a
task: digits
recipes:
  - - architecture: {family: mlp, width: [0.25, 0.5]}
    - training: {checkpoint: mine}
    - runtime: onnxruntime
  - - architecture: {family: straight}
    - training: {}
    - runtime: onnxruntime
"""


def saved(path: Path) -> Path:
    torch.save(build(MLP, TASKS["digits"], seed=0).state_dict(), path)
    return path


def test_every_tensor_that_does_not_fit_is_named(tmp_path: Path) -> None:
    path = saved(tmp_path / "mine.pt")
    CHECKPOINTS["mine"] = Checkpoint(name="mine", path=str(path), sha256=sha256_of(path))
    try:
        found = misfits([(MLP, "mine"), (MLP.model_copy(update={"width": 0.25}), "mine"), (MLP, None)], TASKS["digits"])
    finally:
        del CHECKPOINTS["mine"]
    ((index, cause),) = found
    assert index == 1 and cause.startswith("checkpoint 'mine' does not fit the network: ") and "got 128x64, expected 64x64" in cause


def test_check_names_them_with_their_lines_and_writes_nothing(tmp_path: Path) -> None:
    spec, plugin, home = tmp_path / "s.yaml", tmp_path / "straight.py", tmp_path / "home"
    spec.write_text(SPEC)
    plugin.write_text(PLUGIN)
    command = [sys.executable, "-m", "effcore", "check", str(spec), "--json", "--home", str(home), "--plugin", str(plugin)]
    command += ["--checkpoint", f"mine={saved(tmp_path / 'mine.pt')}"]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=120, check=False)
    assert done.returncode == 2, done.stderr
    weights, network = json.loads(done.stdout)["problems"]
    assert (weights["where"], weights["line"]) == ("recipes[0][1].training.checkpoint", 5)
    assert "got 128x64, expected 64x64" in weights["message"]
    assert (network["where"], network["line"]) == ("recipes[1][0].architecture.family", 7)
    assert "the network 'straight' must take float images (N, 1, 8, 8). Got: mat1 and mat2 shapes cannot be multiplied" in network["message"]
    assert not home.exists()
