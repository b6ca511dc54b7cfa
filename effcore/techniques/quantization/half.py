"""Weights and biases as 16-bit floats in the file, fp16 or bf16; processors multiply them in 32 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from effcore.catalogue.quantization import Quantization
from effcore.errors import TechniqueError
from effcore.techniques.quantization.onnxfile import read, store, weights, written

LARGEST = {"fp16": float(np.finfo(np.float16).max), "bf16": torch.finfo(torch.bfloat16).max}


def convert(file: bytes, config: Quantization) -> tuple[bytes, dict[str, Any]]:
    """The file with 16-bit floats, which become 32-bit floats when it is loaded.

    ONNX Runtime has no kernels of either type for convolutions and products on x86 processors: a network that computes in
    half floats is turned to float and back around every operator, at every prediction, and one in bf16 does not load. So the
    weights are turned once.

    Args:
        file: An ONNX file of a float network.
        config: Its mode decides the type.

    Raises:
        TechniqueError: There is nothing to change, or a number is too large for the type.
    """
    model = read(file)
    layers = len(weights(model))
    tensors = [t for t in model.graph.initializer if t.data_type == TensorProto.FLOAT and t.dims]
    if not layers:
        raise TechniqueError("quantization must find layers with float weights in the file. Got none.")
    for tensor in tensors:
        values, name = numpy_helper.to_array(tensor), tensor.name
        if not np.abs(values).max(initial=0.0) <= LARGEST[config.mode]:
            largest = f"{LARGEST[config.mode]:g}. Got {np.abs(values).max():g} in {name!r}"
            raise TechniqueError(f"quantization to {config.mode} needs weights of at most {largest}.")
        half = _half(values, f"{name}_half", config.mode)
        store(model, name, [half], [helper.make_node("Cast", [half.name], [name], to=TensorProto.FLOAT)])
    return written(model), {"layers": layers}


def _half(values: NDArray[np.float32], name: str, mode: str) -> TensorProto:
    """The numbers in 16 bits, each rounded to the nearest, of two that are as near to the even one."""
    if mode == "fp16":
        return numpy_helper.from_array(values.astype(np.float16), name)
    bits = torch.from_numpy(values.copy()).to(torch.bfloat16).view(torch.int16).numpy()  # numpy has no such type
    return TensorProto(data_type=TensorProto.BFLOAT16, dims=values.shape, name=name, raw_data=bits.astype("<i2").tobytes())
