"""The commands as a user calls them: what they print and where, how they end, and what they leave alone."""

from __future__ import annotations

import json
import shlex
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from homes import ROOT, Home, wait_for

from effcore.context import current_context
from effcore.plan import make_plan
from effcore.spec import parse
from effcore.tracking import Store

pytestmark = pytest.mark.slow

QUICKSTART = ROOT / "experiments" / "quickstart.yaml"
SMALL = """
name: small
task: digits
recipe:
  - architecture: {family: mlp, width: 0.25}
  - training: {epochs: 1}
  - pruning: PRUNING
  - quantization: [none, {}]
  - runtime: onnxruntime
measure: {processes: 3, width: 1.0, max_s: 1}
"""
GOOD = SMALL.replace("PRUNING", "none")
HALF_BAD = SMALL.replace("small", "half bad").replace("PRUNING", "[none, {amount: 0.1, round_to: 64, fine_tune: 0}]")
"""Pruning to a multiple of 64 channels takes nothing away from a layer that has fewer: it fails, on half of the variants."""
WRONG = """
name: ../small
task: digit
seeds: [0, zero]
recipe:
  - architecture: {family: mlp, widht: 0.25}
  - training: {epochs: 0}
  - runtime: onnxruntime
"""

LIGHT = """
import contextlib, io, sys
from effcore.cli import main
for line in sys.stdin.read().splitlines():
    sys.argv = ["effcore", *line.split("|")]
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            main()
        except SystemExit as end:
            assert not end.code, (line, end.code)
    assert out.getvalue(), line
    heavy = {"torch", "mlflow", "distributed", "streamlit", "onnxruntime", "sqlalchemy"} & sys.modules.keys()
    assert not heavy, (line, heavy)
"""


@pytest.fixture(scope="module")
def swept(shared_home: Home) -> dict[str, Any]:
    """The document of the first run of a small sweep."""
    command = shared_home.start("run", shared_home.file("small", GOOD), "--json")
    document: dict[str, Any] = command.well()
    assert command.stderr.splitlines(), "progress goes to stderr"
    assert all(line.startswith("small: ") for line in command.stderr.splitlines()), command.stderr
    return document


def test_light_commands_load_neither_torch_nor_mlflow(home: Home) -> None:
    lines = ["--help", "run|--help", "serve|--help", "describe", "describe|--json", "describe|pruning"]
    lines += [f"check|{QUICKSTART}|--home|{home.path}", f"check|{QUICKSTART}|--json|--home|{home.path}"]
    script = home.file("light.py", LIGHT.replace("sys.stdin.read()", repr("\n".join(lines))))
    home.start_python(script).well()
    assert not home.path.exists()


def test_check_says_how_many_trainings_are_shared(home: Home) -> None:
    spec = parse(QUICKSTART.read_text())
    plan = make_plan(spec.variants, context=current_context())
    document = home.start("check", QUICKSTART, "--json").well()
    assert {"variants", "stages", "trainings", "estimated_s", "problems"} <= document.keys()
    assert document["variants"] == len(plan.variants)
    assert document["trainings"] == plan.trainings < len(plan.variants)
    assert document["stages"].keys() == {"total", "distinct", "cached"}
    assert document["stages"]["distinct"] < document["stages"]["total"] and document["stages"]["cached"] == 0
    assert document["estimated_s"] > 0 and document["problems"] == []
    text = home.start("check", QUICKSTART).well()
    assert f"{plan.trainings}, fine-tunings and teachers among them; 0 are there already" in text
    assert not home.path.exists()


def test_a_spec_with_problems_names_them_all_and_writes_nothing(home: Home, swept: dict[str, Any], shared_home: Home) -> None:
    places = ["name", "task", "seeds", "recipe[0].architecture.widht", "recipe[1].training.epochs"]
    command = home.start("check", home.file("wrong", WRONG), "--json")
    assert command.end() == 2
    problems = json.loads(command.stdout)["problems"]
    assert [p["where"] for p in problems] == places
    assert [p["line"] for p in problems] == [2, 3, 4, 6, 7]
    assert all(p.keys() == {"where", "line", "message", "hint"} for p in problems)
    for arguments in (["check"], ["run"], ["run", "--json"], ["serve"]):
        command = home.start(*arguments, home.file("wrong", WRONG))
        assert command.end() == 2
        assert command.stdout == "" and "Traceback" not in command.stderr
        assert all(place in command.stderr for place in places)
    assert not home.path.exists()

    before = shared_home.statuses("sweep"), shared_home.statuses("variant"), shared_home.executions()
    assert shared_home.start("run", shared_home.file("wrong", WRONG)).end() == 2
    assert (shared_home.statuses("sweep"), shared_home.statuses("variant"), shared_home.executions()) == before


