"""One sweep from start to end with real training, export, measuring and MLflow; digits and a tiny network."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime
import pytest
from processes import read_line, start
from stores import copy_store

from effcore.analysis.frontier import Variant, find_frontier
from effcore.catalogue.own import Checkpoint
from effcore.context import current_context
from effcore.errors import BusyError, Cancelled
from effcore.home import own_search_storage
from effcore.measure.environment import current
from effcore.own.registry import Registry
from effcore.plan import make_plan
from effcore.recipe import from_document
from effcore.spec import Spec, parse
from effcore.sweep import Progress, SweepResult, _study_name, run_sweep
from effcore.sweep import driver as driver_module
from effcore.tasks import load
from effcore.tracking import Store

TEXT = """\
name: {name}
task: digits
objectives: [accuracy, latency_ms, size_mb]
recipe:
  - architecture: {{family: mlp, width: 0.125}}
  - training: {{epochs: 2, learning_rate: 0.01}}
  - pruning: {pruning}
  - quantization: [none, {{}}]
  - runtime: onnxruntime
measure: {{processes: 3, width: 1.0, max_s: 1}}
"""
TOO_COARSE = "[none, {amount: 0.1, round_to: 64, fine_tune: 1}]"
"""Pruning to a multiple of 64 channels takes nothing away from a layer that has fewer: it fails, on half of the variants."""


@dataclass
class Swept:
    """A sweep that ran."""

    home: Path
    store: Store
    spec: Spec
    result: SweepResult
    progress: list[Progress] = field(default_factory=list)

    def variants(self) -> dict[str, Variant]:
        """Variants of the sweep's own environment, by name."""
        return {v.name: v for v in self.store.variants(sweep=self.result.run_id)}

    def executions(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.home / "executions.jsonl").read_text().splitlines()]


def make_spec(name: str = "with failures", pruning: str = TOO_COARSE) -> Spec:
    return parse(TEXT.format(name=name, pruning=pruning))


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Iterator[Swept]:
    home = tmp_path_factory.mktemp("sweep") / "a home"
    store, spec, progress = copy_store(empty_store, home), make_spec(), list[Progress]()
    yield Swept(home, store, spec, run_sweep(spec, store=store, home=home, report=progress.append), progress)


@pytest.fixture(scope="module")
def cached(swept: Swept) -> Swept:
    """Another sweep of the same folder, all of whose stages are there."""
    spec = make_spec("without failures", "none")
    return Swept(swept.home, swept.store, spec, run_sweep(spec, store=swept.store, home=swept.home))


def test_half_of_the_variants_failed_and_the_others_are_there(swept: Swept) -> None:
    assert (swept.result.variants, swept.result.failed) == (4, 2)
    statuses = {name: v.status for name, v in swept.variants().items()}
    assert statuses == {
        "mlp x0.125 · 2 ep lr 0.01": "FINISHED", "mlp x0.125 · 2 ep lr 0.01 · int8": "FINISHED",
        "mlp x0.125 · 2 ep lr 0.01 · prune 10%": "FAILED", "mlp x0.125 · 2 ep lr 0.01 · prune 10% · int8": "FAILED",
    }  # fmt: skip
    record = swept.store.sweep(swept.result.run_id)
    assert (record.state, record.total, record.done, record.failed) == ("some failed", 4, 2, 2)


def test_the_cause_of_a_failure_is_in_the_result_and_in_the_store(swept: Swept) -> None:
    (cause,) = swept.result.errors
    assert cause.startswith("pruning: ")
    for name, variant in swept.variants().items():
        if "prune" in name:
            assert variant.error == cause
            assert swept.store.file(variant.run_id, "error.txt").read_text() == cause + "\n"
            assert "accuracy" not in variant.metrics


def test_the_cause_of_a_failure_is_what_the_frontier_leaves_out(swept: Swept) -> None:
    found = find_frontier(swept.store.variants(sweep=swept.result.run_id), swept.spec.objectives)
    assert {p.name for p in found.points} == {"mlp x0.125 · 2 ep lr 0.01", "mlp x0.125 · 2 ep lr 0.01 · int8"}
    failed = [entry.reason for entry in found.left_out if entry.reason.startswith("failed: ")]
    assert failed == [f"failed: {swept.result.errors[0]}"] * 2


