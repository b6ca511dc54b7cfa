"""A plug-in's network as one that takes raw pixels, checked before anything is trained."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn

from effcore.catalogue import FAMILIES, Task
from effcore.errors import EffcoreError
from effcore.models.blocks import Normalize

OWN_PREFIX = "network."
"""Before the names of the layers of a plug-in's network, within the one that takes raw pixels."""


def takes_pixels(network: object, family: str, task: Task) -> nn.Sequential:
    """The network behind the step from raw pixels to floats, where it gives what it must.

    Args:
        network: What the plug-in built.
        family: Its name.
        task: Of the images.

    Raises:
        EffcoreError: It is no module, or its output is not one finite number a class and image.
    """
    where = f"The plug-in {FAMILIES[family].origin}: the network {family!r}"
    if not isinstance(network, nn.Module):
        raise EffcoreError(f"{where} must be a torch.nn.Module. Got {type(network).__name__}. Return it from build.")
    model = nn.Sequential(OrderedDict(normalize=Normalize(task.levels), network=network))
    trains = model.training
    try:
        with torch.no_grad():
            logits = model.eval()(torch.zeros(2, *task.shape, dtype=torch.uint8))
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise EffcoreError(f"{where} must take float images (N, {', '.join(map(str, task.shape))}). Got: {first}") from error
    model.train(trains)
    expected = (2, len(task.classes))
    shape = tuple(logits.shape) if isinstance(logits, torch.Tensor) else type(logits).__name__
    if shape != expected or logits.dtype != torch.float32 or not bool(torch.isfinite(logits).all()):
        raise EffcoreError(f"{where} must give finite float32 logits of shape (N, {expected[1]}). Got {shape} for 2 images.")
    return model
