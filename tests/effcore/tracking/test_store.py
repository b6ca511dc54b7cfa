"""What the store holds of sweeps and variants, in a real MLflow store on SQLite."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from processes import start
from stores import SPEC, copy_store, make_record, make_spec

from effcore.errors import BusyError, Cancelled, EffcoreError, SpecError, StoreError
from effcore.recipe import from_document, parent
from effcore.tracking import EXPERIMENT, Store
from effcore.tracking.rows import STALE_S


@pytest.fixture
def store(tmp_path: Path, empty_store: Path) -> Store:
    return copy_store(empty_store, tmp_path / "home")


def run_of(store: Store, run_id: str) -> Any:
    return store._client.get_run(run_id)


def children_of(store: Store, run_id: str) -> list[Any]:
    return store._search(f"tags.`mlflow.parentRunId` = '{run_id}'")


def test_an_empty_store(store: Store) -> None:
    assert store.sweeps() == [] and store.variants() == [] and store.scheduled() == []
    assert store.version() == "0-0"
    with pytest.raises(StoreError, match="There is no sweep in sqlite:.*Known: none; make one with `effcore run SPEC`."):
        store.sweep()


def test_a_store_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="The tracking store nonsense://x can't be opened: "):
        Store(tmp_path, uri="nonsense://x")


def test_a_server_that_does_not_answer_is_said_within_seconds(tmp_path: Path) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))  # taken, and nobody listens
        uri = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        with pytest.raises(StoreError, match=f"The tracking server {uri} does not answer: Connection refused. Start it, or give another"):
            Store(tmp_path, uri=uri)


@pytest.mark.parametrize("uri", ["http://ada:{}@127.0.0.1:{}", "postgresql+nothing://ada:{}@127.0.0.1:{}/runs", "nonsense://h:{1}/?password={0}"])
def test_no_error_tells_the_password_of_a_store(tmp_path: Path, uri: str) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        port = unheard.getsockname()[1]
        with pytest.raises(StoreError) as raised:
            Store(tmp_path, uri=uri.format("geheim", port))
    assert "geheim" not in str(raised.value) and uri.format("***", port) in str(raised.value)


def test_the_cause_of_a_failed_sweep_tells_no_password(store: Store) -> None:
    sweep = store.open_sweep(make_spec())
    store.finish_sweep(sweep, status="FAILED", error="MlflowException: postgresql://ada:geh/ei:m@db/runs does not answer")
    assert store.sweep(sweep).error == "MlflowException: postgresql://ada:***@db/runs does not answer"


def test_a_store_that_is_no_database_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("not a database, but text that is long enough to be read as a header")
    with pytest.raises(StoreError, match=r"file is not a database.* Put a copy of it back, or give another one with --home\."):
        Store(tmp_path)


def test_scheduling_files_the_spec_and_waits(store: Store) -> None:
    run_id = store.schedule(make_spec().text, owner="someone")
    (record,) = store.sweeps()
    assert (record.run_id, record.name, record.state, record.task) == (run_id, "one", "waiting", "digits")
    assert (record.origin, record.owner, record.objectives) == ("page", "someone", ("accuracy", "latency_ms"))
    assert record.key == make_spec().key and record.ended_ms is None and record.error == ""
    assert store.spec_text(run_id) == make_spec().text
    assert store.scheduled() == [record] == [store.sweep()] == [store.sweep("one")] == [store.sweep(run_id)]
    assert run_of(store, run_id).info.status == "SCHEDULED"


def test_scheduling_the_same_again_is_the_same_sweep(store: Store) -> None:
    first = store.schedule(make_spec().text)
    assert store.schedule(make_spec().text) == first
    assert store.schedule(make_spec().text + "description: other words\n") == first
    assert store.schedule(make_spec("two").text) != first
    assert len(store.sweeps()) == 2


def test_a_wrong_spec_is_refused_and_nothing_is_written(store: Store) -> None:
    with pytest.raises(SpecError, match="the submitted spec: 1 problem"):
        store.schedule(make_spec().text.replace("digits", "digitz"))
    assert store.sweeps() == []


def test_sweeps_wait_in_the_order_in_which_they_were_filed(store: Store) -> None:
    names = ["one", "two", "three"]
    for name in names:
        store.schedule(make_spec(name).text)
        time.sleep(0.002)
    assert [s.name for s in store.scheduled()] == names
    assert [s.name for s in store.sweeps()] == names[::-1]


def test_cancelling_what_waits_stops_it_at_once(store: Store) -> None:
    run_id = store.schedule(make_spec().text)
    store.cancel(run_id)
    assert store.sweep().state == "cancelled" and store.scheduled() == []
    with pytest.raises(Cancelled, match="The sweep was cancelled before it began."):
        store.open_sweep(make_spec(), run_id=run_id)
    assert store.sweep().state == "cancelled"
    assert store.schedule(make_spec().text) == run_id
    assert store.sweep().state == "waiting"
    assert store.open_sweep(make_spec(), run_id=run_id) == run_id


def test_cancelling_what_runs_is_heard_at_the_next_beat(store: Store) -> None:
    run_id = store.open_sweep(make_spec())
    assert store.sweep().state == "running"
    assert not store.beat(run_id, total=2, done=1, failed=0).cancel
    store.cancel(run_id)
    assert store.sweep().state == "cancelling"
    with pytest.raises(BusyError, match="The sweep 'one' is being cancelled. Launch it again when it has stopped."):
        store.schedule(make_spec().text)
    assert store.beat(run_id, total=2, done=1, failed=0).cancel
    store.finish_sweep(run_id, status="KILLED", error="Cancelled.")
    assert (store.sweep().state, store.sweep().error) == ("cancelled", "Cancelled.")


def test_cancelling_what_has_ended_changes_nothing(store: Store) -> None:
    run_id = store.open_sweep(make_spec())
    store.finish_sweep(run_id, status="FINISHED")
    store.cancel(run_id)
    assert store.sweep().state == "done"
    assert not store.beat(run_id, total=2, done=2, failed=0).cancel


@pytest.mark.parametrize("run_id", ["0" * 32, "no such run", "' OR '1'='1"])
def test_a_run_that_is_not_there(store: Store, run_id: str) -> None:
    for ask in (store.cancel, store.spec_text, lambda r: store.file(r, "recipe.json")):
        with pytest.raises(StoreError, match="There is no run"):
            ask(run_id)
    with pytest.raises(StoreError, match="There is no sweep .* Known: none"):
        store.sweep(run_id)


def test_a_run_id_that_would_change_a_search_is_refused(store: Store) -> None:
    with pytest.raises(EffcoreError, match="A run id or key holds only letters, digits and dashes. Got \"x' OR"):
        store.begun("x' OR '1' = '1")


@pytest.mark.parametrize(
    ("status", "failed", "state"),
    [("FINISHED", 0, "done"), ("FINISHED", 1, "some failed"), ("FAILED", 2, "failed"), ("KILLED", 0, "cancelled")],
)
def test_states_of_a_sweep_that_has_ended(store: Store, status: str, failed: int, state: str) -> None:
    run_id = store.open_sweep(make_spec())
    store.beat(run_id, total=2, done=2 - failed, failed=failed)
    store.finish_sweep(run_id, status=status)
    record = store.sweep()
    assert (record.state, record.total, record.done, record.failed) == (state, 2, 2 - failed, failed)
    assert record.ended_ms is not None and record.ended_ms >= record.started_ms


def test_a_sweep_that_does_not_beat_any_more_has_stopped_and_can_be_filed_again(store: Store) -> None:
    run_id = store.open_sweep(make_spec())
    store._set_tags(run_id, {"heartbeat": str(int(time.time()) - STALE_S - 5)})
    assert store.sweep().state == "stopped"
    assert store.schedule(make_spec().text) == run_id
    assert store.sweep().state == "waiting"


def test_opening_finds_the_run_of_the_same_identity(store: Store) -> None:
    filed = store.schedule(make_spec().text)
    assert store.open_sweep(make_spec()) == filed
    store.finish_sweep(filed, status="FAILED", error="because")
    assert store.open_sweep(make_spec()) == filed
    assert (store.sweep().state, store.sweep().error) == ("running", "")
    changed = store.open_sweep(make_spec(seeds=(1,)))
    assert changed != filed and store.sweep(changed).origin == "command"


def test_a_variant_is_written_whole(store: Store, tmp_path: Path) -> None:
    sweep = store.open_sweep(make_spec())
    recipe = make_spec().recipes[1]
    (tmp_path / "model.onnx").write_bytes(b"network")
    record = make_record(
        sweep, recipe, seed=3, metrics={"accuracy": 0.75, "latency_ms": 0.125}, noisy=True, artifact="model.onnx", data="images", data_ms=7,
        files={"model.onnx": tmp_path / "model.onnx"}, documents={"curve.json": [{"epoch": 1}]},
    )  # fmt: skip
    run_id = store.log_variant(sweep, record)
    (variant,) = store.variants()
    origin = parent(recipe)
    assert origin is not None
    assert (variant.run_id, variant.sweep, variant.recipe_key, variant.seed) == (run_id, sweep, recipe.key, 3)
    assert (variant.status, variant.error, variant.noisy, variant.artifact) == ("FINISHED", None, True, "model.onnx")
    assert (variant.parent, variant.technique, variant.step) == (origin.recipe.key, "training", "epochs 1")
    assert (variant.environment, variant.structure, variant.runtime) == ("e", "s", "onnxruntime 1")
    assert (variant.data, variant.data_ms) == ("images", 7)
    assert variant.metrics == {"accuracy": 0.75, "latency_ms": 0.125}
    assert from_document(variant.recipe) == recipe
    assert store.file(run_id, "model.onnx").read_bytes() == b"network"
    assert json.loads(store.file(run_id, "curve.json").read_text()) == [{"epoch": 1}]
    assert json.loads(store.file(run_id, "recipe.json").read_text()) == recipe.document
    with pytest.raises(StoreError, match=f"Run {run_id} has no file 'error.txt'"):
        store.file(run_id, "error.txt")


def test_a_variant_in_mlflows_own_words(store: Store) -> None:
    sweep = store.open_sweep(make_spec())
    run = run_of(store, store.log_variant(sweep, make_record(sweep, make_spec().recipes[0])))
    assert run.info.run_name == "mlp x1 · 1 ep · seed 0" and run.info.status == "FINISHED"
    assert run.data.tags["mlflow.parentRunId"] == sweep and run.data.tags["effcore.schema"] == "1"
    assert run.data.params["architecture.family"] == "mlp" and run.data.params["training.epochs"] == "1"
    assert run.data.params["task"] == "digits" and run.data.params["seed"] == "0"
    assert store._client.get_experiment(store.experiment_id).name == EXPERIMENT


def test_a_failed_variant_is_a_result_with_its_cause(store: Store) -> None:
    sweep = store.open_sweep(make_spec())
    record = make_record(sweep, make_spec().recipes[0], metrics={}, error="pruning removed nothing.")
    run_id = store.log_variant(sweep, record)
    (variant,) = store.variants()
    assert (variant.status, variant.error, variant.metrics) == ("FAILED", "pruning removed nothing.", {})
    assert store.file(run_id, "error.txt").read_text() == "pruning removed nothing.\n"


def test_writing_again_leaves_one_run_with_the_latest_figures(store: Store) -> None:
    sweep = store.open_sweep(make_spec())
    recipe = make_spec().recipes[0]
    run_id = store.log_variant(sweep, make_record(sweep, recipe, metrics={"accuracy": 0.5, "latency_p99_ms": 2.0}))
    again = store.log_variant(sweep, make_record(sweep, recipe, metrics={"accuracy": 0.25}), run_id=run_id)
    assert again == run_id and len(children_of(store, sweep)) == 1
    (variant,) = store.variants()
    assert variant.metrics == {"accuracy": 0.25}


def test_a_failure_that_was_overcome_leaves_no_trace_of_its_cause(store: Store) -> None:
    sweep = store.open_sweep(make_spec())
    recipe = make_spec().recipes[0]
    run_id = store.log_variant(sweep, make_record(sweep, recipe, metrics={}, error="no memory"))
    store.log_variant(sweep, make_record(sweep, recipe), run_id=run_id)
    (variant,) = store.variants()
    assert (variant.status, variant.error) == ("FINISHED", None)
    with pytest.raises(StoreError):
        store.file(run_id, "error.txt")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_figure_that_is_no_number_is_refused_and_nothing_is_written(store: Store, value: float) -> None:
    sweep = store.open_sweep(make_spec())
    record = make_record(sweep, make_spec().recipes[0], metrics={"accuracy": 0.5, "latency_ms": value})
    with pytest.raises(StoreError, match="Figures must be finite numbers. mlp x1 · 1 ep has none for latency_ms."):
        store.log_variant(sweep, record)
    assert children_of(store, sweep) == []


def test_a_rewriting_that_breaks_off_leaves_no_result_and_is_completed_by_the_next(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = store.open_sweep(make_spec())
    recipe = make_spec().recipes[0]
    run_id = store.log_variant(sweep, make_record(sweep, recipe, documents={"correct.json": [1]}))
    whole = store.variants()
    new = make_record(sweep, recipe, metrics={"accuracy": 0.25}, documents={"correct.json": [0]})

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr(store._client, "log_artifacts", full)
        store.log_variant(sweep, new, run_id=run_id)
    assert store.begun(sweep)[recipe.key, 0].status == "RUNNING"
    assert whole[0].status == "FINISHED" and [v.status for v in store.variants()] == ["RUNNING"]
    store.log_variant(sweep, new, run_id=run_id)
    (variant,) = store.variants()
    assert (variant.status, variant.metrics) == ("FINISHED", {"accuracy": 0.25})
    assert json.loads(store.file(run_id, "correct.json").read_text()) == [0]


def test_variants_are_read_once_and_again_when_they_were_written_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    from effcore.tracking.mirror import read_variant

    monkeypatch.setattr("effcore.tracking.mirror.read_variant", lambda run: read.append(run.run_id) or read_variant(run))
    sweep = store.open_sweep(make_spec())
    recipes = make_spec().recipes
    first = store.log_variant(sweep, make_record(sweep, recipes[0]))
    assert [v.run_id for v in store.variants()] == [first] and read == [first]
    version = store.version()
    time.sleep(0.002)
    second = store.log_variant(sweep, make_record(sweep, recipes[1]))
    assert [v.run_id for v in store.variants()] == [first, second] and read == [first, second]
    assert store.version() != version
    version = store.version()
    assert store.version() == version and read == [first, second]
    time.sleep(0.002)
    store.log_variant(sweep, make_record(sweep, recipes[0], metrics={"accuracy": 0.1}), run_id=first)
    assert {v.run_id: v.metrics["accuracy"] for v in store.variants()} == {first: 0.1, second: 0.9}
    assert read == [first, second, first] and store.version() != version


def test_variants_of_one_sweep(store: Store) -> None:
    runs = {}
    for name in ("one", "two"):
        sweep = store.open_sweep(make_spec(name))
        runs[sweep] = store.log_variant(sweep, make_record(sweep, make_spec(name).recipes[0]))
    assert len(store.variants()) == 2
    for sweep, run_id in runs.items():
        assert [v.run_id for v in store.variants(sweep=sweep)] == [run_id]


KILLED_WHILE_LOGGING = """
import os, signal, sys
from pathlib import Path
from effcore.tracking import Store
from stores import make_record, make_spec
store = Store(Path(sys.argv[1]))
sweep = store.open_sweep(make_spec())
def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(store._client, sys.argv[2], die)
store.log_variant(sweep, make_record(sweep, make_spec().recipes[0]))
"""


@pytest.mark.parametrize("moment", ["log_batch", "set_terminated"])
def test_a_run_that_was_left_running_is_found_and_completed(store: Store, moment: str) -> None:
    process = start(KILLED_WHILE_LOGGING, store.home, moment)
    process.communicate()
    assert process.returncode == -9
    (sweep,) = [s.run_id for s in store.sweeps()]
    assert [run.info.status for run in children_of(store, sweep)] == ["RUNNING"]
    assert store.variants() == []
    recipe = make_spec().recipes[0]
    begun = store.begun(sweep)
    assert set(begun) == {(recipe.key, 0)} and begun[recipe.key, 0].status == "RUNNING"
    store.log_variant(sweep, make_record(sweep, recipe), run_id=begun[recipe.key, 0].run_id)
    assert [run.info.status for run in children_of(store, sweep)] == ["FINISHED"]
    assert [v.metrics for v in store.variants()] == [{"accuracy": 0.9, "latency_ms": 1.5}]


def test_a_recipe_as_long_as_is_allowed_can_be_written_and_read(store: Store) -> None:
    steps = "".join(f"  - distillation: {{teacher: {{family: residual, width: 0.125, seed: {i}}}}}\n" for i in range(1))
    prunings = "".join(f"  - pruning: {{amount: 0.{100 + i}, fine_tune: {100 + i}}}\n" for i in range(26))
    from effcore.spec import parse

    text = SPEC.format(name="long", seeds=[0]).replace("[1.0, 0.5]", "1.0").replace("  - runtime", steps + prunings + "  - runtime")
    (recipe,) = parse(text).recipes
    assert len(recipe.steps) == 30
    sweep = store.open_sweep(parse(text))
    run_id = store.log_variant(sweep, make_record(sweep, recipe))
    (variant,) = store.variants()
    assert from_document(variant.recipe) == recipe
    assert run_of(store, run_id).data.params["pruning_26.amount"] == "0.125"


def test_a_measurement_elsewhere_is_a_run_of_its_own_that_shares_the_files(store: Store, tmp_path: Path) -> None:
    sweep = store.open_sweep(make_spec())
    recipe = make_spec().recipes[0]
    (tmp_path / "model.onnx").write_bytes(b"network")
    variant = store.log_variant(sweep, make_record(sweep, recipe, files={"model.onnx": tmp_path / "model.onnx"}))
    elsewhere = make_record(sweep, recipe, environment="elsewhere", metrics={"latency_ms": 9.0})
    measured = store.log_variant(variant, elsewhere, kind="measurement")
    known = store.measurement(variant, "elsewhere")
    assert known is not None and store.measurement(variant, "e2") is None
    assert (known.run_id, known.status, known.metrics) == (measured, "FINISHED", {"latency_ms": 9.0})
    store._client.update_run(measured, status="RUNNING")
    begun = store.measurement(variant, "elsewhere")
    assert begun is not None and (begun.run_id, begun.status) == (measured, "RUNNING")
    store._client.set_terminated(measured)
    assert {v.environment: v.metrics["latency_ms"] for v in store.variants(sweep=sweep)} == {"e": 1.5, "elsewhere": 9.0}
    assert store.file(measured, "model.onnx").read_bytes() == b"network"
    assert set(store.begun(sweep)) == {(recipe.key, 0)}


CREATE = """
import sys
from pathlib import Path
from effcore.tracking import Store
from stores import make_spec
store = Store(Path(sys.argv[1]))
print(store.experiment_id, store.schedule(make_spec().text))
"""


def test_two_processes_that_create_the_same_store_and_file_the_same_sweep_at_once(tmp_path: Path) -> None:
    processes = [start(CREATE, tmp_path / "a new home") for _ in range(2)]
    outputs = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert outputs[0] == outputs[1]
    assert outputs[0][1] == "", "the first use says what nobody could act on"
    assert [s.run_id for s in Store(tmp_path / "a new home").sweeps()] == [outputs[0][0].split()[1]]
