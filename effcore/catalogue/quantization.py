"""Fewer bits for each number."""

from __future__ import annotations

from typing import Literal

from effcore.catalogue.record import Parameters, Technique, parameter


class Quantization(Parameters):
    """How numbers are stored and multiplied."""

    mode: Literal["static"] = parameter("static", help="Static: weights and activations are integers, ranges found once on calibration images.")
    bits: Literal[8] = parameter(8, unit="bits", help="Bits of a number.")
    per_channel: bool = parameter(True, help="A scale for each output channel of the weights, or one for the whole layer.")
    calibration_images: int = parameter(256, ge=1, le=100_000, unit="images", help="Training images on which the ranges of activations are found.")
    reduce_range: bool | None = parameter(
        None, help="One bit less for activations, so that sums do not overflow on processors without VNNI; none decides by the processor."
    )


QUANTIZATION = Technique(
    name="quantization",
    title="Quantization",
    category="compression",
    role="lower",
    parameters=Quantization,
    summary="Weights and activations become 8-bit integers with a scale. The file shrinks to about a quarter. "
    "Dense layers get faster where the processor multiplies integers faster; tiny layers do not, since turning numbers back and forth costs more than it saves.",
    formula="q = clip(round(x / scale) + zero_point, q_min, q_max)",
    source="Jacob et al. 2018, Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
    link="https://arxiv.org/abs/1712.05877",
    label=lambda config: f"int{config.bits}",
)
