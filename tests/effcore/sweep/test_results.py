"""From the outcomes of stages to what is written of a variant."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from stores import copy_store

from effcore.cache import Cache
from effcore.execution.worker import Outcome
from effcore.plan import Context, Plan, Stage, VariantPlan, make_plan
from effcore.spec import parse
from effcore.stored import data_mark
from effcore.sweep.driver import Driver
from effcore.sweep.results import gather, learning_curve, stage_facts, training_metrics

TEXT = """\
name: a
task: digits
recipe:
  - architecture: {family: mlp}
  - training: {epochs: 4, data_fraction: 0.5}
  - distillation: {teacher: {family: cnn, epochs: 2}}
  - pruning: {fine_tune: 2}
  - runtime: onnxruntime
"""
EPOCHS = {"train": 4, "transform": 2}


@pytest.fixture
def plan() -> Plan:
    return make_plan(parse(TEXT).variants, context=Context(exact_int8=True, machine="m"))


def outcome(stage: Stage, cache: Cache, *, start: float) -> Outcome:
    """An output that says of itself what it is."""
    facts: dict[str, Any] = {"samples": 100, "devices": 1, "peak_ram_mb": start, "epochs": 3}
    with cache.aside() as folder:
        if stage.kind in EPOCHS:
            until = stage.config.get("until", EPOCHS["transform"])
            rows = [{"epoch": e + 1, "val_accuracy": 0.5, "seconds": 0.5 * (e + 1)} for e in range(until)]
            (folder / "curve.json").write_text(json.dumps(rows))
        elif stage.kind == "export":
            (folder / "model.onnx").write_bytes(b"network")
            (folder / "layers.json").write_text("[]")
            facts = {"artifact": "model.onnx", "structure": "s", "metrics": {"size_mb": 0.5}}
        else:
            (folder / "correct.json").write_text("{}")
            facts = {"metrics": {"accuracy": 0.75}}
        record = {"kind": stage.kind, "facts": facts, "start": start, "end": start + 2.0, "seconds": 2.0}
        return Outcome(stage, cache.keep(stage.key, folder, record), False)


def outcomes_of(plan: Plan, variant: VariantPlan, home: Path) -> dict[str, Outcome]:
    return {key: outcome(plan.stages[key], Cache(home), start=float(n)) for n, key in enumerate(variant.stages)}


def test_training_is_charged_in_full_and_by_what_is_its_own(plan: Plan, tmp_path: Path) -> None:
    (variant,) = plan.variants
    metrics = training_metrics(variant, plan, outcomes_of(plan, variant, tmp_path))
    # Two rungs of the teacher, three of the student, one fine-tuning, two seconds each; the parent needs all but the last.
    assert metrics == {
        "train_s": 2.0, "train_total_s": 12.0, "train_devices": 1.0, "train_samples": 400.0, "train_epochs": 12.0,
        "data_fraction": 0.5, "train_peak_ram_mb": 5.0,
    }  # fmt: skip


def test_without_all_trainings_there_are_no_figures_of_training(plan: Plan, tmp_path: Path) -> None:
    (variant,) = plan.variants
    found = outcomes_of(plan, variant, tmp_path)
    del found[variant.own[0]]
    assert training_metrics(variant, plan, found) == {}


def test_the_learning_curve_is_the_variants_own_with_its_epochs_counted_on(plan: Plan, tmp_path: Path) -> None:
    (variant,) = plan.variants
    curve = learning_curve(variant, plan, outcomes_of(plan, variant, tmp_path))
    assert [(row["epoch"], row["phase"]) for row in curve] == [*((n, "train") for n in (1, 2, 3, 4)), (5, "transform"), (6, "transform")]


def test_stages_stand_in_the_order_in_which_they_were_done(plan: Plan, tmp_path: Path) -> None:
    (variant,) = plan.variants
    found = outcomes_of(plan, variant, tmp_path)
    rows = stage_facts(reversed(list(found.values())))
    assert [row["stage"] for row in rows] == list(variant.stages)
    assert rows[0]["seconds"] == 2.0 and rows[0]["end"] == 2.0 and rows[0]["what"] == "train digits cnn x1 d1"
    assert rows[0]["facts"]["samples"] == 100


def test_all_that_is_known_of_a_variant_is_gathered(plan: Plan, tmp_path: Path) -> None:
    (variant,) = plan.variants
    record = gather("sweep", variant, plan, outcomes_of(plan, variant, tmp_path))
    assert record.sweep_run == "sweep" and record.recipe == variant.recipe and record.error == ""
    assert record.metrics["size_mb"] == 0.5 and record.metrics["accuracy"] == 0.75 and record.metrics["train_s"] == 2.0
    assert (record.artifact, record.structure, record.environment) == ("model.onnx", "s", "")
    assert set(record.files) == {"model.onnx", "correct.json", "network.pt"} and {"facts.json", "curve.json"} <= set(record.documents)
    assert record.runtime.split()[0] == "onnxruntime" and record.runtime.split()[1][0].isdigit()


def test_of_a_variant_that_failed_what_had_ended_is_kept(plan: Plan, tmp_path: Path) -> None:
    (variant,) = plan.variants
    found = outcomes_of(plan, variant, tmp_path)
    for key in (variant.export, variant.evaluate):
        del found[key]
    record = gather("sweep", variant, plan, found, error="export: no.")
    assert record.error == "export: no." and record.artifact == "" and record.structure == "" and record.files == {}
    assert record.metrics["train_total_s"] == 12.0 and len(record.documents["facts.json"]) == 6


def test_of_a_variant_of_which_nothing_ended_only_the_cause_is_kept(plan: Plan) -> None:
    (variant,) = plan.variants
    record = gather("sweep", variant, plan, {}, error="train: no.")
    assert record.metrics == {} and record.documents == {"facts.json": [], "curve.json": []} and record.files == {}


def test_equal_figures_on_other_images_are_written_again_and_old_ones_of_images_that_nobody_recorded_are_not(
    plan: Plan, tmp_path: Path, empty_store: Path
) -> None:
    store = copy_store(empty_store, tmp_path / "home")
    (variant,) = plan.variants
    sweep = store.open_sweep(parse(TEXT))
    record = replace(gather(sweep, variant, plan, outcomes_of(plan, variant, tmp_path)), files={})
    assert record.data == data_mark("digits") and record.data_ms > 0
    write = partial(Driver._write, SimpleNamespace(store=store), sweep)  # type: ignore[arg-type]
    for before, after in (("", ""), (record.data, record.data), ("others", record.data)):
        run_id = store.log_variant(sweep, replace(record, data=before))
        (known,) = (v for v in store.variants() if v.run_id == run_id)
        assert write(record, known) == run_id
        assert next(v.data for v in store.variants() if v.run_id == run_id) == after
