"""Averaging: beside the trained weights their mean over the steps is kept, and handed on at the end of the phase."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from effcore.catalogue.averaging import Averaging
from effcore.techniques.context import Context
from effcore.training import Hooks

STATISTICS_BATCH = 64


def contribute(config: Averaging, context: Context) -> Hooks:
    """A step hook that keeps the mean, and an end hook that puts it in the place of the trained weights.

    The state is the mean by the parameter's name and the number of weights in it; it goes with that of the optimizer, so
    that a phase that is cut into rungs has the same mean as one that is not. The training itself is not touched.

    Args:
        config: Which mean, and from when on.
        context: Gives the seed, which orders the images for the statistics of batch normalization.

    Source: Izmailov et al. 2018, https://arxiv.org/abs/1803.05407; Polyak and Juditsky 1992, https://doi.org/10.1137/0330046.
    """

    def step(state: dict[str, Any], model: nn.Module, share: float) -> None:
        if share <= config.start:
            return
        weights = {name: parameter.detach() for name, parameter in model.named_parameters()}
        if not state:
            state |= {"count": 1, "mean": {name: weight.clone() for name, weight in weights.items()}}
            return
        state["count"] += 1
        rate = 1 - config.decay if config.kind == "ema" else 1 / state["count"]
        torch._foreach_lerp_([state["mean"][name] for name in weights], list(weights.values()), rate)

    def end(state: dict[str, Any], model: nn.Module, images: Tensor) -> None:
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                parameter.copy_(state["mean"][name] * (parameter != 0))  # what pruning set to zero stays so
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed(context.seed))
        # Evenly cut: batch normalization can't do with the single image that could be left at the end.
        parts = torch.tensor_split(images[order], math.ceil(len(images) / STATISTICS_BATCH))
        update_bn(parts, model)

    return Hooks(step=step, end=end)
