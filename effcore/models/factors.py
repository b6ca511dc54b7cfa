"""A layer as two thinner ones that follow each other: the shape of a low-rank factorization, without its numbers."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from effcore.models.blocks import Layer
from effcore.models.own import OWN_PREFIX

Decomposition = Literal["channel", "spatial"]
Weighted = nn.Conv2d | nn.Linear


class Factors(nn.Sequential):
    """Two layers in the place of one; normalization, activation and bias stand after the second."""

    def forward(self, x: Tensor) -> Tensor:
        for layer in self:
            x = layer(x)
        return x


def weighted_layers(model: nn.Module) -> dict[str, Layer | Weighted]:
    """Every layer with weights, by its name: those of blocks, and linear layers that stand alone, as a classifier.

    Of a plug-in's network, which has none of the blocks here, plain convolutions too.
    """
    layers = {name: module for name, module in model.named_modules() if isinstance(module, Layer)}
    inner = {id(layer.weight) for layer in layers.values()}
    alone = {name: module for name, module in model.named_modules() if _stands_alone(name, module) and id(module) not in inner}
    return {**layers, **alone}


def _stands_alone(name: str, module: nn.Module) -> bool:
    if isinstance(module, nn.Conv2d) and name.startswith(OWN_PREFIX):
        return module.groups == 1 and set(module.dilation) == {1} and not isinstance(module.padding, str)
    return isinstance(module, nn.Linear)


def weight_of(layer: Layer | Weighted) -> Weighted:
    """The convolution or the linear layer in it."""
    return layer.weight if isinstance(layer, Layer) else layer


def split(model: nn.Module, name: str, *, rank: int, decomposition: Decomposition) -> tuple[Weighted, Weighted]:
    """Puts two layers in the place of one of the model, in place; their numbers are to be set.

    Args:
        model: Has a layer of that name, as `weighted_layers` knows it.
        name: Of the layer; its halves are called `<name>.0` and `<name>.1`.
        rank: Channels or units between the two.
        decomposition: `channel`: k x k to the rank, then 1x1; `spatial`: k x 1 to the rank, then 1 x k. The same for linear layers.

    Returns:
        The two, convolutions or linear, the second with the bias of the layer.
    """
    layer = model.get_submodule(name)
    assert isinstance(layer, Layer | nn.Linear | nn.Conv2d), f"{name} has no weights to split"
    first, second = halves(weight_of(layer), rank, decomposition)
    if isinstance(layer, Layer):
        layer.weight = second
        parts: list[nn.Module] = [Layer(first, activate=False, normalize=False), layer]
    else:
        parts = [first, second]
    parent, _, own = name.rpartition(".")
    setattr(model.get_submodule(parent), own, Factors(*parts).train(model.training))
    return first, second


def halves(weight: Weighted, rank: int, decomposition: Decomposition) -> tuple[Weighted, Weighted]:
    """Two layers of the shapes that stand for one, with a bias in the second where the one has it."""
    bias = weight.bias is not None
    if isinstance(weight, nn.Linear):
        return nn.Linear(weight.in_features, rank, bias=False), nn.Linear(rank, weight.out_features, bias=bias)
    assert not isinstance(weight.padding, str), "blocks say their padding in pixels"
    (rows, columns), (down, across), (top, left) = weight.kernel_size, weight.stride, weight.padding
    inputs, outputs = weight.in_channels, weight.out_channels
    if decomposition == "channel":
        first = nn.Conv2d(inputs, rank, (rows, columns), (down, across), (top, left), bias=False)
        return first, nn.Conv2d(rank, outputs, 1, bias=bias)
    first = nn.Conv2d(inputs, rank, (rows, 1), (down, 1), (top, 0), bias=False)
    return first, nn.Conv2d(rank, outputs, (1, columns), (1, across), (0, left), bias=bias)
