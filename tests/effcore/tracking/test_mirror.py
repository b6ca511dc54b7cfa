"""The mirror of a store: brought up to date by what changed, whoever changed it and however."""

from __future__ import annotations

import os
import shutil
import sqlite3
from functools import partial
from pathlib import Path

import pytest
from mlflow.entities import Metric, RunTag
from processes import start
from stores import copy_store, make_record, make_spec

from effcore.errors import StoreError, StoreGone, StoreLocked
from effcore.tracking import Store
from effcore.tracking.database import sqlite_path
from effcore.tracking.mirror import Mirror
from effcore.tracking.watch_client import ClientRuns
from effcore.tracking.watch_sqlite import SqliteRuns


@pytest.fixture
def store(tmp_path: Path, empty_store: Path) -> Store:
    return copy_store(empty_store, tmp_path / "home")


def watched(store: Store, kind: str) -> SqliteRuns | ClientRuns:
    if kind == "client":
        return ClientRuns(partial(store._search, experiment_id=store.experiment_id), every_s=0.0)
    path = sqlite_path(store.uri)
    assert path is not None
    return SqliteRuns(path, store.experiment_id)


def log(store: Store, sweep: str, index: int, **rest: object) -> str:
    return store.log_variant(sweep, make_record(sweep, make_spec().recipes[index], **rest))  # type: ignore[arg-type]


def run_ids(mirror: Mirror) -> set[str]:
    mirror.refresh()
    return {v.run_id for v in mirror.state()[1]}


@pytest.mark.parametrize("kind", ["sqlite", "client"])
def test_what_is_added_deleted_and_restored_is_seen_and_nothing_else_is_read(store: Store, kind: str) -> None:
    source = watched(store, kind)
    mirror = Mirror(source)
    assert run_ids(mirror) == set() and mirror.state()[0] == "0-0"
    sweep = store.open_sweep(make_spec())
    first, second = log(store, sweep, 0), log(store, sweep, 1)
    assert run_ids(mirror) == {first, second} and [s.run_id for s in mirror.sweeps()] == [sweep]
    version, held = mirror.state()
    assert list(source.changes()) == []
    assert mirror.state() == (version, held) and mirror.state()[1] is held
    store._client.delete_run(first)
    assert run_ids(mirror) == {second} and mirror.state()[0] != version
    store._client.restore_run(first)
    assert run_ids(mirror) == {first, second}
    assert {v.metrics["accuracy"] for v in mirror.state()[1]} == {0.9}


@pytest.mark.parametrize("kind", ["sqlite", "client"])
def test_a_sweep_that_beats_is_no_news_and_one_that_ends_is_seen(store: Store, kind: str) -> None:
    mirror = Mirror(watched(store, kind))
    sweep = store.open_sweep(make_spec())
    run_id = log(store, sweep, 0)
    assert run_ids(mirror) == {run_id}
    version = mirror.state()[0]
    store.beat(sweep, total=7, done=1, failed=0)
    mirror.refresh()
    (record,) = mirror.sweeps()
    assert (record.total, record.done, record.state) == (7, 1, "running") and mirror.state()[0] == version
    store.finish_sweep(sweep, status="FINISHED")
    mirror.refresh()
    assert [r.state for r in mirror.sweeps()] == ["done"] and mirror.state()[0] == version


def test_only_what_changed_is_told(store: Store) -> None:
    source = watched(store, "sqlite")
    sweep = store.open_sweep(make_spec())
    first, second = log(store, sweep, 0), log(store, sweep, 1)
    assert {run.run_id for part in source.changes() for run in part.runs} == {sweep, first, second}
    store._client.log_batch(second, tags=[RunTag("effcore.star", "1")])
    (change,) = source.changes()
    assert [(run.run_id, run.tags["effcore.star"]) for run in change.runs] == [(second, "1")] and change.gone == frozenset()
    store._client.delete_tag(second, "effcore.star")
    (change,) = source.changes()
    assert [(run.run_id, run.tags.get("effcore.star")) for run in change.runs] == [(second, None)]
    store.log_variant(sweep, make_record(sweep, make_spec().recipes[0], metrics={"accuracy": 0.25}), run_id=first)
    (change,) = source.changes()
    assert [(run.run_id, run.metrics["accuracy"]) for run in change.runs] == [(first, 0.25)]


