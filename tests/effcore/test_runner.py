"""The queue, as far as it goes without a page: whose turn it is, and a point that is measured again."""

from __future__ import annotations

import subprocess
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mlflow.exceptions import MlflowException
from stores import make_record, make_spec

from effcore import runner
from effcore.errors import StoreLocked
from effcore.home import is_held, is_paused, locked, pause
from effcore.runner import PAUSED, next_of, run_queue
from effcore.tracking import Store, SweepRecord


def test_a_point_that_can_not_be_measured_again_keeps_its_figures_and_gets_the_cause(tmp_path: Path) -> None:
    store = Store(tmp_path / "home")
    spec = make_spec()
    sweep = store.open_sweep(spec)
    run_id = store.log_variant(sweep, make_record(sweep, spec.recipes[0], artifact="model.onnx"))
    store.finish_sweep(sweep, status="FINISHED")
    before = store.variants()
    store.set_again(run_id, "waiting")
    assert store.asked_again() == [run_id]
    run_queue(store, home=tmp_path / "home", once=True)
    answer = store.again(run_id)
    assert answer.state == "failed" and answer.error
    assert "Traceback" not in answer.error
    assert store.asked_again() == []
    assert Store(tmp_path / "home").variants() == before


def test_the_address_of_the_store_stands_on_no_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "home")
    store.uri = "postgresql://ada:geheim@db/runs"
    shows = "import os, sys; print(open('/proc/self/cmdline').read().replace(chr(0), ' ')); print(os.environ['EFFCORE_TRACKING_URI'])"
    popen = subprocess.Popen

    def start(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        return popen([command[0], "-c", shows, *command[1:]], **options)

    monkeypatch.setattr(runner.subprocess, "Popen", start)
    assert runner._run_command(["measure", "one"], store, tmp_path / "home", tmp_path / "log") == 0
    line, uri = (tmp_path / "log").read_text().splitlines()
    assert "measure one --home" in line and "geheim" not in line and uri == store.uri


def sweep(name: str, owner: str, *, filed: int, state: str = "waiting", ended: int | None = None) -> SweepRecord:
    return SweepRecord(
        run_id=name, name=name, key=name, state=state, task="digits", objectives=("accuracy",), total=1, done=0, failed=0, started_ms=filed,
        ended_ms=ended, heartbeat_ms=filed, error="", origin="page", owner=owner,
    )  # fmt: skip


def free(record: SweepRecord) -> bool:
    return True


def order(sweeps: list[SweepRecord]) -> list[str]:
    """Names in the order in which they are run, each for one unit of time."""
    names, now = [], 1000
    while (found := next_of(sweeps, is_free=free)) is not None:
        now += 1
        names.append(found.name)
        sweeps = [replace(s, state="done", ended_ms=now) if s is found else s for s in sweeps]
    return names


def test_owners_take_turns_however_many_sweeps_one_files() -> None:
    filed = [sweep(f"a{n}", "ada", filed=n) for n in range(4)] + [
        sweep("b0", "bob", filed=10),
        sweep("c0", "cy", filed=11),
        sweep("b1", "bob", filed=12),
    ]
    assert order(filed) == ["a0", "b0", "c0", "a1", "b1", "a2", "a3"]


def test_who_was_served_before_waits_for_who_was_not() -> None:
    assert order([sweep("old", "ada", filed=1, state="done", ended=5), sweep("a", "ada", filed=6), sweep("b", "bob", filed=7)]) == ["b", "a"]


def test_an_interrupted_sweep_goes_first_and_one_of_a_command_is_left_alone() -> None:
    filed = [
        sweep("a", "ada", filed=1),
        sweep("stopped", "bob", filed=2, state="stopped"),
        replace(sweep("theirs", "", filed=0, state="stopped"), origin="command"),
    ]
    found = next_of(filed, is_free=free)
    assert found is not None and found.name == "stopped"
    assert next_of([], is_free=free) is None


def test_a_sweep_whose_process_is_gone_is_gone_on_with_before_its_silence_tells(tmp_path: Path) -> None:
    filed = [sweep("a", "ada", filed=1), sweep("left", "bob", filed=2, state="running"), replace(sweep("theirs", "", filed=0), origin="command")]

    def unheld(record: SweepRecord) -> bool:
        return not is_held(tmp_path, f"sweep-{record.key}")

    assert next_of(filed, is_free=unheld) is filed[1]
    with locked(tmp_path, "sweep-left"):
        assert next_of(filed, is_free=unheld) is filed[2]
    assert next_of(filed, is_free=unheld) is filed[1]


def test_a_sweep_that_lives_is_never_taken_however_long_it_was_silent() -> None:
    filed = [sweep("silent", "ada", filed=1, state="stopped"), sweep("begun", "ada", filed=2), sweep("b", "bob", filed=3)]
    found = next_of(filed, is_free=lambda record: record.name == "b")
    assert found is not None and found.name == "b"
    assert next_of(filed[:2], is_free=lambda record: False) is None


def test_a_sweep_that_another_process_runs_by_now_keeps_its_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, spec = Store(tmp_path / "home"), make_spec()
    run_id = store.schedule(spec.text)
    record = store.sweep(run_id)

    def command(arguments: list[str], store: Store, home: Path, log: Path) -> int:
        """What `effcore run --run-id` does where the sweep is being run: it begins nothing and fails."""
        store.open_sweep(spec, run_id=run_id)
        log.parent.mkdir(exist_ok=True)
        log.write_text("effcore: The sweep 'one' is being run already.")
        return 2

    monkeypatch.setattr(runner, "_run_command", command)
    with locked(tmp_path / "home", f"sweep-{spec.key}"):
        runner._run(record, store, tmp_path / "home")
        assert (store.sweep(run_id).state, store.sweep(run_id).error) == ("running", "")
    runner._run(record, store, tmp_path / "home")
    assert store.sweep(run_id).state == "failed"


def test_a_paused_queue_begins_nothing_and_goes_on_later(tmp_path: Path) -> None:
    store = Store(tmp_path / "home")
    spec = make_spec()
    sweep_run = store.open_sweep(spec)
    run_id = store.log_variant(sweep_run, make_record(sweep_run, spec.recipes[0], artifact="model.onnx"))
    store.finish_sweep(sweep_run, status="FINISHED")
    store.set_again(run_id, "waiting")
    pause(tmp_path / "home", True)
    run_queue(store, home=tmp_path / "home", once=True)
    assert is_paused(tmp_path / "home") and store.again(run_id).state == "waiting"
    pause(tmp_path / "home", False)
    pause(tmp_path / "home", False)
    run_queue(store, home=tmp_path / "home", once=True)
    assert store.again(run_id).state == "failed"


def test_a_paused_sweep_is_left_alone_and_one_that_was_resumed_at_once_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "home")
    still, soon = (store.schedule(make_spec(name).text) for name in ("still", "soon"))
    ran: list[str] = []

    def command(arguments: list[str], store: Store, home: Path, log: Path) -> int:
        """What `effcore run --run-id` does with a sweep that is paused while it runs."""
        run_id = arguments[-1]
        ran.append(run_id)
        store.open_sweep(make_spec("still" if run_id == still else "soon"), run_id=run_id)
        if ran.count(run_id) == 2:
            store.finish_sweep(run_id, status="FINISHED")
            return 0
        store.pause(run_id)
        store.requeue(run_id)
        if run_id == soon:
            store.resume(run_id)
        return PAUSED

    monkeypatch.setattr(runner, "_run_command", command)
    run_queue(store, home=tmp_path / "home", once=True)
    assert ran == [still, soon, soon]
    assert [(store.sweep(run_id).state, store.sweep(run_id).error) for run_id in (still, soon)] == [("paused", ""), ("done", "")]


