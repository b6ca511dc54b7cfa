"""Zeros that a transform sets are there in its snapshot, and in that of a phase that comes after it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from torch import nn

from effcore.models import snapshot
from effcore.recipe import read_step
from effcore.stages import train, transform
from effcore.techniques.pruning.masks import weights_of
from effcore.training import fit

CONFIG: dict[str, Any] = {
    "task": "digits", "seed": 0, "threads": 1, "contributes": [],
    "architecture": {"family": "mlp", "width": 0.25}, "training": {"epochs": 1, "data_fraction": 0.2},
}  # fmt: skip


def model(folder: Path) -> nn.Module:
    return snapshot.rebuild(snapshot.load(folder / "model.pt"))


def zeros(folder: Path) -> int:
    return sum(int((weight == 0).sum()) for weight in weights_of(model(folder)).values())


def work(folder: Path, name: str, config: dict[str, Any], **inputs: Path) -> dict[str, Any]:
    (folder / name).mkdir()
    return (transform if "step" in config else train).work(CONFIG | config, inputs, folder / name)


def test_rewinding_trains_the_weights_that_remain_as_the_phase_did(tmp_path: Path) -> None:
    phase: dict[str, Any] = {"training": {"epochs": 4, "data_fraction": 0.2}, "contributes": [read_step({"averaging": {"start": 0.1}}).document]}
    rungs = [("quarter", 0, 1), ("half", 1, 2), ("whole", 2, 4)]
    for (name, begin, end), before in zip(rungs, [None, "quarter", "half"], strict=True):
        work(tmp_path, name, phase | {"from": begin, "until": end}, **({"before": tmp_path / before} if before else {}))
    given = {"structure": "weights", "amount": 0.75, "schedule": "rewind", "rounds": 2}
    asked = phase | {"step": read_step({"pruning": given}).document}
    ends = {"model": tmp_path / "whole", "early": tmp_path / "quarter"}
    facts = work(tmp_path, "rewound", asked | {"rewind_to": 1}, **ends)
    rows = json.loads((tmp_path / "rewound" / "curve.json").read_text())
    assert len(rows) == facts["epochs"] == 6 and facts["share_done"] == 1 and facts["samples"] == 6 * 239
    assert zeros(tmp_path / "rewound") == sum(facts["did"]["zeros"].values())
    # The first epoch of the first round sees what the second of the phase saw, from the same weights but for those that are gone.
    first, dense = rows[0]["train_loss"], json.loads((tmp_path / "whole" / "curve.json").read_text())
    assert dense[1]["train_loss"] * 0.9 < first < dense[0]["train_loss"]
    start = {k: v for k, v in given.items() if k != "rounds"} | {"rewind_to": "start"}
    work(tmp_path, "again", asked | {"step": read_step({"pruning": start}).document, "rewind_to": 0}, model=tmp_path / "whole")
    anew = json.loads((tmp_path / "again" / "curve.json").read_text())
    assert len(anew) == 4 and anew[0]["train_loss"] > dense[1]["train_loss"]


def test_rounds_and_later_trainings_draw_anew_and_rewinding_draws_what_its_phase_drew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []

    def counting(*args: Any, seed: int, **options: Any) -> Any:
        drawn.append(seed)
        return fit(*args, seed=seed, **options)

    monkeypatch.setattr(transform, "fit", counting)
    monkeypatch.setattr(train, "fit", counting)
    work(tmp_path, "phase", {"from": 0, "until": 1})
    rounds = {"step": read_step({"pruning": {"structure": "weights", "rounds": 2}}).document}
    for before in (1, 2):
        work(tmp_path, f"after {before}", rounds | {"before": before}, model=tmp_path / "phase")
    work(tmp_path, "second", {"from": 0, "until": 1, "before": 3}, start=tmp_path / "after 1")
    assert drawn[0] == CONFIG["seed"] and len(set(drawn)) == 6
    again = {"step": read_step({"pruning": {"structure": "weights", "schedule": "rewind", "rewind_to": "start", "rounds": 2}}).document}
    work(tmp_path, "rewound", again | {"rewind_to": 0, "before": 4, "before_phase": 3}, model=tmp_path / "second", start=tmp_path / "after 1")
    work(tmp_path, "rewound first", again | {"rewind_to": 0, "before": 1, "before_phase": 0}, model=tmp_path / "phase")
    assert drawn[6:] == [drawn[5]] * 2 + [drawn[0]] * 2


def test_what_remains_has_the_early_weights_before_it_is_trained(tmp_path: Path) -> None:
    from effcore.tasks import load
    from effcore.techniques import pruning
    from effcore.techniques.tune import Early
    from effcore.training import Fit

    for seed in (0, 1):
        work(tmp_path, f"seed {seed}", {"from": 0, "until": 1, "seed": seed})
    trained, early = (weights_of(model(tmp_path / f"seed {seed}")) for seed in (0, 1))
    seen: list[dict[str, Any]] = []

    def train(network: nn.Module, hooks: Any) -> Fit:
        seen.append({name: weight.detach().clone() for name, weight in weights_of(network).items()})
        return Fit(curve=[], optimizer_state={}, samples=0)

    config = read_step({"pruning": {"structure": "weights", "schedule": "rewind"}}).config
    state = model(tmp_path / "seed 1").state_dict()
    pruning.apply(model(tmp_path / "seed 0"), config, load("digits"), tune=train, early=Early(state=state, train=train))  # type: ignore[arg-type]
    for name, weight in seen[0].items():
        gone = weight == 0
        assert int(gone.sum()) == round(0.5 * weight.numel()) and bool((weight[~gone] == early[name][~gone]).all())
        assert trained[name][gone].abs().max() <= trained[name][~gone].abs().min()


def test_a_phase_that_prunes_gradually_is_the_same_in_rungs_and_comes_to_its_amount(tmp_path: Path) -> None:
    given = {"structure": "weights", "amount": 0.8, "schedule": "gradual", "scope": "global"}
    for order in (("pruning", "averaging"), ("averaging", "pruning")):
        steps = {"pruning": read_step({"pruning": given}).document, "averaging": read_step({"averaging": {"start": 0.3}}).document}
        phase: dict[str, Any] = {"training": {"epochs": 4, "data_fraction": 0.2}, "contributes": [steps[name] for name in order]}
        name = " ".join(order)
        facts = work(tmp_path, f"whole {name}", phase | {"from": 0, "until": 4})
        for begin, end in ((0, 1), (1, 2), (2, 4)):
            before = {"before": tmp_path / f"{name} {begin}"} if begin else {}
            work(tmp_path, f"{name} {end}", phase | {"from": begin, "until": end}, **before)
        whole, parts = (model(tmp_path / folder).state_dict() for folder in (f"whole {name}", f"{name} 4"))
        assert all(bool((whole[k] == parts[k]).all()) for k in whole)
        count = sum(weight.numel() for weight in weights_of(model(tmp_path / f"whole {name}")).values())
        assert zeros(tmp_path / f"{name} 1") == 0 < zeros(tmp_path / f"{name} 2") < round(0.8 * count)
        assert zeros(tmp_path / f"whole {name}") == sum(facts["did"]["pruning"]["zeros"].values()) == round(0.8 * count)


def test_zeros_and_the_curve_of_every_round_are_handed_on(tmp_path: Path) -> None:
    work(tmp_path, "trained", {"from": 0, "until": 1})
    given = {"structure": "weights", "amount": 0.8, "rounds": 2, "fine_tune": 2, "criterion": "taylor"}
    step = read_step({"pruning": given}).document
    facts = work(tmp_path, "pruned", {"step": step}, model=tmp_path / "trained")
    count = sum(weight.numel() for weight in weights_of(model(tmp_path / "pruned")).values())
    assert zeros(tmp_path / "trained") == 0 and zeros(tmp_path / "pruned") == sum(facts["did"]["zeros"].values())
    assert abs(zeros(tmp_path / "pruned") - 0.8 * count) <= 1.5
    curve = json.loads((tmp_path / "pruned" / "curve.json").read_text())
    assert [row["epoch"] for row in curve] == [1, 2, 3, 4]
    assert facts["samples"] == 4 * 239 and snapshot.load(tmp_path / "pruned" / "model.pt").edits == []

    again = {"from": 0, "until": 1, "training": {"epochs": 1, "data_fraction": 0.2}}
    work(tmp_path, "kept", again | {"keep_zeros": True}, start=tmp_path / "pruned")
    work(tmp_path, "lost", again, start=tmp_path / "pruned")
    assert zeros(tmp_path / "kept") == zeros(tmp_path / "pruned") and zeros(tmp_path / "lost") < 0.5 * zeros(tmp_path / "pruned")
    cut = {"step": read_step({"pruning": {"amount": 0.5, "round_to": 4}}).document, "keep_zeros": True}
    work(tmp_path, "cut", cut, model=tmp_path / "pruned")
    fewer = sum(weight.numel() for weight in weights_of(model(tmp_path / "cut")).values())
    assert fewer < 0.6 * count and zeros(tmp_path / "cut") > 0.5 * fewer
