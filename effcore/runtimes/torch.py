"""PyTorch: one .pt2 file with the exported program, its preprocessing and the names of its classes; float only."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from effcore.catalogue import RUNTIMES, Task
from effcore.errors import EffcoreError
from effcore.runtimes.counts import Counts, Layer, Predict, Stored

if TYPE_CHECKING:
    from torch import nn
    from torch.export import ExportedProgram
    from torch.fx import Node

CLASSES, TASK = "classes.json", "task.txt"
DEBUG_NOTES = ("stack_trace", "nn_module_stack", "source_fn_stack", "torch_fn", "from_node")
"""What the exporter notes on a node for debugging, with paths of this machine in it."""
WEIGHTED = ("aten.conv2d.default", "aten.linear.default")
"""Products with weights, of which each output has its own, (outputs, ...)."""
PRODUCTS = (*WEIGHTED, "aten.matmul.default", "aten.mm.default", "aten.bmm.default")
"""These and products of two matrices, either of which may be activations, as in attention."""


def export(program: ExportedProgram | nn.Module, path: Path, *, task: Task) -> None:
    """Writes one self-contained file: raw pixels uint8 in, logits out, any number of images.

    Args:
        program: A trained model; not changed.
        path: Of the file; its folder must exist.
        task: Gives shape and class names.

    Raises:
        EffcoreError: The program is a quantized one.
    """
    import torch

    from effcore.models.program import deployable, trace

    if not isinstance(program, torch.nn.Module):
        reason = RUNTIMES["torch"].refuses["quantization"]
        raise EffcoreError(f"the runtime torch can't run a quantized program. {reason}")
    exported = trace(deployable(program), torch.zeros(2, *task.shape, dtype=torch.uint8))
    for node in exported.graph.nodes:
        for note in DEBUG_NOTES:
            node.meta.pop(note, None)
    torch.export.save(exported, str(path), extra_files={CLASSES: json.dumps(task.classes), TASK: task.name})


def load(path: Path, *, threads: int = 1) -> Predict:
    """The file as a function from raw pixels to logits.

    Args:
        path: Of the file.
        threads: Of the whole process, since PyTorch has no other setting.
    """
    import torch

    torch.set_num_threads(threads)
    module = _read(path)[0].module()

    def predict(images: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return np.asarray(module(torch.tensor(images)).numpy())

    return predict


def class_names(path: Path) -> tuple[str, ...]:
    """Names of the classes, in the order of the logits."""
    return tuple(json.loads(_read(path)[1][CLASSES]))


def mixes_images(path: Path) -> bool:
    """Never: the file is of floats, and exported as a network that is not trained any more."""
    return False


def structure(path: Path) -> str:
    """Sixteen hexadecimal digits of operators, arguments, shapes and types, without weights and names."""
    places: dict[str, int] = {}
    nodes = []
    for node in _read(path)[0].graph.nodes:
        arguments = [_plain(argument, places) for argument in (*node.args, *sorted(node.kwargs.items()))]
        places[node.name] = len(places)
        value = node.meta.get("val")
        shape = [size if isinstance(size, int) else None for size in getattr(value, "shape", ())]
        target = str(node.target) if node.op == "call_function" else ""
        nodes.append([node.op, target, arguments, shape, str(getattr(value, "dtype", ""))])
    return hashlib.sha256(json.dumps(nodes).encode()).hexdigest()[:16]


def _plain(argument: Any, places: dict[str, int]) -> Any:
    """An argument of a node as plain data, other nodes by their place."""
    from torch.fx import Node

    if isinstance(argument, Node):
        return ["node", places[argument.name]]
    if isinstance(argument, list | tuple):
        return [_plain(part, places) for part in argument]
    return str(argument)


def counts(path: Path) -> Counts:
    """Parameters and multiply-accumulates, from the program in the file."""
    program = _read(path)[0]
    weights = list(program.parameters())
    return Counts(
        params=sum(weight.numel() for weight in weights),
        nonzero_params=sum(int(weight.count_nonzero()) for weight in weights),
        macs=sum(_macs(node) for node in program.graph.nodes if str(node.target) in PRODUCTS),
    )


def layers(path: Path) -> tuple[Layer, ...]:
    """Where the bytes, parameters and products of the program are: every operation that has weights or products."""
    program = _read(path)[0]
    signature, state = program.graph_signature, program.state_dict
    held = {k: state[v] for k, v in (signature.inputs_to_parameters | signature.inputs_to_buffers).items() if v in state}
    found: list[Layer] = []
    seen: set[str] = set()
    for node in program.graph.nodes:
        mine = {} if node.op != "call_function" else {n.name: held[n.name] for n in node.all_input_nodes if n.name in held and n.name not in seen}
        macs = _macs(node) if str(node.target) in PRODUCTS else 0
        if mine or macs:
            seen |= mine.keys()
            operator = str(node.target).removeprefix("aten.").partition(".")[0]
            weights = [v for k, v in mine.items() if k in signature.inputs_to_parameters]
            found.append(
                Layer(
                    name=f"{operator} {sum(layer.operator == operator for layer in found) + 1}",
                    operator=operator,
                    bytes=sum(v.numel() * v.element_size() for v in mine.values()),
                    params=sum(w.numel() for w in weights),
                    nonzero_params=sum(int(w.count_nonzero()) for w in weights),
                    macs=macs,
                )
            )
    return tuple(found)


def _macs(node: Node) -> int:
    """Output elements for one image, times products for each of them."""
    first, second = (_shape(operand) for operand in node.args[:2])
    return math.prod(_shape(node)) * (math.prod(second) if str(node.target) in WEIGHTED else first[-1])


def _shape(value: Any) -> list[int]:
    """Sizes of what a node gives, but for the first, which is the number of images, or of outputs where it holds weights."""
    return [int(size) for size in value.meta["val"].shape[1:]]


def weights(path: Path) -> tuple[Stored, ...]:
    """The weights and biases as they are stored, in the order of the program."""
    return tuple(
        Stored(values=w.detach().numpy(), bits=8 * w.element_size(), bytes=w.numel() * w.element_size(), convolution=w.dim() > 2)
        for w in _read(path)[0].parameters()
    )


def version() -> str:
    """Version of PyTorch, without the name of its build."""
    return importlib.metadata.version("torch").partition("+")[0]


def _read(path: Path) -> tuple[ExportedProgram, dict[str, str]]:
    """The program and the extra files."""
    import torch

    extra = {CLASSES: "", TASK: ""}
    program = torch.export.load(str(path), extra_files=extra)
    return program, extra
