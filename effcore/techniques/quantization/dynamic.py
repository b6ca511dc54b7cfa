"""Dynamic quantization: integer products in linear layers, with the range of their inputs found at every prediction."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Any

import onnx

from effcore.catalogue.quantization import Quantization
from effcore.errors import TechniqueError
from effcore.techniques.quantization.onnxfile import products_as_matmul, read, written


def convert(file: bytes, config: Quantization) -> tuple[bytes, dict[str, Any]]:
    """The file with integer products in its linear layers; convolutions stay as they are.

    The range is that of the whole batch, so that logits depend a little on what else is in it.

    Args:
        file: An ONNX file of a float network.
        config: With `reduce_range` resolved to true or false.

    Raises:
        TechniqueError: There is no linear layer, one was left as it is, or `reduce_range` is not resolved.
    """
    if config.reduce_range is None:
        raise TechniqueError("quantization.reduce_range must be true or false when it is applied. Got none, which planning resolves.")
    model = read(file)
    layers = products_as_matmul(model)
    if not layers:
        raise TechniqueError(
            "quantization with the mode dynamic must find linear layers, the only ones it acts on. Got a network without. "
            "Take the mode static or weight_only."
        )
    changed = _quantized(model, config)
    reached = sum(node.op_type == "MatMulInteger" for node in changed.graph.node)
    if reached != layers:
        raise TechniqueError(f"quantization must reach every linear layer, {layers} here. Got {reached}.")
    return written(changed), {"layers": layers, "per_channel": config.per_channel, "reduce_range": config.reduce_range}


def _quantized(model: onnx.ModelProto, config: Quantization) -> onnx.ModelProto:
    """What ONNX Runtime's own tool makes of it, with the notes of the file given."""
    from onnxruntime.quantization import QuantType, quantize_dynamic  # 0.3 s that other modes need not pay

    level = logging.root.level
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        try:
            logging.root.setLevel(logging.ERROR)  # it advises a preparation that the exported file does not need
            quantize_dynamic(
                model, path, op_types_to_quantize=["MatMul"], per_channel=config.per_channel, reduce_range=bool(config.reduce_range),
                weight_type=QuantType.QInt8, extra_options={"MatMulConstBOnly": True},
            )  # fmt: skip
        finally:
            logging.root.setLevel(level)
        changed = onnx.load(str(path))
    del changed.metadata_props[:]
    changed.metadata_props.extend(model.metadata_props)
    return changed
