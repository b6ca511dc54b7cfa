"""Fewer bits for each number."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ValidationInfo, field_validator, model_validator

from effcore.catalogue.record import Card, Parameters, Technique, parameter, require_use, with_first

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
        "integers with scales, activations are float. Codebook: weights share 2^bits values, found by k-means, and are stored as indices. "
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


CARDS = (
    Card(
        name="static",
        summary="Weights and activations are 8-bit integers, and layers multiply integers. "
        "The ranges of activations are found once, on calibration images.",
        formula="y = s_x s_w sum((q_x - z) q_w)",
        unhelpful="Where layers are tiny or depthwise, turning numbers back and forth costs more than integer products save.",
        source="Jacob et al. 2018, Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
        link="https://arxiv.org/abs/1712.05877",
    ),
    Card(
        name="aware",
        summary="Before its numbers become 8-bit integers the network is trained with weights and activations that are rounded as they will be. "
        "Gradients pass the rounding as if it were not there, and the ranges of activations are a moving mean over the batches. "
        "Normalization is folded into the weights first, so that what is rounded in training is what is rounded in the file.",
        formula="y = s_x s_w sum((q_x - z) q_w), trained with dL/dw = dL/d(s q) where w is in range",
        unhelpful="Where static loses nothing, as in most small networks at 8 bits. An epoch takes about two to three times as long as in float.",
        source="Jacob et al. 2018, Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference; "
        "Krishnamoorthi 2018, Quantizing deep convolutional networks for efficient inference",
        link="https://arxiv.org/abs/1806.08342",
    ),
    Card(
        name="dynamic",
        summary="Linear layers multiply 8-bit integers; the range of their inputs is found anew at every prediction, over its whole batch. "
        "It needs no images.",
        formula="s_x = (max(x, 0) - min(x, 0)) / 255, at every prediction",
        unhelpful="In convolutional networks, where there is hardly a linear layer to act on.",
        source="ONNX Runtime, Quantize ONNX models",
        link="https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html",
    ),
    Card(
        name="weight_only",
        summary="Weights are 8-bit or 4-bit integers with scales, activations stay float. "
        "4-bit linear layers have a scale for each 32 inputs and a product that reads them as they are stored; all others become float at loading.",
        formula="w = s q, the s with the least squared error",
        unhelpful="For speed and memory, except in 4-bit linear layers: what becomes float at loading is computed as float.",
        source="Dettmers and Zettlemoyer 2023, The Case for 4-bit Precision",
        link="https://arxiv.org/abs/2212.09720",
    ),
    Card(
        name="codebook",
        summary="The weights of a layer share 16 or 256 values, found by k-means; the file holds the values and an index for each weight. "
        "It is the second stage of Deep Compression, without training afterwards.",
        formula="w_j = c[i_j], i_j = argmin_i |w_j - c_i|",
        unhelpful="For speed and memory: the weights become float at loading.",
        source="Han et al. 2016, Deep Compression",
        link="https://arxiv.org/abs/1510.00149",
    ),
    Card(
        name="fp16",
        summary="Weights and biases are stored as half floats and become float at loading, since x86 processors have no half-float kernels here.",
        formula="w = (-1)^s 2^(e - 15) (1 + m / 1024)",
        unhelpful="For speed and memory on such processors; for weights above 65,504 or below 6e-8.",
        source="Micikevicius et al. 2018, Mixed Precision Training",
        link="https://arxiv.org/abs/1710.03740",
    ),
    Card(
        name="bf16",
        summary="Weights and biases are stored with 8 bits of exponent, as many as 32-bit floats have, and 8 bits of precision. "
        "They become float at loading: ONNX Runtime reads the type on processors and has no kernels that compute in it. "
        "No weight is too large or too small for it.",
        formula="w = (-1)^s 2^(e - 127) (1 + m / 128)",
        unhelpful="For speed and memory here; and where weights are of usual size fp16 rounds eight times less at the same bits.",
        source="Kalamkar et al. 2019, A Study of BFLOAT16 for Deep Learning Training",
        link="https://arxiv.org/abs/1905.12322",
    ),
    Card(
        name="float_layers",
        summary="Mixed precision: the layers that lose most stay in float, all others are static 8-bit integers. "
        "Each layer is quantized alone, and the error that this makes in the logits of the calibration images says how sensitive it is.",
        formula="n_l = mean((y_l - y)^2) / var(y), y_l with layer l alone in integers",
        unhelpful="Where plain int8 loses nothing, or the sensitive layer holds most of the weights or of the work.",
        source="Dong et al. 2019, HAWQ: Hessian AWare Quantization of Neural Networks with Mixed-Precision",
        link="https://arxiv.org/abs/1905.03696",
    ),
)
"""One of each mode, then one of what stays in float beside them."""

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
    source="Jacob et al. 2018, Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference; "
    "codebook: Han et al. 2016, Deep Compression",
    link="https://arxiv.org/abs/1712.05877",
    label=_label,
    converts=lambda config: config.mode not in ("static", "aware"),
    trains=lambda config: config.mode == "aware",
    cards=CARDS,
)
