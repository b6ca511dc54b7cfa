"""A challenge from card to grade: good, cheating, broken and late hand-ins, each with its verdict, by the command."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from homes import Home
from own_images import write_folder

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.training import Training
from effcore.models import build
from effcore.runtimes import runtime_module
from effcore.tasks import Split, load
from effcore.training import fit

pytestmark = pytest.mark.slow

SPEC = """
name: homework
task: digits
recipe:
  - architecture: {family: mlp, width: [0.25, 1.0]}
  - training: {epochs: 2}
  - runtime: onnxruntime
"""
CARD = """
name: homework
question: At most 50 kB, as accurate as you can.
task: digits
limits: {size_mb: 0.05}
techniques: []
due: 2026-06-01T12:00+00:00
score: 100 * accuracy
"""
IN_TIME, TOO_LATE = 1_780_000_000, 1_790_000_000


def change(folder: Path, **values: Any) -> None:
    """Say something else in point.json."""
    path = folder / "point.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def consistent(folder: Path, *, accuracy: float) -> None:
    """A cheat who knows the rules: hash, size and accuracy say what the file is."""
    data = (folder / "model.onnx").read_bytes()
    metrics = json.loads((folder / "point.json").read_text())["metrics"] | {"accuracy": accuracy, "size_mb": len(data) / 1e6}
    change(folder, sha256=hashlib.sha256(data).hexdigest(), metrics=metrics)


def learned_by_heart(path: Path) -> float:
    """A file of the honest network, trained on every image there is; its accuracy on the test images."""
    data = load("digits")
    every = Split(*(np.concatenate([getattr(s, part) for s in (data.train, data.validation, data.test)]) for part in ("images", "labels")))
    model = build(Architecture(family="mlp", width=0.25), TASKS["digits"], seed=0)
    fit(model, replace(data, train=every), Training(epochs=60), seed=0)
    runtime = runtime_module("onnxruntime")
    runtime.export(model, path, task=TASKS["digits"])
    return float((runtime.load(path)(data.test.images).argmax(1) == data.test.labels).mean())


def test_each_hand_in_gets_the_right_verdict(home: Home, tmp_path: Path) -> None:
    home.start("run", home.file("homework", SPEC)).well()
    folder = tmp_path / "hand-ins"
    home.start("export", "mlp x0.25 · 2 ep", "--to", folder / "good").well()
    home.start("export", "mlp x1 · 2 ep", "--to", folder / "too large").well()
    for name in ("boaster", "swapper", "by heart", "broken", "late"):
        shutil.copytree(folder / "good", folder / name)
    claimed = json.loads((folder / "good" / "point.json").read_text())["metrics"]
    change(folder / "boaster", metrics=claimed | {"accuracy": 0.99})
    shutil.copyfile(folder / "too large" / "model.onnx", folder / "swapper" / "model.onnx")
    consistent(folder / "swapper", accuracy=json.loads((folder / "too large" / "point.json").read_text())["metrics"]["accuracy"])
    consistent(folder / "by heart", accuracy=learned_by_heart(folder / "by heart" / "model.onnx"))
    (folder / "broken" / "model.onnx").write_bytes(b"not a model")
    (folder / "empty").mkdir()
    for path in folder.rglob("*.*"):
        moment = TOO_LATE if path.parent.name == "late" else IN_TIME
        os.utime(path, (moment, moment))

    command = home.start("grade", home.file("card", CARD), folder, "--json")
    assert command.end() == 1
    grades = {g["student"]: g for g in json.loads(command.stdout)["grades"]}
    kinds = {name: sorted({f["kind"] for f in g["findings"]}) for name, g in grades.items()}
    assert kinds == {
        "good": [], "boaster": ["claim"], "swapper": ["over_budget", "swapped"], "by heart": ["by_heart"], "broken": ["broken"],
        "empty": ["broken"], "late": ["late"], "too large": ["over_budget"],
    }  # fmt: skip
    assert next(iter(grades)) == "good" and grades["good"]["score"] == pytest.approx(100 * claimed["accuracy"])
    assert "must be an ONNX model" in grades["broken"]["findings"][0]["text"]
    assert home.alive() == {}


OWN_SPEC = """
name: own homework
task: shapes
recipe:
  - architecture: {family: patches, width: 0.5}
  - training: {epochs: 2, batch_size: 16}
  - runtime: onnxruntime
measure: {processes: 3, max_s: 2}
"""
OWN_CARD = """
name: own homework
question: As accurate as you can.
task: shapes
families: [patches]
score: 100 * accuracy
"""
PLUGIN = Path(__file__).resolve().parents[2] / "docs" / "example_plugin.py"


def test_hand_ins_of_own_images_and_an_own_network_are_graded(home: Home, tmp_path: Path) -> None:
    data = write_folder(tmp_path / "shapes", each=20)
    home.start("run", home.file("own homework", OWN_SPEC), "--data", f"shapes={data}", "--plugin", PLUGIN).well()
    folder, trained = tmp_path / "hand-ins", len(home.started("train"))
    home.start("export", "patches x0.5 · 2 ep batch 16", "--to", folder / "ada").well()
    change(folder / "ada", seed=1)  # so that its recipe is trained here, and not found

    command = home.start("grade", home.file("own card", OWN_CARD), folder, "--json")
    assert command.end() == 0, command.stderr + command.stdout
    (grade,) = json.loads(command.stdout)["grades"]
    claimed = json.loads((folder / "ada" / "point.json").read_text())["metrics"]
    assert grade["score"] == pytest.approx(100 * claimed["accuracy"]) and grade["metrics"]["size_mb"] == claimed["size_mb"]
    assert len(home.started("train")) == 2 * trained == 4
