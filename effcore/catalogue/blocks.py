"""The blocks there are, with closed forms of what each takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from effcore.catalogue import closed_forms
from effcore.catalogue.record import Card


@dataclass(frozen=True, kw_only=True)
class Block(Card):
    """A block, by the name that families give it.

    Its formula is that of the multiply-accumulates, as text; H and W are pixels of the input, H' and W' of the output, C channels.

    Attributes:
        layers: (inputs, outputs, options) -> what it is made of; the options are those of the block, as `stride`.
        keeps: Whether as many channels come out as come in.
        tokens: Whether it has weights for each place, so that it must be told how many there are: the option `tokens`.
    """

    layers: Callable[..., tuple[closed_forms.Part, ...]]
    keeps: bool = False
    tokens: bool = False

    def parameters(self, inputs: int, outputs: int, **options: int) -> int:
        """Weights and biases as they are deployed.

        Args:
            inputs, outputs: Channels or units.
            options: Of the block, as `stride`.
        """
        return sum(part.parameters for part in self.layers(inputs, outputs, **options))

    def macs(self, inputs: int, outputs: int, height: int, width: int, **options: int) -> int:
        """Multiply-accumulates of convolutions and matrix products for one image.

        Args:
            inputs, outputs: Channels or units.
            height, width: Pixels of what comes in.
            options: Of the block, as `stride`.
        """
        return sum(part.macs(height, width) for part in self.layers(inputs, outputs, **options))


_PLAIN = (
    Block(
        name="linear",
        summary="Every unit sees every input. Few operators and many weights, each used once for an image.",
        formula="C_in C_out",
        cost="C_in C_out weights for as many products: moving weights takes longer than multiplying them, for one image at a time.",
        unhelpful="On large images: the weights grow with the number of pixels, and nothing that is learned at one place serves at another.",
        figure="784-300-10 on MNIST: 4.7 % test error; 784-300-100-10: 3.05 %",
        source="LeCun et al. 1998, Gradient-Based Learning",
        link="https://doi.org/10.1109/5.726791",
        layers=closed_forms.linear,
    ),
    Block(
        name="convolution",
        summary="A window of weights that is moved over the image, so that each is used at every place.",
        formula="H' W' k^2 C_in C_out / groups",
        cost="k^2 C_in C_out / groups weights, each used at every place: dense products, which processors and 8-bit kernels do best.",
        unhelpful="Where channels are many and images small: its weights grow with the square of the channels, and one pixel uses them all.",
        figure="LeNet-5 on MNIST: 0.95 % test error, with distorted images 0.8 %",
        source="LeCun et al. 1998, Gradient-Based Learning",
        link="https://doi.org/10.1109/5.726791",
        layers=closed_forms.convolution,
    ),
    Block(
        name="residual",
        summary="Two 3x3 convolutions with a shortcut around them, which is a 1x1 convolution where the shape changes.",
        formula="9 H' W' C_out (C_in + C_out); H' W' C_in C_out more for a shortcut that changes the shape",
        cost="Two convolutions, and what came in is kept in memory until it is added. In return deep networks can be trained.",
        unhelpful="In networks of a few layers, which learn without shortcuts too. The addition is one more pass over the memory.",
        figure="110 layers on CIFAR-10: 6.43 % test error, 20 layers 8.75 %; without shortcuts 56 layers do worse than 20",
        source="He et al. 2016, Deep Residual Learning",
        link="https://arxiv.org/abs/1512.03385",
        layers=closed_forms.residual,
    ),
    Block(
        name="bottleneck",
        summary="1x1 convolution to a quarter of the channels, 3x3 there, 1x1 back, with a shortcut around them. "
        "The costly window works on few channels.",
        formula="B (H W C_in + H' W' (9 B + C_out)), B = max(8, C_out / 4); H' W' C_in C_out more for a shortcut that changes the shape",
        cost="Three operators for two; with C channels in and out 17/16 C^2 products at each place, two 3x3 convolutions 18 C^2.",
        unhelpful="Where the channels are few: the narrow layer then has 8, and three small layers take longer than two.",
        figure="50 layers on ImageNet: 22.9 % top-1 error, 101 layers 21.8 %, 152 layers 21.4 %, ten windows of an image each",
        source="He et al. 2016, Deep Residual Learning",
        link="https://arxiv.org/abs/1512.03385",
        layers=closed_forms.bottleneck,
    ),
)

_COMPACT = (
    Block(
        name="depthwise_separable",
        summary="A 3x3 convolution on each channel alone, then a 1x1 convolution over all of them: about an eighth of the products of a 3x3 one.",
        formula="H' W' C_in (9 + C_out)",
        cost="Two operators for one; 1/9 + 1/C_out of the weights and products of a 3x3 convolution.",
        unhelpful="For latency in the measure of its products: the depthwise part moves more memory than it multiplies, and int8 hardly helps it.",
        figure="MobileNet on ImageNet: 70.6 % with 569 million mult-adds, 71.7 % with 4,866 million of full convolutions",
        source="Howard et al. 2017, MobileNets",
        link="https://arxiv.org/abs/1704.04861",
        layers=closed_forms.depthwise_separable,
    ),
    Block(
        name="inverted_residual",
        summary="1x1 convolution to four times the channels, 3x3 on each alone, 1x1 back; a shortcut where the shape stays.",
        formula="4 C_in (H W C_in + H' W' (9 + C_out))",
        cost="Three operators, and four times the channels in memory between them; 8/9 of the products of a 3x3 convolution, and a little more, "
        "for the capacity of four times the channels.",
        unhelpful="On tiny networks: three layers where one would do, with four times the channels in between, which all pass the memory.",
        figure="MobileNetV2 on ImageNet: 72.0 % with 300 million multiply-adds, 75 ms on a Pixel 1; MobileNetV1 70.6 %, 113 ms",
        source="Sandler et al. 2018, MobileNetV2",
        link="https://arxiv.org/abs/1801.04381",
        layers=closed_forms.inverted_residual,
    ),
    Block(
        name="squeeze_excite",
        summary="Every channel is multiplied by a number from 0 to 1, which two small layers find from the means of all channels. "
        "It adds hardly a product, and many weights.",
        formula="2 C max(8, C / 4)",
        cost="C^2 / 2 weights and hardly a product; a mean, two small layers and a multiplication of everything, one after the other.",
        unhelpful="For latency of small networks: two layers, a mean and a product for hardly any arithmetic; int8 makes it slower here.",
        figure="SENet on ImageNet: 2.251 % top-5 error and first place of ILSVRC 2017, some 25 % less than the winner of 2016",
        source="Hu et al. 2018, Squeeze-and-Excitation Networks; with the hard sigmoid of Howard et al. 2019, MobileNetV3",
        link="https://arxiv.org/abs/1709.01507",
        layers=closed_forms.squeeze_excite,
        keeps=True,
    ),
    Block(
        name="fire",
        summary="1x1 convolution to a quarter of the channels, then 1x1 and 3x3 side by side, each for half of the outputs.",
        formula="H' W' S (C_in + 5 C_out), S = max(8, C_out / 4)",
        cost="Three convolutions and a copy for one; with C channels in and out 3/2 C^2 weights, a 3x3 convolution 9 C^2.",
        unhelpful="Where speed counts and not the file: two layers side by side and a copy that puts them together.",
        figure="SqueezeNet on ImageNet: the accuracy of AlexNet with 50 times fewer parameters, in less than 0.5 MB when compressed",
        source="Iandola et al. 2016, SqueezeNet",
        link="https://arxiv.org/abs/1602.07360",
        layers=closed_forms.fire,
    ),
    Block(
        name="grouped",
        summary="1x1 convolution within four groups of channels, whose outputs are then shuffled, so that the next layer sees all groups.",
        formula="H W C_in C_out / 4",
        cost="A quarter of the weights and products of a 1x1 convolution, and a copy of all channels for the shuffle.",
        unhelpful="On processors whose kernels are made for dense layers: a quarter of the products is not a quarter of the time.",
        figure="ShuffleNet with 40 million FLOPs on ImageNet: 7.8 points less top-1 error than MobileNet",
        source="Zhang et al. 2018, ShuffleNet",
        link="https://arxiv.org/abs/1707.01083",
        layers=closed_forms.grouped,
    ),
    Block(
        name="shuffle",
        summary="Grouped 1x1 convolution to half of the channels with a shuffle, 3x3 on each channel alone, grouped 1x1 back. "
        "What came in is added, or stands beside it where there are more channels than before.",
        formula="B (H W C_in / 4 + H' W' (9 + A / 4)), B = max(8, C_out / 2), A = C_out - C_in, or C_out where that is 0",
        cost="Three operators and a copy of half of the channels; with C channels in and out C^2 / 4 products and a little more at each place.",
        unhelpful="For latency on processors: dealing channels out moves all of them through memory. Its channels can't be pruned.",
        figure="ShuffleNet on an ARM processor: about 13 times faster than AlexNet at comparable accuracy",
        source="Zhang et al. 2018, ShuffleNet",
        link="https://arxiv.org/abs/1707.01083",
        layers=closed_forms.shuffle,
    ),
    Block(
        name="ghost",
        summary="3x3 convolution for half of the outputs; the other half is made of it by a 3x3 convolution on each channel alone.",
        formula="9 H' W' (C_in + 1) C_out / 2",
        cost="Two operators and a copy for one; half of the weights and products of a 3x3 convolution, and a little more.",
        unhelpful="For latency of small networks: one layer becomes two and a copy.",
        figure="GhostNet on ImageNet: 75.7 % top-1, more than MobileNetV3 at similar cost",
        source="Han et al. 2020, GhostNet",
        link="https://arxiv.org/abs/1911.11907",
        layers=closed_forms.ghost,
    ),
)

_LAYER_NORMALIZED = (
    Block(
        name="convnext",
        summary="A 7x7 convolution on each channel alone, layer normalization, then two layers at each place with four times the channels "
        "in between, and a shortcut around all of it. A convolution that learned from transformers: one normalization and one activation.",
        formula="H' W' C (49 + 8 C), C = C_out; 9 H' W' C_in C more where the shape changes",
        cost="8 C^2 weights and four times the channels in memory between its two layers at each place; the 7x7 window costs 49 C.",
        unhelpful="On small images, where most of a 7x7 window lies outside. "
        "Layer normalization can't be folded away and stays in float; int8 gains little.",
        figure="ConvNeXt-XL on ImageNet, trained on ImageNet-22K before: 87.8 % top-1",
        source="Liu et al. 2022, A ConvNet for the 2020s",
        link="https://arxiv.org/abs/2201.03545",
        layers=closed_forms.convnext,
    ),
    Block(
        name="mixer",
        summary="Two perceptrons with shortcuts: one over all places, the same for every channel, and one over all "
        "channels, the same at every place. "
        "It has neither convolutions nor attention.",
        formula="2 T C (B + 4 C), T places, B = max(8, C / 2)",
        cost="8 C^2 weights for the channels and 2 B T for T places: dense products, with memory for all places at once.",
        unhelpful="With few training images, from which it has to learn what convolutions know. "
        "It takes images of one size only, and its weights grow with the places.",
        figure="Mixer-H/14 on ImageNet, trained on JFT-300M before: 87.94 % top-1",
        source="Tolstikhin et al. 2021, MLP-Mixer",
        link="https://arxiv.org/abs/2105.01601",
        layers=closed_forms.mixer,
        keeps=True,
        tokens=True,
    ),
    Block(
        name="attention",
        summary="Every place asks all others with a query, and takes of their values by how well their keys answer, in several heads at once. "
        "A perceptron at each place follows; both have layer normalization before and a shortcut around them.",
        formula="2 T C (6 C + T), T places",
        cost="12 C^2 weights; 2 T^2 C products of places with places, that belong to no weight, and T^2 numbers a head in memory.",
        unhelpful="With few training images. "
        "With many places: products of places with places grow with the fourth power of the side of the image, and stay in float.",
        figure="ViT-H/14 on ImageNet, trained on JFT-300M before: 88.55 % top-1",
        source="Vaswani et al. 2017, Attention Is All You Need; on images Dosovitskiy et al. 2021, An Image is Worth 16x16 Words",
        link="https://arxiv.org/abs/2010.11929",
        layers=closed_forms.attention,
        keeps=True,
    ),
)

BLOCKS: dict[str, Block] = {block.name: block for block in (*_PLAIN, *_COMPACT, *_LAYER_NORMALIZED)}
