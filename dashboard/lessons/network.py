"""A small real network that a student may take apart: its weights changed, it predicts real test images at once."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from effcore.tasks import load

TASK = "mnist5k"
IMAGES = 500
"""Test images that every change is tried on; their interval is about two points wide near 97 %."""
LEAST_WEIGHTS = 32
"""Tensors with fewer numbers are biases and constants, which nobody compresses."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Tried:
    """What a changed network does.

    Attributes:
        right: Of the images.
        images: That were predicted.
        bytes_compressed: Of its weights after deflate.
    """

    right: int
    images: int
    bytes_compressed: int

    @property
    def accuracy(self) -> float:
        return self.right / self.images


def weights(network: bytes) -> dict[str, Floats]:
    """The weights of the file by name, in its order."""
    import onnx
    from onnx import numpy_helper

    found = {i.name: numpy_helper.to_array(i) for i in onnx.load_model_from_string(network).graph.initializer}
    return {k: v.astype(np.float32) for k, v in found.items() if v.dtype == np.float32 and v.size >= LEAST_WEIGHTS and v.ndim > 1}


@lru_cache(maxsize=64)
def tried(network: bytes, change: Callable[[Floats], Floats]) -> Tried:
    """Change every weight tensor, write the file anew and let ONNX Runtime predict with it.

    Args:
        network: An ONNX file.
        change: Weights to weights of the same shape; compared by identity, or as frozen dataclasses do.
    """
    import onnx
    import onnxruntime
    from onnx import numpy_helper

    model = onnx.load_model_from_string(network)
    names, packed = set(weights(network)), b""
    for initializer in model.graph.initializer:
        if initializer.name in names:
            changed = change(numpy_helper.to_array(initializer).astype(np.float32))
            packed += changed.tobytes()
            initializer.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(changed, dtype=np.float32), initializer.name))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    test = load(TASK).test
    (logits,) = session.run(None, {session.get_inputs()[0].name: test.images[:IMAGES]})
    right = int((np.asarray(logits).argmax(axis=1) == test.labels[:IMAGES]).sum())
    return Tried(right, IMAGES, len(zlib.compress(packed, 9)))
