"""Channels are really gone, in every kind of block, and the ones with the smallest weights first."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
import torch_pruning
from torch import nn

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.pruning import Pruning
from effcore.catalogue.training import Training
from effcore.errors import TechniqueError
from effcore.models import build, snapshot
from effcore.models.blocks import Flatten, Layer, Normalize
from effcore.models.layout import channels_last
from effcore.tasks import Data, Split
from effcore.techniques.pruning import apply
from effcore.techniques.pruning.activations import ActivationScores
from effcore.techniques.pruning.channels import channels
from effcore.training import Fit, fit


def untouched(model: nn.Module, epochs: int) -> Fit:
    raise AssertionError("fine-tuning was not asked for")


def nothing(model: nn.Module, epochs: int) -> Fit:
    """In the place of fine-tuning, where only shapes are looked at."""
    return Fit(curve=[], optimizer_state={}, samples=0)


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


def test_fine_tuning_is_asked_for_once(digits: Data, trained: Callable[[str], nn.Module]) -> None:
    asked: list[int] = []

    def tune(model: nn.Module, epochs: int) -> Fit:
        asked.append(epochs)
        return fit(model, digits.fraction(0.1), Training(epochs=epochs), seed=0)

    apply(trained("cnn"), Pruning(fine_tune=2), digits, tune=tune)
    assert asked == [2]


@pytest.mark.parametrize("round_to", [8, 5])
@pytest.mark.parametrize("width", [0.5, 1.0])
@pytest.mark.parametrize("family", ["cnn", "mobile", "residual"])
def test_no_layer_keeps_more_channels_where_more_is_to_go_and_none_less_than_round_to(
    family: str, width: float, round_to: int, digits: Data
) -> None:
    model = build(Architecture(family=family, width=width), TASKS["digits"], seed=0)  # type: ignore[arg-type]
    last = before = channels(model)
    for amount in (0.3, 0.6, 0.75, 0.8, 0.9, 0.97):
        cut_once = channels(apply(model, Pruning(amount=amount, fine_tune=0, round_to=round_to), digits, tune=untouched)[0])
        for name, count in cut_once.items():
            assert count == max(round_to, int(before[name] * (1 - amount)) // round_to * round_to) < before[name], name
            assert count <= last[name], name
        last = cut_once
    assert set(last.values()) == {round_to}


def test_a_layer_below_round_to_stays_whole_while_others_are_cut(digits: Data) -> None:
    model = build(Architecture(family="cnn", width=0.25), TASKS["digits"], seed=0)
    smaller, _, facts = apply(model, Pruning(amount=0.9, fine_tune=0, round_to=12), digits, tune=untouched)
    assert list(facts["channels_before"].values()) == [8, 16, 32, 64]
    assert list(channels(smaller).values()) == [8, 12, 12, 12]


@pytest.mark.parametrize("amount", [0.75, 0.9])
def test_rounds_come_to_the_shapes_of_one_cut_where_layers_end_at_round_to(amount: float, digits: Data) -> None:
    model = build(Architecture(family="mobile"), TASKS["digits"], seed=0)
    counts = [apply(model, Pruning(amount=amount, fine_tune=1, rounds=rounds), digits, tune=nothing)[2]["channels_after"] for rounds in (1, 2, 5)]
    assert counts[0] == counts[1] == counts[2]


def test_a_kind_of_block_that_stays_as_it_is_is_an_error(digits: Data) -> None:
    model = build(Architecture(family="mobile", width=0.25), TASKS["digits"], seed=0)
    with pytest.raises(
        TechniqueError,
        match="left all convolution blocks as they are.*amount 0.5 and round_to 8 for layers of 8 channels. Lower pruning.round_to, or",
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


def cut(model: nn.Module, data: Data, *, seed: int = 0, **given: object) -> tuple[nn.Module, snapshot.Edit | None]:
    """Without fine-tuning, with torch's generator seeded as a stage does it."""
    torch.manual_seed(seed)
    smaller, edit, _ = apply(model, Pruning.model_validate({"fine_tune": 0} | given), data, tune=untouched)
    return smaller, edit


