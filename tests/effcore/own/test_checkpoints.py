"""Weights of an operator are taken instead of training: all of them, of the right shape, and without running code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from effcore import own
from effcore.cache import Cache
from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.own import CHECKPOINTS
from effcore.context import current_context
from effcore.errors import EffcoreError, SpecError
from effcore.models import build, snapshot
from effcore.models.checkpoint import load_checkpoint
from effcore.own import Brought, listing
from effcore.plan import make_plan
from effcore.spec import parse
from effcore.stages import produce
from effcore.tasks import load
from effcore.training import evaluate

SPEC = """name: a
task: digits
recipe:
  - architecture: {family: mlp, width: 0.5}
  - training: {checkpoint: mine}
  - pruning: [none, {fine_tune: 1}]
  - runtime: onnxruntime
"""


@pytest.fixture(autouse=True)
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "FRESH_NS", -(10**15))


@pytest.fixture
def model(trained: Any) -> nn.Module:
    return trained("mlp")  # type: ignore[no-any-return]


def name(home: Path, path: Path) -> None:
    own.bring(home, Brought(checkpoints=[f"mine={path}"]))


def fresh(width: float = 0.5) -> nn.Module:
    return build(Architecture(family="mlp", width=width), TASKS["digits"], seed=7)


@pytest.mark.parametrize("kind", ["plain", "within", "wrapped", "half", "safetensors", "without counters"])
def test_weights_come_as_programs_keep_them(home: Path, tmp_path: Path, model: nn.Module, kind: str) -> None:
    state = {k: v.contiguous() for k, v in model.state_dict().items()}
    documents = {
        "plain": state, "within": {"epoch": 3, "state_dict": state}, "wrapped": {f"module.{k}": v for k, v in state.items()},
        "half": {k: v.half() if v.is_floating_point() else v for k, v in state.items()},
        "without counters": {k: v for k, v in state.items() if not k.endswith("num_batches_tracked")},
    }  # fmt: skip
    path = tmp_path / f"weights.{'safetensors' if kind == 'safetensors' else 'pt'}"
    save_file(state, path) if kind == "safetensors" else torch.save(documents[kind], path)
    name(home, path)
    got = fresh()
    assert load_checkpoint(got, CHECKPOINTS["mine"]) > 5
    images = torch.tensor(load("digits").test.images)
    assert torch.allclose(got.eval()(images), model(images), atol=0.2 if kind == "half" else 0)


def test_every_tensor_that_does_not_fit_is_listed_with_got_and_expected(home: Path, tmp_path: Path, model: nn.Module) -> None:
    state = dict(model.state_dict())
    first = next(iter(state))
    del state[first]
    state["extra.weight"] = torch.zeros(3, 4)
    torch.save(state, tmp_path / "a.pt")
    name(home, tmp_path / "a.pt")
    other = fresh(1.0)
    before = {k: v.clone() for k, v in other.state_dict().items()}
    with pytest.raises(EffcoreError) as caught:
        load_checkpoint(other, CHECKPOINTS["mine"])
    text = str(caught.value)
    assert "checkpoint 'mine' does not fit the network: " in text and f"  {first}: got none, expected 256x64" in text
    assert ": got 64x128, expected 128x256" in text and "  extra.weight: got 3x4, expected none" in text and "width and depth" in text
    assert all(torch.equal(v, before[k]) for k, v in other.state_dict().items())


class Evil:
    def __reduce__(self) -> Any:
        return (print, ("code was run",))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (Evil(), "a file of weights only: a whole pickled model would run code"),
        ({"a": 3}, "must hold tensors by name"),
        ([1], "must hold tensors by name"),
    ],
)
def test_a_file_that_is_not_weights_is_refused_and_runs_no_code(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: Any, words: str
) -> None:
    torch.save(content, tmp_path / "a.pt")
    name(home, tmp_path / "a.pt")
    with pytest.raises(EffcoreError, match=words):
        load_checkpoint(fresh(), CHECKPOINTS["mine"])
    assert "code was run" not in capsys.readouterr().out


def test_a_damaged_file_and_one_that_changed_say_so(home: Path, tmp_path: Path, model: nn.Module) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"\x08" + bytes(20))
    name(home, path)
    with pytest.raises(EffcoreError, match="is no whole file of safetensors"):
        load_checkpoint(fresh(), CHECKPOINTS["mine"])
    path.write_bytes(b"other")
    with pytest.raises(EffcoreError, match="was changed while the sweep ran. Give the command again."):
        load_checkpoint(fresh(), CHECKPOINTS["mine"])
    with pytest.raises(EffcoreError, match="There is none. Give its place with --checkpoint mine=PATH."):
        name(home, tmp_path / "nowhere")


def test_the_keys_follow_the_content_of_the_file(home: Path, tmp_path: Path, model: nn.Module) -> None:
    path = tmp_path / "a.pt"
    keys = []
    for seed in (0, 0, 1):
        torch.save(build(Architecture(family="mlp", width=0.5), TASKS["digits"], seed=seed).state_dict(), path)
        name(home, path)
        keys.append(set(make_plan(parse(SPEC).variants, context=current_context()).stages))
    assert keys[0] == keys[1] and not keys[0] & keys[2]


def test_the_stage_hands_the_weights_on_and_trains_nothing(home: Path, tmp_path: Path, model: nn.Module) -> None:
    torch.save(model.state_dict(), tmp_path / "a.pt")
    name(home, tmp_path / "a.pt")
    plan = make_plan(parse(SPEC).variants, context=current_context())
    assert plan.trainings == 1
    (stage,) = [s for s in plan.stages.values() if s.kind == "train"]
    entry = produce(stage, home=home, cache=Cache(home))
    assert (entry.facts["samples"], entry.facts["epochs"]) == (0, 0)
    got = snapshot.rebuild(snapshot.load(entry.folder / "model.pt"))
    assert all(torch.equal(v, model.state_dict()[k]) for k, v in got.state_dict().items())
    assert entry.facts["val_accuracy"] == evaluate(model, load("digits").validation)


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ("training: {checkpoint: mine, epochs: 3}", r"training.checkpoint .*left out where epochs are given"),
        ("training: {checkpoint: yours}", "must be mine|must be 'mine'. Got 'yours'"),
        ("training: {checkpoint: mine}, averaging: {}", "averaging.kind .*shapes a training.*'mine' are not trained.*Leave averaging out"),
        ("training: {checkpoint: mine}, pruning: {structure: weights, schedule: rewind}", "can't be 'rewind' after the checkpoint 'mine'"),
        ("training: {}, pruning: {}, training: {checkpoint: mine}", "must be left out: steps before it have changed the network"),
    ],
)
def test_a_spec_that_would_train_what_is_not_trained_is_refused(home: Path, tmp_path: Path, recipe: str, words: str) -> None:
    (tmp_path / "a.pt").write_bytes(b"x")
    name(home, tmp_path / "a.pt")
    text = "name: a\ntask: digits\nrecipe: [architecture: {family: mlp}, %s, runtime: onnxruntime]\n"
    with pytest.raises(SpecError, match=words):
        parse(text % recipe)


def test_without_weights_there_is_nothing_to_name() -> None:
    with pytest.raises(SpecError, match="checkpoint .*must be left out, since no weights are known: name them with --checkpoint NAME=PATH"):
        parse(SPEC)
