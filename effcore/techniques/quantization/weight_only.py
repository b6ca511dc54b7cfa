"""Weights as 8-bit or 4-bit integers with scales; activations stay float, but for inputs of 4-bit linear layers, which are rounded at run time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from effcore.catalogue.quantization import Quantization
from effcore.errors import TechniqueError
from effcore.techniques.quantization.onnxfile import (
    Weight,
    allow_four_bits,
    four_bits,
    packed,
    products_as_matmul,
    read,
    store,
    weights,
    written,
)

BLOCK = 32
"""Inputs of a linear layer that share a scale at 4 bits: one scale costs as much as one more bit for each weight."""
ACCURACY_LEVEL = 4
"""Lets ONNX Runtime round the inputs of the product to 8-bit integers, with a scale for each block of each row, and multiply these; measured faster
than float, where level 0, which leaves the inputs float, is slower."""
MIDDLE = 8
"""What zero is stored as in the 4-bit product, whose numbers have no sign."""
CLIPS = np.linspace(1.0, 0.5, 26, dtype=np.float32)
"""Shares of the largest weight at which the largest integer is tried."""


def convert(file: bytes, config: Quantization) -> tuple[bytes, dict[str, Any]]:
    """The file with integer weights.

    Eight bits, and four in convolutions: integers times scales, which the runtime multiplies once when it loads the
    file. Four bits in linear layers: a product that reads them as they are stored, and its inputs rounded to 8 bits.

    Args:
        file: An ONNX file of a float network.
        config: With 8 or 4 bits.

    Raises:
        TechniqueError: There is nothing to change.
    """
    model = read(file)
    if config.bits == 4:
        products_as_matmul(model)
        allow_four_bits(model)
    found = weights(model)
    if not found:
        raise TechniqueError("quantization must find layers with float weights in the file. Got none.")
    blocks = {w.name for w in found if config.bits == 4 and w.operator == "MatMul"}
    for weight in found:
        if weight.name in blocks:
            _multiply_blocks(model, weight)
        else:
            _store_integers(model, weight, config)
    return written(model), {"layers": len(found), "per_channel": config.per_channel, "block_layers": len(blocks)}


def _store_integers(model: ModelProto, weight: Weight, config: Quantization) -> None:
    """Integers and a scale for each output, or one for all."""
    largest = 2 ** (config.bits - 1) - 1
    groups = np.moveaxis(weight.values, weight.axis, 0)
    rows = groups.reshape(len(groups) if config.per_channel else 1, -1)
    whole, scales = rounded(rows, largest=largest)
    integers = np.moveaxis(whole.reshape(groups.shape), 0, weight.axis)
    shape = weight.along_outputs if config.per_channel else ()
    name = weight.name
    stored = (
        four_bits(integers, f"{name}_int4", TensorProto.INT4)
        if config.bits == 4
        else numpy_helper.from_array(np.ascontiguousarray(integers), f"{name}_int8")
    )
    scale = numpy_helper.from_array(scales.reshape(shape), f"{name}_scale")
    nodes = [
        helper.make_node("Cast", [stored.name], [f"{name}_cast"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}_cast", scale.name], [name]),
    ]
    store(model, name, [stored, scale], nodes)


def rounded(rows: NDArray[np.float32], *, largest: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Integers from -largest to largest and one scale a row, with the least squared error over `CLIPS`.

    Args:
        rows: float32 (rows, numbers).
        largest: Largest integer.
    """
    top = np.abs(rows).max(axis=1)
    top[top == 0] = 1.0
    scales, least = (top / largest).astype(np.float32), np.full(len(rows), np.inf, np.float32)
    for clip in CLIPS:
        tried = (top * clip / largest).astype(np.float32)
        error = ((_whole(rows, tried, largest) * tried[:, None] - rows) ** 2).sum(axis=1)
        better = error < least
        scales[better], least[better] = tried[better], error[better]
    return _whole(rows, scales, largest).astype(np.int8), scales


def _whole(rows: NDArray[np.float32], scales: NDArray[np.float32], largest: int) -> NDArray[np.float32]:
    whole: NDArray[np.float32] = np.clip(np.round(rows / scales[:, None]), -largest, largest)
    return whole


def _multiply_blocks(model: ModelProto, weight: Weight) -> None:
    """A product of 4-bit numbers with a scale for each block of inputs, in the layout of ONNX Runtime's MatMulNBits."""
    inputs, outputs = weight.values.shape
    count = -(-inputs // BLOCK)
    padded = np.zeros((outputs, count * BLOCK), np.float32)
    padded[:, :inputs] = weight.values.T
    whole, scales = rounded(padded.reshape(-1, BLOCK), largest=MIDDLE - 1)
    body = packed((whole.astype(np.int16) + MIDDLE).reshape(outputs, count, BLOCK))
    names = [f"{weight.name}_int4", f"{weight.name}_scale"]
    tensors = [numpy_helper.from_array(body, names[0]), numpy_helper.from_array(scales.reshape(outputs, count), names[1])]
    for node in model.graph.node:
        if node.op_type == "MatMul" and node.input[1] == weight.name:
            node.CopyFrom(_product(node, names, inputs=inputs, outputs=outputs))
    store(model, weight.name, tensors, [])
    if not any(entry.domain == "com.microsoft" for entry in model.opset_import):
        model.opset_import.append(helper.make_opsetid("com.microsoft", 1))


def _product(node: NodeProto, names: list[str], *, inputs: int, outputs: int) -> NodeProto:
    sizes: dict[str, Any] = {"K": inputs, "N": outputs, "bits": 4, "block_size": BLOCK, "accuracy_level": ACCURACY_LEVEL}
    return helper.make_node("MatMulNBits", [node.input[0], *names], node.output, domain="com.microsoft", **sizes)
