"""The reference artifact that every latency is measured in turns with, and the smallest model there is."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

VERSION = 1
"""Ratios compare only within one version; raise it with any change of the network."""

SHAPE = (1, 1, 16, 16)
"""Of the input, raw pixels."""

_CHANNELS = (16, 32, 32, 32, 32)


@functools.cache
def reference() -> bytes:
    """The reference artifact: five 3x3 convolutions and a linear layer, as an ONNX file of about 130 kB.

    A dense convolution network in the middle of the range of what is measured (0.08 ms on a server core of 2024): long
    against the clock, short against a turn of the scheduler, its weights inside a second-level cache. The weights are
    an arithmetic sequence: the same bytes on every machine, whatever the version of a random generator.
    """
    from onnx import TensorProto, helper

    nodes = [helper.make_node("Cast", ["image"], ["x0"], to=TensorProto.FLOAT)]
    weights, channels = [], SHAPE[1]
    for index, width in enumerate(_CHANNELS):
        weights.append(_tensor(f"w{index}", (width, channels, 3, 3)))
        nodes.append(
            helper.make_node("Conv", [f"x{index}", f"w{index}"], [f"c{index}"], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
        )
        nodes.append(helper.make_node("Relu", [f"c{index}"], [f"x{index + 1}"]))
        channels = width
    weights.append(_tensor("w", (channels, 10)))
    nodes += [
        helper.make_node("GlobalAveragePool", [f"x{len(_CHANNELS)}"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w"], ["logits"]),
    ]
    return _file(nodes, weights, TensorProto.UINT8, ["N", *SHAPE[1:]], ["N", 10])


@functools.cache
def one_operator() -> bytes:
    """An ONNX model that turns one pixel into a number, to start a runtime's lazy parts with.

    No convolution, as it was once: then the code of convolutions, which a model brings into memory, is not counted as the
    model's, and a reading that starts the runtime with any other small model comes to 0.5 MB more.
    """
    from onnx import TensorProto, helper

    nodes = [helper.make_node("Cast", ["image"], ["logits"], to=TensorProto.FLOAT)]
    return _file(nodes, [], TensorProto.UINT8, ["N", 1, 1, 1], ["N", 1, 1, 1])


def _tensor(name: str, shape: tuple[int, ...]) -> Any:
    from onnx import numpy_helper

    count = int(np.prod(shape))
    fan_in = count // shape[0] if len(shape) == 4 else shape[0]
    values = (np.arange(count, dtype=np.int64) * 7919 % 257 - 128).astype(np.float32) / np.float32(128 * fan_in**0.5)
    return numpy_helper.from_array(values.reshape(shape).astype(np.float32), name)


def _file(
    nodes: list[Any], weights: list[Any], input_type: int, input_shape: list[Any], output_shape: list[Any]
) -> bytes:
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        nodes,
        "reference",
        [helper.make_tensor_value_info("image", input_type, input_shape)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, output_shape)],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    data: bytes = model.SerializeToString(deterministic=True)
    return data
