"""The families of networks there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

from effcore.catalogue.closed_forms import DIVISOR, HEAD
from effcore.catalogue.record import Card
from effcore.catalogue.staged import BASES, BlockName

MAX_DEPTH = 6


@dataclass(frozen=True, kw_only=True)
class Family(Card):
    """A family of networks.

    Attributes:
        blocks: Names of the blocks it is built from, whose cards say what they cost and when they do not help.
        max_depth: Largest depth; 1 where the network is that of its paper.
        scales: Whether its width can be changed.
        origin: Where an operator's own family is from; empty for what ships.
        choice: Blocks that each of its stages may be made of, where a recipe says of which; `blocks` are those of the default then.
        elastic: Whether parts of its networks can be cut out and trained in shared weights.
        bases: Channels of its layers at width 1, which those of another width follow from by `closed_forms.channels`: two widths that come to the
            same are the same network. Empty where that is not known.
        divisor: Of which its channels are a multiple.
        layers: How many of its layers have weights, at most: those at any depth, and those that each depth adds. (0, 0) where that is not known.
        refuses: Ways of techniques that don't suit it, as `pruning/channels`, or of two together, as `pruning/channels/taylor`, each with the reason.
    """

    blocks: tuple[str, ...]
    formula: str = ""
    unhelpful: str = ""
    max_depth: int = MAX_DEPTH
    choice: tuple[str, ...] = ()
    elastic: bool = False
    scales: bool = True
    bases: tuple[int, ...] = ()
    divisor: int = DIVISOR
    layers: tuple[int, int] = (0, 0)
    origin: str = ""
    refuses: Mapping[str, str] = field(default_factory=dict, hash=False)


_PLAIN = (
    Family(
        name="mlp",
        blocks=("linear",),
        layers=(1, 2),
        bases=(256, 128),
        summary="Fully connected layers. Few operators, many parameters: fast on small images, large files.",
        source="LeCun et al. 1998, Gradient-Based Learning (LeNet-300-100)",
        link="https://doi.org/10.1109/5.726791",
    ),
    Family(
        name="cnn",
        blocks=("convolution",),
        layers=(2, 3),
        bases=(32, 64, 128, 256),
        summary="Plain 3x3 convolutions in three stages of growing width. Dense arithmetic that 8-bit kernels speed up.",
        source="Simonyan and Zisserman 2015, VGG",
        link="https://arxiv.org/abs/1409.1556",
    ),
    Family(
        name="residual",
        blocks=("convolution", "residual"),
        layers=(4, 6),
        bases=(48, 48, 96, 192),
        summary="Pairs of 3x3 convolutions with a shortcut around them, which makes deep networks easy to train.",
        source="He et al. 2016, Deep Residual Learning",
        link="https://arxiv.org/abs/1512.03385",
    ),
    Family(
        name="mobile",
        blocks=("convolution", "depthwise_separable", "inverted_residual"),
        layers=(4, 9),
        bases=(24, 32, 64, 96),
        summary="Depthwise and 1x1 convolutions in inverted residual blocks: few parameters and MACs, many small operators.",
        source="Sandler et al. 2018, MobileNetV2",
        link="https://arxiv.org/abs/1801.04381",
    ),
)

_NO_FACTORS = {"pruning/batch_norm": "it has no batch normalization, whose factors would be the scores."}

_LENETS = (
    Family(
        name="lenet_300_100",
        blocks=("linear",),
        layers=(3, 0),
        summary="784-300-100-10 on images of 28x28 pixels: 266,610 parameters, with biases and without normalization. "
        "The network on which Deep Compression and much of pruning was tried.",
        source="LeCun et al. 1998, Gradient-Based Learning; as in Han et al. 2016, Deep Compression",
        link="https://doi.org/10.1109/5.726791",
        max_depth=1,
        refuses=_NO_FACTORS,
    ),
    Family(
        name="lenet_5",
        blocks=("convolution", "linear"),
        layers=(4, 0),
        summary="20 and 50 convolutions of 5x5 with max pooling, then 500 hidden units: 431,080 parameters for images of 28x28 pixels, "
        "with biases and without normalization. The convolutional network of Deep Compression.",
        source="LeCun et al. 1998, Gradient-Based Learning; as in Han et al. 2016, Deep Compression",
        link="https://doi.org/10.1109/5.726791",
        max_depth=1,
        refuses=_NO_FACTORS,
    ),
)

_LAYER_NORM = "its blocks have layer normalization, and no batch normalization whose factors would be the scores."
_TIED = dict.fromkeys(
    ("pruning/channels", "pruning/apoz"),
    "its shuffle ties every channel to a place in a group, and cutting channels out would change which go where.",
)
"""The criterion that judges channels alone goes with them."""

BLOCK_REFUSES: dict[str, dict[str, str]] = {
    "shuffle": _TIED,
    "ghost": {"pruning/channels/taylor": "half of its channels are made of the others, and gradients do not add up to one score for both."},
    "convnext": {
        "pruning/batch_norm": _LAYER_NORM, "pruning/apoz": "its blocks have a GELU in the place of a ReLU, so that no activation is zero.",
    },
}  # fmt: skip
"""What families refuse because of one of their blocks."""

_COMPACT = (
    Family(
        name="separable",
        blocks=("convolution", "depthwise_separable"),
        layers=(2, 6),
        bases=(32, 64, 128, 256),
        summary="The family cnn with depthwise separable convolutions after its stem, and nothing else changed: made to compare the two.",
        source="Howard et al. 2017, MobileNets",
        link="https://arxiv.org/abs/1704.04861",
    ),
    Family(
        name="bottleneck",
        blocks=("bottleneck", "convolution"),
        layers=(5, 9),
        bases=(48, 64, 128, 256),
        summary="Residual blocks whose 3x3 convolution works on a quarter of the channels: wider and deeper for the same products.",
        source="He et al. 2016, Deep Residual Learning",
        link="https://arxiv.org/abs/1512.03385",
    ),
    Family(
        name="squeeze",
        blocks=("convolution", "fire"),
        layers=(2, 9),
        bases=(32, 64, 128, 256),
        summary="Fire modules: few channels in between, 1x1 and 3x3 convolutions side by side after them. Made for small files.",
        source="Iandola et al. 2016, SqueezeNet",
        link="https://arxiv.org/abs/1602.07360",
    ),
    Family(
        name="shuffle",
        blocks=("convolution", "grouped", "shuffle"),
        layers=(2, 9),
        bases=(24, 48, 96, 192),
        summary="Grouped 1x1 and depthwise convolutions with a shuffle of channels in between. Hardly any product, much moving of memory.",
        source="Zhang et al. 2018, ShuffleNet",
        link="https://arxiv.org/abs/1707.01083",
        refuses=BLOCK_REFUSES["shuffle"],
    ),
    Family(
        name="ghost",
        blocks=("convolution", "ghost"),
        layers=(2, 6),
        bases=(32, 64, 128, 256),
        summary="Plain convolutions that compute half of their channels and make the other half of those, channel by channel.",
        source="Han et al. 2020, GhostNet",
        link="https://arxiv.org/abs/1911.11907",
        refuses=BLOCK_REFUSES["ghost"],
    ),
    Family(
        name="mobile_se",
        blocks=("convolution", "depthwise_separable", "inverted_residual", "squeeze_excite"),
        layers=(4, 15),
        bases=(24, 32, 64, 96),
        summary="The family mobile with a weight for every channel of every image in its blocks: more parameters, hardly more products.",
        source="Howard et al. 2019, Searching for MobileNetV3; Hu et al. 2018, Squeeze-and-Excitation Networks",
        link="https://arxiv.org/abs/1905.02244",
    ),
)

_ELASTIC = (
    Family(
        name="elastic",
        blocks=("convolution", "inverted_residual"),
        layers=(2, 9),
        bases=(24, 32, 64, 96),
        summary="Inverted residual blocks with 5x5 kernels in three stages, made to be cut: with weight sharing one training gives a network of "
        "every depth, width and kernel below its own.",
        source="Cai et al. 2020, Once-for-All: Train One Network and Specialize it for Efficient Deployment",
        link="https://arxiv.org/abs/1908.09791",
        elastic=True,
    ),
)

_STAGED = (
    Family(
        name="staged",
        blocks=("convolution",),
        layers=(5, 0),
        bases=BASES,
        summary="Three stages whose block, depth, width, kernel and expansion are chosen one by one: the space that architecture search varies. "
        "Which techniques it allows follows from its blocks. Shuffle units that would have to give fewer channels get a 1x1 convolution before them.",
        source="Tan et al. 2019, MnasNet: Platform-Aware Neural Architecture Search for Mobile",
        link="https://arxiv.org/abs/1807.11626",
        max_depth=1,
        choice=get_args(BlockName),
    ),
)


def _whole(block: str, reason: str) -> dict[str, str]:
    """The criterion that judges channels alone goes with them."""
    return dict.fromkeys(("pruning/channels", "pruning/apoz"), f"its {block} blocks {reason}") | {"pruning/batch_norm": _LAYER_NORM}


_LAYER_NORMALIZED = (
    Family(
        name="convnext",
        blocks=("convolution", "convnext"),
        layers=(4, 9),
        bases=(32, 32, 64, 128),
        summary="Depthwise 7x7 convolutions with layer normalization and two layers at each place, in three stages. "
        "Few kinds of operators, none of which int8 fuses.",
        source="Liu et al. 2022, A ConvNet for the 2020s",
        link="https://arxiv.org/abs/2201.03545",
        refuses=BLOCK_REFUSES["convnext"],
    ),
    Family(
        name="mixer",
        blocks=("convolution", "mixer"),
        layers=(3, 12),
        bases=(64,),
        divisor=HEAD,
        summary="Perceptrons over places and over channels in turns, on a token for every 4x4 pixels. "
        "Nothing but matrix products, which every runtime has fast.",
        source="Tolstikhin et al. 2021, MLP-Mixer",
        link="https://arxiv.org/abs/2105.01601",
        refuses=_whole("mixer", "turn places and channels around, and what cuts channels takes one for the other."),
    ),
    Family(
        name="attention",
        blocks=("attention", "convolution"),
        layers=(3, 12),
        bases=(64,),
        divisor=HEAD,
        summary="A small vision transformer: attention of all places to all places and a perceptron at each, on a token for every 4x4 pixels.",
        source="Dosovitskiy et al. 2021, An Image is Worth 16x16 Words",
        link="https://arxiv.org/abs/2010.11929",
        refuses=_whole("attention", "hold queries, keys and values of all heads in one layer, and cutting channels out would tear heads apart."),
    ),
)

FAMILIES: dict[str, Family] = {f.name: f for f in (*_PLAIN, *_LENETS, *_COMPACT, *_ELASTIC, *_STAGED, *_LAYER_NORMALIZED)}
