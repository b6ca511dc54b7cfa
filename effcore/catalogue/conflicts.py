"""What steps of one recipe can't do together, although each may stand where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from effcore.catalogue.architecture import Architecture
from effcore.catalogue.families import FAMILIES
from effcore.catalogue.pruning import Pruning
from effcore.catalogue.quantization import Quantization
from effcore.catalogue.record import Parameters
from effcore.catalogue.staged import PASSING
from effcore.catalogue.training import Training

Steps = Sequence[tuple[str, Parameters]]
Conflict = tuple[int, str, str]
"""Index of the step, the field that is refused and the sentence that says so."""
LEARNING = ("augmentation", "averaging", "distillation", "weight_sharing")
"""Steps that shape a phase and leave the network as it is."""
CHOICE = {"augmentation": "policy", "averaging": "kind", "distillation": "teacher", "weight_sharing": "sampled"}
"""Of each of them a field that stands for the step."""

CHANGING = ("mobile", "mobile_se", "elastic")
"""Families in which the first block of every stage changes the shape."""


def conflicts(steps: Steps) -> list[Conflict]:
    """Steps that contradict each other; empty where all go together.

    Args:
        steps: Name of the technique and parameters, in the order of the recipe.
    """
    checks = (_two_that_choose_weights, _not_trained, _filled_zeros, _nothing_to_rewind, _one_block_a_stage, _no_layer_to_quantize)
    return [conflict for check in checks for conflict in check(steps)]


def _two_that_choose_weights(steps: Steps) -> Iterator[Conflict]:
    phase: Training | None = None
    for index, (name, config) in enumerate(steps):
        if isinstance(config, Training):
            phase = config
        if name == "averaging" and phase is not None and phase.early_stopping.patience:
            yield index, "kind", (
                "can't be had in a phase with training.early_stopping: both decide which weights the phase hands on. "
                f"Got patience {phase.early_stopping.patience}. Leave one of the two out."
            )
        if isinstance(config, Pruning) and config.schedule == "gradual" and phase is not None and phase.early_stopping.patience:
            yield index, "schedule", (
                "can't be 'gradual' in a phase with training.early_stopping: its best weights may be those from before all were gone. "
                f"Got patience {phase.early_stopping.patience}. Leave one of the two out."
            )


def _not_trained(steps: Steps) -> Iterator[Conflict]:
    """What needs a training where the weights of the phase are those of a checkpoint."""
    taken, before = "", False
    for index, (name, config) in enumerate(steps):
        if isinstance(config, Training):
            taken = config.checkpoint or ""
            if taken and before:
                yield index, "checkpoint", "must be left out: steps before it have changed the network, which has weights of its own by then."
            before = True
        elif taken and isinstance(config, Pruning) and config.schedule in ("gradual", "rewind"):
            yield index, "schedule", f"can't be {config.schedule!r} after the checkpoint {taken!r}: its training was not here. Prune at once."
        elif taken and name in LEARNING and not any(getattr(later, "fine_tune", None) for _, later in steps[index:]):
            yield index, CHOICE[name], (
                f"shapes a training, and the weights of the checkpoint {taken!r} are not trained, nor does a later step fine-tune. "
                f"Leave {name} out, or fine-tune, as after pruning."
            )


def _filled_zeros(steps: Steps) -> Iterator[Conflict]:
    zeroed = False
    for index, (name, config) in enumerate(steps):
        if name == "factorization" and zeroed:
            yield index, "decomposition", (
                "can't come after pruning that sets weights to zero: the factors of a weight with zeros have none of them. "
                "Put factorization before that pruning, prune channels instead, or leave one of the two out."
            )
        zeroed |= isinstance(config, Pruning) and config.zeroes


def _nothing_to_rewind(steps: Steps) -> Iterator[Conflict]:
    """Rewinding goes back into the phase right before it."""
    phase: Training | None = None
    for index, (name, config) in enumerate(steps):
        if isinstance(config, Training):
            phase = config
        elif isinstance(config, Pruning) and config.schedule == "gradual":
            continue
        elif isinstance(config, Pruning) and config.schedule == "rewind":
            if phase is None:
                yield index, "schedule", (
                    "can't be 'rewind' after another step that changed the network: the early weights are of another network than it is now. "
                    "Put it right after training and its learning steps."
                )
            elif config.rewind_to == "early" and phase.epochs < 2:
                yield index, "rewind_to", (
                    f"can't be 'early' after a phase of {phase.epochs} epoch, of which nothing is left to train. Take training.epochs of at least 2, "
                    "or rewind to the start."
                )
            phase = None
        elif name not in LEARNING:
            phase = None


def _one_block_a_stage(steps: Steps) -> Iterator[Conflict]:
    """Of some families it is known before anything is built that none of their blocks can go; of others the network tells."""
    architecture = steps[0][1]
    if not isinstance(architecture, Architecture):
        return
    sentence = ""
    if architecture.family in CHANGING and architecture.depth == 1:
        sentence = (
            f"can't be 'blocks' with the family {architecture.family!r} at depth 1: each stage has one block, which changes the shape, so that "
            "none can go. Take architecture.depth of at least 2, whose further blocks keep their shape, or another structure."
        )
    elif architecture.stages is not None and not architecture.stages.some_block_can_go:
        sentence = (
            "can't be 'blocks' with these stages: the first block of the second and third stage changes the shape, so that it can't go, and no other "
            f"has a shortcut. Got {architecture.stages}. Take a depth of at least 2 in a stage of {', '.join(PASSING)} blocks, or another structure."
        )
    for index, (_, config) in enumerate(steps):
        if sentence and isinstance(config, Pruning) and config.structure == "blocks":
            yield index, "structure", sentence


def _no_layer_to_quantize(steps: Steps) -> Iterator[Conflict]:
    """Where all layers that a network can have would stay in float; of stages that are chosen, and of factors, the network tells."""
    architecture = steps[0][1]
    if not isinstance(architecture, Architecture) or architecture.stages is not None or any(name == "factorization" for name, _ in steps):
        return
    always, each = FAMILIES[architecture.family].layers
    count = always + each * architecture.depth
    for index, (_, config) in enumerate(steps):
        if isinstance(config, Quantization) and 0 < count <= config.float_layers:
            at = f" at depth {architecture.depth}" if each else ""
            yield index, "float_layers", (
                f"must be at most {count - 1} with the family {architecture.family!r}{at}, which has {count} layers with weights, so that "
                f"one is left to quantize. Got {config.float_layers}. Take fewer, or leave quantization out."
            )
