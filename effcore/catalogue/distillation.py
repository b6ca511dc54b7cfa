"""Learning from another network."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import ValidationInfo, field_validator

from effcore.catalogue.architecture import depth_rule
from effcore.catalogue.cards.distillation import CARDS
from effcore.catalogue.choice import OneOf
from effcore.catalogue.families import FAMILIES, MAX_DEPTH
from effcore.catalogue.record import Parameters, Technique, is_recorded, number, parameter, require_use

SAME: Final = "same"
TeacherFamily = Annotated[str | None, OneOf(lambda: (*FAMILIES, SAME), optional=True)]


class Teacher(Parameters):
    """The network to learn from: trained once with a seed of its own, or that of a point in the store; or several that differ in the seed."""

    family: TeacherFamily = parameter(
        None, help="Family of the teacher. same: that of the student, with its width and depth. Left out where a point is given."
    )
    point: str | None = parameter(
        None, min_length=1, max_length=200, validate_default=True, help="Instead of a family: name, recipe key or run id of a point in the store. "
        "Its network is the teacher as it was before it was lowered, and is not trained again.",
    )
    width: float = parameter(1.0, ge=0.125, le=4.0, unit="x", help="Width of the teacher.")
    depth: int = parameter(1, ge=1, le=MAX_DEPTH, unit="blocks", help="Depth of the teacher.")
    epochs: int = parameter(4, ge=1, le=1000, unit="epochs", help="Epochs that the teacher is trained.")
    seed: int = parameter(0, ge=0, le=2**31 - 1, help="Seed of the teacher, the same for all its students; of a point, which of its seeds.")
    members: int = parameter(1, ge=1, le=8, unit="networks", help="Networks of which the teacher is the mean, each with the next seed.")

    @field_validator("point")
    @classmethod
    def _family_or_point(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "family" in info.data and (value is None) == (info.data["family"] is None):
            given = "left out where family is given" if value is not None else "given where family is not"
            raise ValueError(f"{given}: a teacher is trained, or is a point of the store")
        return value

    @field_validator("width", "depth", "epochs")
    @classmethod
    def _of_what_is_trained(cls, value: float, info: ValidationInfo) -> float:
        if info.data.get("point") is not None and value != cls.model_fields[info.field_name or ""].default:
            raise ValueError("left out where point is given, whose network is taken as it is")
        return value

    @field_validator("width", "depth")
    @classmethod
    def _left_to_the_student(cls, value: float, info: ValidationInfo) -> float:
        if info.data.get("family") == SAME and value != 1:
            raise ValueError("left out or 1 where family is 'same', which takes that of the student")
        return value

    @field_validator("depth")
    @classmethod
    def _depth_fits(cls, value: int, info: ValidationInfo) -> int:
        if rule := depth_rule(info.data.get("family") or "", value):
            raise ValueError(rule)
        return value

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seed of each member."""
        return tuple(range(self.seed, self.seed + self.members))

USES: dict[str, tuple[str, ...]] = {"soft": ("temperature",), "hard": ()}
"""Parameters that one kind of labels has a use for and the other has not."""


class Distillation(Parameters):
    """How much the student listens to the teacher, and to what of it."""

    teacher: Teacher = parameter(help="The network to learn from.")
    labels: Literal["soft", "hard"] = parameter("soft", help="The teacher's probabilities, or only its decision.")
    temperature: float = parameter(4.0, gt=0, le=100, help="Softens both distributions; only used with soft labels.")
    weight: float = parameter(0.7, ge=0, le=1, help="Share of the teacher's loss; the rest is the loss on the true labels.")
    features: float = parameter(
        0.0, ge=0, le=1e5, validate_default=True,
        help="Weight of a loss on what goes into the classifiers, added to the others; the paper of similarity takes 3000."
    )
    feature_loss: Literal["similarity", "hints"] = parameter(
        "similarity", help="What that loss compares: which images look alike to each, or the student's features, projected to the teacher's width by "
        "a linear map that is learned, with the teacher's own.",
    )

    @field_validator("temperature")
    @classmethod
    def _of_its_labels(cls, value: float, info: ValidationInfo) -> float:
        require_use(cls, value, info, by="labels", uses=USES)
        return value

    @field_validator("weight")
    @classmethod
    def _labels_are_heard(cls, value: float, info: ValidationInfo) -> float:
        given = [name for name in ("labels", "temperature") if info.data.get(name, cls.model_fields[name].default) != cls.model_fields[name].default]
        if value == 0 and given and not is_recorded(info):
            raise ValueError(f"more than 0 where {' and '.join(given)} is set: with 0 the teacher's labels are not heard")
        return value

    @field_validator("features")
    @classmethod
    def _teacher_is_heard(cls, value: float, info: ValidationInfo) -> float:
        if value == 0 and info.data.get("weight") == 0 and not is_recorded(info):
            raise ValueError("more than 0 where weight is 0, or the teacher is never heard")
        return value

    @field_validator("feature_loss")
    @classmethod
    def _is_heard(cls, value: str, info: ValidationInfo) -> str:
        if value != "similarity" and info.data.get("features") == 0:
            raise ValueError("left out where features is 0, with which no feature is compared")
        return value


def _label(config: Distillation) -> str:
    teacher = config.teacher
    trained = "itself" if teacher.family == SAME else f"{teacher.family} x{number(teacher.width)}"
    whom = trained if teacher.point is None else f"the point {teacher.point}"
    many = (f"{teacher.members} " if teacher.family not in (SAME, None) else f"{teacher.members} of ") if teacher.members > 1 else ""
    compared = {"similarity": " features", "hints": " hints"}[config.feature_loss] if config.features > 0 else ""
    what = (" hard" if config.labels == "hard" else "") + compared
    return f"distil{what} from {many}{whom}"


DISTILLATION = Technique(
    name="distillation",
    title="Distillation",
    category="learning",
    role="contribute",
    parameters=Distillation,
    summary="A small network, the student, learns from the outputs of a larger one, the teacher, beside the true labels. "
    "The soft labels say which wrong classes are nearly right. The deployed file has the student's size and speed.",
    formula="L = (1 - w) * CE(y, s) + w * T^2 * KL(softmax(t / T) || softmax(s / T))",
    cost="The training of the teacher, which all its students share, and its forward pass for every batch. The deployed file stays as it is.",
    unhelpful="Where the teacher is hardly better than the student, or the student is so small that it can follow neither labels nor teacher.",
    figure="MNIST, students with two layers of 800 units: 146 test errors alone, 74 with a teacher of two layers of 1,200 units that makes 67",
    source="Hinton, Vinyals and Dean 2015, Distilling the Knowledge in a Neural Network",
    link="https://arxiv.org/abs/1503.02531",
    label=_label,
    cards=CARDS,
)
