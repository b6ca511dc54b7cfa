"""Weights and biases as 16-bit floats in the file; processors multiply them in 32 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from effcore.catalogue.quantization import Quantization
from effcore.errors import TechniqueError
from effcore.techniques.quantization.onnxfile import read, store, weights, written

LARGEST = float(np.finfo(np.float16).max)


def convert(file: bytes, config: Quantization) -> tuple[bytes, dict[str, Any]]:
    """The file with half floats, which become floats when it is loaded.

    ONNX Runtime has no half-float kernels for convolutions and products on x86 processors: a network that computes in
    them is turned to float and back around every operator, at every prediction. So the weights are turned once.

    Args:
        file: An ONNX file of a float network.
        config: Not used: all is decided by the mode.

    Raises:
        TechniqueError: There is nothing to change, or a number is too large for 16 bits.
    """
    model = read(file)
    layers = len(weights(model))
    tensors = [t for t in model.graph.initializer if t.data_type == TensorProto.FLOAT and t.dims]
    if not layers:
        raise TechniqueError("quantization must find layers with float weights in the file. Got none.")
    for tensor in tensors:
        values, name = numpy_helper.to_array(tensor), tensor.name
        if not np.abs(values).max(initial=0.0) <= LARGEST:
            raise TechniqueError(f"quantization to fp16 needs weights of at most {LARGEST:g}. Got {np.abs(values).max():g} in {name!r}.")
        half = numpy_helper.from_array(values.astype(np.float16), f"{name}_half")
        store(model, name, [half], [helper.make_node("Cast", [half.name], [name], to=TensorProto.FLOAT)])
    return written(model), {"layers": layers}
