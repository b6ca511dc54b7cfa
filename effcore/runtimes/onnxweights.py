"""What is a weight in an ONNX file, however it is stored: float, integers with scales, 4 bits, indices of a codebook."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import numpy_helper

from effcore.errors import EffcoreError
from effcore.runtimes.counts import Stored

SHAPE_TYPES = (onnx.TensorProto.INT64, onnx.TensorProto.INT32)
FOUR_BITS = (onnx.TensorProto.INT4, onnx.TensorProto.UINT4)
QUANTIZERS = ("QuantizeLinear", "DequantizeLinear")
NOT_WEIGHTS = {"QuantizeLinear": (1, 2), "DequantizeLinear": (1, 2), "MatMulInteger": (2, 3), "MatMulNBits": (2, 3, 4)}
"""Inputs that are scales, zero points or orders."""
MIDDLE = 8
"""What zero is stored as in a 4-bit product without zero points."""


def weights_of(model: onnx.ModelProto) -> dict[str, tuple[int, int]]:
    """Parameters, and those that are not zero, by the name of the tensor that stores them.

    Raises:
        EffcoreError: A product has another number of bits than 4, or zero points.
    """
    return {name: (stored.values.size, int(np.count_nonzero(stored.values))) for name, stored in stored_weights(model).items()}


def stored_weights(model: onnx.ModelProto) -> dict[str, Stored]:
    """Weights and biases as they are stored, by the name of the tensor, in the order of the file.

    Raises:
        EffcoreError: A product has another number of bits than 4, or zero points.
    """
    graph = model.graph
    not_weights = scales_of(model)
    tensors = {t.name: t for t in graph.initializer}
    found = {
        t.name: _stored(t) for t in graph.initializer if t.name not in not_weights and t.dims and t.data_type not in SHAPE_TYPES
    }
    made_by = {name: node for node in graph.node for name in node.output}
    for node in graph.node:
        if node.op_type == "MatMulNBits":
            found[node.input[1]] = _four_bit_product(node, tensors[node.input[1]])
        elif node.op_type == "Gather" and node.input[0] in not_weights:
            indices = tensors[made_by[node.input[1]].input[0]]
            found[indices.name] = _shared(tensors[node.input[0]], _stored(indices))
    return found


def _stored(tensor: onnx.TensorProto) -> Stored:
    values = numpy_helper.to_array(tensor)
    bits = 4 if tensor.data_type in FOUR_BITS else 8 * values.itemsize
    # Numbers of 4 bits and of bf16 are types that numpy itself can't compare.
    plain = values if values.dtype.kind in "fiub" else values.astype(np.float32 if tensor.data_type == onnx.TensorProto.BFLOAT16 else np.int8)
    return Stored(values=plain, bits=bits, bytes=_bytes(values.size, bits), convolution=values.ndim > 2)


def _bytes(numbers: int, bits: int) -> int:
    return -(-numbers * bits // 8)


def _shared(book: onnx.TensorProto, indices: Stored) -> Stored:
    """Weights that share the values of a codebook, which is stored beside their indices."""
    values = numpy_helper.to_array(book)
    shared = values[indices.values.astype(np.int64)]
    return Stored(values=shared, bits=8 * values.itemsize, bytes=indices.bytes + values.nbytes, convolution=indices.convolution)


def _four_bit_product(node: onnx.NodeProto, tensor: onnx.TensorProto) -> Stored:
    """Weights of a MatMulNBits, without the numbers that fill its last block."""
    sizes = {a.name: a.i for a in node.attribute}
    if sizes["bits"] != 4 or any(node.input[3:5]):
        raise EffcoreError(f"a MatMulNBits must have 4 bits and no zero points to be counted. Got {sizes}, inputs {list(node.input)}.")
    body = numpy_helper.to_array(tensor).reshape(sizes["N"], -1)
    numbers = np.stack([body & 15, body >> 4], axis=-1).reshape(sizes["N"], -1)[:, : sizes["K"]]
    return Stored(values=numbers.astype(np.int8) - MIDDLE, bits=4, bytes=body.nbytes, convolution=False)


def scales_of(model: onnx.ModelProto) -> set[str]:
    """Names of scales, zero points and codebooks."""
    graph, folded = model.graph, folded_by(model)
    constants = {t.name for t in graph.initializer}
    dynamic = {n.output[1] for n in graph.node if n.op_type == "DynamicQuantizeLinear"}
    found = {n.input[i] for n in graph.node for i in NOT_WEIGHTS.get(n.op_type, ()) if i < len(n.input) and n.input[i]}
    for node in graph.node:
        if node.op_type == "Gather" and node.input[0] in constants and node.input[1] in folded:
            found.add(node.input[0])
        if node.op_type == "Mul":
            found |= {a for a, b in (node.input, node.input[::-1]) if a in constants and (b in folded or b in dynamic)}
    return found


def folded_by(model: onnx.ModelProto) -> dict[str, int]:
    """What operators make of stored numbers alone, so that a runtime can do it once: index of the operator by name."""
    known = {t.name for t in model.graph.initializer}
    found: dict[str, int] = {}
    for index, node in enumerate(model.graph.node):
        if node.input and all(name in known for name in node.input if name):
            found |= dict.fromkeys(node.output, index)
            known |= set(node.output)
    return found
