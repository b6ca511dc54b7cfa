"""Training all sub-networks of a network at once, in the same weights."""

from __future__ import annotations

from typing import Literal

from effcore.catalogue.record import Card, Parameters, Technique, parameter


class WeightSharing(Parameters):
    """Which sub-networks are trained in each step beside the whole network, and on what."""

    labels: Literal["soft", "hard"] = parameter(
        "soft", help="What sub-networks learn: soft: the probabilities of the whole network in the same step; hard: the labels, as it does."
    )
    sampled: int = parameter(2, ge=0, le=8, unit="networks", help="Sub-networks drawn anew in each step, beside the whole network and the smallest.")


def _label(config: WeightSharing) -> str:
    return f"supernet {config.sampled + 2} a step" + (" hard" if config.labels == "hard" else "")


CARDS = (
    Card(
        name="soft",
        summary="In each step the whole network learns from the labels, and the smallest and some drawn sub-networks from its probabilities. "
        "The smallest and the largest bound what all others can do, so that training these two trains all of them.",
        formula="L = L(f_max) + sum_{s in smallest, n drawn} KL(softmax(f_max) || softmax(f_s)), f_max not differentiated in the sum; "
        "L(f_max) is CE(y, f_max), or what other learning steps make of it, as distillation",
        cost="A forward and a backward pass of each network in every step, and no other teacher.",
        unhelpful="Where the sub-networks differ so much that their gradients pull in different ways: the whole network then is less accurate "
        "than one that is trained alone. Where few epochs are trained, since it is a bad teacher at first.",
        figure="MobileNet v1 and v2 on ImageNet: networks of any width from one training are more accurate than those that are trained for one "
        "width",
        source="Yu and Huang 2019, Universally Slimmable Networks and Improved Training Techniques",
        link="https://arxiv.org/abs/1903.05134",
    ),
    Card(
        name="hard",
        summary="The same with the labels for all networks, as a control of what learning from the whole network gives.",
        formula="L = L(f_max) + sum_{s in smallest, n drawn} CE(y, f_s), each CE with the label smoothing of the phase; "
        "L(f_max) is CE(y, f_max), or what other learning steps make of it, as distillation",
        cost="A forward and a backward pass of each network in every step.",
        unhelpful="Where the smallest network can't learn the labels: its gradients then disturb the weights that all others share.",
        figure="MobileNet at 1, 0.75, 0.5 and 0.25 of its width on ImageNet: 28.5, 30.5, 35.2 and 46.9 % error from one training, 29.1, 31.6, 36.7 "
        "and 50.2 % from four",
        source="Yu et al. 2019, Slimmable Neural Networks",
        link="https://arxiv.org/abs/1812.08928",
    ),
    Card(
        name="sampled",
        summary="Sub-networks drawn in each step, so that those between the smallest and the largest are trained too.",
        formula="a step costs MACs(largest) + MACs(smallest) + n E[MACs(drawn)]",
        cost="One more pass each, forward and backward, of its own size.",
        unhelpful="Where only the largest and the smallest are wanted; and where memory is short, since all passes of a step are kept until its end.",
        figure="BigNAS on ImageNet: 76.5 to 80.9 % top-1 with 200 to 1,000 million operations, cut out of one training",
        source="Yu et al. 2020, BigNAS: Scaling Up Neural Architecture Search with Big Single-Stage Models",
        link="https://arxiv.org/abs/2003.11142",
    ),
)

WEIGHT_SHARING = Technique(
    name="weight_sharing",
    title="Weight sharing (supernet)",
    category="automation",
    role="contribute",
    parameters=WeightSharing,
    summary="One training makes a supernet: a network whose sub-networks, thinner, shallower and with smaller kernels, all work. In each step the "
    "largest, the smallest and some drawn ones are trained in the same weights.",
    formula="min_W E_s L(f(x; W_s), y), W_s a part of W",
    cost="One training that is some three times as long, with the memory of all passes of a step. Hundreds of networks can then be tried without "
    "training.",
    unhelpful="Where one network is wanted: training that alone costs less. Where the sub-networks differ so much that their gradients pull apart.",
    figure="Once-for-All on ImageNet: 80.0 % top-1 below 600 million multiply-adds, out of more than 10^19 sub-networks of one training",
    source="Yu and Huang 2019, Universally Slimmable Networks; Cai et al. 2020, Once-for-All",
    link="https://arxiv.org/abs/1903.05134",
    label=_label,
    cards=CARDS,
)
