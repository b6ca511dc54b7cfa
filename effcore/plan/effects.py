"""What the steps of a recipe will do to a network, as far as it is known before anything is built."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from effcore.catalogue.architecture import Architecture
from effcore.catalogue.factorization import Factorization
from effcore.catalogue.own import CHECKPOINTS, SOURCES
from effcore.catalogue.pruning import Pruning
from effcore.catalogue.quantization import Quantization
from effcore.catalogue.training import Training
from effcore.catalogue.weight_sharing import WeightSharing
from effcore.recipe import Recipe, Step, digest, network_of

WEIGHTS_ONLY = ("fine_tune", "calibration", "calibration_images", "criterion", "rounds", "statistics", "images")
"""Parameters that change weights and leave operators and shapes as they are."""


RUNGS = (0.25, 0.5, 1.0)
"""Shares of its epochs at which every training is cut, so that searches and grids share the pieces."""


def rungs(epochs: int) -> tuple[int, ...]:
    """Epochs at which a training is cut.

    Example:
        >>> rungs(4), rungs(1), rungs(10)
        ((1, 2, 4), (1,), (3, 5, 10))
    """
    return tuple(sorted({math.ceil(share * epochs) for share in RUNGS}))


def zeroing(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Those that set weights to zero and leave the shapes as they were."""
    return tuple(s for s in steps if isinstance(s.config, Pruning) and s.config.zeroes)


def inherits(step: Step, contributed: Step) -> bool:
    """Whether the training in a transform, or before a network is lowered, goes on with a learning step of the phase before.

    Gradual pruning is over: its zeros are kept, and are not found again. Weight sharing acts on a whole network of the family elastic,
    which only a step that sets weights to zero leaves whole.
    """
    shares = isinstance(contributed.config, WeightSharing)
    return not zeroing([contributed]) and (not shares or bool(zeroing([step])))


def rewinds_to(step: Step, training: Training) -> int | None:
    """Epoch of the phase from which a step trains anew; None where it does not."""
    config = step.config
    if not isinstance(config, Pruning) or config.schedule != "rewind":
        return None
    return rungs(training.epochs)[0] if config.rewind_to == "early" else 0


def transform_epochs(step: Step, training: Training) -> int:
    """Epochs of training in a transform.

    Args:
        step: Of a transform.
        training: Of the phase before it.
    """
    config, again = step.config, rewinds_to(step, training)
    if isinstance(config, Pruning):
        return config.rounds * (config.fine_tune if again is None else training.epochs - again)
    if isinstance(config, Quantization):
        return config.fine_tune.epochs if config.fine_tune is not None else 0
    return int(getattr(config, "fine_tune", 0))


def brought(family: str, checkpoint: str | None) -> dict[str, str]:
    """What an operator brought to a phase of training, by the hash of its content; empty where nothing is."""
    code = {"plugin": SOURCES[f"family:{family}"]} if f"family:{family}" in SOURCES else {}
    return code | ({"checkpoint": CHECKPOINTS[checkpoint].sha256} if checkpoint else {})


def expected_structure(recipe: Recipe, seed: int) -> str:
    """What decides operators and shapes: equal texts are expected to share latency and memory."""
    # Shapes that follow from trained weights depend on all that the weights depend on.
    learned = max((i for i, s in enumerate(recipe.steps) if _follows_weights(s)), default=-1)
    shaping: list[Any] = [s.document for s in recipe.steps[: learned + 1]] + ([seed] if learned >= 0 else [])
    for step in recipe.steps[learned + 1 :]:
        if step.role in ("architecture", "transform", "lower", "runtime") and not zeroing([step]):
            said = network_of(step.config) if isinstance(step.config, Architecture) else step.config.model_dump(mode="json")
            document = {k: v for k, v in said.items() if k not in WEIGHTS_ONLY}
            if isinstance(step.config, Quantization) and step.config.mode == "aware":
                document["mode"] = "static"  # the same operators
            shaping.append({step.technique: document})
    return digest({"task": recipe.task, "steps": shaping})


def _follows_weights(step: Step) -> bool:
    return isinstance(step.config, Pruning | Factorization) and step.config.follows_weights
