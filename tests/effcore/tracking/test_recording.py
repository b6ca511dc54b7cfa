"""A recorded study says the same as the store it was made of, and takes nothing in."""

from __future__ import annotations

import json
import lzma
from datetime import date
from pathlib import Path

import pytest
from stores import copy_store, make_record, make_spec

from effcore.analysis.frontier import find_frontier
from effcore.errors import StoreError
from effcore.tracking import Store
from effcore.tracking.marks import Mark
from effcore.tracking.recording import Recording, packed, read_header, record, unpacked

ROOT = Path(__file__).resolve().parents[3]
RIGHT = [int(i % 7 != 0) for i in range(200)]
SAMPLES = {
    "latency": {"processes": [{"median_ms": 0.123456, "samples_ms": [0.123456, 0.2]}]},
    "environment": {"machine": "A machine", "cores": 2, "os": "Linux 6"},
}


@pytest.fixture
def store(tmp_path: Path, empty_store: Path) -> Store:
    store = copy_store(empty_store, tmp_path / "home")
    sweep = store.open_sweep(make_spec())
    for index, recipe in enumerate(make_spec().recipes):
        documents = {"correct.json": {"test": RIGHT}, "samples.json": SAMPLES, "curve.json": [{"epoch": 1, "val_accuracy": 0.5}]}
        metrics = {"accuracy": 0.5 + index / 10, "latency_ms": 1.0 + index}
        store.log_variant(sweep, make_record(sweep, recipe, metrics=metrics, documents=documents))
    store.log_variant(sweep, make_record(sweep, make_spec().recipes[0], seed=5, metrics={}, error="no memory"))
    store.finish_sweep(sweep, status="FINISHED")
    other = store.open_sweep(make_spec("other"))
    store.finish_sweep(other, status="FINISHED")
    return store


