"""Whole blocks go, those that matter least first, and a network whose blocks must stay is refused by their names."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.pruning import CRITERIA, Pruning
from effcore.catalogue.training import Training
from effcore.errors import SpecError, TechniqueError
from effcore.models import build, snapshot
from effcore.models.shortcuts import removable
from effcore.spec import parse
from effcore.tasks import Data
from effcore.techniques.pruning import apply
from effcore.training import Fit, fit, predict

SHAPE = TASKS["digits"].shape


def deep(family: str, depth: int = 3) -> nn.Module:
    return build(Architecture(family=family, width=0.25, depth=depth), TASKS["digits"], seed=0).eval()  # type: ignore[arg-type]


def untouched(model: nn.Module, epochs: int) -> Fit:
    raise AssertionError("fine-tuning was not asked for")


def pruned(model: nn.Module, data: Data, **given: Any) -> tuple[nn.Module, dict[str, Any]]:
    torch.manual_seed(given.pop("seed", 0))
    config = Pruning.model_validate({"structure": "blocks", "fine_tune": 0} | given)
    smaller, _, facts = apply(model, config, data, tune=untouched)
    return smaller, facts


def test_only_blocks_with_an_identity_shortcut_can_go_and_the_others_say_why() -> None:
    able, unable = removable(deep("residual"), shape=SHAPE)
    assert able == ("2.0", "2.1", "2.2", "3.1", "3.2", "4.1", "4.2")
    assert unable == {
        "3.0": "this residual block makes 24 x 2 x 2 of 16 x 4 x 4, so that its shortcut is not the identity",
        "4.0": "this residual block makes 48 x 1 x 1 of 24 x 2 x 2, so that its shortcut is not the identity",
    }
    able, unable = removable(deep("mobile_se", 2), shape=SHAPE)
    assert able == ("2.1", "3.1", "4.1") and unable["1.1"] == "a depthwise_separable block has no shortcut around it"
    assert removable(deep("cnn"), shape=SHAPE) == ((), {})


def test_a_network_whose_blocks_must_stay_is_refused_by_their_names(digits: Data, trained: Callable[[str], nn.Module]) -> None:
    with pytest.raises(TechniqueError, match=r"take a block out .*: 2.0: this shuffle block makes .*; 3.0: .* Take a greater architecture"):
        pruned(trained("shuffle"), digits)
    with pytest.raises(TechniqueError, match="the network is made of single layers"):
        pruned(trained("cnn"), digits)
    text = "name: a\ntask: digits\nrecipe: [architecture: {family: mobile}, training: {}, pruning: {structure: blocks}, runtime: onnxruntime]\n"
    with pytest.raises(SpecError, match=r"pruning.structure \(line 3\): can't be 'blocks' with the family 'mobile' at depth 1: each stage"):
        parse(text)
    assert parse(text.replace("mobile}", "mobile, depth: 2}")).variants


@pytest.mark.parametrize("criterion", CRITERIA["blocks"])
def test_every_criterion_judges_blocks_and_the_lowest_go(criterion: str, digits: Data) -> None:
    smaller, facts = pruned(deep("residual"), digits, criterion=criterion, amount=0.4)
    order = sorted(facts["scores"], key=lambda name: facts["scores"][name])
    assert len(facts["scores"]) == 7 and list(facts["removed"]) == order[:3] and set(facts["kept"]) == set(order[3:])
    assert all(isinstance(smaller.get_submodule(name), nn.Identity) for name in order[:3])


@pytest.mark.parametrize("criterion", ["activation", "taylor"])
def test_a_block_that_does_nothing_goes_first_and_changes_nothing(criterion: str, digits: Data) -> None:
    model = deep("residual")
    with torch.no_grad():
        model.get_submodule("3.2.second.norm").weight.zero_()  # type: ignore[union-attr, operator]
    smaller, facts = pruned(model, digits, criterion=criterion, amount=0.1)
    assert list(facts["removed"]) == ["3.2"] and facts["removed"]["3.2"] == pytest.approx(0, abs=1e-9)
    assert torch.equal(predict(smaller, digits.test.images), predict(model, digits.test.images))


def test_chance_repeats_for_a_seed(digits: Data) -> None:
    chosen = [tuple(pruned(deep("residual"), digits, criterion="random", seed=seed)[1]["removed"]) for seed in (0, 0, 1, 2, 3)]
    assert chosen[0] == chosen[1] and len(set(chosen)) > 1


def test_rounds_judge_what_remains_and_the_whole_comes_back(digits: Data, state_of: Callable[[nn.Module], str]) -> None:
    sizes: list[int] = []

    def tune(model: nn.Module, epochs: int) -> Fit:
        sizes.append(len(removable(copy.deepcopy(model).eval(), shape=SHAPE)[0]))
        return fit(model, digits.fraction(0.1), Training(epochs=epochs), seed=0)

    config = Pruning.model_validate({"structure": "blocks", "amount": 0.7, "rounds": 2})
    smaller, edit, facts = apply(deep("mobile"), config, digits, tune=tune)
    assert sizes == [3, 1] and len(facts["removed"]) == 5 and not smaller.training
    kept = snapshot.take(smaller, "digits", Architecture(family="mobile", width=0.25, depth=3), [edit] if edit else [])
    assert state_of(snapshot.rebuild(kept)) == state_of(smaller)
