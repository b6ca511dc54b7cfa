"""Sub-networks: a part of a network that was trained with weight sharing becomes a network of its own."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from effcore.catalogue.elastic import largest, plain
from effcore.catalogue.subnetwork import Subnetwork
from effcore.errors import TechniqueError
from effcore.models.edits import Edit, part_edit
from effcore.models.elastic import cut, depth_of, take_statistics
from effcore.tasks import Data
from effcore.techniques.tune import Tune


def apply(model: nn.Module, config: Subnetwork, data: Data, *, tune: Tune) -> tuple[nn.Module, Edit, dict[str, Any]]:
    """The part as a network of its own.

    Args:
        model: A whole network of the family elastic; not changed.
        config: Which part, and what follows.
        data: Gives the images for the statistics: the first ones of the training split, which hold all classes evenly.
        tune: Trains a network; called where `config.fine_tune` is above 0.

    Returns:
        The network in eval mode, the edit that replays the cut, and facts.

    Raises:
        TechniqueError: The network can't be cut, or nothing would be left out.

    Source: Cai et al. 2020, https://arxiv.org/abs/1908.09791.
    """
    shape = plain(config)
    if shape == largest(depth_of(model)):
        raise TechniqueError("subnetwork must leave something out. Got the whole network. Take a smaller depth, width or kernel, or no such step.")
    part: nn.Module = cut(model, shape)
    images = 0
    if config.statistics == "anew":
        chosen = data.train.images[: config.images]
        take_statistics(part, torch.tensor(chosen))
        images = len(chosen)
    curve = tune(part, config.fine_tune).curve if config.fine_tune else []
    params = [sum(p.numel() for p in m.parameters()) for m in (model, part)]
    facts = {"params_before": params[0], "params_after": params[1], "statistics_images": images, "curve": curve}
    return part.eval(), part_edit(shape), facts
