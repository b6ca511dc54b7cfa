"""The families of networks there are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Family:
    """A family of networks.

    Attributes:
        name: As it stands in a spec.
        blocks: Names of the blocks it is built from.
        summary: One or two sentences.
        source: Paper, with year.
        link: Where to read it.
    """

    name: str
    blocks: tuple[str, ...]
    summary: str
    source: str
    link: str


FAMILIES: dict[str, Family] = {
    f.name: f
    for f in (
        Family(
            name="mlp",
            blocks=("linear",),
            summary="Fully connected layers. Few operators, many parameters: fast on small images, large files.",
            source="LeCun et al. 1998, Gradient-Based Learning (LeNet-300-100)",
            link="https://doi.org/10.1109/5.726791",
        ),
        Family(
            name="cnn",
            blocks=("convolution",),
            summary="Plain 3x3 convolutions in three stages of growing width. Dense arithmetic that 8-bit kernels speed up.",
            source="Simonyan and Zisserman 2015, VGG",
            link="https://arxiv.org/abs/1409.1556",
        ),
        Family(
            name="residual",
            blocks=("convolution", "residual"),
            summary="Pairs of 3x3 convolutions with a shortcut around them, which makes deep networks easy to train.",
            source="He et al. 2016, Deep Residual Learning",
            link="https://arxiv.org/abs/1512.03385",
        ),
        Family(
            name="mobile",
            blocks=("convolution", "depthwise_separable", "inverted_residual"),
            summary="Depthwise and 1x1 convolutions in inverted residual blocks: few parameters and MACs, many small operators.",
            source="Sandler et al. 2018, MobileNetV2",
            link="https://arxiv.org/abs/1801.04381",
        ),
    )
}
