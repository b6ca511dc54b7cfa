"""The reference artifact is the same everywhere and a valid network."""

from __future__ import annotations

import hashlib

import numpy as np
import onnx
import onnxruntime

from effcore.measure.reference import SHAPE, VERSION, one_operator, reference


def test_reference_is_a_valid_network_that_takes_raw_pixels() -> None:
    onnx.checker.check_model(onnx.load_from_string(reference()), full_check=True)
    session = onnxruntime.InferenceSession(reference(), providers=["CPUExecutionProvider"])
    image = np.random.default_rng(0).integers(0, 256, (3, *SHAPE[1:]), dtype=np.uint8)
    (logits,) = session.run(None, {"image": image})
    assert logits.shape == (3, 10)
    assert np.isfinite(logits).all()
    assert len({tuple(row) for row in logits.round(6).tolist()}) == 3


def test_weights_change_only_with_the_version() -> None:
    model = onnx.load_from_string(reference())
    weights = b"".join(onnx.numpy_helper.to_array(t).tobytes() for t in model.graph.initializer)
    digest = hashlib.sha256(weights).hexdigest()[:16]
    assert (VERSION, digest) == (1, "7b1d4149aea2f292"), "raise VERSION with any change of the network"


def test_one_operator_is_a_valid_network() -> None:
    onnx.checker.check_model(onnx.load_from_string(one_operator()), full_check=True)
    assert len(one_operator()) < 1000
