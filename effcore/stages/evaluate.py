"""How often the deployed file is right."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from effcore.catalogue import RUNTIMES
from effcore.measure.accuracy import BATCH, measure_accuracy
from effcore.runtimes import runtime_module
from effcore.tasks import load


def work(config: Mapping[str, Any], inputs: Mapping[str, Path], folder: Path) -> dict[str, Any]:
    """Run the artifact on raw pixels of the whole test and validation split, one image at a time where a batch would change what it says.

    Args:
        config: task, runtime.
        inputs: `artifact`.
        folder: Gets `correct.json`: for each split, 1 for every image that was right, in the order of the split.

    Returns:
        Facts: accuracies with their intervals.
    """
    data = load(config["task"])
    path = inputs["artifact"] / f"model{RUNTIMES[config['runtime']].suffix}"
    runtime = runtime_module(config["runtime"])
    predict = runtime.load(path)
    # As latency is measured, and as a prediction is made: the others of a batch would change the scales of its numbers.
    batch = 1 if runtime.mixes_images(path) else BATCH
    test, validation = (measure_accuracy(predict, split, batch=batch) for split in (data.test, data.validation))
    correct = {"test": test.correct.astype(int).tolist(), "validation": validation.correct.astype(int).tolist()}
    (folder / "correct.json").write_text(json.dumps(correct))
    metrics = {
        "accuracy": test.accuracy, "accuracy_low": test.low, "accuracy_high": test.high,
        "val_accuracy": validation.accuracy, "val_accuracy_low": validation.low, "val_accuracy_high": validation.high,
    }  # fmt: skip
    return {"metrics": metrics}