@pytest.mark.parametrize("arguments", [["run", "no such.yaml"], ["run"], ["check", "."], ["describe", "prunning"], ["nothing"]])
def test_what_is_not_there_ends_with_2_and_one_message(home: Home, arguments: list[str]) -> None:
    command = home.start(*arguments) if arguments[0] in ("run", "check") else home.start_python("-m", "effcore", *arguments)
    assert command.end() == 2
    assert command.stdout == "" and command.stderr and "Traceback" not in command.stderr
    assert not home.path.exists()


def test_run_prints_one_document_and_a_second_run_executes_nothing(swept: dict[str, Any], shared_home: Home) -> None:
    assert {"sweep", "variants", "failed", "stages", "elapsed_s"} <= swept.keys()
    assert (swept["sweep"], swept["variants"], swept["failed"]) == ("small", 2, 0)
    assert swept["stages"]["executed"] >= 7
    shared_home.start("run", shared_home.file("small", GOOD)).well()
    before = shared_home.executions()
    table = shared_home.start("run", shared_home.file("small", GOOD)).well()
    assert "mlp x0.25 · 1 ep · int8" in table
    again = shared_home.start("run", shared_home.file("small", GOOD), "--json").well()
    assert again["stages"] == {"executed": 0, "reused": 7}
    assert shared_home.executions() == before
    assert again["run_id"] == swept["run_id"]
    shared_home.gone()


def test_frontier_has_its_stable_keys(swept: dict[str, Any], shared_home: Home) -> None:
    command = shared_home.start("frontier", "--sweep", "small", "--json")
    document = command.well()
    assert command.stderr == ""
    assert {"objectives", "environment", "variants", "left_out"} <= document.keys()
    assert document["objectives"] == ["accuracy", "latency_ms"] and document["left_out"] == []
    keys = {"run_id", "name", "recipe", "seeds", "parent", "step", "status", "error", "metrics", "artifact", "on_frontier", "probability"}
    assert all(keys <= row.keys() for row in document["variants"])
    assert {row["name"] for row in document["variants"]} == {"mlp x0.25 · 1 ep", "mlp x0.25 · 1 ep · int8"}
    assert any(row["on_frontier"] for row in document["variants"])
    budget = shared_home.start("frontier", "--sweep", "small", "--max", "latency_ms=0.000001", "--json").well()
    assert budget["variants"] == [] and len(budget["left_out"]) == 2
    wrong = shared_home.start("frontier", "--sweep", "smal")
    assert wrong.end() == 2 and "Known: small" in wrong.stderr


def test_a_failed_variant_is_a_result_with_its_cause(shared_home: Home, swept: dict[str, Any]) -> None:
    command = shared_home.start("run", shared_home.file("half bad", HALF_BAD), "--json")
    assert command.end() == 1
    document = json.loads(command.stdout)
    assert (document["variants"], document["failed"], len(document["errors"])) == (4, 2, 1)
    rows = shared_home.start("frontier", "--sweep", "half bad", "--json").well()["variants"]
    failed = [row for row in rows if row["status"] == "failed"]
    assert len(failed) == 2 and all("64" in row["error"] for row in failed)
    assert sorted(row["name"] for row in rows if row["status"] == "finished") == ["mlp x0.25 · 1 ep", "mlp x0.25 · 1 ep · int8"]
    assert Store(shared_home.path).sweep("half bad").state == "some failed"
    assert "RUNNING" not in shared_home.statuses("variant")


