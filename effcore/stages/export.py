"""From a model to the file that is deployed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from effcore.catalogue import RUNTIMES, TASKS
from effcore.measure.huffman import measure_huffman
from effcore.measure.size import measure_size
from effcore.models import snapshot
from effcore.recipe import Step, read_step
from effcore.runtimes import runtime_module
from effcore.stages import TRAINED
from effcore.tasks import Data, load
from effcore.techniques import CONVERTERS, FUNCTIONS


def work(config: Mapping[str, Any], inputs: Mapping[str, Path], folder: Path) -> dict[str, Any]:
    """Write the artifact.

    Args:
        config: task, runtime, lower (steps that act while the file is made), data_fraction (of the training, for calibration).
        inputs: `model`; `trained` where a step has trained it before it lowers it; `file`, the same network's file without the steps, where
            all of them act on the file.
        folder: Gets `model.onnx` or `model.pt2`, and `layers.json`, where its bytes are.

    Returns:
        Facts: name of the file, its structure, sizes and counts, and what the techniques did.
    """
    torch.set_num_threads(1)
    runtime = runtime_module(config["runtime"])
    path = folder / f"model{RUNTIMES[config['runtime']].suffix}"
    steps = [read_step(document) for document in config["lower"]]
    data = load(config["task"]).fraction(config["data_fraction"]) if steps else None
    did: dict[str, Any] = {}
    if "file" in inputs:
        shutil.copyfile(inputs["file"] / path.name, path)
    else:
        runtime.export(_lowered(steps, inputs, data, did), path, task=TASKS[config["task"]])
    for step in (s for s in steps if s.record.converts(s.config)):
        file, did[step.technique] = CONVERTERS[step.technique](path.read_bytes(), step.config, data)
        path.write_bytes(file)
    figures = asdict(runtime.counts(path)) | asdict(measure_size(path)) | {"size_huffman_mb": measure_huffman(path, runtime.weights(path))}
    (folder / "layers.json").write_text(json.dumps([asdict(layer) for layer in runtime.layers(path)]))
    return {
        "artifact": path.name, "structure": runtime.structure(path), "did": did,
        "metrics": {k: float(v) for k, v in figures.items()},
    }  # fmt: skip


def _lowered(steps: Sequence[Step], inputs: Mapping[str, Path], data: Data | None, did: dict[str, Any]) -> Any:
    """The network, lowered by the steps that act before its file is made; what they did is added."""
    program: Any = snapshot.rebuild(snapshot.load(inputs["model"] / "model.pt")).eval()
    for step in (s for s in steps if not s.record.converts(s.config)):
        before = {"trained": torch.load(inputs["trained"] / TRAINED, weights_only=True)} if step.record.trains(step.config) else {}
        program, did[step.technique] = FUNCTIONS[step.technique](program, step.config, data, **before)
    return program
