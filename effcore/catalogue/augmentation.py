"""More training images out of those there are."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ValidationInfo, field_validator

from effcore.catalogue.policies import POLICIES
from effcore.catalogue.record import Parameters, Technique, number, parameter, require_use
from effcore.catalogue.tasks import Task

PolicyName = Literal["affine", "crop", "flip", "erasing", "noise", "mixup", "cutmix", "randaugment", "trivialaugment"]

USES: dict[str, tuple[str, ...]] = {
    "affine": ("degrees", "translate", "scale"), "crop": ("translate",), "flip": (), "erasing": ("area",), "noise": ("strength",),
    "mixup": ("alpha",), "cutmix": ("alpha",), "randaugment": ("strength", "operations"), "trivialaugment": (),
}  # fmt: skip
"""Parameters that each policy has a use for."""


class Augmentation(Parameters):
    """Random changes of the training images that leave their class as it is, or say how it is mixed."""

    policy: PolicyName = parameter("affine", help="Kind of change; each uses the parameters that name it.")
    degrees: float = parameter(12.0, ge=0, le=180, unit="degrees", help="affine: largest turn to either side.")
    translate: float = parameter(0.08, ge=0, le=0.5, help="affine, crop: largest shift, as a share of the image's side.")
    scale: float = parameter(0.1, ge=0, le=0.5, help="affine: largest change of size, as a share.")
    area: float = parameter(0.2, gt=0, le=0.8, help="erasing: largest part of the image that is erased, as a share.")
    alpha: float = parameter(1.0, gt=0, le=32, help="mixup, cutmix: both parameters of the beta distribution of the weights.")
    strength: float = parameter(
        0.3, gt=0, le=1, help="noise: largest standard deviation, as a share of the pixels' range; randaugment: share of the largest change."
    )
    operations: int = parameter(2, ge=1, le=4, unit="operations", help="randaugment: operations on one image.")

    @field_validator("degrees", "translate", "scale", "area", "alpha", "strength", "operations")
    @classmethod
    def _of_its_policy(cls, value: Any, info: ValidationInfo) -> Any:
        require_use(cls, value, info, by="policy", uses=USES)
        return value


def _label(config: Augmentation) -> str:
    details = {
        "erasing": f" {config.area:.0%}",
        "noise": f" {number(config.strength)}",
        "mixup": f" {number(config.alpha)}",
        "cutmix": f" {number(config.alpha)}",
        "randaugment": f" {config.operations}x{number(config.strength)}",
    }
    return config.policy + details.get(config.policy, "")


def _refusal(config: Augmentation, task: Task) -> tuple[str, str] | None:
    """The field that the task refuses, and why."""
    if config.policy not in task.refuses:
        return None
    allowed = ", ".join(name for name in POLICIES if name not in task.refuses)
    return "policy", f"can't be {config.policy!r} for the task {task.name!r}: {task.refuses[config.policy]} Allowed: {allowed}."


AUGMENTATION = Technique(
    name="augmentation",
    title="Data augmentation",
    category="learning",
    role="contribute",
    parameters=Augmentation,
    summary="Every training image is changed at random each time it is seen: moved, covered, disturbed, or mixed with another one. "
    "The network has to learn what does not depend on that, and needs fewer images for the same accuracy. The deployed file is not changed.",
    formula="min E_{x, y} E_t L(f(t(x)), y), t drawn anew for each image and epoch",
    cost="Time for every image each time it is seen, and often more epochs. The deployed file stays as it is.",
    unhelpful="Where the network is too small, or the training too short, to fit even the images as they are; where images are plenty.",
    figure="MNIST with distorted images: 0.4 % test error, the best of its time (Simard et al. 2003); ResNet-50 on ImageNet with CutMix: 23.68 to "
    "21.40 % error (Yun et al. 2019)",
    source="Shorten and Khoshgoftaar 2019, A survey on Image Data Augmentation for Deep Learning",
    link="https://doi.org/10.1186/s40537-019-0197-0",
    label=_label,
    refusal=_refusal,
    cards=tuple(POLICIES.values()),
)
