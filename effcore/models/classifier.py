"""The last layer of a network, and what goes into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from effcore.errors import EffcoreError

FEATURES = "shown_features"
"""Name of the module that, in a traced network, passes on what goes into its classifier: a graph has no layers."""


def classifier(model: nn.Module) -> nn.Linear:
    """The layer that makes logits of features, which is the last linear one.

    Raises:
        EffcoreError: The model has no linear layer.
    """
    layers = [module for module in model.modules() if isinstance(module, nn.Linear)]
    if not layers:
        raise EffcoreError(
            "a network must have a linear layer, so that what goes into its last one is known. "
            f"Got none in {type(model).__name__}. Leave distillation.features at 0."
        )
    return layers[-1]


@contextmanager
def penultimate(model: nn.Module, keep: Callable[[Tensor], object]) -> Iterator[None]:
    """While it is open, hands on what goes into the model's classifier, once for each batch that passes.

    Args:
        model: Ends with a linear layer, or is a traced network with a module `FEATURES`.
        keep: Gets the features, (N, features), as they are.
    """

    def before(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        keep(inputs[0])

    shown = getattr(model, FEATURES, None)
    handle = (shown if isinstance(shown, nn.Module) else classifier(model)).register_forward_pre_hook(before)
    try:
        yield
    finally:
        handle.remove()


def features_of(model: nn.Module, images: Tensor) -> int:
    """How many numbers go into the model's classifier; the model's mode is put back.

    Args:
        model: As for `penultimate`.
        images: Raw pixels of at least one image, uint8 (N, C, H, W).
    """
    seen: list[Tensor] = []
    training = model.training
    model.eval()
    with torch.inference_mode(), penultimate(model, seen.append):
        model(images)
    model.train(training)
    return seen[0].shape[1]
