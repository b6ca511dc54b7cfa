"""What the activations on training images say of channels and blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch_pruning.pruner import function

from effcore.errors import TechniqueError
from effcore.models.blocks import Layer
from effcore.models.shortcuts import watched
from effcore.tasks import Split
from effcore.techniques.pruning.batches import pixels_of

_OUTPUTS = (function.prune_conv_out_channels, function.prune_linear_out_channels, function.prune_depthwise_conv_out_channels)


class ActivationScores:
    """What torch-pruning judges a group of layers by: group -> scores, float32 (channels,), the mean over the layers that make the channels.

    Args:
        criterion: `activation`: mean absolute activation, over the mean of its layer; `apoz`: share of activations that are not zero.

    Source: Molchanov et al. 2017, https://arxiv.org/abs/1611.06440; Hu et al. 2016, https://arxiv.org/abs/1607.03250.
    """

    def __init__(self, criterion: str) -> None:
        self.criterion = criterion
        self._found: dict[nn.Module, Tensor] = {}

    def look(self, model: nn.Module, images: Split) -> None:
        """Takes the scores of every layer as it is now.

        Raises:
            TechniqueError: No activation is zero, so that counting zeros tells nothing.
        """
        layers = {name: module for name, module in model.named_modules() if isinstance(module, Layer)}
        means = _means(model, layers, images, zeros=self.criterion == "apoz")
        if self.criterion == "apoz" and all(bool((mean == 0).all()) for mean in means.values()):
            raise TechniqueError(
                "pruning.criterion must not be apoz for a network in which no activation is ever zero, as without a ReLU. Take another criterion."
            )
        scores = {name: 1 - mean if self.criterion == "apoz" else mean / mean.mean().clamp_min(1e-12) for name, mean in means.items()}
        self._found = {layer.weight: scores[name] for name, layer in layers.items()}

    def __call__(self, group: Any) -> Tensor | None:
        """Scores of a group; None where it holds no layer that was looked at."""
        total, parts = torch.zeros(len(group[0].idxs)), 0
        for entry in group:
            layer, places = entry.dep.layer, entry.root_idxs
            if entry.dep.pruning_fn in _OUTPUTS and layer in self._found and None not in places:
                total.index_add_(0, torch.tensor(places), self._found[layer][entry.idxs])
                parts += 1
        return total / parts if parts else None


def _means(model: nn.Module, layers: Mapping[str, Layer], images: Split, *, zeros: bool) -> dict[str, Tensor]:
    """Mean over images and places of each channel's absolute activation, or of whether it is zero, float32 (channels,)."""
    sums: dict[str, Tensor] = {}
    counts: dict[str, int] = {}

    def see(name: str, before: Tensor, after: Tensor) -> None:
        channels = 1 if isinstance(layers[name].weight, nn.Conv2d) else after.dim() - 1
        values = (after == 0).float() if zeros else after.abs()
        flat = values.movedim(channels, 0).flatten(1)
        sums[name] = sums.get(name, 0) + flat.sum(1)
        counts[name] = counts.get(name, 0) + flat.shape[1]

    with watched(layers, see), torch.inference_mode():
        for pixels, _ in pixels_of(images):
            model(pixels)
    return {name: total.clone() / counts[name] for name, total in sums.items()}


def block_changes(model: nn.Module, blocks: Mapping[str, nn.Module], images: Split) -> dict[str, float]:
    """How much each block changes what goes into it: the norm of the difference over the norm of what goes in.

    Args:
        model: In eval mode.
        blocks: Of the model, by name; what comes out of each has the shape of what goes in.
        images: Training images that the model has seen.
    """
    sums = {name: [0.0, 0.0] for name in blocks}

    def see(name: str, before: Tensor, after: Tensor) -> None:
        sums[name][0] += float((after - before).double().square().sum())
        sums[name][1] += float(before.double().square().sum())

    with watched(blocks, see), torch.inference_mode():
        for pixels, _ in pixels_of(images):
            model(pixels)
    return {name: (changed / max(whole, 1e-12)) ** 0.5 for name, (changed, whole) in sums.items()}
