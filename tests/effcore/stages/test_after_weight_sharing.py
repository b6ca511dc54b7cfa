"""What was cut out of a supernet, or changed in one, is trained alone; only zeros leave it whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from effcore.plan import Context, Stage, make_plan
from effcore.spec import parse
from effcore.stages import train, transform

SUPERNET = ["architecture: {family: elastic, depth: 2, width: 0.25}", "training: {epochs: 1, data_fraction: 0.1}", "weight_sharing: {sampled: 1}"]
ZEROS = "pruning: {structure: weights, fine_tune: 1}"
WORK = {"train": train.work, "transform": transform.work}


def stages(*steps: str) -> list[Stage]:
    """Those that train, in their order."""
    text = "name: a\ntask: digits\nrecipe:\n" + "".join(f"  - {step}\n" for step in (*SUPERNET, *steps, "runtime: onnxruntime"))
    found = make_plan([(r, 0) for r in parse(text).recipes], context=Context(exact_int8=True, machine="m"))
    return [stage for stage in found.stages.values() if stage.kind in WORK]


def learned(stage: Stage) -> list[str]:
    return [name for document in stage.config["contributes"] for name in document]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of the stages that ran, by key."""
    folder = tmp_path_factory.mktemp("supernet")
    (phase,) = stages()
    train.work(phase.config, {}, folder)
    return {phase.key: folder}


def work(stage: Stage, done: Mapping[str, Path], folder: Path) -> dict[str, Any]:
    return WORK[stage.kind](stage.config, {role: done[key] for role, key in stage.inputs}, folder)


@pytest.mark.parametrize(
    ("step", "epochs"),
    [
        ("subnetwork: {stage_1: {depth: 1, kernel: 3}, stage_2: {depth: 1}, stage_3: {width: 0.5}, fine_tune: 2}", 2),
        ("subnetwork: {stage_1: {depth: 2, kernel: 5}, stage_2: {depth: 2, kernel: 5}, stage_3: {depth: 2, kernel: 5}, fine_tune: 1}", 1),
        ("pruning: {fine_tune: 1, round_to: 2}", 1), ("factorization: {fine_tune: 1, round_to: 1}", 1), ("quantization: {mode: aware}", 2),
        (ZEROS, 1),
    ],
)  # fmt: skip
def test_a_network_is_tuned_after_weight_sharing(step: str, epochs: int, done: dict[str, Path], tmp_path: Path) -> None:
    _, stage = stages(step)
    assert learned(stage) == (["weight_sharing"] if step == ZEROS else [])
    assert work(stage, done, tmp_path)["epochs"] == epochs


def test_what_else_the_phase_learned_by_is_kept_and_nothing_brings_weight_sharing_back() -> None:
    _, cut, aware = stages("augmentation: {}", "subnetwork: {stage_1: {kernel: 3}, fine_tune: 1}", "quantization: {mode: aware}")
    assert learned(cut) == learned(aware) == ["augmentation"]
    _, zeros, channels = stages(ZEROS, "pruning: {amount: 0.25}")
    assert (learned(zeros), learned(channels)) == (["weight_sharing"], [])
