"""Channels are really gone, in every kind of block, and the ones with the smallest weights first."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.pruning import Pruning
from effcore.catalogue.training import Training
from effcore.errors import TechniqueError
from effcore.models import build
from effcore.models.blocks import Layer
from effcore.tasks import Data
from effcore.techniques.pruning import apply, channels
from effcore.training import Fit, fit


def untouched(model: nn.Module, epochs: int) -> Fit:
    raise AssertionError("fine-tuning was not asked for")


@pytest.mark.parametrize("family", ["mlp", "cnn", "residual", "mobile"])
def test_half_of_the_channels_are_gone_in_every_layer(family: str, digits: Data) -> None:
    model = build(Architecture(family=family), TASKS["digits"], seed=0)  # type: ignore[arg-type]
    smaller, _, facts = apply(model, Pruning(amount=0.5, fine_tune=0, round_to=4), digits, tune=untouched)
    assert facts["channels_before"] == channels(model)
    assert facts["channels_after"] == channels(smaller)
    for name, before in channels(model).items():
        assert facts["channels_after"][name] == before // 2, name
    assert sum(p.numel() for p in smaller.parameters()) < 0.55 * sum(p.numel() for p in model.parameters())
    assert smaller(torch.tensor(digits.test.images[:2])).shape == (2, 10)


def test_what_remains_is_a_multiple_of_round_to(digits: Data) -> None:
    model = build(Architecture(family="cnn"), TASKS["digits"], seed=0)
    smaller, _, _ = apply(model, Pruning(amount=0.4, fine_tune=0, round_to=16), digits, tune=untouched)
    assert all(count % 16 == 0 for count in channels(smaller).values())


@pytest.mark.parametrize("criterion", ["l1", "l2"])
def test_the_channels_with_the_smallest_weights_go(criterion: str, digits: Data) -> None:
    model = build(Architecture(family="cnn"), TASKS["digits"], seed=0)
    first, second = [m for m in model.modules() if isinstance(m, Layer)][:2]
    with torch.no_grad():
        for tensor in (first.weight.weight[:16], second.weight.weight[:, :16], first.norm.weight[:16]):
            tensor.mul_(1e-3)
    config = Pruning(amount=0.5, criterion=criterion, fine_tune=0)  # type: ignore[arg-type]
    smaller, _, _ = apply(model, config, digits, tune=untouched)
    kept = next(m for m in smaller.modules() if isinstance(m, Layer))
    assert torch.equal(kept.weight.weight, first.weight.weight[16:])


def test_fine_tuning_is_asked_for_once_and_reported(digits: Data, trained: Callable[[str], nn.Module]) -> None:
    asked: list[int] = []

    def tune(model: nn.Module, epochs: int) -> Fit:
        asked.append(epochs)
        return fit(model, digits.fraction(0.1), Training(epochs=epochs), seed=0)

    _, _, facts = apply(trained("cnn"), Pruning(fine_tune=2), digits, tune=tune)
    assert asked == [2] and facts["samples"] == 240 and [row["epoch"] for row in facts["curve"]] == [1, 2]


def test_a_kind_of_block_that_stays_as_it_is_is_an_error(digits: Data) -> None:
    model = build(Architecture(family="mobile", width=0.25), TASKS["digits"], seed=0)
    with pytest.raises(
        TechniqueError,
        match="left all convolution blocks as they are.*amount 0.5 and round_to 8 for layers of 8 channels",
    ):
        apply(model, Pruning(fine_tune=0), digits, tune=untouched)


def test_a_model_that_can_not_be_cut_says_why(digits: Data) -> None:
    class Split(nn.Module):
        """Takes the channels apart, which cutting one of them would break."""

        def __init__(self) -> None:
            super().__init__()
            self.layer = Layer(nn.Conv2d(1, 16, 3))
            self.classify = nn.Linear(16, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.layer(x.float()).reshape(-1, 2, 8, 6, 6)
            return self.classify(torch.cat((y[:, 1], y[:, 0]), 1).mean((2, 3)))

    with pytest.raises(TechniqueError, match="pruning can't cut this model"):
        apply(Split(), Pruning(fine_tune=0, round_to=1), digits, tune=untouched)
