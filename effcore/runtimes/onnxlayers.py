"""Where the bytes of an ONNX file are: weights, parameters and products of every layer."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import onnx
from onnx import numpy_helper

from effcore.runtimes.counts import Layer
from effcore.runtimes.onnxgraph import QUANTIZERS, SHAPE_TYPES, macs_by_output, scales_of


def layers_of(model: onnx.ModelProto) -> tuple[Layer, ...]:
    """Every node that has parameters or products, in the order of the file.

    What is quantized belongs to the operator that uses it, scales and zero points with it.

    Raises:
        EffcoreError: The shape of a layer's output can't be inferred.
    """
    graph, scales, macs = model.graph, scales_of(model), macs_by_output(model)
    users = defaultdict(list)
    for index, node in enumerate(graph.node):
        for name in node.input:
            users[name].append(index)
    owned: dict[int, list[onnx.TensorProto]] = defaultdict(list)
    for tensor in graph.initializer:
        owner = _owner(graph, users, tensor.name)
        if owner is not None:
            owned[owner].append(tensor)
    seen: Counter[str] = Counter()
    layers = []
    for index, node in enumerate(graph.node):
        name = f"{node.op_type} {seen[node.op_type] + 1}"
        layer = _layer(name, node.op_type, owned[index], scales, macs.get(node.output[0], 0))
        if layer.params or layer.macs:
            seen[node.op_type] += 1
            layers.append(layer)
    return tuple(layers)


def _owner(graph: onnx.GraphProto, users: dict[str, list[int]], name: str) -> int | None:
    """Index of the first node that uses a tensor, behind what turns numbers back and forth; None where nothing does."""
    while users[name]:
        index = users[name][0]
        if graph.node[index].op_type not in QUANTIZERS or not users[graph.node[index].output[0]]:
            return index
        name = graph.node[index].output[0]
    return None


def _layer(name: str, operator: str, tensors: list[onnx.TensorProto], scales: set[str], macs: int) -> Layer:
    weights = [numpy_helper.to_array(t) for t in tensors if t.name not in scales and t.dims and t.data_type not in SHAPE_TYPES]
    return Layer(
        name=name,
        operator=operator,
        bytes=sum(t.ByteSize() for t in tensors),
        params=sum(w.size for w in weights),
        nonzero_params=sum(int(np.count_nonzero(w)) for w in weights),
        macs=macs,
    )
