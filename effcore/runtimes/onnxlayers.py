"""Where the bytes of an ONNX file are: weights, parameters and products of every layer."""

from __future__ import annotations

from collections import Counter, defaultdict

import onnx

from effcore.runtimes.counts import Layer
from effcore.runtimes.onnxgraph import macs_by_output
from effcore.runtimes.onnxweights import QUANTIZERS, folded_by, weights_of


def layers_of(model: onnx.ModelProto) -> tuple[Layer, ...]:
    """Every node that has parameters or products, in the order of the file.

    What is quantized belongs to the operator that uses it, scales and zero points with it.

    Raises:
        EffcoreError: The shape of a layer's output can't be inferred.
    """
    graph, weights, macs = model.graph, weights_of(model), macs_by_output(model)
    passed = set(folded_by(model).values()) | {i for i, node in enumerate(graph.node) if node.op_type in QUANTIZERS}
    users = defaultdict(list)
    for index, node in enumerate(graph.node):
        for name in node.input:
            users[name].append(index)
    owned: dict[int, list[onnx.TensorProto]] = defaultdict(list)
    for tensor in graph.initializer:
        owner = _owner(graph, users, passed, tensor.name)
        if owner is not None:
            owned[owner].append(tensor)
    seen: Counter[str] = Counter()
    layers = []
    for index, node in enumerate(graph.node):
        name = f"{node.op_type} {seen[node.op_type] + 1}"
        layer = _layer(name, node.op_type, owned[index], weights, macs.get(node.output[0], 0))
        if layer.params or layer.macs:
            seen[node.op_type] += 1
            layers.append(layer)
    return tuple(layers)


def _owner(graph: onnx.GraphProto, users: dict[str, list[int]], passed: set[int], name: str) -> int | None:
    """Index of the first node that uses a tensor, behind what turns numbers back and forth; None where nothing does."""
    while users[name]:
        index = users[name][0]
        if index not in passed or not users[graph.node[index].output[0]]:
            return index
        name = graph.node[index].output[0]
    return None


def _layer(name: str, operator: str, tensors: list[onnx.TensorProto], weights: dict[str, tuple[int, int]], macs: int) -> Layer:
    counts = [weights[t.name] for t in tensors if t.name in weights]
    return Layer(
        name=name,
        operator=operator,
        bytes=sum(t.ByteSize() for t in tensors),
        params=sum(params for params, _ in counts),
        nonzero_params=sum(nonzero for _, nonzero in counts),
        macs=macs,
    )