def test_export_writes_an_example_that_works(swept: dict[str, Any], shared_home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "to take away"
    arguments = ("export", "mlp x0.25 · 1 ep · int8", "--sweep", "small", "--to", folder)
    document = shared_home.start(*arguments, "--json").well()
    assert sorted(Path(f).name for f in document["files"]) == ["example.py", "model.onnx", "point.json"]
    assert json.loads((folder / "point.json").read_text())["name"] == "mlp x0.25 · 1 ep · int8"
    example = shared_home.start_python("-I", folder / "example.py", cwd=tmp_path)
    assert example.well().strip() in {str(digit) for digit in range(10)}
    again = shared_home.start(*arguments)
    assert again.end() == 2 and "must not be there already" in again.stderr


def test_measure_replaces_the_figures(swept: dict[str, Any], shared_home: Home) -> None:
    store = Store(shared_home.path)
    before = {v.run_id: v for v in store.variants(sweep=swept["run_id"])}
    samples = {run_id: store.file(run_id, "samples.json").read_text() for run_id in before}
    document = shared_home.start("measure", "--sweep", "small", "--width", "1", "--max-s", "1", "--json").well()
    assert sorted(document["measured"]) == sorted(before)
    store = Store(shared_home.path)
    after = {v.run_id: v for v in store.variants(sweep=swept["run_id"])}
    assert after.keys() == before.keys()
    for run_id, variant in after.items():
        assert variant.status == "FINISHED" and variant.environment == before[run_id].environment
        assert store.file(run_id, "samples.json").read_text() != samples[run_id]
        assert variant.metrics["latency_ms"] != before[run_id].metrics["latency_ms"]
        for name in ("accuracy", "size_mb", "params", "train_s"):
            assert variant.metrics[name] == before[run_id].metrics[name]
    shared_home.gone()


def test_clean_frees_and_the_next_run_builds_again(swept: dict[str, Any], shared_home: Home) -> None:
    before = {v.name: v for v in Store(shared_home.path).variants(sweep=swept["run_id"])}
    would = shared_home.start("clean", "--keep-mb", 0, "--dry-run", "--json").well()
    assert would["dry_run"] and would["freed_entries"] == would["entries"] >= 7 and would["freed_bytes"] == would["size_bytes"] > 0
    assert len(list((shared_home.path / "cache").iterdir())) == would["entries"]
    freed = shared_home.start("clean", "--keep-mb", 0, "--json").well()
    assert not freed["dry_run"] and freed["freed_entries"] == would["entries"]
    assert list((shared_home.path / "cache").iterdir()) == []
    again = shared_home.start("run", shared_home.file("small", GOOD), "--json").well()
    assert again["stages"] == {"executed": 7, "reused": 0} and again["run_id"] == swept["run_id"]
    after = {v.name: v for v in Store(shared_home.path).variants(sweep=swept["run_id"])}
    assert after.keys() == before.keys()
    for name, variant in after.items():
        assert variant.run_id == before[name].run_id
        for metric in ("accuracy", "size_mb", "params"):
            assert variant.metrics[metric] == before[name].metrics[metric]


SCRIPT = """
import sys
import effcore
spec, home = sys.argv[1:]
result = effcore.run(spec, home=home)
assert (result.variants, result.failed) == (2, 0), result
frame = effcore.frontier("small", home=home)
assert sorted(frame["name"]) == ["mlp x0.25 · 1 ep", "mlp x0.25 · 1 ep · int8"]
assert list(frame.columns)[:6] == ["name", "accuracy", "latency_ms", "size_mb", "on_frontier", "probability"]
assert {"accuracy", "latency_ms", "latency_ms_low", "size_mb", "on_frontier", "probability"} <= set(frame.columns)
predict = effcore.load("mlp x0.25 · 1 ep", sweep="small", home=home)
import numpy
assert predict(numpy.zeros((3, 1, 8, 8), dtype=numpy.uint8)).shape == (3, 10)
try:
    effcore.run(open(spec).read().replace("digits", "digit"), home=home)
except effcore.errors.SpecError as error:
    assert "Did you mean 'digits'?" in str(error)
print("well")
"""


def test_python_does_the_same(swept: dict[str, Any], shared_home: Home) -> None:
    """A script without a guard around its main part, as a notebook is."""
    command = shared_home.start_python(shared_home.file("script.py", SCRIPT), shared_home.file("small", GOOD), shared_home.path)
    assert command.well().strip() == "well"
    shared_home.gone()


MOMENTS: list[tuple[Callable[[Home], Any], signal.Signals]] = [
    (lambda home: any(home.path.glob("mlflow.db*")), signal.SIGINT),
    (Home.server, signal.SIGINT),
    (lambda home: home.running("export"), signal.SIGTERM),
    (lambda home: home.measures(), signal.SIGINT),
    (lambda home: "RUNNING" in home.statuses("variant"), signal.SIGINT),
]


def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(home: Home) -> None:
    spec = home.file("small", GOOD)
    for number, (moment, how) in enumerate(MOMENTS):
        command = home.start("run", spec, "--json")
        wait_for(lambda moment=moment: moment(home), command)
        command.process.send_signal(how)
        assert command.end() == 130, command.stderr
        home.gone()
        assert command.stdout == "" and "Traceback" not in command.stderr
        assert command.stderr.splitlines()[-1].endswith(f"To go on: {shlex.join(['effcore', 'run', str(spec), '--json', '--home', str(home.path)])}")
        assert home.statuses("sweep") == (["KILLED"] if number else [])
        assert "RUNNING" not in home.statuses("variant")
    document = home.start("run", spec, "--json").well()
    assert document["stages"]["executed"] + document["stages"]["reused"] == 7
    finished = [line["key"] for line in home.executions() if line["event"] == "finished"]
    assert len(finished) == len(set(finished)) == 7
    assert home.statuses("sweep") == ["FINISHED"] and home.statuses("variant") == ["FINISHED"] * 2
