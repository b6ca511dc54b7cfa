"""Weight sharing: parts of a network are trained beside the whole of it, in the same weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional

from effcore.catalogue.elastic import Shape, smallest
from effcore.catalogue.weight_sharing import WeightSharing
from effcore.models.elastic import depth_of, draw, forward
from effcore.techniques.context import Context
from effcore.training import Batch, Hooks, label_loss


def contribute(config: WeightSharing, context: Context) -> Hooks:
    """A loss hook that adds the losses of the smallest sub-network and of some that are drawn in each step: the sandwich rule.

    The whole network is what the loop trains anyway. It alone changes the running statistics of batch normalization; the parts
    use those of their batch.

    Args:
        config: How many are drawn, and what they learn.
        context: Gives the label smoothing of the phase; all is drawn from its generator.

    Source: Yu and Huang 2019, https://arxiv.org/abs/1903.05134; Yu et al. 2020, https://arxiv.org/abs/2003.11142.
    """
    networks: list[nn.Module] = []
    drawn: list[Shape] = []

    @contextmanager
    def attach(model: nn.Module) -> Iterator[None]:
        depth_of(model)
        networks.append(model)
        try:
            yield
        finally:
            networks.clear()

    def choose(batch: Batch, generator: torch.Generator) -> Batch:
        depth = depth_of(networks[-1])
        drawn[:] = [smallest(), *(draw(depth, generator) for _ in range(config.sampled))]
        return batch

    def add(logits: Tensor, batch: Batch, loss: Tensor) -> Tensor:
        taught = functional.log_softmax(logits.detach(), 1)
        for shape in drawn:
            own = forward(networks[-1], shape, batch.images)
            if config.labels == "soft":
                loss = loss + functional.kl_div(functional.log_softmax(own, 1), taught, reduction="batchmean", log_target=True)
            else:
                loss = loss + label_loss(own, batch, smoothing=context.label_smoothing)
        return loss

    return Hooks(attach=attach, batch=choose, loss=add)
