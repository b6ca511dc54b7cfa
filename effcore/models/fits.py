"""Whether networks can be built, and weights put into them, before anything is run."""

from __future__ import annotations

from collections.abc import Sequence

from effcore.catalogue import Task, own
from effcore.catalogue.architecture import Architecture
from effcore.errors import EffcoreError
from effcore.models.checkpoint import load_checkpoint
from effcore.models.families import build


def misfits(wanted: Sequence[tuple[Architecture, str | None]], task: Task) -> list[tuple[int, str]]:
    """What is wrong with networks and the weights that are to be put into them; index and cause.

    Args:
        wanted: Networks, each with the name of a checkpoint, or None.
        task: Of the images that they take.
    """
    found = []
    for index, (architecture, checkpoint) in enumerate(wanted):
        try:
            model = build(architecture, task, seed=0)
            if checkpoint is not None:
                load_checkpoint(model, own.CHECKPOINTS[checkpoint])
        except EffcoreError as error:
            found.append((index, str(error)))
    return found
