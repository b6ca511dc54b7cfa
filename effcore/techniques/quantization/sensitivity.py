"""Which layers lose most when they become integers, so that these can stay in float."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor


def sensitivity(reference: Tensor, alone: Mapping[str, Tensor]) -> dict[str, float]:
    """Noise that each layer adds to the logits, by its name, most sensitive first.

    Where HAWQ weighs the curvature of the loss, this measures the error itself, which a network of a few layers allows; no label is needed.

    Args:
        reference: Logits of the float network, (N, classes).
        alone: Logits with one layer alone in integers, by the name of the layer.

    Source: Dong et al. 2019, HAWQ, https://arxiv.org/abs/1905.03696.
    """
    found = {name: noise(logits, reference) for name, logits in alone.items()}
    return dict(sorted(found.items(), key=lambda entry: -entry[1]))


def noise(logits: Tensor, reference: Tensor) -> float:
    """Mean squared error over the variance of the reference: the inverse of the signal-to-quantization-noise ratio.

    Where all numbers of the reference are equal, the mean squared error itself.

    Args:
        logits: With quantization, (N, classes).
        reference: Without it.
    """
    error, signal = (logits - reference).double().square().mean(), reference.double().var(correction=0)
    return float(error / signal if signal > 0 else error)
