"""Runs and tables that effcore did not write, as variants."""

from __future__ import annotations

from pathlib import Path

import pytest
from mlflow.entities import Metric
from stores import copy_store, make_spec

from effcore.cli.serve import _tables
from effcore.errors import EffcoreError
from effcore.tracking import Store
from effcore.tracking.foreign import Experiments, foreign_metric, likely_direction, metric_names, read_csv


@pytest.fixture
def store(tmp_path: Path, empty_store: Path) -> Store:
    return copy_store(empty_store, tmp_path / "home")


def test_the_runs_of_another_experiment_are_variants_and_are_followed(store: Store) -> None:
    store.open_sweep(make_spec())
    other = store._client.create_experiment("theirs")
    experiments = Experiments(store)
    assert experiments.names()[other] == "theirs" and store.experiment_id not in experiments.names()
    run = store._client.create_run(other, run_name="<b>first</b>").info.run_id
    store._client.log_batch(run, metrics=[Metric("f1", 0.5, 1, 0), Metric("loss", float("inf"), 1, 0)])
    (variant,) = experiments.variants(other)
    assert (variant.run_id, variant.name, variant.status, variant.parent, variant.environment) == (run, "<b>first</b>", "RUNNING", None, "")
    store._client.log_metric(run, "f1", 0.75, step=1)
    store._client.set_terminated(run)
    (variant,) = experiments.variants(other)
    assert (variant.status, variant.metrics["f1"]) == ("FINISHED", 0.75)
    store._client.delete_run(run)
    assert experiments.variants(other) == () == tuple(store.variants())


def test_a_table_has_a_variant_a_row(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("model,good,ok,seconds\n=cmd,True,0.5,3\n,False,,4\n")
    first, second = read_csv("mine", tmp_path / "t.csv")
    assert (first.run_id, first.name, dict(first.metrics)) == ("mine-0", "=cmd", {"ok": 0.5, "seconds": 3.0})
    assert (second.run_id, second.name, dict(second.metrics)) == ("mine-1", "row 2", {"seconds": 4.0})
    assert metric_names((first, second)) == ("seconds", "ok")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "must be CSV in UTF-8 with a head"), (b"a,b\n", "has no rows"), (b"\xff\xfe,1\n2,3", "must be CSV in UTF-8"),
        (b"a,b\nx,y\n", "has only columns of text: a, b"), (None, "No such file"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_shown_is_refused_in_words(tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(EffcoreError, match="The table mine ") as caught:
        read_csv("mine", tmp_path / "t.csv")
    assert said in str(caught.value)


@pytest.mark.parametrize("given", [["x"], ["x="], ["a b=t.csv"], ["../x=t.csv"], ["x=t.csv", "x=t.csv"]])
def test_tables_on_the_command_line_have_names_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text("n\n1\n")
    with pytest.raises(EffcoreError, match="--csv must be NAME=PATH with another name for each"):
        _tables(given)
    assert _tables(["x=t.csv"]) == f'{{"x": "{tmp_path / "t.csv"}"}}'


@pytest.mark.parametrize(
    ("name", "direction"),
    [("accuracy", "max"), ("latency_ms", "min"), ("val_f1", "max"), ("test_loss", "min"), ("score_time", "min"), ("anything", "min")],
)
def test_a_first_guess_of_the_direction(name: str, direction: str) -> None:
    assert likely_direction(name) == direction


def test_the_unit_is_unknown_and_a_wide_range_is_logarithmic() -> None:
    wide, narrow, zero = (foreign_metric("x", values, direction="min") for values in ([0.1, 10.0], [1.0, 9.0], [0.0, 100.0]))
    assert (wide.log, narrow.log, zero.log) == (True, False, False) and (wide.unit, wide.percent) == ("", False)
