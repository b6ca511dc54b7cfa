"""What two steps of one recipe can't do together, although each may stand where it stands."""

from __future__ import annotations

from collections.abc import Sequence

from effcore.catalogue.record import Parameters
from effcore.catalogue.training import Training


def conflicts(steps: Sequence[tuple[str, Parameters]]) -> list[tuple[int, str, str]]:
    """Steps that contradict each other.

    Args:
        steps: Name of the technique and parameters, in the order of the recipe.

    Returns:
        Index of the step, the field that is refused and the sentence that says so; empty where all go together.
    """
    problems: list[tuple[int, str, str]] = []
    phase: Training | None = None
    for index, (name, config) in enumerate(steps):
        if isinstance(config, Training):
            phase = config
        if name == "averaging" and phase is not None and phase.early_stopping.patience:
            problems.append((index, "kind", (
                "can't be had in a phase with training.early_stopping: both decide which weights the phase hands on. "
                f"Got patience {phase.early_stopping.patience}. Leave one of the two out."
            )))  # fmt: skip
    return problems