def test_a_recording_says_what_the_store_says(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "study.jsonl.xz"
    header = record(store, ["one"], path, day=date(2026, 11, 28))
    assert str(tmp_path) not in lzma.decompress(path.read_bytes()).decode(), "where files lie on this host is nothing to hand on"
    assert header == read_header(path)
    assert (header.recorded, header.machine, header.sweeps, header.runs) == ("2026-11-28", "A machine, 2 cores, Linux 6", ("one",), 4)
    opened = Recording(path, home=tmp_path / "nowhere")
    sweep = store.sweep("one").run_id
    assert opened.sweeps() == [store.sweep("one")] and opened.sweep().run_id == sweep
    expected = sorted(store.variants(sweep=sweep), key=lambda v: v.run_id)
    assert sorted(opened.variants(), key=lambda v: v.run_id) == expected and len(expected) == 3
    assert opened.version() == opened.version() and opened.spec_text(sweep) == make_spec().text
    first = next(v.run_id for v in expected if v.status == "FINISHED")
    for name in ("correct.json", "curve.json", "recipe.json"):
        assert json.loads(opened.file(first, name).read_text()) == json.loads(store.file(first, name).read_text())
    (process,) = json.loads(opened.file(first, "samples.json").read_text())["latency"]["processes"]
    assert process == {"median_ms": 0.123456, "samples_ms": [0.1235, 0.2]}
    frontier = find_frontier(expected, ("accuracy", "latency_ms"))
    assert opened.evidence(frontier).correct["accuracy"].keys() == store.evidence(frontier).correct["accuracy"].keys() != set()
    failed = next(v.run_id for v in expected if v.status == "FAILED")
    assert opened.file(failed, "error.txt").read_text() == "no memory\n"
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("names", [["one", "other"], ["other", "one"]])
def test_the_sweep_that_is_named_first_is_what_opens(store: Store, tmp_path: Path, names: list[str]) -> None:
    record(store, names, tmp_path / "study.jsonl.xz")
    opened = Recording(tmp_path / "study.jsonl.xz", home=tmp_path / "nowhere")
    assert [s.name for s in opened.sweeps()] == names and opened.sweep().name == names[0]


def test_a_recording_takes_nothing_in(store: Store, tmp_path: Path) -> None:
    record(store, ["one"], tmp_path / "x.xz")
    opened = Recording(tmp_path / "x.xz", home=tmp_path / "elsewhere")
    run_id = opened.variants()[0].run_id
    said = "This is a recorded study: it can be looked at and not added to. Start `effcore serve` to run sweeps."
    for write in (
        lambda: opened.schedule(make_spec().text), lambda: opened.cancel(run_id), lambda: opened.set_again(run_id, "waiting"),
        lambda: opened.open_sweep(make_spec()), lambda: opened.marks.set(run_id, Mark(star=True)),
    ):  # fmt: skip
        with pytest.raises(StoreError, match=said.replace("`", ".")):
            write()
    assert opened.again(run_id).pending is False and opened.marks.all() == {} and opened.marks.of(run_id) == Mark()
    with pytest.raises(StoreError, match="has no file 'model.onnx' in the recording x.xz; models are not recorded"):
        opened.file(run_id, "model.onnx")
    with pytest.raises(StoreError, match="has no file '../x.xz'"):
        opened.file(run_id, "../x.xz")


def test_only_sweeps_that_are_there_and_have_ended_are_recorded(store: Store, tmp_path: Path) -> None:
    store.open_sweep(make_spec("going"))
    with pytest.raises(StoreError, match="Only sweeps that have ended can be recorded. going has not."):
        record(store, ["one", "going"], tmp_path / "x.xz")
    with pytest.raises(StoreError, match="There is no sweep 'nowhere'"):
        record(store, ["nowhere"], tmp_path / "x.xz")
    assert list(tmp_path.glob("x.xz*")) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"nonsense", "LZMAError"),
        (lzma.compress(b"{}"), "It says kind None and format None; allowed is 'effcore recording', 1."),
        (lzma.compress(b"not json"), "JSONDecodeError"),
        (lzma.compress(b"x" * 1000)[:-20], "It is cut off or larger than"),
        (lzma.compress(b'{"kind":"effcore recording","format":1}'), "KeyError"),
        (
            lzma.compress(
                b'{"kind":"effcore recording","format":1,"recorded":"","machine":"","sweeps":[],"runs":1}\n'
                b'{"run":{"run_id":"../../x"},"files":{}}'
            ), "It names '../../x', which is none of its files or runs",
        ),
    ],
)  # fmt: skip
def test_a_file_that_is_no_recording_is_refused_in_words(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "bad.xz").write_bytes(content)
    with pytest.raises(StoreError, match="bad.xz must be a recording as `effcore record` writes it") as caught:
        Recording(tmp_path / "bad.xz", home=tmp_path)
    assert said in str(caught.value)


def test_a_recording_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="none.xz can't be read: No such file"):
        read_header(tmp_path / "none.xz")


def test_packing_loses_nothing_but_digits_of_samples() -> None:
    document = {"a": [[0, 1] * 20, [True] * 33, [0, 1]], "b": {"samples_ms": [1.23456, 2]}, "c": [1.23456], "d": "text", "e": None}
    found = unpacked(json.loads(json.dumps(packed(document))))
    assert found == document | {"b": {"samples_ms": [1.235, 2]}}


def test_the_study_that_ships_is_real_and_small() -> None:
    path = ROOT / "dashboard" / "recordings" / "demo.jsonl.xz"
    assert path.stat().st_size < 700_000
    opened = Recording(path, home=Path("nowhere"))
    frontier = find_frontier(opened.variants(), ("accuracy", "latency_ms"))
    assert len(frontier.front) >= 3 and len(opened.variants()) >= 30 and opened.header.machine
    assert {name for v in opened.variants() for step in v.recipe["steps"] for name in step} >= {"pruning", "quantization", "distillation"}
    assert all(opened.evidence(frontier).processes["latency_ms"][p.key] for p in frontier.points)
