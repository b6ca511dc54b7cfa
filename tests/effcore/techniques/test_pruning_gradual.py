"""Weights go during a training: the cubic schedule, two of four in steps, and a network without a layer that fits."""

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
from effcore.tasks import Data
from effcore.techniques import Context
from effcore.techniques.pruning import contribute
from effcore.techniques.pruning.gradual import cubic, updates_due
from effcore.techniques.pruning.masks import weights_of
from effcore.training import Hooks, fit


def shares_of_zeros(config: Pruning, data: Data, *, seed: int = 0) -> tuple[nn.Module, list[float]]:
    """A network trained with gradual pruning, and its share of zeros after every step."""
    seen: list[float] = []
    part = data.fraction(0.2)

    def look(state: dict[str, object], model: nn.Module, share: float) -> None:
        weights = torch.cat([weight.detach().flatten() for weight in weights_of(model).values()])
        seen.append(float((weights == 0).float().mean()))

    model = build(Architecture(family="mlp", width=0.25), TASKS["digits"], seed=seed)
    hooks = [contribute(config, Context(data=part, seed=seed)), Hooks(step=look)]
    fit(model, part, Training(epochs=8, batch_size=32), seed=seed, hooks=hooks)
    return model, seen


@pytest.mark.parametrize(("criterion", "scope"), [("l1", "layer"), ("l1", "global"), ("random", "layer")])
def test_the_share_of_zeros_follows_the_cubic_schedule(criterion: str, scope: str, digits: Data) -> None:
    config = Pruning.model_validate({"structure": "weights", "amount": 0.8, "schedule": "gradual", "criterion": criterion, "scope": scope})
    _, seen = shares_of_zeros(config, digits)
    steps = len(seen)
    for step, share in enumerate(seen, start=1):
        assert share == pytest.approx(cubic(0.8, updates_due(step / steps) / 32), abs=2e-3), step
    assert seen[steps // 4 - 1] == 0 < seen[steps // 4 + 2] and sorted(seen) == seen and seen[-1] == pytest.approx(0.8, abs=2e-3)
    assert seen[steps // 2] > 0.65  # most of it in the first half


def test_of_every_four_first_one_goes_and_then_two(digits: Data) -> None:
    config = Pruning.model_validate({"structure": "two_of_four", "schedule": "gradual"})
    model, seen = shares_of_zeros(config, digits)
    assert sorted({round(share, 6) for share in seen}) == [0.0, 0.25, 0.5]
    for weight in weights_of(model).values():
        assert bool(((weight == 0).reshape(len(weight), -1, 4).sum(2) == 2).all())


def test_what_is_small_goes_and_what_is_gone_stays(digits: Data) -> None:
    by_size, by_chance = (
        shares_of_zeros(Pruning.model_validate({"structure": "weights", "schedule": "gradual", "criterion": c}), digits)[0] for c in ("l1", "random")
    )
    first, other = (next(iter(weights_of(model).values())) for model in (by_size, by_chance))
    remains = [float(weight[weight != 0].detach().abs().mean()) for weight in (first, other)]
    assert remains[0] > 1.1 * remains[1]


def test_a_network_without_a_layer_that_fits_is_refused_before_it_is_trained(digits: Data, trained: Callable[[str], nn.Module]) -> None:
    hooks = contribute(Pruning.model_validate({"structure": "two_of_four", "schedule": "gradual"}), Context(data=digits, seed=0))
    odd = nn.Sequential(nn.Flatten(), nn.Linear(63, 10))
    assert hooks.attach is not None
    with pytest.raises(TechniqueError, match=r"structure two_of_four for these layers: 1 \(10, 63\)"), hooks.attach(odd):
        pass
    with hooks.attach(trained("mlp")):
        pass
