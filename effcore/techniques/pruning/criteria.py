"""How much a channel or a weight matters: by its size, by its activations, by what the loss would change without it, or by chance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch_pruning import importance

from effcore.catalogue.pruning import Pruning
from effcore.tasks import Split
from effcore.techniques.pruning.activations import ActivationScores
from effcore.techniques.pruning.batches import pixels_of


def gather_gradients(model: nn.Module, images: Split) -> None:
    """Leaves the gradients of cross entropy, summed over some images, on the parameters of the model.

    Args:
        model: In eval mode, so that its statistics stay as they are.
        images: Training images that the model has seen.
    """
    model.zero_grad()
    for pixels, labels in pixels_of(images):
        functional.cross_entropy(model(pixels), labels, reduction="sum").backward()  # type: ignore[no-untyped-call]


Look = Callable[[nn.Module, Split], None]
"""What has to be done before each round: (model, training images)."""


def channel_scores(config: Pruning) -> tuple[Callable[[Any], Tensor | None], Look]:
    """What torch-pruning judges a group of layers that share their channels by: group -> scores, float32 (channels,).

    Args:
        config: With the structure `channels`.

    Returns:
        The scores, and what has to look at the model before each round.

    Source: Fang et al. 2023, https://arxiv.org/abs/2301.12900; Molchanov et al. 2019, https://arxiv.org/abs/1906.10771;
    Liu et al. 2017, https://arxiv.org/abs/1708.06519.
    """
    scores: dict[str, Callable[[], Callable[[Any], Tensor | None]]] = {
        "l1": lambda: importance.GroupMagnitudeImportance(p=1),
        "l2": lambda: importance.GroupMagnitudeImportance(p=2),
        # Norms are in units of their layer and are divided by its mean; these two are in the same units everywhere.
        "taylor": lambda: importance.GroupTaylorImportance(normalizer=None),
        "batch_norm": lambda: importance.BNScaleImportance(normalizer=None),
        "activation": lambda: ActivationScores("activation"),
        "apoz": lambda: ActivationScores("apoz"),
        "random": lambda: importance.RandomImportance(),
    }
    found = scores[config.criterion]()
    if config.criterion == "batch_norm" and config.scope == "layer":  # with one threshold for all, a norm could not be told from a factor
        found = _or_else(found, scores["l2"]())
    look: Look = found.look if isinstance(found, ActivationScores) else gather_gradients if config.criterion == "taylor" else _nothing
    return _spared(found, config.round_to) if config.scope == "global" else found, look


def _nothing(model: nn.Module, images: Split) -> None:
    """The weights alone are judged."""


def _or_else(scores: Callable[[Any], Tensor | None], others: Callable[[Any], Tensor | None]) -> Callable[[Any], Tensor | None]:
    """The same scores, and others for groups that have none, as layers without normalization beside layers with it; those would stay whole."""
    def judged(group: Any) -> Tensor | None:
        found = scores(group)
        return others(group) if found is None else found

    return judged


def _spared(scores: Callable[[Any], Tensor | None], count: int) -> Callable[[Any], Tensor | None]:
    """The same scores, with the best of every group out of reach: one threshold for all could take a layer away whole."""

    def spared(group: Any) -> Tensor | None:
        judged = scores(group)
        if judged is None:
            return None
        found = judged.clone()
        found[torch.topk(found, min(count, len(found))).indices] = torch.inf
        return found

    return spared


def weight_scores(weight: nn.Parameter, criterion: str) -> Tensor:
    """A score for each weight, float32, of the shape of the weights; those that are zero already have the lowest, -1.

    Args:
        weight: Of one layer, with its gradient where the criterion is `taylor`.
        criterion: `l1`, `taylor` or `random`; the last takes its numbers from torch's generator, which the stage seeds.
    """
    values = weight.detach()
    if criterion == "taylor":
        assert weight.grad is not None, "gather_gradients comes first"
        found = (values * weight.grad).abs()
    else:
        found = values.abs() if criterion == "l1" else torch.rand(values.shape)
    return found.masked_fill(values == 0, -1.0)
