"""How a network is trained: the phase that learning techniques shape."""

from __future__ import annotations

from typing import Literal

from effcore.catalogue.record import Parameters, Technique, number, parameter


class Training(Parameters):
    """One phase of training."""

    epochs: int = parameter(4, ge=1, le=1000, unit="epochs", help="Times that every training image is seen.")
    learning_rate: float = parameter(3e-3, gt=0, le=1, help="Peak of the learning rate of AdamW.")
    schedule: Literal["one_cycle", "cosine"] = parameter("one_cycle", help="Course of the learning rate: up and down, or down only.")
    batch_size: int = parameter(64, ge=2, le=4096, unit="images", help="Images in one step.")
    weight_decay: float = parameter(0.01, ge=0, le=1, help="Decoupled weight decay of AdamW.")
    label_smoothing: float = parameter(0.0, ge=0, lt=1, help="Share of the target that is spread evenly over all classes.")
    data_fraction: float = parameter(1.0, gt=0, le=1, help="Share of the training images that is used; smaller shares are subsets of larger ones.")


def _label(config: Training) -> str:
    parts = [f"{config.epochs} ep"]
    if config.label_smoothing:
        parts.append(f"smooth {number(config.label_smoothing)}")
    if config.data_fraction != 1:
        parts.append(f"{config.data_fraction:.0%} data")
    return " ".join(parts)


TRAINING = Technique(
    name="training",
    title="Training",
    category="learning",
    role="phase",
    parameters=Training,
    summary="One phase of training with AdamW. The learning techniques that follow it in the recipe shape this phase. "
    "It is cut into rungs at 25, 50 and 100 % of its epochs, so that a search may stop early and go on later.",
    formula="w <- w - lr(t) * (m / (sqrt(v) + eps) + decay * w)",
    source="Loshchilov and Hutter 2019, AdamW; Smith and Topin 2018, super-convergence",
    link="https://arxiv.org/abs/1711.05101",
    label=_label,
)
