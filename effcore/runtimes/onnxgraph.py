"""Reading an ONNX graph: its structure without weights, and its counts."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

import onnx
from onnx import numpy_helper

from effcore.errors import EffcoreError
from effcore.runtimes.counts import Counts
from effcore.runtimes.onnxweights import SHAPE_TYPES, weights_of

SMALL = 64
"""Whole numbers up to this many define shapes; more of them are weights."""
PRODUCTS = ("Conv", "Gemm", "MatMul", "MatMulInteger")


def structure_of(model: onnx.ModelProto) -> str:
    """Sixteen hexadecimal digits of operators, attributes, shapes and types; tensors count by order of appearance."""
    graph = model.graph
    places = {value.name: index for index, value in enumerate(graph.input)}
    constants = {tensor.name: _constant(tensor) for tensor in graph.initializer}
    nodes = []
    for node in graph.node:
        inputs = [constants.get(name, places.get(name)) for name in node.input]
        for name in node.output:
            places[name] = len(places)
        nodes.append([node.domain, node.op_type, _attributes(node), inputs, len(node.output)])
    document = {
        "opsets": sorted((entry.domain, entry.version) for entry in model.opset_import),
        "inputs": [_type(value) for value in graph.input],
        "nodes": nodes,
        "outputs": [[places[value.name], _type(value)] for value in graph.output],
    }
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:16]


def _constant(tensor: onnx.TensorProto) -> list[Any]:
    """Type and shape of a constant, with its numbers where they define shapes."""
    values = numpy_helper.to_array(tensor) if tensor.data_type in SHAPE_TYPES else None
    shown = values.ravel().tolist() if values is not None and values.size <= SMALL else None
    return [tensor.data_type, list(tensor.dims), shown]


def _attributes(node: onnx.NodeProto) -> list[list[str]]:
    """Names and values, sorted; a constant tensor counts as `_constant` does."""
    pairs = []
    for attribute in node.attribute:
        value = onnx.helper.get_attribute_value(attribute)
        value = _constant(value) if isinstance(value, onnx.TensorProto) else value
        pairs.append([attribute.name, repr(value)])
    return sorted(pairs)


def _type(value: onnx.ValueInfoProto) -> list[Any]:
    tensor = value.type.tensor_type
    return [tensor.elem_type, [d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim]]


def counts_of(model: onnx.ModelProto) -> Counts:
    """Parameters and multiply-accumulates for one image.

    Raises:
        EffcoreError: The shape of a layer's output can't be inferred.
    """
    weights = weights_of(model).values()
    return Counts(
        params=sum(params for params, _ in weights),
        nonzero_params=sum(nonzero for _, nonzero in weights),
        macs=sum(macs_by_output(model).values()),
    )


def macs_by_output(model: onnx.ModelProto) -> dict[str, int]:
    """Output elements times products for each of them, of every convolution and matrix product by its output's name.

    Raises:
        EffcoreError: The shape of a layer's output can't be inferred.
    """
    single = onnx.ModelProto()
    single.CopyFrom(model)
    for value in (*single.graph.input, *single.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 1
    _name_shapes(single)
    graph = onnx.shape_inference.infer_shapes(single, strict_mode=True, data_prop=True).graph
    shapes = {value.name: _type(value)[1] for value in (*graph.value_info, *graph.output, *graph.input)}
    shapes |= {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    found = {}
    for node in graph.node:
        if node.op_type in PRODUCTS:
            output, weight = shapes.get(node.output[0], []), shapes.get(node.input[1], [])
            if not output or not weight or None in output:
                raise EffcoreError(
                    f"every {node.op_type} must have a known shape. Got {output} for {node.output[0]!r}."
                )
            found[node.output[0]] = math.prod(output) * _products(node, weight)
    return found


def _name_shapes(model: onnx.ModelProto) -> None:
    """Makes every product of 4-bit numbers a plain one with weights of its shape, in place: inference knows no other."""
    for node in model.graph.node:
        if node.op_type == "MatMulNBits":
            sizes = {a.name: a.i for a in node.attribute}
            name = f"{node.input[1]} as float"
            shape = [sizes["K"], sizes["N"]]
            model.graph.input.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))
            node.CopyFrom(onnx.helper.make_node("MatMul", [node.input[0], name], node.output))


def _products(node: onnx.NodeProto, weight: list[int]) -> int:
    """Products that go into one element of the output."""
    if node.op_type == "Conv":
        return math.prod(weight[1:])  # (outputs, inputs / groups, height, width)
    transposed = any(a.name == "transB" and a.i for a in node.attribute)
    return weight[1] if transposed else weight[-2]
