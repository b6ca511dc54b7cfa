"""Parts of a network as ONNX files, written without the exporter: their structure is what is measured, before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import nn

from effcore.models.blocks import Head, InvertedResidual, Layer, Normalize, Resize

OPSET, IR_VERSION = 20, 10
"""As the exporter writes them."""


def piece(modules: Sequence[nn.Module], channels: int, height: int, width: int) -> bytes:
    """A file of some parts of a network in their order, with normalizations folded, as they are deployed.

    Args:
        modules: Of the family elastic: normalization of pixels, layers, blocks, stages, head, or all of it.
        channels, height, width: Of what comes in: raw pixels where the first part normalizes them, else numbers.
    """
    from onnx import TensorProto, helper

    writer = _Writer()
    raw = any(isinstance(module, Normalize) for part in modules for module in part.modules())
    for module in modules:
        writer.add(module)
    kind = TensorProto.UINT8 if raw else TensorProto.FLOAT
    graph = helper.make_graph(
        writer.nodes, "piece",
        [helper.make_tensor_value_info("image", kind, ["N", channels, height, width])],
        [helper.make_tensor_value_info(writer.last, TensorProto.FLOAT, None)],
        writer.weights,
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def nothing() -> bytes:
    """A file that does next to nothing: what a call of the runtime costs by itself."""
    return piece([nn.ReLU()], 1, 1, 1)


class _Writer:
    """Nodes and weights of a graph that grows at its end."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self.last = "image"

    def add(self, module: nn.Module) -> None:
        """One part of the network after what is there."""
        if isinstance(module, nn.Sequential):
            for inner in module:
                self.add(inner)
        elif isinstance(module, InvertedResidual):
            before = self.last
            for layer in (module.expand, module.spatial, module.project):
                self.add(layer)
            if module.same:
                self._node("Add", [self.last, before])
        elif isinstance(module, Layer):
            self._layer(module)
        elif isinstance(module, Normalize):
            self._node("Cast", [self.last], to=1)
            self._node("Mul", [self.last, self._weight(np.float32(module.factor))])
        elif isinstance(module, Resize):
            size = self._weight(np.array(module.size, np.int64))
            linear = {"mode": "linear", "antialias": 1, "coordinate_transformation_mode": "half_pixel"}
            self._node("Resize", [self.last, "", "", size], axes=[2, 3], **linear)
        elif isinstance(module, Head):
            self._node("ReduceMean", [self.last, self._weight(np.array([2, 3], np.int64))], keepdims=0)
            classify = module.classify
            weights = [self._weight(p.detach().numpy()) for p in (classify.weight, classify.bias)]
            self._node("Gemm", [self.last, *weights], transB=1)
        else:
            assert isinstance(module, nn.ReLU), "the family elastic has no other parts"
            self._node("Relu", [self.last])

    def _layer(self, layer: Layer) -> None:
        conv, norm = layer.weight, layer.norm
        assert isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d), "the family elastic has no other layers"
        assert norm.running_mean is not None and norm.running_var is not None, "its normalizations have statistics"
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        weights = conv.weight * scale[:, None, None, None], norm.bias - norm.running_mean * scale
        side, pad = conv.kernel_size[0], conv.kernel_size[0] // 2
        inputs = [self.last, *(self._weight(w.detach().contiguous().numpy()) for w in weights)]
        self._node(
            "Conv", inputs, kernel_shape=[side, side], pads=[pad] * 4, strides=list(conv.stride), group=conv.groups, dilations=[1, 1]
        )
        if isinstance(layer.act, nn.ReLU):
            self._node("Relu", [self.last])

    def _weight(self, values: Any) -> str:
        from onnx import numpy_helper

        self.weights.append(numpy_helper.from_array(np.asarray(values), f"w{len(self.weights)}"))
        return f"w{len(self.weights) - 1}"

    def _node(self, operator: str, inputs: Sequence[str], **attributes: Any) -> None:
        from onnx import helper

        output = f"x{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        self.last = output
