"""A file from outside, checked before anything else is done with it, as if it had been exported here."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from effcore.catalogue import RUNTIMES, TASKS
from effcore.errors import EffcoreError
from effcore.measure.huffman import measure_huffman
from effcore.measure.size import measure_size
from effcore.runtimes import runtime_module

SAFE = ("onnxruntime",)
"""Runtimes whose files hold no code of their author: an exported PyTorch program may, in what it is unpacked from."""
LARGEST_MB = 500.0
PATIENCE_S = 60
"""For loading the file and for a batch; the kernel ends the process after it, wherever it is."""
LONGEST_S = 600.0
"""For all images of a task."""
BATCH = 50


def work(config: Mapping[str, Any], inputs: Mapping[str, Path], folder: Path) -> dict[str, Any]:
    """Check the file and keep it.

    Args:
        config: task, runtime, file (its path).
        inputs: None.
        folder: Gets the file and `layers.json`, as from an export.

    Returns:
        Facts as of an export.

    Raises:
        EffcoreError: It is not a file that predicts this task.
    """
    task, runtime, source = TASKS[config["task"]], config["runtime"], Path(config["file"])
    if runtime not in SAFE:
        raise EffcoreError(f"only files of {', '.join(SAFE)} are taken from others: one of {runtime} may run code of its author.")
    if (size_mb := source.stat().st_size / 1e6) > LARGEST_MB:
        raise EffcoreError(f"the file must have at most {LARGEST_MB:g} MB. It has {size_mb:,.0f} MB.")
    path = folder / f"model{RUNTIMES[runtime].suffix}"
    path.write_bytes(source.read_bytes())
    _refuse_files_beside_it(path)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(PATIENCE_S)
    module = runtime_module(runtime)
    predict = module.load(path)
    for count in (2, BATCH):
        start = time.perf_counter()
        got = predict(np.random.default_rng(0).integers(0, task.levels + 1, (count, *task.shape), dtype=np.uint8))
        seconds = time.perf_counter() - start
        if got.shape != (count, len(task.classes)) or not np.isfinite(got).all():
            raise EffcoreError(f"{count} images must give finite logits of shape {(count, len(task.classes))}. Got {got.shape}.")
    signal.alarm(0)
    expected_s = seconds / BATCH * (task.test + task.validation)
    if expected_s > LONGEST_S:
        raise EffcoreError(f"all images must take at most {LONGEST_S:g} s. A batch of {BATCH} took {seconds:.1f} s, which makes {expected_s:,.0f} s.")
    figures = asdict(module.counts(path)) | asdict(measure_size(path)) | {"size_huffman_mb": measure_huffman(path, module.weights(path))}
    (folder / "layers.json").write_text(json.dumps([asdict(layer) for layer in module.layers(path)]))
    return {"artifact": path.name, "structure": module.structure(path), "did": {}, "metrics": {k: float(v) for k, v in figures.items()}}


def _refuse_files_beside_it(path: Path) -> None:
    """A model may name other files that hold its weights; one from outside must hold them itself.

    Raises:
        EffcoreError: It is no ONNX file, or names one.
    """
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from onnx.external_data_helper import uses_external_data

    try:
        model = onnx.load_model_from_string(path.read_bytes())
    except DecodeError as error:
        raise EffcoreError(f"the file must be an ONNX model. It is not: {error}.") from error
    names = [tensor.name for tensor in _tensors(model.graph) if uses_external_data(tensor)]
    if names:
        raise EffcoreError(f"the file must hold all its weights. {names[0]!r} is in another file.")


def _tensors(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from _tensors(inner)
