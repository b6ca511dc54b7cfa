"""ONNX Runtime: one .onnx file with the network, its preprocessing and the names of its classes."""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from effcore.catalogue import Task
from effcore.errors import EffcoreError
from effcore.runtimes.counts import Counts, Layer, Predict, Stored

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch import nn
    from torch.export import ExportedProgram

INPUT, OUTPUT = "image", "logits"
SCALED_TOGETHER = ("DynamicQuantizeLinear", "DynamicQuantizeMatMul")
"""Operators that find one scale for all the images of a batch as they run."""


def export(program: ExportedProgram | nn.Module, path: Path, *, task: Task) -> None:
    """Writes one self-contained file: raw pixels uint8 in, logits out, any number of images.

    Args:
        program: A trained model, or a program that a lowering technique made of it; not changed.
        path: Of the file; its folder must exist.
        task: Gives shape and class names.
    """
    import torch

    from effcore.models.program import deployable, trace
    from effcore.models.silence import silence

    silence()
    if isinstance(program, torch.nn.Module):
        program = trace(deployable(program), torch.zeros(2, *task.shape, dtype=torch.uint8))
    exported = torch.onnx.export(
        program, dynamo=True, external_data=False, optimize=True, verify=False, verbose=False,
        input_names=[INPUT], output_names=[OUTPUT],
    )  # fmt: skip
    if exported is None:
        raise EffcoreError("the exporter must give a program. Got none.")
    model = exported.model_proto
    _strip(model)
    for key, value in (("classes", json.dumps(task.classes)), ("task", task.name)):
        model.metadata_props.add(key=key, value=value)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _strip(model: ModelProto) -> None:
    """Takes away what the exporter noted for debugging: a third of a small file, with paths of this machine in it."""
    model.doc_string, model.graph.doc_string = "", ""
    model.producer_name, model.producer_version = "effcore", ""
    model.graph.name = "effcore"
    del model.graph.value_info[:], model.metadata_props[:], model.graph.metadata_props[:]
    for part in (*model.graph.node, *model.graph.initializer, *model.graph.input, *model.graph.output):
        part.doc_string = ""
        del part.metadata_props[:]
    for node in model.graph.node:
        node.name = ""


def load(path: Path, *, threads: int = 1) -> Predict:
    """The file as a function from raw pixels to logits.

    Args:
        path: Of the file.
        threads: That one prediction may use.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def predict(images: np.ndarray) -> np.ndarray:
        return np.asarray(session.run([OUTPUT], {INPUT: images})[0])

    return predict


def class_names(path: Path) -> tuple[str, ...]:
    """Names of the classes, in the order of the logits."""
    return tuple(json.loads(_metadata(_read(path))["classes"]))


def mixes_images(path: Path) -> bool:
    """Whether what the file says of an image depends on the others of its batch, as where a scale is found for all of them at once."""
    return any(node.op_type in SCALED_TOGETHER for node in _read(path).graph.node)


def structure(path: Path) -> str:
    """Sixteen hexadecimal digits, the same for files that differ in their weights alone.

    Operators, attributes, shapes and types count, and the small whole numbers that define shapes; names don't.
    """
    from effcore.runtimes.onnxgraph import structure_of

    return structure_of(_read(path))


def counts(path: Path) -> Counts:
    """Parameters and multiply-accumulates, from the file itself."""
    from effcore.runtimes.onnxgraph import counts_of

    return counts_of(_read(path))


def layers(path: Path) -> tuple[Layer, ...]:
    """Where the bytes, parameters and products of the file are, in its order."""
    from effcore.runtimes.onnxlayers import layers_of

    return layers_of(_read(path))


def weights(path: Path) -> tuple[Stored, ...]:
    """The weights and biases as they are stored, in the order of the file."""
    from effcore.runtimes.onnxweights import stored_weights

    return tuple(stored_weights(_read(path)).values())


def version() -> str:
    """Version of ONNX Runtime."""
    return importlib.metadata.version("onnxruntime")


def _read(path: Path) -> ModelProto:
    import onnx

    return onnx.load(str(path))


def _metadata(model: Any) -> dict[str, str]:
    return {entry.key: entry.value for entry in model.metadata_props}
