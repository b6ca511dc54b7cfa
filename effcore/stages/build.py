"""A network that was not trained, for what does not depend on its weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.models import build, snapshot

SPREAD = 0.01
"""Of what is added to every number: biases are not all zero and factors not all one then, which a file would hold once for all of them."""


def work(config: Mapping[str, Any], inputs: Mapping[str, Path], folder: Path) -> dict[str, Any]:
    """Write a network with random weights.

    Args:
        config: task, architecture.
        inputs: None.
        folder: Gets `model.pt`.

    Returns:
        Facts: its parameters.
    """
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = build(Architecture.model_validate(config["architecture"]), TASKS[config["task"]], seed=0).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(SPREAD * torch.randn_like(parameter))
    snapshot.save(folder / "model.pt", snapshot.take(model, config["task"], config["architecture"]))
    return {"parameters": sum(p.numel() for p in model.parameters())}