def test_every_stage_ran_once_and_shared_ones_too(swept: Swept) -> None:
    finished = [line for line in swept.executions() if line["event"] == "finished"]
    assert len({line["key"] for line in finished}) == len(finished) == swept.result.executed
    kinds = Counter(line["kind"] for line in finished)
    assert (kinds["train"], kinds["export"], kinds["evaluate"]) == (2, 2, 2)
    assert kinds["measure"] >= 2 and kinds["transform"] == 0
    assert Counter(line["kind"] for line in swept.executions() if line["event"] == "failed") == {"transform": 1}


def test_measurements_overlap_with_nothing(swept: Swept) -> None:
    spans = [(line["start"], line["end"], line["exclusive"]) for line in swept.executions() if line["event"] == "finished"]
    assert sum(exclusive for _, _, exclusive in spans) >= 2
    for index, (begin, end, exclusive) in enumerate(spans):
        others = spans[:index] + spans[index + 1 :]
        assert not exclusive or not [other for other in others if begin < other[1] and other[0] < end]


def test_a_point_of_the_store_teaches_a_student_of_another_sweep_and_is_charged_to_it(swept: Swept, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(swept.home, home)  # so that the other tests find in theirs what their own sweep left
    store = Store(home)
    name = "mlp x0.125 · 2 ep lr 0.01 · int8"
    text = f"""\
name: student
task: digits
recipe:
  - architecture: {{family: mlp, width: 0.25}}
  - training: {{epochs: 1}}
  - distillation: {{teacher: {{point: {json.dumps(name)}}}}}
  - runtime: onnxruntime
measure: {{processes: 3, width: 1.0, max_s: 1}}
"""
    result = run_sweep(parse(text), store=store, home=home)
    teacher, (student,) = swept.variants()[name], store.variants(sweep=result.run_id)
    assert (result.failed, result.executed, student.status) == (0, 4, "FINISHED")
    metrics = student.metrics
    assert metrics["train_total_s"] == pytest.approx(metrics["train_s"] + teacher.metrics["train_total_s"])
    facts = json.loads(store.file(student.run_id, "facts.json").read_text())
    (trained,) = [row for row in facts if row["kind"] == "train"]
    assert trained["what"].endswith("+distillation") and metrics["train_epochs"] == 1
    network = swept.store.file(teacher.run_id, "network.pt").read_bytes()
    (entry,) = (home / "cache").glob("stored-*")
    assert (entry / "model.pt").read_bytes() == network


def test_progress_goes_up_to_the_end(swept: Swept) -> None:
    done = [p.variants_done + p.failed for p in swept.progress]
    assert done == sorted(done) and (done[-1], swept.progress[-1].failed) == (4, 2)
    assert {p.variants_total for p in swept.progress} == {4}
    assert all(p.stages_done <= p.stages_total and p.remaining_s >= 0 for p in swept.progress)


@pytest.mark.parametrize("name", ["mlp x0.125 · 2 ep lr 0.01", "mlp x0.125 · 2 ep lr 0.01 · int8"])
def test_the_accuracy_in_the_store_is_that_of_the_stored_file_on_raw_pixels(swept: Swept, name: str) -> None:
    variant = swept.variants()[name]
    assert variant.artifact == "model.onnx"
    session = onnxruntime.InferenceSession(swept.store.file(variant.run_id, "model.onnx"), providers=["CPUExecutionProvider"])
    data, correct = load("digits"), json.loads(swept.store.file(variant.run_id, "correct.json").read_text())
    for split, images, metric in (("test", data.test, "accuracy"), ("validation", data.validation, "val_accuracy")):
        assert images.images.dtype == np.uint8
        (logits,) = session.run(None, {"image": images.images})
        right = (logits.argmax(1) == images.labels).astype(int)
        assert variant.metrics[metric] == right.mean()
        assert correct[split] == right.tolist()
    assert variant.metrics["accuracy"] > 0.4


@pytest.mark.parametrize("name", ["mlp x0.125 · 2 ep lr 0.01", "mlp x0.125 · 2 ep lr 0.01 · int8"])
def test_a_variant_has_all_its_figures(swept: Swept, name: str) -> None:
    variant = swept.variants()[name]
    needed = {
        "accuracy", "accuracy_low", "accuracy_high", "val_accuracy", "latency_ms", "latency_ms_low", "latency_ms_high", "latency_p90_ms",
        "latency_ratio", "peak_ram_mb", "model_ram_mb", "load_ms", "size_mb", "size_compressed_mb", "size_huffman_mb", "params",
        "nonzero_params", "macs", "train_s", "train_total_s", "train_peak_ram_mb", "train_devices", "train_epochs", "train_samples", "data_fraction",
    }  # fmt: skip
    assert needed - set(variant.metrics) == set()
    metrics = variant.metrics
    assert metrics["latency_ms_low"] <= metrics["latency_ms"] <= metrics["latency_ms_high"]
    assert metrics["accuracy_low"] <= metrics["accuracy"] <= metrics["accuracy_high"]
    assert metrics["size_mb"] == swept.store.file(variant.run_id, "model.onnx").stat().st_size / 1e6
    assert metrics["train_samples"] == 2 * 1197 and metrics["train_devices"] == 1
    assert variant.environment == current().key and variant.structure


def test_training_is_charged_to_who_needs_it(swept: Swept) -> None:
    base, int8 = (swept.variants()[f"mlp x0.125 · 2 ep lr 0.01{end}"].metrics for end in ("", " · int8"))
    assert base["train_s"] == base["train_total_s"] == int8["train_total_s"] > 0
    assert int8["train_s"] == 0


def test_a_variant_explains_itself(swept: Swept) -> None:
    base, int8 = (swept.variants()[f"mlp x0.125 · 2 ep lr 0.01{end}"] for end in ("", " · int8"))
    assert (int8.parent, int8.technique, int8.step) == (base.recipe_key, "quantization", "int8")
    assert from_document(int8.recipe).key == int8.recipe_key
    curve = json.loads(swept.store.file(int8.run_id, "curve.json").read_text())
    assert [row["epoch"] for row in curve] == [1, 2]
    facts = json.loads(swept.store.file(int8.run_id, "facts.json").read_text())
    assert [row["kind"] for row in facts][:3] == ["train", "train", "export"]
    samples = json.loads(swept.store.file(int8.run_id, "samples.json").read_text())
    assert len(samples["latency"]["processes"]) >= 3


def test_a_sweep_whose_stages_are_all_there_executes_nothing(swept: Swept, cached: Swept) -> None:
    assert (cached.result.executed, cached.result.failed, cached.result.variants) == (0, 0, 2)
    assert cached.result.reused == len(make_plan(cached.spec.variants, context=current_context()).stages) + 2
    assert len([line for line in swept.executions() if line["event"] == "finished"]) == swept.result.executed
    figures = [{name: v.metrics for name, v in s.variants().items() if v.status == "FINISHED"} for s in (swept, cached)]
    assert figures[0] == figures[1]


def test_a_second_run_executes_and_writes_nothing(cached: Swept) -> None:
    before = {v.run_id: v.ended_ms for v in cached.variants().values()}
    log = (cached.home / "executions.jsonl").read_text()
    said: list[Progress] = []
    again = run_sweep(cached.spec, store=cached.store, home=cached.home, report=said.append)
    assert (again.run_id, again.executed, again.reused) == (cached.result.run_id, 0, cached.result.reused)
    assert {progress.remaining_s for progress in said} == {0.0}, "what is there already takes no time"
    assert {v.run_id: v.ended_ms for v in Store(cached.home).variants(sweep=again.run_id)} == before
    assert (cached.home / "executions.jsonl").read_text() == log
    assert cached.store.sweep(again.run_id).state == "done"


def test_a_run_that_was_left_running_is_completed(cached: Swept) -> None:
    variant = next(iter(cached.variants().values()))
    cached.store._client.update_run(variant.run_id, status="RUNNING")
    run_sweep(cached.spec, store=cached.store, home=cached.home)
    runs = cached.store._search(f"tags.`mlflow.parentRunId` = '{cached.result.run_id}'")
    assert [run.info.status for run in runs] == ["FINISHED"] * 2
    assert {v.run_id for v in Store(cached.home).variants(sweep=cached.result.run_id)} == {run.info.run_id for run in runs}


HOLD = """
import sys, time
from pathlib import Path
from effcore.spec import parse
from effcore.sweep import _only_one
with _only_one(parse(sys.argv[2]), Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_sweep_that_another_process_runs_is_busy(cached: Swept) -> None:
    process = start(HOLD, cached.home, cached.spec.text)
    assert read_line(process) == "held"
    expected = f"The sweep 'without failures' is being run already, by process {process.pid}. Wait for it, or end it."
    with pytest.raises(BusyError) as caught:
        run_sweep(cached.spec, store=cached.store, home=cached.home)
    assert str(caught.value) == expected
    process.kill()
    process.communicate()
    assert run_sweep(cached.spec, store=cached.store, home=cached.home).executed == 0


def test_a_mistake_ends_the_sweep_as_failed_with_its_cause(cached: Swept) -> None:
    def report(progress: Progress) -> None:
        raise RuntimeError("a mistake")

    with pytest.raises(RuntimeError):
        run_sweep(cached.spec, store=cached.store, home=cached.home, report=report)
    record = cached.store.sweep(cached.result.run_id)
    assert (record.state, record.error) == ("failed", "RuntimeError: a mistake")


def test_an_interrupted_sweep_is_cancelled(cached: Swept) -> None:
    def report(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_sweep(cached.spec, store=cached.store, home=cached.home, report=report)
    record = cached.store.sweep(cached.result.run_id)
    assert (record.state, record.error) == ("cancelled", "Cancelled. What had finished is kept.")


def test_a_sweep_that_is_cancelled_from_elsewhere_stops_and_keeps_what_it_has(swept: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_module, "BEAT_S", 0.05)
    spec = parse(TEXT.format(name="cancelled", pruning="none").replace("epochs: 2", "epochs: 1000"))
    run_id = swept.store.schedule(spec.text)

    def report(progress: Progress) -> None:
        swept.store.cancel(run_id)

    with pytest.raises(Cancelled, match="The sweep was cancelled from the page. What had finished is kept"):
        run_sweep(spec, store=swept.store, home=swept.home, run_id=run_id, report=report)
    record = swept.store.sweep(run_id)
    assert (record.state, record.done, record.error) == ("cancelled", 0, "Cancelled. What had finished is kept.")
    assert swept.store.variants(sweep=run_id) == []


def test_every_environment_has_its_own_figures_and_the_first_one_places_the_points(swept: Swept) -> None:
    text = make_spec("environments", "none").text
    spec = parse(text.replace("measure: {", "measure: {batch_sizes: [1, 8], "))
    result = run_sweep(spec, store=swept.store, home=swept.home)
    variants = swept.store.variants(sweep=result.run_id)
    own = {v.name: v for v in variants if v.measures is None}
    further = {v.name: v for v in variants if v.measures is not None}
    assert (result.variants, result.executed, len(own), len(further)) == (2, 2, 2, 2)
    for name, variant in further.items():
        assert (variant.measures, variant.structure) == (own[name].run_id, own[name].structure)
        assert (own[name].environment, variant.environment) == (current().key, current(batch=8).key)
        assert variant.metrics["throughput_per_s"] == own[name].metrics["throughput_per_s"] == pytest.approx(8000 / variant.metrics["latency_ms"])
        assert variant.metrics["accuracy"] == own[name].metrics["accuracy"]
        profile = json.loads(swept.store.file(variant.run_id, "profile.json").read_text())
        assert profile["time"]["latency_ms"] == variant.metrics["latency_ms"]
        assert sum(layer["params"] for layer in profile["layers"]) == own[name].metrics["params"]
    again = run_sweep(spec, store=swept.store, home=swept.home)
    assert again.executed == 0
    assert {v.run_id: v.ended_ms for v in swept.store.variants(sweep=result.run_id)} == {v.run_id: v.ended_ms for v in variants}

    begun = next(iter(further.values()))  # as a kill leaves it between its making and its figures
    swept.store._client.update_run(begun.run_id, status="RUNNING")
    swept.store._set_tags(begun.run_id, {"metrics": "", "figures": ""})
    assert len(swept.store.variants(sweep=result.run_id)) == 3
    assert run_sweep(spec, store=swept.store, home=swept.home).executed == 0
    assert {v.run_id: v.metrics for v in swept.store.variants(sweep=result.run_id)} == {v.run_id: v.metrics for v in variants}


def test_a_search_is_another_where_what_was_brought_is_and_in_a_storage_that_is_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = SimpleNamespace(name="a", key="k", task="digits")
    driver: Any = SimpleNamespace(spec=spec, home=tmp_path, run_id="r1")
    own = own_search_storage(tmp_path)
    assert [_study_name(driver, storage) for storage in (own, "postgresql://shared")] == ["a k", "a k r1"]
    weights = [Checkpoint(name="mine", path="w.pt", sha256=sha256) for sha256 in ("1", "2")]
    names = set()
    for one in weights:
        monkeypatch.setattr("effcore.sweep.known", lambda one=one: Registry(checkpoints={"mine": (one, "")}))
        names.add(_study_name(driver, own))
    assert len(names) == 2 and all(name.startswith("a k ") for name in names)
