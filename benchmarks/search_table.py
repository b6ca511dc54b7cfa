"""Make the table of results that the benchmark of searches looks up: every recipe of a small space, trained once, each structure measured.

    python benchmarks/search_table.py benchmarks/search_table.json
    python benchmarks/search_table.py benchmarks/search_table_mnist5k.json --space mnist5k
    python benchmarks/search_table.py benchmarks/search_table_mnist5k_large.json --space mnist5k_large

`digits`: 3 families x 4 widths x 8 learning rates, 8 epochs; measuring takes longer than training. `mnist5k`: 4 families x 3 widths x 8
learning rates, 4 epochs; training takes longer. 96 networks each, of which a search sees most. `mnist5k_large`: 5 widths, and 3 batch sizes,
480 networks, of which it sees some. Seconds of training and exporting are those of the processor, so that what else runs does not count;
those of measuring and evaluating are of the clock, so that nothing else may run in the minutes in which the structures are measured, which
come first; the median of five rounds stands. It takes about five, eight and thirty minutes of one core.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.training import Training
from effcore.models import build
from effcore.plan import rungs
from effcore.runtimes import runtime_module
from effcore.stages import evaluate, measure
from effcore.tasks import load
from effcore.training import fit

SEED = 0
ROUNDS = 5
MEASURED = ("latency_ms", "export_s", "measure_s", "evaluate_s")
RATES = (0.0003, 0.0006, 0.0012, 0.0025, 0.005, 0.01, 0.02, 0.04)


@dataclass(frozen=True)
class Space:
    """What a table is made of."""

    task: str
    epochs: int
    families: tuple[str, ...]
    widths: tuple[float, ...]
    batches: tuple[int, ...] = (64,)


SPACES = {
    "digits": Space("digits", 8, ("mlp", "cnn", "mobile"), (0.125, 0.25, 0.5, 1.0)),
    "mnist5k": Space("mnist5k", 4, ("mlp", "cnn", "mobile", "residual"), (0.125, 0.25, 0.5)),
    "mnist5k_large": Space("mnist5k", 4, ("mlp", "cnn", "mobile", "residual"), (0.125, 0.175, 0.25, 0.35, 0.5), (32, 64, 128)),
}


def trained(space: Space, family: str, width: float, rate: float, batch: int) -> dict[str, Any]:
    """Accuracy on the validation images after each rung, and seconds of the processor up to it."""
    torch.manual_seed(SEED)
    data, training = load(space.task), Training(epochs=space.epochs, learning_rate=rate, batch_size=batch)
    model, state, start, spent = build(Architecture(family=family, width=width), TASKS[space.task]), None, 0, 0.0
    row: dict[str, Any] = {"family": family, "width": width, "learning_rate": rate, "batch_size": batch, "val_accuracy": [], "train_s": []}
    for end in rungs(space.epochs):
        began = time.process_time()
        result = fit(model, data, training, seed=SEED, start_epoch=start, end_epoch=end, optimizer_state=state)
        spent, state, start = spent + time.process_time() - began, result.optimizer_state, end
        row["val_accuracy"].append(round(result.curve[-1]["val_accuracy"], 6))
        row["train_s"].append(round(spent, 4))
    return row


def measured(space: Space, family: str, width: float) -> dict[str, Any]:
    """Latency of the exported file, seconds that exporting took the processor, and seconds of measuring and evaluating as a sweep does it."""
    task, runtime = TASKS[space.task], runtime_module("onnxruntime")
    asked = {"task": space.task, "runtime": "onnxruntime"}
    with tempfile.TemporaryDirectory() as folder:
        path, began = Path(folder) / "model.onnx", time.process_time()
        runtime.export(build(Architecture(family=family, width=width), task).eval(), path, task=task)
        export_s, began = time.process_time() - began, time.perf_counter()
        settings = {"processes": 5, "width": 0.2, "max_s": 4.0}
        found = measure.work(asked | {"batch": 1, "threads": 1, "settings": settings}, {"artifact": path.parent}, path.parent)
        measure_s, began = time.perf_counter() - began, time.perf_counter()
        evaluate.work(asked, {"artifact": path.parent}, path.parent)
        evaluate_s = time.perf_counter() - began
    return {
        "family": family, "width": width, "latency_ms": round(found["metrics"]["latency_ms"], 6), "export_s": round(export_s, 3),
        "measure_s": round(measure_s, 3), "evaluate_s": round(evaluate_s, 3),
    }  # fmt: skip


def middle(rounds: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The median of what was measured of each structure in rounds: a minute in which the machine is slower is in one of them."""
    return [
        {name: round(statistics.median(row[name] for row in rows), 6) if name in MEASURED else value for name, value in rows[0].items()}
        for rows in zip(*rounds, strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--space", choices=tuple(SPACES), default="digits")
    parser.add_argument("--trainings-of", type=Path, help="A table whose trainings are taken over; only the structures are measured.")
    given = parser.parse_args()
    space = SPACES[given.space]
    torch.set_num_threads(1)
    measured(space, "mlp", 0.125)  # the first export of a process loads the exporter
    structures = middle([[measured(space, f, w) for f, w in itertools.product(space.families, space.widths)] for _ in range(ROUNDS)])
    if given.trainings_of is None:
        trainings = [trained(space, *choice) for choice in itertools.product(space.families, space.widths, RATES, space.batches)]
    else:
        trainings = json.loads(given.trainings_of.read_text())["trainings"]
    document = {"task": space.task, "epochs": space.epochs, "rungs": list(rungs(space.epochs)), "structures": structures, "trainings": trainings}
    lines = json.dumps(document).replace('{"family"', '\n{"family"')
    given.path.write_text(lines + "\n")


if __name__ == "__main__":
    main()
