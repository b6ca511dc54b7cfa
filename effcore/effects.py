"""What the steps of a recipe will do to a network, as far as it is known before anything is built."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from effcore.catalogue.factorization import Factorization
from effcore.catalogue.pruning import Pruning
from effcore.catalogue.subnetwork import Subnetwork
from effcore.recipe import Recipe, Step, digest

WEIGHTS_ONLY = ("fine_tune", "calibration", "calibration_images", "criterion", "rounds", "statistics", "images")
"""Parameters that change weights and leave operators and shapes as they are."""


def zeroing(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Those that set weights to zero and leave the shapes as they were."""
    return tuple(s for s in steps if isinstance(s.config, Pruning) and s.config.structure != "channels")


def fine_tuned_epochs(step: Step) -> int:
    """Epochs of training in a transform."""
    config = step.config
    if isinstance(config, Pruning):
        return config.fine_tune * config.rounds
    return config.fine_tune if isinstance(config, Factorization | Subnetwork) else 0


def expected_structure(recipe: Recipe, seed: int) -> str:
    """What decides operators and shapes: equal texts are expected to share latency and memory."""
    # Shapes that follow from trained weights depend on all that the weights depend on.
    learned = max((i for i, s in enumerate(recipe.steps) if _follows_weights(s)), default=-1)
    shaping: list[Any] = [s.document for s in recipe.steps[: learned + 1]] + ([seed] if learned >= 0 else [])
    for step in recipe.steps[learned + 1 :]:
        if step.record.role in ("architecture", "transform", "lower", "runtime") and not zeroing([step]):
            document = {k: v for k, v in step.config.model_dump(mode="json").items() if k not in WEIGHTS_ONLY}
            shaping.append({step.technique: document})
    return digest({"task": recipe.task, "steps": shaping})


def _follows_weights(step: Step) -> bool:
    return isinstance(step.config, Pruning | Factorization) and step.config.follows_weights
