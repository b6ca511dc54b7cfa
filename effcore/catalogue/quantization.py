"""Fewer bits for each number."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ValidationInfo, field_validator, model_validator

from effcore.catalogue.cards.quantization import CARDS
from effcore.catalogue.record import Parameters, Technique, parameter, require_use, with_first

BITS: dict[str, tuple[int, ...]] = {
    "static": (8,), "aware": (8,), "dynamic": (8,), "weight_only": (8, 4), "codebook": (4, 8), "fp16": (16,), "bf16": (16,),
}  # fmt: skip
"""Bits that each mode can have, the one that is meant first."""

USES: dict[str, tuple[str, ...]] = {
    "static": ("per_channel", "calibration", "calibration_images", "reduce_range", "float_layers"),
    "aware": ("per_channel", "reduce_range", "fine_tune"),
    "dynamic": ("per_channel", "reduce_range"),
    "weight_only": ("per_channel",),
    "codebook": (),
    "fp16": (),
    "bf16": (),
}
"""Parameters that each mode has a use for, beside its bits."""


class FineTune(Parameters):
    """How a network is trained while its numbers are rounded."""

    epochs: int = parameter(2, ge=1, le=1000, unit="epochs", help="Epochs of training with rounding, with the learning steps of the phase before.")
    learning_rate: float | None = parameter(
        None, gt=0, le=1, help="Peak of the learning rate; none takes a third of that of the phase before, as fine-tuning after pruning does."
    )


class Quantization(Parameters):
    """How numbers are stored and multiplied."""

    mode: Literal["static", "aware", "dynamic", "weight_only", "codebook", "fp16", "bf16"] = parameter(
        "static",
        help="Static: weights and activations are integers, ranges found once on calibration images. Aware: the same, after a training that rounds "
        "as the integers will. Dynamic: the same as static for linear layers only, ranges found anew at every prediction. Weight-only: weights are "
        "integers with scales, activations are float; with 4 bits ONNX Runtime rounds the inputs of linear layers to 8 bits as it runs. "
        "Codebook: weights share 2^bits values, found by k-means, and are stored as indices. "
        "fp16 and bf16: weights are stored as 16-bit floats; the processor computes in 32 bits.",
    )
    bits: Literal[4, 8, 16] = parameter(
        8, unit="bits", help="Bits of a stored weight. Left out: 8, with the mode codebook 4, with fp16 and bf16 16. weight_only and codebook can "
        "have 4 or 8.",
    )
    per_channel: bool = parameter(True, help="A scale for each output channel of the weights, or one for the whole layer.")
    calibration: Literal["mse", "minmax", "percentile", "entropy"] = parameter(
        "mse",
        help="How the ranges of activations are chosen, with the mode static: least squared error of rounding, all that was seen, all but the "
        "outermost 0.01 %, or least Kullback-Leibler divergence.",
    )
    calibration_images: int = parameter(256, ge=1, le=100_000, unit="images", help="Training images on which the ranges of activations are found.")
    reduce_range: bool | None = parameter(
        None, help="One bit less, so that sums of products do not overflow on processors without VNNI; none decides by the processor."
    )
    float_layers: int = parameter(
        0, ge=0, le=1000, unit="layers", help="How many layers stay in float, with the mode static: those that add most noise to the logits when "
        "each is quantized alone. At least one must be left."
    )

    fine_tune: FineTune | None = parameter(None, help="The training of the mode aware; none leaves it at its defaults.")

    @model_validator(mode="before")
    @classmethod
    def _of_mode(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("mode") == "aware" and given.get("fine_tune") is None:
            given = {**given, "fine_tune": {}}
        return with_first(given, "bits", by="mode", choices=BITS)

    @field_validator("bits")
    @classmethod
    def _bits_fit(cls, value: int, info: ValidationInfo) -> int:
        mode = info.data.get("mode")
        if mode in BITS and value not in BITS[mode]:
            raise ValueError(f"{' or '.join(map(str, sorted(BITS[mode])))} with the mode {mode}")
        return value

    @field_validator("per_channel", "calibration", "calibration_images", "reduce_range", "float_layers", "fine_tune")
    @classmethod
    def _of_its_mode(cls, value: Any, info: ValidationInfo) -> Any:
        require_use(cls, value, info, by="mode", uses=USES)
        if info.field_name == "per_channel" and info.data.get("bits") == 4 and not value:
            raise ValueError("true with 4 bits: one scale for a whole layer leaves too little of it")
        return value


LABELS: dict[str, str] = {
    "static": "int{}", "aware": "int{} aware", "dynamic": "int{} dynamic", "weight_only": "int{} weights", "codebook": "codebook {} bit",
    "fp16": "fp{}", "bf16": "bf{}",
}  # fmt: skip
"""What tells the modes apart on a page, with the bits."""


def _label(config: Quantization) -> str:
    """As `int8, 1 layer float`, with what is not as usual."""
    count = config.float_layers
    parts = (
        LABELS[config.mode].format(config.bits),
        "" if config.per_channel else "one scale a layer",
        "" if config.calibration == "mse" else f"ranges by {config.calibration}",
        f"{count} layer{'' if count == 1 else 's'} float" if count else "",
    )
    return ", ".join(part for part in parts if part)


QUANTIZATION = Technique(
    name="quantization",
    title="Quantization",
    category="compression",
    role="lower",
    parameters=Quantization,
    summary="Numbers get fewer bits: weights and activations as 8-bit integers, or weights alone as 16, 8 or 4 bits. The file shrinks to a half, "
    "a quarter or an eighth. Integer products make dense layers faster where the processor multiplies integers faster; weights alone change the "
    "size, and the speed only with 4 bits in linear layers.",
    formula="q = clip(round(x / scale) + zero_point, q_min, q_max); codebook: w = c[i], the c from k-means",
    cost="Some images for calibration or none, and training only with the mode aware. The file shrinks 2 to 8 times; memory and latency depend on "
    "the processor and the operators.",
    unhelpful="For the latency of tiny and depthwise layers, where converting costs more than integer products save; for accuracy with 4 bits in "
    "small networks.",
    figure="MobileNets on ImageNet and COCO, 8 bits: a better trade-off of accuracy and latency on ARM processors, in about a quarter of the memory",
    source="Jacob et al. 2018, Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference; "
    "codebook: Han et al. 2016, Deep Compression",
    link="https://arxiv.org/abs/1712.05877",
    label=_label,
    converts=lambda config: config.mode not in ("static", "aware"),
    trains=lambda config: config.mode == "aware",
    cards=CARDS,
)
