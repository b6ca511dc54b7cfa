"""Make the table of results that the benchmark of searches looks up: every recipe of a small space, trained once, each structure measured.

    python benchmarks/search_table.py benchmarks/search_table.json

96 networks for `digits`: 3 families x 4 widths x 8 learning rates, 8 epochs each. Seconds are those of the processor,
so that what else runs does not count. It takes about three minutes of one core.
"""

from __future__ import annotations

import itertools
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.training import Training
from effcore.measure.latency import Settings, measure_latency
from effcore.models import build
from effcore.plan import rungs
from effcore.runtimes import runtime_module
from effcore.tasks import load
from effcore.training import fit

TASK, EPOCHS, SEED = "digits", 8, 0
FAMILIES, WIDTHS = ("mlp", "cnn", "mobile"), (0.125, 0.25, 0.5, 1.0)
RATES, BATCHES = (0.0003, 0.0006, 0.0012, 0.0025, 0.005, 0.01, 0.02, 0.04), (64,)


def trained(family: str, width: float, rate: float, batch: int) -> dict[str, Any]:
    """Accuracy on the validation images after each rung, and seconds of the processor up to it."""
    torch.manual_seed(SEED)
    data, training = load(TASK), Training(epochs=EPOCHS, learning_rate=rate, batch_size=batch)
    model, state, start, spent = build(Architecture(family=family, width=width), TASKS[TASK]), None, 0, 0.0
    row: dict[str, Any] = {"family": family, "width": width, "learning_rate": rate, "batch_size": batch, "val_accuracy": [], "train_s": []}
    for end in rungs(EPOCHS):
        began = time.process_time()
        result = fit(model, data, training, seed=SEED, start_epoch=start, end_epoch=end, optimizer_state=state)
        spent, state, start = spent + time.process_time() - began, result.optimizer_state, end
        row["val_accuracy"].append(round(result.curve[-1]["val_accuracy"], 6))
        row["train_s"].append(round(spent, 4))
    return row


def measured(family: str, width: float) -> dict[str, Any]:
    """Latency of the exported file, and seconds that exporting took the processor."""
    task, runtime = TASKS[TASK], runtime_module("onnxruntime")
    with tempfile.TemporaryDirectory() as folder:
        path, began = Path(folder) / "model.onnx", time.process_time()
        runtime.export(build(Architecture(family=family, width=width), task).eval(), path, task=task)
        export_s = time.process_time() - began
        settings = Settings(min_processes=5, width=0.2, max_s=4.0)
        found = measure_latency(path, runtime="onnxruntime", shape=task.shape, levels=task.levels, settings=settings)
    return {"family": family, "width": width, "latency_ms": round(found.latency_ms, 6), "export_s": round(export_s, 3)}


def main() -> None:
    torch.set_num_threads(1)
    measured("mlp", 0.125)  # the first export of a process loads the exporter
    structures = [measured(f, w) for f, w in itertools.product(FAMILIES, WIDTHS)]
    trainings = [trained(*choice) for choice in itertools.product(FAMILIES, WIDTHS, RATES, BATCHES)]
    document = {"task": TASK, "epochs": EPOCHS, "rungs": list(rungs(EPOCHS)), "structures": structures, "trainings": trainings}
    lines = json.dumps(document).replace('{"family"', '\n{"family"')
    Path(sys.argv[1]).write_text(lines + "\n")


if __name__ == "__main__":
    main()
