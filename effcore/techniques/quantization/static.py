"""Static quantization: 8-bit integers for weights and activations, ranges found on calibration images."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, fx, nn

from effcore.catalogue.quantization import Quantization
from effcore.errors import TechniqueError
from effcore.models.blocks import layer_name
from effcore.models.program import deployable, trace
from effcore.models.silence import silence
from effcore.tasks import Data
from effcore.techniques.quantization.calibration import OBSERVERS
from effcore.techniques.quantization.sensitivity import sensitivity

silence()  # torchao speaks when it is imported

from torchao.quantization.pt2e import MinMaxObserver, PerChannelMinMaxObserver  # noqa: E402
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e  # noqa: E402
from torchao.quantization.pt2e.quantizer import QuantizationAnnotation, QuantizationSpec, Quantizer  # noqa: E402

Marked = Callable[[fx.Node], bool]
"""Whether an operator that could take integers shall take them."""

CALIBRATION_BATCH = 256
EPSILON = 2.0**-12
"""Smallest scale, as in torchao's own configurations for x86."""
WEIGHTED = (torch.ops.aten.conv2d.default, torch.ops.aten.linear.default)
"""Operators with a weight as their second input."""
CARRIED = (torch.ops.aten.add.Tensor, torch.ops.aten.mul.Tensor, torch.ops.aten.mean.dim, torch.ops.aten.cat.default)
"""Operators that take integers too, so that the layers before them can give integers; a product only of two activations.

ONNX Runtime fuses a layer into an integer kernel only where its output is quantized as well. Without these, the
last layer of every residual block stays in float and pays for turning its weights back at every prediction:
torchao's quantizer for x86 does that, since its own backend fuses the addition instead (measured: 0.161 ms
for a residual network that takes 0.098 ms in float).
"""


class LayerQuantizer(Quantizer):  # type: ignore[misc]  # torchao has no types
    """Marks the inputs of layers as integers, for ONNX Runtime's kernels.

    Args:
        activation: How activations are quantized.
        weight: How weights are quantized.
        marked: Which of the operators that could take integers do.
    """

    def __init__(self, *, activation: QuantizationSpec, weight: QuantizationSpec, marked: Marked) -> None:
        super().__init__()
        self.activation = activation
        self.weight = weight
        self.marked = marked

    def annotate(self, model: fx.GraphModule) -> fx.GraphModule:
        """Marks the nodes of a traced model, in place."""
        for node in model.graph.nodes:
            if node.op != "call_function" or node.target not in (*WEIGHTED, *CARRIED) or not self.marked(node):
                continue
            if node.target in WEIGHTED:
                inputs = {node.args[0]: self.activation, node.args[1]: self.weight}
            else:
                inputs = dict.fromkeys(_carried(node), self.activation)
            if not inputs:
                continue
            node.meta["quantization_annotation"] = QuantizationAnnotation(input_qspec_map=inputs, _annotated=True)
        return model

    def validate(self, model: fx.GraphModule) -> None:
        """Nothing to check here: `apply` counts the layers that were reached."""


def apply(model: nn.Module, config: Quantization, data: Data) -> tuple[torch.export.ExportedProgram, dict[str, Any]]:
    """A quantized program of the model, to be exported for a runtime with integer kernels.

    Args:
        model: Trained, takes raw pixels; not changed.
        config: With `reduce_range` resolved to true or false.
        data: Its first training images, which are in a stratified order, are the calibration images.

    Returns:
        The program with quantize and dequantize operators around its layers; facts: layers, images, ranges, and, where layers stay in
        float, their names and the noise that each layer of the network adds to the logits when it alone is quantized.

    Raises:
        TechniqueError: The mode is another one, `reduce_range` is not resolved, no layer would become integers, or one was left as it is.
    """
    if config.mode != "static":
        raise TechniqueError(f"quantization.mode must be 'static' to act before the export. Got {config.mode!r}.")
    if config.reduce_range is None:
        raise TechniqueError(
            "quantization.reduce_range must be true or false when it is applied. Got none, which planning resolves."
        )
    images = torch.tensor(data.train.first(config.calibration_images).images)
    folded = deployable(model)
    layers, program = layers_of(folded), trace(folded, images)
    scanned = _scan(program, images, config, layers) if config.float_layers else {}
    floats = list(scanned)[: config.float_layers]
    quantized = _quantize(program, images, config, marked=lambda node: _layer(node) not in floats)
    reached = require_reached(quantized, layers - config.float_layers)
    facts = {
        "layers": reached,
        "calibration_images": len(images),
        "reduce_range": config.reduce_range,
        "per_channel": config.per_channel,
        "calibration": config.calibration,
    }
    return trace(quantized, images), facts | ({"float_layers": floats, "sensitivity": scanned} if floats else {})


