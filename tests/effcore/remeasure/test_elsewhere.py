"""Measuring again, and on a machine without effcore: what is packed, what comes back, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stores import copy_store, make_record, make_spec
from typer.testing import CliRunner

from effcore.analysis.frontier import Variant, find_frontier
from effcore.cache import Cache
from effcore.catalogue import TASKS
from effcore.cli import app
from effcore.context import current_context
from effcore.errors import EffcoreError
from effcore.measure.environment import current
from effcore.plan import measure_stage
from effcore.remeasure import remeasure
from effcore.remeasure.bundle import write_bundle
from effcore.remeasure.imported import import_results
from effcore.spec import Measure, parse
from effcore.takeaway import take_away
from effcore.tasks import load
from effcore.tracking import Store

QUICK = Measure(processes=3, width=1.0, max_s=1.0)
ISOLATED = "import runpy, sys; sys.modules['effcore'] = None; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"


def network(path: Path, *, seed: int) -> Path:
    """A linear classifier of digits, as ONNX."""
    from onnx import TensorProto, helper, numpy_helper

    channels, height, width = TASKS["digits"].shape
    weights = np.random.default_rng(seed).normal(size=(height * width, 10)).astype(np.float32)
    nodes = [
        helper.make_node("Cast", ["image"], ["x"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w"], ["logits"]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", channels, height, width])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 10])
    graph = helper.make_graph(nodes, "g", [image], [logits], [numpy_helper.from_array(weights, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path


@dataclass
class Home:
    folder: Path
    store: Store
    sweep: str

    def own(self) -> list[Variant]:
        return [v for v in self.store.variants() if v.measures is None]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Home:
    folder = tmp_path_factory.mktemp("elsewhere")
    store, spec, data = copy_store(empty_store, folder), make_spec(seeds=(0, 1)), load("digits")
    sweep = store.open_sweep(spec)
    correct = {"test": [0] * len(data.test.labels), "validation": [0] * len(data.validation.labels)}
    for recipe, seed in spec.variants[:2]:
        path = network(folder / f"model{seed}.onnx", seed=seed)
        record = make_record(
            sweep, recipe, seed=seed, files={"model.onnx": path}, documents={"correct.json": correct, "samples.json": {"environment": {}}},
            artifact="model.onnx", structure="aaaa", environment="another",
            metrics={"accuracy": 0.5, "latency_ms": 9.0, "latency_p99_ms": 9.0, "throughput_per_s": 9.0, "size_mb": 0.1},
            runtime="onnxruntime 1.32.0",
        )  # fmt: skip
        store.log_variant(sweep, record)
    return Home(folder, store, sweep)


@pytest.fixture(scope="module")
def results(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the script of a bundle wrote, in an interpreter that can't import effcore."""
    folder = tmp_path_factory.mktemp("bundle") / "b"
    sized = Measure(processes=3, width=1.0, max_s=1.0, batch_sizes=[1, 4])
    write_bundle(home.store.variants(), store=home.store, folder=folder, settings=sized)
    command = [sys.executable, "-I", "-c", ISOLATED, str(folder / "measure.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder / "results.json"


def test_a_bundle_is_one_folder_with_two_lines_of_requirements(home: Home, results: Path) -> None:
    names = {p.name for p in results.parent.iterdir()}
    assert {"artifacts", "bundle.json", "images-digits.npz", "measure.py", "probe.py", "requirements.txt"} <= names
    requirements = (results.parent / "requirements.txt").read_text().splitlines()
    assert requirements == [f"numpy=={np.__version__}", "onnxruntime==1.32.0"]
    assert len(list((results.parent / "artifacts").iterdir())) == 2


def test_a_point_of_pytorch_asks_for_a_version_that_an_index_has(tmp_path: Path, empty_store: Path) -> None:
    store, spec = copy_store(empty_store, tmp_path / "home"), parse(make_spec().text.replace("onnxruntime", "torch"))
    sweep = store.open_sweep(spec)
    (tmp_path / "model.pt2").write_text("a program")
    files = {"model.pt2": tmp_path / "model.pt2"}
    store.log_variant(sweep, make_record(sweep, spec.recipes[0], files=files, artifact="model.pt2", runtime="torch 2.13.0+cpu"))
    write_bundle(store.variants(), store=store, folder=tmp_path / "b", settings=QUICK)
    lines = (tmp_path / "b" / "requirements.txt").read_text().splitlines()
    assert "torch==2.13.0" in lines and not any("+" in line for line in lines)
    take_away(store.variants()[0], store=store, folder=tmp_path / "t")
    assert "Needs: pip install torch==2.13.0\n" in (tmp_path / "t" / "example.py").read_text()


def test_a_structure_is_measured_once_in_each_environment(results: Path) -> None:
    document = json.loads(results.read_text())
    assert [(m["structure"], m["environment"]["batch"]) for m in document["measured"]] == [("aaaa", 1), ("aaaa", 4)]
    assert len(document["answers"]) == 2


def test_what_comes_back_stands_in_its_own_environment_with_its_accuracy(home: Home, results: Path) -> None:
    written = import_results(results, store=home.store)
    assert len(written) == 4
    found = {v.run_id: v for v in home.store.variants()}
    nested = [found[run_id] for run_id in written]
    assert {v.environment for v in nested} == {current().key, current(batch=4).key}
    assert {v.measures for v in nested} == {v.run_id for v in home.own()}
    data = load("digits").test
    for variant in nested:
        own = found[str(variant.measures)]
        assert own.metrics["accuracy"] == 0.5 and own.metrics["latency_ms"] == 9.0
        flat = data.images.reshape(len(data.labels), -1).astype(np.float32)
        weights = np.random.default_rng(variant.seed).normal(size=(flat.shape[1], 10)).astype(np.float32)
        assert variant.metrics["accuracy"] == pytest.approx(float((np.argmax(flat @ weights, axis=1) == data.labels).mean()))
        assert variant.metrics["size_mb"] == 0.1
        assert variant.metrics["latency_ms"] < 9.0
        assert variant.metrics.get("latency_p99_ms") != 9.0
        assert ("throughput_per_s" in variant.metrics) == (variant.environment == current(batch=4).key)
    assert len(home.store.variants()) == 6
    import_results(results, store=home.store)
    assert len(home.store.variants()) == 6, "again is the same runs"


def test_no_frontier_mixes_environments(home: Home, results: Path) -> None:
    import_results(results, store=home.store)
    variants = home.store.variants()
    usual = find_frontier(variants, ("accuracy", "latency_ms"))
    assert usual.environment == "another" and not usual.left_out
    for key in ("another", current().key, current(batch=4).key):
        found = find_frontier(variants, ("accuracy", "latency_ms"), environment=key)
        assert len(found.points) == 1
        assert {v.environment for p in found.points for v in p.variants} == {key}
        assert found.left_out == ()


CHANGES: list[tuple[Callable[[Any], Any], str]] = [
    (lambda d: d | {"schema": "effcore-results-0"}, "schema: Input should be 'effcore-results-1'"),
    (lambda d: d | {"more": 1}, "more: Extra inputs are not permitted"),
    (lambda d: d | {"answers": [d["answers"][0] | {"run_id": "nobody"}]}, "figures of the run 'nobody', which is no point of"),
    (lambda d: d | {"answers": [d["answers"][0] | {"sha256": "0" * 64}]}, "figures of another file than the one"),
    (lambda d: d | {"answers": [d["answers"][0] | {"correct": {"test": [1], "validation": [1]}}]}, "must have an answer for every image of digits"),
    (lambda d: d | {"measured": [d["measured"][0] | {"others_before": float("nan")}]}, "others_before: Input should be a finite number"),
    (lambda d: d | {"measured": []}, "must hold measurements of every point"),
    (lambda d: d | {"runtimes": {}}, "must say the version of every runtime that it measured. It does not of onnxruntime"),
    (lambda d: d | {"reference_version": 0}, "has ratios to reference 0"),
    (lambda d: [], "is not what measure.py of a bundle writes"),
]


@pytest.mark.parametrize(("change", "text"), CHANGES, ids=[text for _, text in CHANGES])
def test_results_that_are_not_as_they_must_be_are_refused(home: Home, results: Path, tmp_path: Path, change: Any, text: str) -> None:
    before = home.store.version()
    path = tmp_path / "results.json"
    path.write_text(json.dumps(change(json.loads(results.read_text()))))
    with pytest.raises(EffcoreError) as raised:
        import_results(path, store=home.store)
    assert text in str(raised.value)
    assert home.store.version() == before


def test_what_is_no_json_is_refused(home: Home, tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text("{")
    with pytest.raises(EffcoreError, match="must be the JSON that measure.py of a bundle wrote"):
        import_results(tmp_path / "results.json", store=home.store)
    with pytest.raises(EffcoreError, match="can't be read: No such file"):
        import_results(tmp_path / "none.json", store=home.store)


def test_a_folder_with_something_in_it_is_refused(home: Home, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(EffcoreError, match="must be a folder that is empty or not there yet"):
        write_bundle(home.own(), store=home.store, folder=tmp_path, settings=QUICK)
    with pytest.raises(EffcoreError, match="must hold at least one point with a file"):
        write_bundle([], store=home.store, folder=tmp_path / "b", settings=QUICK)


def test_measuring_again_writes_every_environment_and_tells_how_quiet_it_was(home: Home) -> None:
    lines: list[str] = []
    settings = QUICK.model_copy(update={"batch_sizes": [1, 2]})
    of_the_sweep = Measure(processes=7)
    written = remeasure(
        home.store.variants(), store=home.store, home=home.folder, settings=settings, kept_as=of_the_sweep, report=lines.append
    )
    assert len(written) == 4 and len(lines) == 2
    assert "quiet: others used" in lines[0] and "batch 1" in lines[0] and "batch 2" in lines[1]
    found = {v.run_id: v for v in home.store.variants()}
    assert {found[run_id].environment for run_id in written} == {current().key, current(batch=2).key}
    profile = json.loads(home.store.file(written[0], "profile.json").read_text())
    assert [layer["name"] for layer in profile["layers"]] == ["Gemm 1"]
    assert profile["time"]["operators"][-1]["operator"] == "runtime overhead"
    stage = measure_stage(
        "aaaa", "", task="digits", runtime="onnxruntime", settings=of_the_sweep.settings, environment=current().key, context=current_context()
    )
    kept = Cache(home.folder).find(stage.key)
    assert kept is not None, "the sweep itself finds this measurement when it is run again"
    assert kept.facts["metrics"]["latency_ms"] == found[written[0]].metrics["latency_ms"]
    samples = json.loads((kept.folder / "samples.json").read_text())
    assert len(samples["latency"]["processes"]) < of_the_sweep.processes, "measured as was asked, and kept as the sweep's"


# ---- the command line


def command(*arguments: str, home: Home) -> str:
    done = CliRunner().invoke(app, [*arguments, "--home", str(home.folder)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


SECTION = "measure: {processes: 4, width: 0.5, max_s: 2, batch_sizes: [1, 2]}\n"


def test_measuring_again_is_as_the_sweep_says_where_nothing_else_is_given(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, spec = copy_store(empty_store, tmp_path), parse(make_spec().text + SECTION)
    sweep = store.open_sweep(spec)
    store.log_variant(sweep, make_record(sweep, spec.recipes[0], artifact="model.onnx"))
    asked: list[tuple[Measure, Measure]] = []
    monkeypatch.setattr("effcore.remeasure.remeasure", lambda variants, *, settings, kept_as, **rest: asked.append((settings, kept_as)) or [])
    of_the_sweep = Measure(processes=4, width=0.5, max_s=2, batch_sizes=[1, 2])
    for options, settings in (((), of_the_sweep), (("--max-s", "5"), of_the_sweep.model_copy(update={"max_s": 5.0}))):
        done = CliRunner().invoke(app, ["measure", *options, "--home", str(tmp_path)], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        assert asked.pop() == (settings, of_the_sweep)


@pytest.mark.parametrize("option", ["--width", "--max-s", "--batch-size", "--threads"])
def test_what_a_bundle_measured_is_not_told_how(home: Home, tmp_path: Path, option: str) -> None:
    with pytest.raises(EffcoreError, match="--import takes no --width"):
        command("measure", "--import", str(tmp_path / "results.json"), option, "1", home=home)


def test_bundle_and_import_by_command_take_the_batch_sizes_that_are_given(home: Home, results: Path, tmp_path: Path) -> None:
    to = tmp_path / "b"
    told = json.loads(command("bundle", home.own()[0].run_id, "--to", str(to), "--batch-size", "2", "--batch-size", "3", "--json", home=home))
    assert str(to / "measure.py") in told["files"]
    packed = json.loads((to / "bundle.json").read_text())
    assert packed["sizes"] == [[2, 1], [3, 1]]
    assert len(json.loads(command("measure", "--import", str(results), "--json", home=home))["measured"]) == 4
    with pytest.raises(EffcoreError, match="--import takes no point and no --sweep"):
        command("measure", "mlp", "--import", str(results), home=home)
    with pytest.raises(EffcoreError, match="measure.batch_sizes: must be a list of one to 8 different whole numbers"):
        command("bundle", "--to", str(tmp_path / "c"), "--batch-size", "0", home=home)


def test_measure_and_profile_by_command(home: Home) -> None:
    run_id = home.own()[0].run_id
    (written, *_) = json.loads(command("measure", run_id, "--max-s", "1", "--width", "1", "--json", home=home))["measured"]
    profile = json.loads(command("profile", written, "--json", home=home))
    assert profile["run_id"] == written and profile["environment"] == current().key
    assert profile["time"]["operators"][-1]["operator"] == "runtime overhead"
    said = command("profile", written, home=home)
    assert "runtime overhead" in said and "Gemm 1" in said and "graph and the rest" in said
