"""The weights of an ONNX file: where they are, and other ways to store them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

FOUR_BITS_OPSET = 21
"""First one with 4-bit numbers. It gave older operators new types and changed nothing else in them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Weight:
    """The weights of one layer.

    Attributes:
        name: Of the tensor.
        operator: Of the layer.
        axis: That counts the outputs.
        values: float32, in the shape of the file.
    """

    name: str
    operator: str
    axis: int
    values: NDArray[np.float32]

    @property
    def along_outputs(self) -> tuple[int, ...]:
        """Shape of one number for each output, to be multiplied with the weights."""
        return tuple(size if axis == self.axis else 1 for axis, size in enumerate(self.values.shape))


def read(file: bytes) -> ModelProto:
    """The file as a graph of its own."""
    return onnx.load_from_string(file)


def written(model: ModelProto) -> bytes:
    """The graph as a file: no names of nodes, no notes of tools, the same bytes for the same graph."""
    model.producer_name, model.producer_version, model.doc_string = "effcore", "", ""
    model.graph.doc_string = ""
    del model.graph.value_info[:], model.graph.metadata_props[:]
    for node in model.graph.node:
        node.name = ""
    file: bytes = model.SerializeToString(deterministic=True)
    return file


def weights(model: ModelProto) -> list[Weight]:
    """Float weights of convolutions and matrix products, each tensor once, in the order of the file."""
    stored = {t.name: t for t in model.graph.initializer if t.data_type == TensorProto.FLOAT}
    found: dict[str, Weight] = {}
    for node in model.graph.node:
        if node.op_type in ("Conv", "Gemm", "MatMul") and node.input[1] in stored:
            values = numpy_helper.to_array(stored[node.input[1]])
            weight = Weight(name=node.input[1], operator=node.op_type, axis=_output_axis(node, values.ndim), values=values)
            found.setdefault(weight.name, weight)
    return list(found.values())


def _output_axis(node: NodeProto, dimensions: int) -> int:
    if node.op_type == "Gemm":
        return 0 if attribute(node, "transB", 0) else 1
    return 0 if node.op_type == "Conv" else dimensions - 1


def attribute(node: NodeProto, name: str, default: float) -> float:
    """A number that an operator is given, or what it means when it is not."""
    return next((helper.get_attribute_value(a) for a in node.attribute if a.name == name), default)


def store(model: ModelProto, name: str, tensors: Sequence[TensorProto], nodes: Sequence[NodeProto]) -> None:
    """Lets operators make a tensor that was stored, in place; runtimes do that once, when they load the file.

    Args:
        model: Changed.
        name: Of the tensor, which is what the last of the operators gives.
        tensors: That are stored instead.
        nodes: The operators, in their order.
    """
    kept = [t for t in model.graph.initializer if t.name != name]
    del model.graph.initializer[:]
    model.graph.initializer.extend([*kept, *tensors])
    _set_nodes(model, [*nodes, *model.graph.node])


def _set_nodes(model: ModelProto, nodes: Sequence[NodeProto]) -> None:
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del model.graph.node[:]
    model.graph.node.extend(copies)


def products_as_matmul(model: ModelProto) -> int:
    """Makes every Gemm with stored weights a MatMul and an Add, in place, since only MatMul has 4-bit and dynamic kernels.

    Returns:
        How many MatMul with stored weights there are then.
    """
    stored = {t.name: t for t in model.graph.initializer}
    nodes: list[NodeProto] = []
    for node in model.graph.node:
        plain = all(attribute(node, name, default) == default for name, default in (("alpha", 1.0), ("beta", 1.0), ("transA", 0)))
        nodes += _as_matmul(node, stored) if node.op_type == "Gemm" and node.input[1] in stored and plain else [node]
    _set_nodes(model, nodes)
    return sum(node.op_type == "MatMul" and node.input[1] in stored for node in nodes)


def _as_matmul(node: NodeProto, stored: dict[str, TensorProto]) -> list[NodeProto]:
    tensor = stored[node.input[1]]
    if attribute(node, "transB", 0):
        turned = np.ascontiguousarray(numpy_helper.to_array(tensor).T)
        tensor.CopyFrom(numpy_helper.from_array(turned, tensor.name))
    if len(node.input) < 3 or not node.input[2]:
        return [helper.make_node("MatMul", node.input[:2], node.output)]
    product = f"{node.output[0]}_product"
    return [helper.make_node("MatMul", node.input[:2], [product]), helper.make_node("Add", [product, node.input[2]], node.output)]


def four_bits(values: NDArray[np.integer], name: str, kind: int) -> TensorProto:
    """A tensor of 4-bit numbers, two in a byte, the first in the lower half.

    Args:
        values: From -8 to 7 or from 0 to 15, by kind.
        name: Of the tensor.
        kind: `TensorProto.INT4` or `TensorProto.UINT4`.
    """
    return TensorProto(data_type=kind, dims=values.shape, name=name, raw_data=packed(values.ravel()).tobytes())


def packed(values: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Two 4-bit numbers in a byte, along the last axis, the first in the lower half; an odd end is filled with 0."""
    low = values.astype(np.uint8) & 15
    if low.shape[-1] % 2:
        low = np.concatenate([low, np.zeros((*low.shape[:-1], 1), np.uint8)], axis=-1)
    both: NDArray[np.uint8] = np.bitwise_or(low[..., 0::2], np.left_shift(low[..., 1::2], 4))
    return both


def allow_four_bits(model: ModelProto) -> None:
    """Raises the version of the operators to the first that knows 4-bit numbers, in place."""
    for entry in model.opset_import:
        if entry.domain == "":
            entry.version = max(entry.version, FOUR_BITS_OPSET)
