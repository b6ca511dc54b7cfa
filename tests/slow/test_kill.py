"""`kill -9` in every phase, of whatever there is to kill: the same command goes on, and nothing is done twice or left behind."""

from __future__ import annotations

import hashlib
import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from homes import Home, wait_for

from effcore.tracking import Store

pytestmark = pytest.mark.slow

# Batches of four make an epoch last long enough to be hit from outside.
SPEC = """
name: killed
task: digits
recipes:
  - - architecture: {family: mlp, width: 0.25}
    - training: {epochs: 2, batch_size: 4}
    - runtime: onnxruntime
  - - architecture: {family: mlp, width: 0.25}
    - training: {epochs: 2, batch_size: 4}
    - pruning: {amount: 0.5, fine_tune: 1}
    - quantization: {mode: static, bits: 8}
    - runtime: onnxruntime
measure: {processes: 3, width: 1.0, max_s: 1}
"""
STAGES = {"train": 2, "transform": 1, "export": 2, "evaluate": 2, "measure": 2}
DETERMINISTIC = (
    "accuracy", "accuracy_low", "accuracy_high", "val_accuracy", "size_mb", "size_compressed_mb", "params", "nonzero_params", "macs",
    "train_epochs",
    "train_samples",
)  # fmt: skip

Result = dict[str, tuple[dict[str, float], str]]


def result(home: Home) -> Result:
    """Of every variant the figures that do not depend on time, and the digest of its file."""
    store = Store(home.path)
    found: Result = {}
    for variant in store.variants():
        assert variant.status == "FINISHED" and variant.artifact, variant.error
        assert variant.name not in found, "a variant is there twice"
        assert {"latency_ms", "peak_ram_mb", "model_ram_mb"} <= variant.metrics.keys()
        digest = hashlib.sha256(store.file(variant.run_id, variant.artifact).read_bytes()).hexdigest()
        found[variant.name] = {name: variant.metrics[name] for name in DETERMINISTIC}, digest
    return found


@pytest.fixture(scope="module")
def undisturbed(shared_home: Home) -> Result:
    """What a sweep comes to that nobody disturbed."""
    document = shared_home.start("run", shared_home.file("killed", SPEC), "--json").well()
    assert document["stages"] == {"executed": sum(STAGES.values()), "reused": 0}
    shared_home.gone()
    assert Counter(line["event"] for line in shared_home.executions()) == {"started": 9, "finished": 9}
    return result(shared_home)


def check(home: Home, undisturbed: Result) -> None:
    """Everything is there once, nothing was done again, nothing runs or seems to."""
    home.gone()
    finished: Counter[str] = Counter()
    for line in home.executions():
        assert line["event"] in ("started", "finished"), line
        assert line["key"] not in finished, "a finished stage was executed again"
        finished[line["key"]] += line["event"] == "finished"
        finished += Counter()
    # A stage that was killed between keeping its output and saying so has no second line, and is not done again either.
    kept = Counter(key.split("-")[0] for key in os.listdir(home.path / "cache"))
    assert kept == STAGES
    assert all(count == 1 for count in finished.values())
    assert home.statuses("sweep") == ["FINISHED"]
    assert home.statuses("variant") == ["FINISHED", "FINISHED"]
    assert all_statuses(home) == ["FINISHED"] * 3
    assert result(home) == undisturbed


def all_statuses(home: Home) -> list[str]:
    """MLflow's own word on every run in the store, effcore's or not."""
    from mlflow import MlflowClient
    from mlflow.entities import ViewType

    client = MlflowClient(tracking_uri=f"sqlite:///{home.path / 'mlflow.db'}")
    experiments = [e.experiment_id for e in client.search_experiments(view_type=ViewType.ALL)]
    return [run.info.status for run in client.search_runs(experiments, run_view_type=ViewType.ALL)]


def a_store(home: Home) -> bool:
    """The tables of the tracking store are being made, and are half there: MLflow can't go on with such a one."""
    return home.store_bytes() > 400_000


def a_plan(home: Home) -> bool:
    """The sweep is in the store and no stage has begun."""
    return home.statuses("sweep") == ["RUNNING"]


def a_training(home: Home) -> bool:
    """The second rung is being trained; the first must not be again."""
    return bool(home.running("train")) and len(home.started("train")) == 2


