"""A part that was cut out computes what the part computed within the whole network, bit for bit."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.elastic import ElasticStage, Shape, kept_channels, largest, shape, shape_label, smallest, stage_choices
from effcore.errors import TechniqueError
from effcore.models import build
from effcore.models.elastic import cut, depth_of, draw, forward, take_statistics

DIGITS = TASKS["digits"]
MIXED = shape([ElasticStage(depth=2, width=0.75), ElasticStage(width=0.25, kernel=5), ElasticStage(depth=2, width=0.5, kernel=5)])
EQUAL = shape([ElasticStage(depth=1, width=1.0), ElasticStage(width=0.75), ElasticStage(depth=2, width=0.5)])
"""As many channels come into its last stage as go out of it, which have no shortcut in the whole network."""


def whole(**options: Any) -> Any:
    return build(Architecture(family="elastic", depth=2, **options), DIGITS, seed=0)


def images(count: int = 48) -> Tensor:
    return torch.randint(0, 17, (count, *DIGITS.shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("part", [smallest(), largest(2), MIXED, EQUAL], ids=shape_label)
def test_a_part_that_is_cut_out_equals_the_part_within_its_network(part: Shape) -> None:
    model = whole()
    alone: Any = cut(model, part).train()
    within, apart = forward(model, part, images()), alone(images())
    assert torch.equal(within, apart)
    within.square().sum().backward()
    apart.square().sum().backward()
    stem, classify = model[1].weight.weight.grad, model[-1].classify.weight.grad
    # The order of sums in a backward pass may depend on how weights lie in memory.
    assert torch.allclose(stem[: alone[1].outputs], alone[1].weight.weight.grad, rtol=1e-4, atol=1e-4)
    assert torch.allclose(classify[:, : alone[-1].classify.in_features], alone[-1].classify.weight.grad, rtol=1e-4, atol=1e-4)
    assert not stem[alone[1].outputs :].any() and not classify[:, alone[-1].classify.in_features :].any()


def test_a_cut_leaves_its_network_alone_and_shares_no_memory_with_it() -> None:
    model = whole()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    part = cut(model, MIXED)
    take_statistics(part, images())
    with torch.no_grad():
        for parameter in part.parameters():
            parameter.add_(1)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize("part", [MIXED, EQUAL], ids=shape_label)
def test_a_part_that_is_built_has_the_layers_of_one_that_is_cut_out(part: Shape) -> None:
    built, taken = whole(subnetwork=part), cut(whole(), part)
    assert [(n, p.shape) for n, p in built.state_dict().items()] == [(n, p.shape) for n, p in taken.state_dict().items()]
    built.load_state_dict(taken.state_dict())
    assert torch.equal(built.train()(images()), taken.train()(images()))


def test_the_largest_part_is_the_whole_network() -> None:
    model = whole()
    assert torch.equal(cut(model, largest(2)).eval()(images()), model.eval()(images()))


def test_statistics_are_those_of_the_images() -> None:
    part: Any = cut(whole(), smallest())
    inherited = [layer.running_mean.clone() for layer in part.modules() if isinstance(layer, nn.BatchNorm2d)]
    take_statistics(part, images())
    assert not part.training
    stem = part[1].weight(part[0](images()))
    wanted = stem.mean((0, 2, 3))
    assert torch.allclose(part[1].norm.running_mean, wanted, atol=1e-6) and not torch.allclose(inherited[0], wanted, atol=1e-3)


def test_what_is_drawn_repeats_and_covers_every_choice() -> None:
    generators = [torch.Generator().manual_seed(3) for _ in range(2)]
    assert draw(2, generators[0]) == draw(2, generators[1])
    choices = list(stage_choices(2))
    assert len(choices) == len(set(choices)) == 2 * 4 * 2
    seen = {stage for _ in range(200) for stage in draw(2, generators[0]).stages}
    assert seen == set(choices)


def test_only_a_whole_network_of_the_family_can_be_cut() -> None:
    assert depth_of(whole()) == 2
    for other in (build(Architecture(family="mobile", depth=2), DIGITS), build(Architecture(family="mlp"), DIGITS), cut(whole(), MIXED)):
        with pytest.raises(TechniqueError, match="whole network of the family elastic"):
            depth_of(other)
    with pytest.raises(TechniqueError, match="at most 2 blocks in a stage"):
        cut(whole(), largest(3))


def test_channels_are_rounded_to_eights_and_never_none() -> None:
    assert [kept_channels(32, s) for s in (0.25, 0.3, 0.5, 0.7, 1.0)] == [8, 8, 16, 24, 32]
    assert kept_channels(8, 0.25) == 8 and kept_channels(96, 0.75) == 72