@pytest.mark.parametrize("family", ["mlp", "cnn", "residual"])
def test_the_defaults_are_torch_prunings_with_the_l2_norm(
    family: str, digits: Data, trained: Callable[[str], nn.Module], state_of: Callable[[nn.Module], str]
) -> None:
    """Written out, so that no new parameter can change what the old ones meant."""
    expected = copy.deepcopy(trained(family)).eval()
    classifier = [m for m in expected.modules() if isinstance(m, nn.Linear)][-1]
    torch_pruning.pruner.BasePruner(
        expected, torch.zeros(2, 1, 8, 8, dtype=torch.uint8), importance=torch_pruning.importance.GroupMagnitudeImportance(p=2),
        pruning_ratio=0.5, round_to=8, ignored_layers=[classifier],
    ).step()  # fmt: skip
    smaller, _ = cut(trained(family), digits)
    assert state_of(smaller) == state_of(channels_last(expected)) != state_of(trained(family))


@pytest.mark.parametrize("criterion", ["batch_norm", "taylor"])
def test_channels_that_let_nothing_through_go_first(criterion: str, digits: Data) -> None:
    model = build(Architecture(family="cnn"), TASKS["digits"], seed=0)
    first = next(m for m in model.modules() if isinstance(m, Layer))
    with torch.no_grad():
        first.norm.weight[8:24] = 0.0
        first.norm.bias[8:24] = -1.0
    smaller, _ = cut(model, digits, criterion=criterion)
    kept = next(m for m in smaller.modules() if isinstance(m, Layer))
    assert torch.equal(kept.weight.weight, torch.cat((first.weight.weight[:8], first.weight.weight[24:])))
    assert all(parameter.grad is None for parameter in smaller.parameters())


def test_layers_without_normalization_are_cut_by_their_weights_beside_those_with_it(digits: Data) -> None:
    model = build(Architecture(family="mobile_se"), TASKS["digits"], seed=0)
    alone = next(m for m in model.modules() if isinstance(m, Layer) and isinstance(m.norm, nn.Identity))
    with torch.no_grad():
        alone.weight.weight[:16] *= 0.01
    smaller, _ = cut(model, digits, criterion="batch_norm")
    assert channels(smaller) == channels(cut(model, digits)[0])
    kept = next(m for m in smaller.modules() if isinstance(m, Layer) and isinstance(m.norm, nn.Identity))
    assert len(kept.weight.weight) == 8 == int((kept.weight.weight.abs().amax((1, 2, 3)) > 0.01).sum())


def test_a_network_without_batch_normalization_is_not_judged_by_it(digits: Data) -> None:
    with pytest.raises(TechniqueError, match="must not be batch_norm for a network without batch normalization"):
        cut(build(Architecture(family="lenet_5"), TASKS["digits"], seed=0), digits, criterion="batch_norm")


def test_chance_repeats_for_a_seed_and_knows_nothing_of_weights(digits: Data, trained: Callable[[str], nn.Module]) -> None:
    model = trained("cnn")
    by_seed = [cut(model, digits, criterion="random", seed=seed)[1] for seed in (0, 0, 1)]
    assert by_seed[0] == by_seed[1] != by_seed[2]
    assert cut(model, digits)[1] not in by_seed


def test_taylor_looks_at_the_images(digits: Data, trained: Callable[[str], nn.Module]) -> None:
    backwards = replace(digits, train=Split(digits.train.images[::-1].copy(), digits.train.labels[::-1].copy()))
    edits = [cut(trained("cnn"), data, criterion="taylor")[1] for data in (digits, digits, backwards)]
    assert edits[0] == edits[1] != edits[2]
    assert cut(trained("cnn"), digits)[1] == cut(trained("cnn"), backwards)[1] != edits[0]


@pytest.mark.parametrize("criterion", ["l1", "l2", "taylor", "batch_norm", "random"])
def test_one_threshold_for_all_layers_cuts_them_unequally_and_none_away(
    criterion: str, digits: Data, trained: Callable[[str], nn.Module], state_of: Callable[[nn.Module], str]
) -> None:
    model = trained("cnn")
    smaller, edit = cut(model, digits, criterion=criterion, scope="global", round_to=4)
    before, after = channels(model), channels(smaller)
    shares = {after[name] / before[name] for name in before}
    assert len(shares) > 1 and min(after.values()) >= 4 and all(count % 4 == 0 for count in after.values())
    # At most 3 channels of each of the four layers are lost to rounding.
    assert sum(before.values()) / 2 - 12 <= sum(after.values()) <= sum(before.values()) / 2
    kept = snapshot.take(smaller, "digits", Architecture(family="cnn", width=0.5), [edit] if edit else [])
    assert state_of(snapshot.rebuild(kept)) == state_of(smaller)


