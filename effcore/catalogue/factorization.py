"""Layers as products of two thinner ones."""

from __future__ import annotations

from typing import Literal

from effcore.catalogue.record import Card, Parameters, Technique, parameter


class Factorization(Parameters):
    """How layers are split, and how thin they become."""

    decomposition: Literal["channel", "spatial"] = parameter(
        "channel",
        help="How a convolution is split: into one of the same kernel with fewer outputs and a 1x1 convolution (channel), or into a column "
        "and a row of its kernel (spatial). Linear layers and 1x1 convolutions become two of their kind with either.",
    )
    rank: Literal["ratio", "energy"] = parameter(
        "ratio",
        help="What decides the rank of a layer: a share of its full rank, or the share of the sum of its squared singular values that is kept.",
    )
    keep: float = parameter(0.25, gt=0, lt=1, help="That share, of every layer.")
    round_to: int = parameter(8, ge=1, le=64, unit="channels", help="Ranks are rounded up to a multiple of this.")
    fine_tune: int = parameter(1, ge=0, le=1000, unit="epochs", help="Epochs of training afterwards, with the learning steps of the phase before.")

    @property
    def follows_weights(self) -> bool:
        """Whether the shapes that remain are known only once the network is trained."""
        return self.rank == "energy"


def label(config: Factorization) -> str:
    """What tells steps apart on a page: `low rank 25%`, `low rank 90% energy, spatial`."""
    words = f"low rank {config.keep:.0%}" + (" energy" if config.rank == "energy" else "")
    return f"{words}, spatial" if config.decomposition == "spatial" else words


FACTORIZATION = Technique(
    name="factorization",
    title="Low-rank factorization",
    category="compression",
    role="transform",
    parameters=Factorization,
    summary="A layer becomes two thinner ones in a row, the best of that rank by singular value decomposition, and the network is trained a "
    "little more. A layer is split only where the two take fewer products than it; grouped and depthwise ones stay whole. "
    "The two are dense layers, which any runtime runs and which can be quantized.",
    formula="W = U S V^T ~ (U_r S_r^1/2) (S_r^1/2 V_r^T); products: m n -> r (m + n)",
    cost="A decomposition of each layer and fine-tuning; one operator more for each layer that is split. Parameters and products fall by the "
    "formula.",
    unhelpful="Where layers are narrow, grouped or depthwise already; and where the singular values fall slowly, so that a low rank loses much.",
    figure="Large networks for object recognition: convolutional layers 2 times faster on processors and graphics cards, within 1 % of the accuracy",
    source="Denton et al. 2014, Exploiting Linear Structure Within Convolutional Networks for Efficient Evaluation",
    link="https://arxiv.org/abs/1404.0736",
    label=label,
    cards=(
        Card(
            name="channel",
            summary="A convolution of k x k becomes one with r outputs of the same kernel and a 1x1 convolution to all outputs. It uses that "
            "outputs resemble each other; linear layers are split in the same way.",
            formula="products at each place: k^2 c n -> r (k^2 c + n)",
            cost="A decomposition of each layer and fine-tuning; one operator more for each layer that is split. Parameters and products fall by "
            "the formula.",
            unhelpful="Where layers are narrow or grouped already, and for speed where a network is so small that another operator costs more "
            "than its products save.",
            figure="VGG-16 on ImageNet: 4 times faster for 0.3 points of top-5 error, by a method that fits responses and not weights",
            source="Zhang et al. 2016, Accelerating Very Deep Convolutional Networks for Classification and Detection",
            link="https://arxiv.org/abs/1505.06798",
        ),
        Card(
            name="spatial",
            summary="A convolution of k x k becomes a column of k x 1 to r channels and a row of 1 x k to all outputs. It uses that kernels are "
            "smooth in both directions.",
            formula="products at each place: k^2 c n -> r k (c + n)",
            cost="A decomposition of each layer and fine-tuning; one operator more for each layer that is split. Parameters and products fall by "
            "the formula.",
            unhelpful="For 1x1 and linear layers, where it is the same as channel, and for small kernels: three columns have little to share.",
            figure="A recognizer of letters in photographs: 2.5 times faster without a loss, 4.5 times for less than one point",
            source="Jaderberg et al. 2014, Speeding up Convolutional Neural Networks with Low Rank Expansions",
            link="https://arxiv.org/abs/1405.3866",
        ),
    ),
)