def a_fine_tuning(home: Home) -> bool:
    return bool(home.running("transform"))


def an_export(home: Home) -> bool:
    return bool(home.running("export"))


def a_measurement(home: Home) -> bool:
    """A measuring process runs, which no signal to the sweep's own processes reaches."""
    return bool(home.running("measure")) and home.measures()


def a_log_entry(home: Home) -> bool:
    """A variant has been begun in MLflow and not ended."""
    return "RUNNING" in home.statuses("variant")


def the_last_log_entry(home: Home) -> bool:
    return sorted(home.statuses("variant")) == ["FINISHED", "RUNNING"]


MOMENTS = {
    True: (a_store, a_training, an_export, a_log_entry),
    False: (a_plan, a_fine_tuning, a_measurement, the_last_log_entry),
}
"""In the order in which they come; by whether the whole group is killed, or the driver alone."""


@pytest.mark.parametrize("group", [True, False], ids=("whole group", "driver alone"))
def test_a_sweep_that_is_killed_at_one_moment_after_the_other_goes_on_each_time(home: Home, undisturbed: Result, group: bool) -> None:
    spec, before = home.file("killed", SPEC), Counter[str]()
    for moment in MOMENTS[group]:
        command = home.start("run", spec)
        wait_for(lambda moment=moment: moment(home), command)
        command.kill(group=group)
        home.gone()
        finished = Counter(line["key"] for line in home.executions() if line["event"] == "finished")
        assert finished >= before, "what had finished was forgotten"
        before = finished

    document = home.start("run", spec, "--json").well()
    assert document["variants"] == 2 and document["failed"] == 0
    assert document["stages"]["executed"] + document["stages"]["reused"] == 9
    assert document["stages"]["reused"] >= len(before)
    check(home, undisturbed)


def kill(home: Home, pid: int) -> None:
    """`kill -9` of one process that is there."""
    os.kill(pid, signal.SIGKILL)


def test_a_sweep_survives_the_death_of_its_stages(home: Home, undisturbed: Result) -> None:
    spec = home.file("killed", SPEC)
    command = home.start("run", spec, "--json")
    killed = []
    for kind in ("train", "transform", "export", "measure"):
        wait_for(lambda kind=kind: a_measurement(home) if kind == "measure" else home.running(kind), command)
        line = home.running(kind)[0]
        kill(home, line["pid"])
        killed.append((line["key"], line["pid"]))
    assert command.well()["failed"] == 0
    lines = home.executions()
    for key, pid in killed:
        starts = [line["pid"] for line in lines if line["key"] == key and line["event"] == "started"]
        assert len(starts) == 2 and starts[0] == pid, "the stage that was killed was begun once more"
        assert [line["pid"] for line in lines if line["key"] == key and line["event"] == "finished"] == starts[1:]
    check(home, undisturbed)
    assert home.start("run", spec, "--json").well()["stages"] == {"executed": 0, "reused": 9}
    check(home, undisturbed)


def test_a_sweep_survives_the_death_of_the_fork_server(home: Home, undisturbed: Result) -> None:
    spec = home.file("killed", SPEC)
    command = home.start("run", spec, "--json")
    servers: list[int] = []
    # While it loads torch, and twice while its children work: a stage is tried again once, so never the same one is hit twice.
    moments: list[Callable[[Home], Any]] = [Home.server, a_fine_tuning, a_measurement]
    for moment in moments:
        wait_for(lambda moment=moment: moment(home), command)
        server = wait_for(home.server, command)
        children = [line["pid"] for kind in STAGES for line in home.running(kind)]
        kill(home, server)
        assert server not in servers
        servers.append(server)
        wait_for(lambda children=children, server=server: not ({server, *children} & home.alive().keys()), command)
    assert command.well()["failed"] == 0
    check(home, undisturbed)
    assert home.start("run", spec, "--json").well()["stages"] == {"executed": 0, "reused": 9}
    check(home, undisturbed)


def test_the_moments_hit_every_phase(undisturbed: Result, shared_home: Home) -> None:
    """The phases of a sweep are those that are hit above; a new kind of stage needs a moment of its own."""
    assert {line["kind"] for line in shared_home.executions()} == STAGES.keys()
    assert Path(shared_home.path / "mlflow.db").exists() and len(undisturbed) == 2
