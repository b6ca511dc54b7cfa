"""A model comes back from its snapshot bit for bit, also after it was cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from effcore.catalogue import FAMILIES
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.pruning import Pruning
from effcore.errors import EffcoreError
from effcore.models import snapshot
from effcore.tasks import Data
from effcore.techniques import pruning
from effcore.training import Fit, predict


def no_tuning(model: nn.Module, epochs: int) -> Fit:
    raise AssertionError("fine-tuning was not asked for")


@pytest.mark.parametrize("family", [name for name, family in FAMILIES.items() if "pruning/channels" not in family.refuses])
def test_a_model_cut_twice_comes_back_bit_for_bit(
    family: str, trained: Callable[[str], nn.Module], state_of: Callable[[nn.Module], str], digits: Data, tmp_path: Path
) -> None:
    config = Pruning(amount=0.3, round_to=4, fine_tune=0)
    once, first, _ = pruning.apply(trained(family), config, digits, tune=no_tuning)
    twice, second, _ = pruning.apply(once, config, digits, tune=no_tuning)
    kept = snapshot.take(twice, "digits", Architecture(family=family, width=0.5), [first, second])  # type: ignore[arg-type]
    snapshot.save(tmp_path / "model.pt", kept)
    back = snapshot.rebuild(snapshot.load(tmp_path / "model.pt"))
    assert state_of(back) == state_of(twice)
    assert torch.equal(predict(back, digits.test.images), predict(twice, digits.test.images))
    assert not back.training


def test_a_snapshot_does_not_follow_its_model(trained: Callable[[str], nn.Module]) -> None:
    model = trained("mlp")
    kept = snapshot.take(model, "digits", Architecture(family="mlp", width=0.5))
    name, tensor = next(iter(kept.state.items()))
    assert tensor.data_ptr() != model.state_dict()[name].data_ptr()


def test_weights_that_do_not_fit_are_refused(trained: Callable[[str], nn.Module]) -> None:
    kept = snapshot.take(trained("mlp"), "digits", Architecture(family="mlp", width=0.5))
    with pytest.raises(EffcoreError, match="must fit its architecture and edits"):
        snapshot.rebuild(replace(kept, architecture=Architecture(family="mlp", width=1.0).model_dump()))


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    torch.save({"task": Path}, tmp_path / "model.pt")
    with pytest.raises(Exception, match="[Ww]eights"):
        snapshot.load(tmp_path / "model.pt")