def test_runs_that_effcore_did_not_write_are_followed_while_they_are_written(store: Store) -> None:
    mirror = Mirror(watched(store, "sqlite"))
    run = store._client.create_run(store.experiment_id, run_name="theirs")
    mirror.refresh()
    assert [(r.name, r.status, dict(r.metrics)) for r in mirror.others()] == [("theirs", "RUNNING", {})]
    store._client.log_batch(run.info.run_id, metrics=[Metric("f1", 0.5, 1, 0), Metric("loss", float("nan"), 1, 0)])
    store._client.log_param(run.info.run_id, "lr", "0.1")
    mirror.refresh()
    assert [(dict(r.metrics), dict(r.params)) for r in mirror.others()] == [({"f1": 0.5}, {"lr": "0.1"})]
    store._client.log_metric(run.info.run_id, "f1", 0.75, step=1)
    mirror.refresh()
    assert [dict(r.metrics) for r in mirror.others()] == [{"f1": 0.75}] and mirror.state()[1] == ()


def test_a_store_that_is_locked_is_said_to_be_and_goes_on_later(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("effcore.tracking.watch_sqlite.PATIENCE_S", 0.05)
    sweep = store.open_sweep(make_spec())
    first = log(store, sweep, 0)
    mirror = Mirror(watched(store, "sqlite"))
    assert run_ids(mirror) == {first}
    second = log(store, sweep, 1)
    other = sqlite3.connect(str(sqlite_path(store.uri)), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreLocked, match="is held by another program. What is shown is older"):
        mirror.refresh()
    assert {v.run_id for v in mirror.state()[1]} == {first}
    other.execute("ROLLBACK")
    other.close()
    assert run_ids(mirror) == {first, second}


def test_a_store_that_is_gone_is_said_to_be_and_another_in_its_place_is_read_anew(store: Store, tmp_path: Path) -> None:
    sweep = store.open_sweep(make_spec())
    first = log(store, sweep, 0)
    path = sqlite_path(store.uri)
    assert path is not None
    shutil.copyfile(path, tmp_path / "copy.db")
    mirror = Mirror(watched(store, "sqlite"))
    second = log(store, sweep, 1)
    assert run_ids(mirror) == {first, second}
    path.rename(tmp_path / "moved.db")
    with pytest.raises(StoreGone, match="is not there any more. Put it back"):
        mirror.refresh()
    assert {v.run_id for v in mirror.state()[1]} == {first, second}
    os.rename(tmp_path / "copy.db", path)
    assert run_ids(mirror) == {first}


def test_a_file_that_is_no_database_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match="x.db can't be read: file is not a database"):
        list(SqliteRuns(tmp_path / "x.db", "1").changes())


def test_portions_say_how_many_are_left(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("effcore.tracking.watch_sqlite.PORTION", 2)
    left: list[int] = []
    sweep = store.open_sweep(make_spec())
    logged = {log(store, sweep, 0), log(store, sweep, 1)}
    mirror = Mirror(watched(store, "sqlite"), progress=left.append)
    assert run_ids(mirror) == logged and left == [1, 0]


ANOTHER = """
import sys
from pathlib import Path
from effcore.tracking import Store
from stores import make_record, make_spec
store = Store(Path(sys.argv[1]))
print(store.log_variant(sys.argv[2], make_record(sys.argv[2], make_spec().recipes[1])))
"""


def test_what_another_process_writes_is_seen_by_both_of_two_readers(store: Store) -> None:
    sweep = store.open_sweep(make_spec())
    one, two = Mirror(watched(store, "sqlite")), Mirror(watched(store, "sqlite"))
    assert run_ids(one) == run_ids(two) == set()
    process = start(ANOTHER, store.home, sweep)
    written = process.communicate()[0].strip()
    assert process.returncode == 0
    assert run_ids(one) == run_ids(two) == {written}
