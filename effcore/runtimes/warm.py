"""Everything slow that a process does once, done ahead of time."""

from __future__ import annotations

import functools
import gc
import importlib
import importlib.util
import os
import tempfile
from pathlib import Path
from typing import Any

OPERATORS = "onnxscript._framework_apis.torch_2_11"
"""Where the pinned versions of torch and onnxscript meet."""


def warm_up() -> None:
    """Imports the libraries and exports a tiny network, so that forked children export in a fraction of the time.

    Meant for a process that forks: torch is set to one thread before any of its OpenMP work, since a child of a
    process that ran OpenMP on several threads hangs when it does so itself.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    import torch

    torch.set_num_threads(1)
    from effcore.models.silence import silence

    silence()
    keep_operators()
    import numpy
    import torch_pruning  # noqa: F401  for the children

    from effcore.catalogue import TASKS
    from effcore.catalogue.architecture import Architecture
    from effcore.catalogue.quantization import Quantization
    from effcore.models import build
    from effcore.runtimes import RUNTIME_MODULES
    from effcore.tasks import Data, Split
    from effcore.techniques import quantization

    task = TASKS["digits"]
    images = Split(numpy.zeros((8, *task.shape), numpy.uint8), numpy.zeros(8, numpy.int64))
    model = build(Architecture(family="mlp", width=0.125), task, seed=0)
    data = Data(task.name, "", images, images, images)
    program, _ = quantization.apply(model, Quantization(reduce_range=False), data)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "warm.onnx"
        RUNTIME_MODULES["onnxruntime"].export(program, path, task=task)
        RUNTIME_MODULES["onnxruntime"].counts(path)
    gc.freeze()  # what was imported is never garbage: children neither walk over it nor copy its pages


def keep_operators() -> None:
    """Lets the exporter read its table of operators once in this process and its children.

    It parses the source of 500 functions anew at every export, always to the same end: 0.3 s of the 0.6 s that a
    small network takes. Where a later version keeps the table itself or has it elsewhere, only that time is lost.
    """
    if importlib.util.find_spec(OPERATORS) is None:
        return
    module: Any = importlib.import_module(OPERATORS)
    if hasattr(module, "get_torchlib_ops"):
        module.get_torchlib_ops = functools.cache(module.get_torchlib_ops)