def layers_of(folded: nn.Module) -> int:
    """How many layers with weights a network has."""
    return sum(isinstance(module, nn.Conv2d | nn.Linear) for module in folded.modules())


def require_reached(quantized: fx.GraphModule, expected: int) -> int:
    """How many layers read integers.

    Raises:
        TechniqueError: It is not the number that was expected, or none.
    """
    reached = sum(_reads_integers(node) for node in quantized.graph.nodes)
    if reached != expected or expected == 0:
        raise TechniqueError(f"quantization must reach every layer with weights, {expected} here. Got {reached}.")
    return reached


def _quantize(program: torch.export.ExportedProgram, images: Tensor, config: Quantization, *, marked: Marked) -> fx.GraphModule:
    quantizer = LayerQuantizer(activation=activation_spec(config), weight=weight_spec(config), marked=marked)
    prepared = prepare_pt2e(program.module(), quantizer)
    _logits(prepared, images)
    converted: fx.GraphModule = convert_pt2e(prepared)
    return converted


def _logits(network: fx.GraphModule, images: Tensor) -> Tensor:
    with torch.inference_mode():
        return torch.cat([network(part) for part in torch.split(images, CALIBRATION_BATCH)])


def _scan(program: torch.export.ExportedProgram, images: Tensor, config: Quantization, layers: int) -> dict[str, float]:
    """Noise of each layer when it alone is quantized, by its name, most sensitive first."""
    if config.float_layers >= layers:
        raise TechniqueError(
            f"quantization.float_layers must leave a layer to quantize: at most {max(layers - 1, 0)} with the {layers} of this network. "
            f"Got {config.float_layers}. Take fewer, or leave the step out."
        )
    network = program.module()
    names = dict.fromkeys(name for name in map(_layer, network.graph.nodes) if name is not None)
    alone = {name: _logits(_quantize(program, images, config, marked=partial(_is, name)), images) for name in names}
    return sensitivity(_logits(network, images), alone)


def _layer(node: fx.Node) -> str | None:
    """Name of the module whose weights an operator uses, as `2` or `3.0.first`; None for operators without weights."""
    if node.op != "call_function" or node.target not in WEIGHTED:
        return None
    weight = node.args[1]
    return layer_name(str(weight.target if isinstance(weight, fx.Node) else weight))


def _is(name: str, node: fx.Node) -> bool:
    return _layer(node) == name


def activation_spec(config: Quantization) -> QuantizationSpec:
    """Unsigned 8-bit with one scale a tensor; a bit less with `reduce_range`, where sums of products would overflow."""
    return QuantizationSpec(
        dtype=torch.uint8,
        quant_min=0,
        quant_max=127 if config.reduce_range else 255,
        qscheme=torch.per_tensor_affine,
        observer_or_fake_quant_ctr=OBSERVERS[config.calibration].with_args(eps=EPSILON),
    )


def weight_spec(config: Quantization) -> QuantizationSpec:
    """Signed 8-bit, symmetric, with a scale for each output channel or one for all."""
    observer = PerChannelMinMaxObserver if config.per_channel else MinMaxObserver
    return QuantizationSpec(
        dtype=torch.int8,
        quant_min=-127,
        quant_max=127,
        qscheme=torch.per_channel_symmetric if config.per_channel else torch.per_tensor_symmetric,
        ch_axis=0 if config.per_channel else None,
        observer_or_fake_quant_ctr=observer.with_args(eps=EPSILON),
    )


def _carried(node: fx.Node) -> list[fx.Node]:
    """The activations that go into an operator of `CARRIED`; none where it scales by a number."""
    first = node.args[0]
    if isinstance(first, list | tuple):
        return [part for part in first if isinstance(part, fx.Node)]
    found = [argument for argument in node.args[:2] if isinstance(argument, fx.Node)]
    return [] if node.target is torch.ops.aten.mul.Tensor and len(found) < 2 else found


def _reads_integers(node: fx.Node) -> bool:
    """Whether a layer's image and weight both come out of a dequantize operator."""
    if node.op != "call_function" or node.target not in WEIGHTED:
        return False
    sources = [argument for argument in node.args[:2] if isinstance(argument, fx.Node)]
    return len(sources) == 2 and all("dequantize" in str(source.target) for source in sources)
