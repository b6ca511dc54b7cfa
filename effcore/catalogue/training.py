"""How a network is trained: the phase that learning techniques shape."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ValidationInfo, field_validator

from effcore.catalogue.choice import OneOf
from effcore.catalogue.own import CHECKPOINTS
from effcore.catalogue.record import Card, Parameters, Technique, number, parameter


class EarlyStopping(Parameters):
    """When a phase ends before its last epoch."""

    patience: int = parameter(
        0, ge=0, le=1000, unit="epochs", help="Epochs without a rise of the validation accuracy after which training ends; 0 never ends it early."
    )
    min_delta: float = parameter(0.0, ge=0, lt=1, help="Validation accuracy must rise by more than this share of the images to count as a rise.")

    @field_validator("min_delta")
    @classmethod
    def _needs_patience(cls, value: float, info: ValidationInfo) -> float:
        if value > 0 and info.data.get("patience") == 0:
            raise ValueError("left out where patience is 0, with which training never ends early")
        return value


NO_WEIGHTS = "left out, since no weights are known: name them with --checkpoint NAME=PATH"


class Training(Parameters):
    """One phase of training."""

    epochs: int = parameter(4, ge=1, le=1000, unit="epochs", help="Times that every training image is seen.")
    learning_rate: float = parameter(3e-3, gt=0, le=1, help="Peak of the learning rate of AdamW.")
    schedule: Literal["one_cycle", "cosine", "constant"] = parameter(
        "one_cycle", help="Course of the learning rate: up and down, down only, or the same at every step."
    )
    batch_size: int = parameter(64, ge=2, le=4096, unit="images", help="Images in one step.")
    weight_decay: float = parameter(0.01, ge=0, le=1, help="Decoupled weight decay of AdamW.")
    label_smoothing: float = parameter(0.0, ge=0, lt=1, help="Share of the target that is spread evenly over all classes.")
    data_fraction: float = parameter(1.0, gt=0, le=1, help="Share of the training images that is used; smaller shares are subsets of larger ones.")
    early_stopping: EarlyStopping = parameter(
        EarlyStopping(), help="When the phase ends before its last epoch; it then hands on the weights that were best on the validation images."
    )
    checkpoint: Annotated[str | None, OneOf(lambda: CHECKPOINTS, optional=True, missing=NO_WEIGHTS)] = parameter(
        None, help="Weights that are taken instead of training, by the name that the operator gave them with --checkpoint."
    )

    @field_validator("checkpoint")
    @classmethod
    def _not_trained(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("epochs") != cls.model_fields["epochs"].default:
            raise ValueError("left out where epochs are given: weights of a checkpoint are taken as they are")
        return value


TUNED = {"learning_rate": "lr", "batch_size": "batch", "weight_decay": "decay"}
"""What a search varies most, by the words on a page; two digits, so that it stays short."""


def _label(config: Training) -> str:
    parts = [f"{config.epochs} ep" if config.checkpoint is None else f"weights {config.checkpoint}"]
    if config.schedule != "one_cycle":
        parts.append(config.schedule)
    tuned = {name: getattr(config, name) for name in TUNED if getattr(config, name) != Training.model_fields[name].default}
    parts += [f"{TUNED[name]} {value if isinstance(value, int) else f'{value:.2g}'}" for name, value in tuned.items()]
    if config.label_smoothing:
        parts.append(f"smooth {number(config.label_smoothing)}")
    if config.early_stopping.patience:
        parts.append(f"early stop {config.early_stopping.patience}")
    if config.data_fraction != 1:
        parts.append(f"{config.data_fraction:.0%} data")
    return " ".join(parts)


CARDS = (
    Card(
        name="one_cycle",
        summary="The learning rate rises for 30 % of the steps and then falls to nothing, along half cosines. "
        "The high rate in the middle crosses the landscape fast, the low one at the end settles.",
        formula="lr: peak/25 -> peak -> peak/10^4",
        cost="Nothing, but the length must be known before. It reaches a given accuracy in fewer epochs.",
        unhelpful="With early stopping: accuracy rises to the end, where the rate falls, and a training that ends before has not settled.",
        figure="CIFAR-10 and CIFAR-100, MNIST and ImageNet, with one cycle and a high peak: networks train an order of magnitude faster than usual",
        source="Smith and Topin 2018, Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates",
        link="https://arxiv.org/abs/1708.07120",
    ),
    Card(
        name="cosine",
        summary="The learning rate falls from its peak to nothing along half a cosine, without a rise before.",
        formula="lr(t) = peak (1 + cos(pi t / T)) / 2",
        cost="Nothing, but the length must be known before.",
        unhelpful="With a high peak from fresh weights, which the first steps then throw far.",
        figure="CIFAR-10 and CIFAR-100, with restarts of the cosine: 3.14 % and 16.21 % error, the best of its time",
        source="Loshchilov and Hutter 2017, SGDR: Stochastic Gradient Descent with Warm Restarts",
        link="https://arxiv.org/abs/1608.03983",
    ),
    Card(
        name="constant",
        summary="The learning rate is the same at every step. What a training has reached does not depend on how long it would go on.",
        formula="lr(t) = peak",
        cost="Nothing, and the length need not be known. The end is noisy, which averaging makes good.",
        unhelpful="For the last percent of accuracy: at a rate that does not fall the weights keep jumping about their optimum.",
        figure="PreResNet-110 on CIFAR-100: 76.77 % with a rate that falls, 78.75 % with one that stays high and the mean of the weights (Izmailov "
        "et al. 2018)",
        source="Loshchilov and Hutter 2019, Decoupled Weight Decay Regularization",
        link="https://arxiv.org/abs/1711.05101",
    ),
    Card(
        name="early_stopping",
        summary="The phase ends when the validation accuracy has not risen for some epochs, and hands on the weights of its best epoch. "
        "Fine-tuning after it does the same.",
        formula="end after epoch t where max(a_(t-p+1), ..., a_t) <= a_risen + delta; w = w of the epoch with the highest a",
        cost="A pass over the validation images after every epoch and a copy of the best weights. It saves the epochs that would not help any more.",
        unhelpful="With a learning rate that falls to nothing, where the last epochs are the best; and where few validation images make the "
        "accuracy jump. Choosing by validation makes its accuracy look better than it is; the test images stay unseen.",
        figure="1,296 trainings of perceptrons on 12 problems: later stops gain about 4 % in generalization and take about 4 times as long",
        source="Prechelt 1998, Early Stopping - But When?",
        link="https://doi.org/10.1007/3-540-49430-8_3",
    ),
)
"""One of each schedule, then one of what ends it early."""

TRAINING = Technique(
    name="training",
    title="Training",
    category="learning",
    role="phase",
    parameters=Training,
    summary="One phase of training with AdamW. The learning techniques that follow it in the recipe shape this phase. "
    "It is cut into rungs at 25, 50 and 100 % of its epochs, so that a search may stop early and go on later.",
    formula="w <- w - lr(t) * (m / (sqrt(v) + eps) + decay * w)",
    cost="Epochs times images, each about three forward passes, and two further numbers in memory for every weight. Variants that share a phase "
    "share its training.",
    unhelpful="Beyond the epochs after which the validation accuracy rises no more.",
    figure="Image classification: about 15 % less test error, relatively, than Adam with a penalty on the weights",
    source="Loshchilov and Hutter 2019, AdamW; Smith and Topin 2018, super-convergence",
    link="https://arxiv.org/abs/1711.05101",
    label=_label,
    cards=CARDS,
)
