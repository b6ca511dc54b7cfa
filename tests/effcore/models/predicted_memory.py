"""Trains each case that standard input holds, in a child of its own, and prints predicted and measured memory.

A script of its own, for a process that has run tests holds freed memory and loaded libraries that a stage's does not.
"""

from __future__ import annotations

import json
import os
import sys

import torch

import effcore.stages.preload  # noqa: F401  what a stage's process holds
from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.training import Training
from effcore.measure.memory import PeakMemory
from effcore.models import build
from effcore.models.training_memory import training_memory
from effcore.tasks import load
from effcore.training import EVALUATION_BATCH, fit

STEPS = 6


def case(task: str, family: str, width: float, depth: int, batch: int) -> list[float]:
    torch.manual_seed(0)
    model = build(Architecture.model_validate({"family": family, "width": width, "depth": depth}), TASKS[task])
    data = load(task).fraction(min(1.0, STEPS * batch / TASKS[task].train))
    with PeakMemory() as memory:
        predicted = training_memory(model, TASKS[task], images=len(data.train), evaluated=EVALUATION_BATCH).at(batch)
        fit(model, data, Training(epochs=1, batch_size=batch), seed=0)
    return [predicted, memory.over_baseline_mb or 0.0]


def main() -> None:
    torch.set_num_threads(1)
    for arguments in json.load(sys.stdin):
        load(arguments[0])
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            print(json.dumps(case(*arguments)), flush=True)
            os._exit(0)
        os.waitpid(child, 0)


main()