def test_a_store_that_can_not_be_used_for_a_while_is_told_of_once_and_the_queue_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(tmp_path / "home")
    run_id, known = store.schedule(make_spec().text), store.sweeps
    held: list[Exception] = [StoreLocked("held by another program"), StoreLocked("held by another program"), MlflowException("disk I/O error")]

    def sweeps() -> list[SweepRecord]:
        if held:
            raise held.pop(0)
        return known()

    def command(arguments: list[str], store: Store, home: Path, log: Path) -> int:
        store.finish_sweep(run_id, status="FINISHED")
        return 0

    monkeypatch.setattr(runner, "POLL_S", 0.0)
    monkeypatch.setattr(runner, "_run_command", command)
    monkeypatch.setattr(store, "sweeps", sweeps)
    run_queue(store, home=tmp_path / "home", once=True)
    assert store.sweep(run_id).state == "done"
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("The tracking store")]
    assert [line.rpartition(": ")[2] for line in told] == ["held by another program", "disk I/O error"]


def test_a_sweep_that_is_being_filed_is_not_taken_for_one_that_was_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, other = Store(tmp_path / "home"), Store(tmp_path / "home")
    first = store.schedule(make_spec().text)
    created, looked, update = threading.Event(), threading.Event(), other._client.update_run

    def late(run_id: str, **options: Any) -> None:
        created.set()
        looked.wait(1.0)
        update(run_id, **options)

    monkeypatch.setattr(other._client, "update_run", late)
    filing = threading.Thread(target=other.schedule, args=(make_spec().text.replace("name: ", "name: another "),))
    filing.start()
    assert created.wait(30)
    assert [s.state for s in store.sweeps() if s.run_id != first] == ["running"], "as it stands there meanwhile"
    found = runner._next(store, tmp_path / "home")
    looked.set()
    filing.join()
    assert found is not None and found.run_id == first
