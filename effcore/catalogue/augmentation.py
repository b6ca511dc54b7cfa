"""More training images out of those there are."""

from __future__ import annotations

from typing import Literal

from effcore.catalogue.record import Parameters, Technique, parameter


class Augmentation(Parameters):
    """Random changes of the training images that leave their class as it is."""

    policy: Literal["affine"] = parameter("affine", help="Kind of change: affine turns, shifts and scales.")
    degrees: float = parameter(12.0, ge=0, le=180, unit="degrees", help="Largest turn to either side.")
    translate: float = parameter(0.08, ge=0, le=0.5, help="Largest shift, as a share of the image's side.")
    scale: float = parameter(0.1, ge=0, le=0.5, help="Largest change of size, as a share.")


AUGMENTATION = Technique(
    name="augmentation",
    title="Data augmentation",
    category="learning",
    role="contribute",
    parameters=Augmentation,
    summary="Every training image is turned, shifted and scaled at random each time it is seen, with its class unchanged. "
    "The network has to learn what does not depend on that, and needs fewer images for the same accuracy. The deployed file is not changed.",
    formula="x' = x(A u + t), A = scale * rotation, drawn anew for each image and epoch",
    source="Simard et al. 2003, Best Practices for Convolutional Neural Networks",
    link="https://doi.org/10.1109/ICDAR.2003.1227801",
    label=lambda config: config.policy,
)
