"""A model between stages: its architecture, what was done to its shape, and its weights; never a pickled module."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.errors import EffcoreError
from effcore.models import families
from effcore.models.edits import Edit, replay
from effcore.models.layout import channels_last


@dataclass(frozen=True, kw_only=True, eq=False)
class Snapshot:
    """All that is needed to have the model again, as plain data and tensors.

    Attributes:
        task: Name of the task.
        architecture: Parameters of the architecture.
        edits: Structural edits, in their order.
        state: State dict of the edited model.
    """

    task: str
    architecture: dict[str, Any]
    edits: list[Edit]
    state: dict[str, Tensor]


def take(
    model: nn.Module, task: str, architecture: Architecture | dict[str, Any], edits: Sequence[Edit] = ()
) -> Snapshot:
    """The model's snapshot; its tensors are copies.

    Args:
        model: Built by `effcore.models.build`, edited by `edits`.
        task: Name of the task.
        architecture: What the model was built from.
        edits: All edits since then, in their order.
    """
    parameters = architecture.model_dump(mode="json") if isinstance(architecture, Architecture) else dict(architecture)
    state = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    return Snapshot(task=task, architecture=parameters, edits=list(edits), state=state)


def rebuild(snapshot: Snapshot) -> nn.Module:
    """The model of a snapshot, bit for bit, in eval mode.

    Raises:
        EffcoreError: The weights do not fit what the architecture and its edits give.
    """
    task = TASKS[snapshot.task]
    model = families.build(Architecture.model_validate(snapshot.architecture), task)
    for edit in snapshot.edits:
        replay(model, edit, shape=task.shape)
    try:
        model.load_state_dict(snapshot.state)
    except RuntimeError as error:
        raise EffcoreError(
            f"a snapshot's weights must fit its architecture and edits: {error}. Build it again."
        ) from error
    return channels_last(model).eval()


def save(path: Path, snapshot: Snapshot) -> None:
    """Writes the snapshot to a file."""
    torch.save(asdict(snapshot), path)


def load(path: Path) -> Snapshot:
    """Reads a snapshot; only plain data and tensors are accepted, no code is run."""
    return Snapshot(**torch.load(path, weights_only=True))
