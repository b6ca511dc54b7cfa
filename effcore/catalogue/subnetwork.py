"""Cutting a sub-network out of a trained network."""

from __future__ import annotations

from typing import Literal

from effcore.catalogue.elastic import Shape, shape_label
from effcore.catalogue.record import Card, Technique, parameter


class Subnetwork(Shape):
    """Which sub-network is cut out, and what follows."""

    statistics: Literal["anew", "inherited"] = parameter(
        "anew", help="Means and variances of batch normalization: taken anew over training images, or those of the whole network."
    )
    images: int = parameter(1024, ge=2, le=100_000, unit="images", help="Training images for statistics that are taken anew.")
    fine_tune: int = parameter(
        0, ge=0, le=1000, unit="epochs", help="Epochs of training afterwards, alone, with the learning steps of the phase before but weight_sharing."
    )


def _label(config: Subnetwork) -> str:
    extra = (" inherited statistics" if config.statistics == "inherited" else "") + (f" tuned {config.fine_tune}" if config.fine_tune else "")
    return f"cut {shape_label(config)}{extra}"


CARDS = (
    Card(
        name="anew",
        summary="A forward pass over some training images takes the means and variances of the sub-network's own activations. "
        "A channel of a thinner network sums over fewer inputs, so that those of the whole network are wrong for it.",
        formula="mean_c = E x_c, var_c = E (x_c - mean_c)^2 over the images, for each normalization",
        cost="A forward pass over some training images.",
        unhelpful="Where what is cut out is nearly the whole network.",
        figure="MobileNet at 1, 0.75, 0.5 and 0.25 of its width on ImageNet: 28.5, 30.5, 35.2 and 46.9 % error from one training, with statistics "
        "for each width; 29.1, 31.6, 36.7 and 50.2 % from four trainings",
        source="Yu et al. 2019, Slimmable Neural Networks; Cai et al. 2020, Once-for-All",
        link="https://arxiv.org/abs/1812.08928",
    ),
    Card(
        name="inherited",
        summary="The statistics of the whole network's first channels are kept, as a control of what taking them anew gives.",
        formula="mean_c, var_c of the whole network, c < C_kept",
        cost="Nothing.",
        unhelpful="For anything but a comparison: most sub-networks then guess.",
        figure="Statistics that several widths share are wrong for each of them in testing, which is why slimmable networks keep some for each "
        "width",
        source="Yu et al. 2019, Slimmable Neural Networks",
        link="https://arxiv.org/abs/1812.08928",
    ),
    Card(
        name="fine_tune",
        summary="The sub-network is trained alone for some epochs, with a third of the learning rate, and need not share its weights any more.",
        formula="w <- w - lr(t) / 3 * dL/dw, w the weights that were cut out",
        cost="Epochs of the sub-network, for it alone. It may gain what sharing its weights took.",
        unhelpful="Where many sub-networks are wanted: each is a training of its own again.",
        figure="Once-for-All on ImageNet does without: its sub-networks are as accurate as networks that are trained alone",
        source="Cai et al. 2020, Once-for-All: Train One Network and Specialize it for Efficient Deployment",
        link="https://arxiv.org/abs/1908.09791",
    ),
)

SUBNETWORK = Technique(
    name="subnetwork",
    title="Sub-network",
    category="automation",
    role="transform",
    parameters=Subnetwork,
    summary="A smaller network is cut out of a trained one: its first blocks, the first channels of each and the middle of its kernels. "
    "After a phase with weight sharing it works as it is. What remains is an ordinary dense network, which can be pruned and quantized.",
    formula="W_s = W[: C_out s, : C_in s, middle k x k]",
    cost="A forward pass over some training images, and no training. File, memory and latency are those of a dense network of that size.",
    unhelpful="Without weight sharing in the phase before: the part of a network that was trained as a whole only guesses.",
    figure="Once-for-All on ImageNet: sub-networks as accurate as networks that are trained alone; up to 4.0 points more than MobileNetV3",
    source="Cai et al. 2020, Once-for-All: Train One Network and Specialize it for Efficient Deployment",
    link="https://arxiv.org/abs/1908.09791",
    label=_label,
    cards=CARDS,
)
