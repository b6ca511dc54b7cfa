"""Quantization-aware training: the network is trained while weights and activations are rounded as the integers of the file will be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MethodType
from typing import Any, Protocol

import torch
from torch import Tensor, fx, nn

from effcore.catalogue.quantization import FineTune, Quantization
from effcore.errors import TechniqueError
from effcore.models.classifier import FEATURES
from effcore.models.program import deployable, trace
from effcore.models.silence import silence
from effcore.tasks import Data
from effcore.techniques.quantization.static import EPSILON, WEIGHTED, LayerQuantizer, layers_of, require_reached
from effcore.training import Fit, Hooks, joined, predict

silence()  # torchao speaks when it is imported

from torchao.quantization.pt2e import (  # noqa: E402
    FakeQuantize,
    MovingAverageMinMaxObserver,
    MovingAveragePerChannelMinMaxObserver,
    move_exported_model_to_eval,
    move_exported_model_to_train,
)  # fmt: skip
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_qat_pt2e  # noqa: E402
from torchao.quantization.pt2e.quantizer import QuantizationSpec  # noqa: E402

MOVING = 0.01
"""How much the newest batch counts in the range of an activation, as in the paper's own setting."""


class TrainRounded(Protocol):
    """Trains a traced network in place, with the learning steps of the phase before.

    `named_by` is the network that was traced: its layers have the names of the traced parameters.
    """

    def __call__(
        self, model: nn.Module, epochs: int, *, learning_rate: float | None, named_by: nn.Module, hooks: Sequence[Hooks] = ()
    ) -> Fit: ...


def train(model: nn.Module, config: Quantization, data: Data, *, tune: TrainRounded) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Trains a copy of the model with rounding.

    Args:
        model: Trained; not changed.
        config: With the mode aware and `reduce_range` resolved.
        data: Gives the shape of the images.
        tune: Trains; keeps zeros of an earlier pruning, and listens to a teacher where the phase before did.

    Returns:
        The state that `apply` takes: folded weights, and the range of every number that is rounded; facts: what is rounded, and the curve.

    Raises:
        TechniqueError: The mode is another one, or `reduce_range` is not resolved.

    Source: Jacob et al. 2018, https://arxiv.org/abs/1712.05877; Krishnamoorthi 2018, https://arxiv.org/abs/1806.08342.
    """
    settings = config.fine_tune or FineTune()
    folded = deployable(model)
    for parameter in folded.parameters():
        parameter.requires_grad_(True)
    graph = _trainable(_prepared(folded, config, data))
    fit = tune(graph, settings.epochs, learning_rate=settings.learning_rate, named_by=folded)
    predict(graph, data.train.images[:2])  # ranges of weights are those of the last weights, also where the last step was not looked at
    rounded = sum(isinstance(module, FakeQuantize) for module in graph.modules())
    return dict(graph.state_dict()), {"rounded": rounded, "curve": joined([fit]), "samples": fit.samples}


def apply(
    model: nn.Module, config: Quantization, data: Data, *, trained: Mapping[str, Tensor]
) -> tuple[torch.export.ExportedProgram, dict[str, Any]]:
    """A quantized program of what `train` has made of the model, with the same operators as that of the mode static.

    Args:
        model: The one that `train` was given; not changed.
        config: The same.
        data: Gives the shape of the images.
        trained: The state that `train` gave.

    Raises:
        TechniqueError: As `train`, or a layer was left as it is.
    """
    folded = deployable(model)
    prepared = _prepared(folded, config, data)
    prepared.load_state_dict(trained)
    quantized: fx.GraphModule = convert_pt2e(prepared)
    reached = require_reached(quantized, layers_of(folded))
    facts = {"layers": reached, "reduce_range": config.reduce_range, "per_channel": config.per_channel}
    return trace(quantized, _images(data)), facts


def _images(data: Data) -> Tensor:
    return torch.tensor(data.train.images[:2])


def _prepared(folded: nn.Module, config: Quantization, data: Data) -> fx.GraphModule:
    """The traced network with a rounding wherever the mode static has one."""
    if config.mode != "aware":
        raise TechniqueError(f"quantization.mode must be 'aware' to train with rounding. Got {config.mode!r}.")
    if config.reduce_range is None:
        raise TechniqueError("quantization.reduce_range must be true or false when it is applied. Got none, which planning resolves.")
    quantizer = LayerQuantizer(activation=activation_spec(config), weight=weight_spec(config), marked=lambda node: True)
    prepared: fx.GraphModule = prepare_qat_pt2e(trace(folded, _images(data)).module(), quantizer)
    return prepared


def activation_spec(config: Quantization) -> QuantizationSpec:
    """Unsigned 8-bit as in the mode static, with a range that follows the batches."""
    observer = MovingAverageMinMaxObserver.with_args(averaging_constant=MOVING, eps=EPSILON)
    return QuantizationSpec(
        dtype=torch.uint8, quant_min=0, quant_max=127 if config.reduce_range else 255, qscheme=torch.per_tensor_affine,
        observer_or_fake_quant_ctr=FakeQuantize.with_args(observer=observer),
    )  # fmt: skip


def weight_spec(config: Quantization) -> QuantizationSpec:
    """Signed 8-bit, symmetric as in the mode static, with the range of the weights as they are at each step."""
    kind = MovingAveragePerChannelMinMaxObserver if config.per_channel else MovingAverageMinMaxObserver
    return QuantizationSpec(
        dtype=torch.int8, quant_min=-127, quant_max=127,
        qscheme=torch.per_channel_symmetric if config.per_channel else torch.per_tensor_symmetric,
        ch_axis=0 if config.per_channel else None,
        observer_or_fake_quant_ctr=FakeQuantize.with_args(observer=kind.with_args(averaging_constant=1.0, eps=EPSILON)),
    )  # fmt: skip


def _trainable(graph: fx.GraphModule) -> fx.GraphModule:
    """The same graph, changed in place, as the training loop needs a network.

    It takes float images too, which is what augmentation makes; shows what goes into its classifier, for feature losses; and has
    modes: activations are watched in training alone, so that no validation image shapes a range.
    """
    for node in list(graph.graph.nodes):
        guards = node.op == "call_module" and node.target == "_guards_fn"
        if guards or node.target is torch.ops.aten._assert_tensor_metadata.default:
            graph.graph.erase_node(node)
    _show_features(graph)
    graph.recompile()
    has_modes = any(word in str(node.target) for node in graph.graph.nodes for word in ("dropout", "batch_norm"))

    def train(self: fx.GraphModule, mode: bool = True) -> fx.GraphModule:
        if has_modes:  # each look for them traces patterns anew, which took longer than an epoch of a small network
            (move_exported_model_to_train if mode else move_exported_model_to_eval)(self)
        self.training = mode
        for module in self.modules():
            if isinstance(module, FakeQuantize):
                module.enable_observer(mode or module.dtype == torch.int8)
        return self

    graph.train, graph.eval = MethodType(train, graph), MethodType(lambda self: train(self, False), graph)  # type: ignore[method-assign]
    return graph


def _show_features(graph: fx.GraphModule) -> None:
    """Lets what goes into the last linear layer pass a module of its own, before it is rounded."""
    linear = [node for node in graph.graph.nodes if node.target is WEIGHTED[1]]
    if not linear:
        return
    rounding = linear[-1].args[0]
    features = rounding.args[0]
    graph.add_submodule(FEATURES, nn.Identity())
    with graph.graph.inserting_before(rounding):
        shown = graph.graph.call_module(FEATURES, (features,))
    rounding.replace_input_with(features, shown)