def test_one_threshold_that_would_leave_less_than_round_to_is_an_error(digits: Data, trained: Callable[[str], nn.Module]) -> None:
    with pytest.raises(TechniqueError, match=r"amount must be at most 0.866 with the scope global.*Got 0.9 and round_to 8 for 240 channels in 4"):
        cut(trained("cnn"), digits, scope="global", amount=0.9)


@pytest.mark.parametrize("scope", ["layer", "global"])
def test_rounds_come_to_the_same_amount_and_can_be_replayed(
    scope: str, digits: Data, trained: Callable[[str], nn.Module], state_of: Callable[[nn.Module], str]
) -> None:
    sizes: list[int] = []

    def tune(model: nn.Module, epochs: int) -> Fit:
        sizes.append(sum(channels(model).values()))
        return fit(model, digits.fraction(0.1), Training(epochs=epochs), seed=0)

    config = Pruning(amount=0.75, rounds=2, criterion="taylor", scope=scope, round_to=2)  # type: ignore[arg-type]
    smaller, edit, _ = apply(trained("cnn"), config, digits, tune=tune)
    at_once, _ = cut(trained("cnn"), digits, amount=0.75, round_to=2)
    assert sizes == [120, 60] if scope == "layer" else sizes[0] in range(113, 121) and sizes[1] in range(53, 61)
    assert scope == "global" or channels(smaller) == channels(at_once)
    kept = snapshot.take(smaller, "digits", Architecture(family="cnn", width=0.5), [edit] if edit else [])
    assert state_of(snapshot.rebuild(kept)) == state_of(smaller)


def test_channels_whose_activations_are_small_or_mostly_zero_go(digits: Data, trained: Callable[[str], nn.Module]) -> None:
    model = copy.deepcopy(trained("cnn"))
    first, second = [m for m in model.modules() if isinstance(m, Layer)][:2]
    with torch.no_grad():
        first.norm.weight[:8] *= 0.01  # type: ignore[index]
        first.norm.bias[:8] = 0.001  # type: ignore[index]
        second.norm.bias[8:] = -100.0  # type: ignore[index]
    for criterion in ("activation", "apoz"):
        smaller, _ = cut(model, digits, criterion=criterion, amount=0.4, round_to=8)
        kept = [m for m in smaller.modules() if isinstance(m, Layer)][:2]
        if criterion == "activation":
            assert torch.equal(kept[0].weight.weight, first.weight.weight[8:])
        alive = kept[1].norm.bias > -50
        assert int(alive.sum()) == 8


@pytest.mark.parametrize("criterion", ["activation", "apoz"])
def test_scores_of_activations_are_those_of_the_layers_on_the_training_images(
    criterion: str, digits: Data, trained: Callable[[str], nn.Module]
) -> None:
    scores, model = ActivationScores(criterion), trained("cnn")
    scores.look(model, digits.train)
    images = torch.tensor(digits.train.images[:256])
    layer = next(m for m in model.modules() if isinstance(m, Layer))
    with torch.no_grad():
        after = layer(model[0](images))  # type: ignore[index]
    wanted = (after != 0).float().mean((0, 2, 3)) if criterion == "apoz" else after.abs().mean((0, 2, 3)) / after.abs().mean()
    torch.testing.assert_close(scores._found[layer.weight], wanted, rtol=1e-4, atol=1e-5)


def test_counting_zeros_tells_nothing_where_there_are_none(digits: Data) -> None:
    model = nn.Sequential(Normalize(16), Flatten(64), Layer(nn.Linear(64, 32), activate=False), nn.Linear(32, 10)).eval()
    with pytest.raises(TechniqueError, match="apoz for a network in which no activation is ever zero"):
        cut(model, digits, criterion="apoz")
