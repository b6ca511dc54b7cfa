"""The mean of the weights over the course of a training."""

from __future__ import annotations

from typing import Literal

from pydantic import ValidationInfo, field_validator

from effcore.catalogue.record import Card, Parameters, Technique, number, parameter, require_use

USES: dict[str, tuple[str, ...]] = {"ema": ("decay",), "swa": ()}
"""Parameters that one kind has a use for and the other has not."""


class Averaging(Parameters):
    """Which mean of the weights is handed on."""

    kind: Literal["ema", "swa"] = parameter("ema", help="ema: later weights count more; swa: all weights from the start on count the same.")
    decay: float = parameter(0.98, ge=0.5, lt=1, help="ema: what is left of the mean at each step; about 1 / (1 - decay) steps count.")
    start: float = parameter(0.5, ge=0, lt=1, help="Share of the phase's steps after which the mean begins.")

    @field_validator("decay")
    @classmethod
    def _of_its_kind(cls, value: float, info: ValidationInfo) -> float:
        require_use(cls, value, info, by="kind", uses=USES)
        return value


def _label(config: Averaging) -> str:
    return f"ema {number(config.decay)}" if config.kind == "ema" else f"swa from {config.start:.0%}"


AVERAGING = Technique(
    name="averaging",
    title="Weight averaging",
    category="learning",
    role="contribute",
    parameters=Averaging,
    summary="Beside the weights that are trained, their mean over the steps is kept; it is what the phase hands on. "
    "The mean lies in the middle of the flat region in which the trained weights jump about. "
    "The statistics of batch normalization are taken anew for it over the training images; the deployed file is not changed.",
    formula="ema: a <- d a + (1 - d) w; swa: a <- a + (w - a) / n",
    cost="A copy of the weights, one pass over them a step, and one pass over the training images at the end. The deployed file stays as it is.",
    unhelpful="Where the learning rate falls to nothing at the end, so that the weights do not jump any more; and in phases of few steps.",
    figure="CIFAR-100, as many epochs: VGG-16 72.55 to 73.91 %, PreResNet-110 76.77 to 78.75 %",
    source="Izmailov et al. 2018, Averaging Weights Leads to Wider Optima and Better Generalization; Polyak and Juditsky 1992",
    link="https://arxiv.org/abs/1803.05407",
    label=_label,
    cards=(
        Card(
            name="ema",
            summary="The mean forgets old weights at a fixed rate. It begins with the weights at the start, without a correction.",
            formula="a_n = d^n w_0 + (1 - d) * sum_i d^(n - i) w_i",
            cost="A copy of the weights and one pass over them a step.",
            unhelpful="Where the learning rate has fallen to nothing at the end, as in the schedules one_cycle and cosine here, but not in constant: "
            "the weights do not jump any more.",
            figure="Stochastic approximation: the mean of all steps converges at the highest possible rate (a theorem, of the mean that forgets "
            "nothing)",
            source="Polyak and Juditsky 1992, Acceleration of Stochastic Approximation by Averaging",
            link="https://doi.org/10.1137/0330046",
        ),
        Card(
            name="swa",
            summary="All weights from the start on count the same. Here every step counts, in the paper the end of every epoch, since phases here "
            "are short.",
            formula="a_n = (w_1 + ... + w_n) / n",
            cost="A copy of the weights and one pass over them a step.",
            unhelpful="As with ema; and where it starts too early it holds weights that have not learned yet. Its paper keeps the rate high.",
            figure="CIFAR-100, as many epochs: VGG-16 72.55 to 73.91 %, PreResNet-110 76.77 to 78.75 %",
            source="Izmailov et al. 2018, Averaging Weights Leads to Wider Optima and Better Generalization",
            link="https://arxiv.org/abs/1803.05407",
        ),
    ),
)
