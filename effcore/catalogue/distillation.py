"""Learning from a larger network."""

from __future__ import annotations

from typing import Literal

from effcore.catalogue.architecture import FamilyName
from effcore.catalogue.record import Parameters, Technique, number, parameter


class Teacher(Parameters):
    """The network to learn from: a recipe of its own, trained once with a seed of its own."""

    family: FamilyName = parameter(help="Family of the teacher.")
    width: float = parameter(1.0, ge=0.125, le=4.0, unit="x", help="Width of the teacher.")
    depth: int = parameter(1, ge=1, le=6, unit="blocks", help="Depth of the teacher.")
    epochs: int = parameter(4, ge=1, le=1000, unit="epochs", help="Epochs that the teacher is trained.")
    seed: int = parameter(0, ge=0, le=2**31 - 1, help="Seed of the teacher, the same for all its students.")


class Distillation(Parameters):
    """How much the student listens to the teacher."""

    teacher: Teacher = parameter(help="The network to learn from.")
    labels: Literal["soft", "hard"] = parameter("soft", help="The teacher's probabilities, or only its decision.")
    temperature: float = parameter(4.0, gt=0, le=100, help="Softens both distributions; only used with soft labels.")
    weight: float = parameter(0.7, ge=0, le=1, help="Share of the teacher's loss; the rest is the loss on the true labels.")


def _label(config: Distillation) -> str:
    hard = " hard" if config.labels == "hard" else ""
    return f"distil{hard} from {config.teacher.family} x{number(config.teacher.width)}"


DISTILLATION = Technique(
    name="distillation",
    title="Distillation",
    category="learning",
    role="contribute",
    parameters=Distillation,
    summary="A small network, the student, learns from the outputs of a larger one, the teacher, beside the true labels. "
    "The soft labels say which wrong classes are nearly right. The deployed file has the student's size and speed.",
    formula="L = (1 - w) * CE(y, s) + w * T^2 * KL(softmax(t / T) || softmax(s / T))",
    source="Hinton, Vinyals and Dean 2015, Distilling the Knowledge in a Neural Network",
    link="https://arxiv.org/abs/1503.02531",
    label=_label,
)
