"""One stage in a child: reused, retried when it is lost, failed with its cause."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from processes import HERE, ROOT, wait_until

from effcore.errors import Cancelled, StageError
from effcore.execution.worker import Outcome, Worker
from effcore.host import VARIABLE
from effcore.plan import Stage
from effcore.stages import CPU_VARIABLE


def make_worker(home: Path, **more: str) -> Worker:
    variables = {"PYTHONPATH": f"{ROOT}{os.pathsep}{HERE}", VARIABLE: str(home / "host")}
    return Worker(home, preload="fake_stages", environment=variables | more)


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    found = make_worker(tmp_path)
    yield found
    found.close()


def stage(kind: str, name: str = "1", *, inputs: tuple[tuple[str, str], ...] = (), exclusive: bool = False, **config: Any) -> Stage:
    return Stage(kind, f"{kind}-{name}", config, inputs, f"class of {kind}", 2.0, exclusive)


def executions(home: Path) -> list[dict[str, Any]]:
    path = home / "executions.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_stage_runs_in_another_process_and_its_output_is_kept(worker: Worker, tmp_path: Path) -> None:
    outcome = worker.perform(stage("join", text="a"))
    assert not outcome.reused and (outcome.entry.folder / "text").read_text() == "a"
    assert outcome.entry.facts["length"] == 1 and outcome.entry.facts["pid"] != os.getpid()
    record = outcome.entry.record
    assert (record["kind"], record["class"], record["units"]) == ("join", "class of join", 2.0)
    assert record["end"] - record["start"] == record["seconds"] >= 0
    assert list((tmp_path / "logs").glob("join-1.*")) == []


def test_every_execution_is_logged_with_its_start_and_end(worker: Worker, tmp_path: Path) -> None:
    worker.perform(stage("join", text="a"))
    started, finished = executions(tmp_path)
    assert (started["event"], finished["event"]) == ("started", "finished")
    assert started["key"] == finished["key"] == "join-1" and finished["class"] == "class of join"
    assert started["start"] == finished["start"] <= finished["end"] and started["end"] is None
    assert started["exclusive"] is False


def test_an_output_that_is_there_is_taken_and_nothing_is_run(worker: Worker, tmp_path: Path) -> None:
    worker.perform(stage("join", text="a"))
    before = len(executions(tmp_path))
    again = worker.perform(stage("join", text="a"))
    assert again.reused and (again.entry.folder / "text").read_text() == "a"
    assert len(executions(tmp_path)) == before


def test_inputs_are_the_folders_of_the_stages_before(worker: Worker) -> None:
    worker.perform(stage("join", text="a"))
    outcome = worker.perform(stage("join", "2", inputs=(("model", "join-1"),), text="b"))
    assert (outcome.entry.folder / "text").read_text() == "ab"


def test_a_training_may_be_given_so_much_of_a_core_and_no_more(tmp_path: Path) -> None:
    worker = make_worker(tmp_path, **{CPU_VARIABLE: "0.5"})
    try:
        worker.perform(stage("train", cpu_s=0.0))
        with pytest.raises(StageError, match=r"training: it took more than 0.5 s of a core, the most that a training may take here."):
            worker.perform(stage("train", "2", cpu_s=60.0))
    finally:
        worker.close()
    assert [line["event"] for line in executions(tmp_path)] == ["started", "finished", "started", "failed"]


def test_an_input_that_is_gone_is_told(worker: Worker) -> None:
    expected = "join: The output of stage join-9 is gone. Run the same command again: it is built anew."
    with pytest.raises(StageError, match=expected):
        worker.perform(stage("join", inputs=(("model", "join-9"),), text="b"))


def test_a_refusal_is_the_cause_word_for_word(worker: Worker, tmp_path: Path) -> None:
    with pytest.raises(StageError) as caught:
        worker.perform(stage("refuse", text="pruning removed nothing."))
    assert str(caught.value) == "refuse: pruning removed nothing."
    assert [line["event"] for line in executions(tmp_path)] == ["started", "failed"]
    assert worker.cache.keys() == set() and list((tmp_path / "cache.tmp").iterdir()) == []
    assert list((tmp_path / "logs").glob("*.json")) == []


def test_a_mistake_is_told_by_its_kind_and_its_traceback_is_logged(worker: Worker, tmp_path: Path) -> None:
    with pytest.raises(StageError, match="crash: IndexError: list index out of range"):
        worker.perform(stage("crash"))
    (log,) = (tmp_path / "logs").glob("crash-1.*.log")
    assert "Traceback" in log.read_text()


def test_a_failed_stage_is_tried_anew_the_next_time(worker: Worker, tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(StageError):
            worker.perform(stage("refuse", text="x"))
    assert [line["event"] for line in executions(tmp_path)] == ["started", "failed"] * 2


@pytest.mark.parametrize("how", [{}, {"signal": "SIGSEGV"}, {"server": True}], ids=["killed", "segfault", "server killed"])
def test_a_child_that_is_lost_once_is_tried_again(worker: Worker, tmp_path: Path, how: dict[str, Any]) -> None:
    outcome = worker.perform(stage("lose", file=str(tmp_path / "counter"), times=1, **how))
    assert (outcome.entry.folder / "text").read_text() == "at last"
    assert (tmp_path / "counter").read_text() == "2"


@pytest.mark.parametrize(
    ("how", "cause"),
    [
        ({}, "its process was ended by SIGKILL. The system may have run out of memory. Run the same command again to go on."),
        ({"signal": "SIGSEGV"}, "its process was ended by SIGSEGV. Run the same command again to go on."),
        ({"server": True}, "the process that runs the stages was killed. Run the same command again to go on."),
    ],
)
def test_a_child_that_is_lost_twice_has_failed(worker: Worker, tmp_path: Path, how: dict[str, Any], cause: str) -> None:
    with pytest.raises(StageError) as caught:
        worker.perform(stage("lose", file=str(tmp_path / "counter"), times=99, **how))
    assert str(caught.value) == f"lose: {cause}"
    assert (tmp_path / "counter").read_text() == "2"


def test_a_process_that_leaves_without_a_word_is_told_with_its_log(worker: Worker, tmp_path: Path) -> None:
    with pytest.raises(StageError) as caught:
        worker.perform(stage("leave"))
    (log,) = (tmp_path / "logs").glob("leave-1.*.log")
    assert str(caught.value) == f"leave: its process ended with exit code 9; what it printed is in {log}."
    assert log.read_text() == "these were its last words\n"


def test_a_damaged_output_is_built_again(worker: Worker) -> None:
    first = worker.perform(stage("join", text="a"))
    (first.entry.folder / "text").write_text("b")
    again = worker.perform(stage("join", text="a"))
    assert not again.reused and (again.entry.folder / "text").read_text() == "a"


def test_two_workers_that_want_the_same_stage_run_it_once(tmp_path: Path) -> None:
    workers = [make_worker(tmp_path) for _ in range(2)]
    outcomes: list[Outcome] = []
    threads = [threading.Thread(target=lambda w=w: outcomes.append(w.perform(stage("join", text="a", seconds=0.5)))) for w in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for worker in workers:
        worker.close()
    assert sorted(outcome.reused for outcome in outcomes) == [False, True]
    assert [line["event"] for line in executions(tmp_path)] == ["started", "finished"]


def test_closing_ends_what_runs_as_cancelled_and_starts_nothing_more(worker: Worker, tmp_path: Path) -> None:
    caught: list[BaseException] = []

    def run() -> None:
        try:
            worker.perform(stage("join", text="a", seconds=600))
        except Cancelled as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    wait_until(lambda: executions(tmp_path))
    worker.close()
    thread.join()
    assert [str(error) for error in caught] == ["The sweep was cancelled."]
    with pytest.raises(Cancelled):
        worker.perform(stage("join", "2", text="b"))
    assert worker.cache.keys() == set() and len(executions(tmp_path)) == 1
