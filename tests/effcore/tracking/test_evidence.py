"""What is read behind the figures of points."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from family import point

from effcore.analysis.frontier import Frontier
from effcore.errors import StoreError
from effcore.tracking.evidence import AGAIN_S, EvidenceReader

FILES: dict[str, Any] = {
    "correct.json": {"test": [1, 0, 1], "validation": [1, 1]},
    "samples.json": {"latency": {"processes": [{"median_ms": 2.0, "reference_median_ms": 4.0}, {"median_ms": 3.0, "reference_median_ms": 4.0}]}},
    "facts.json": [
        {"kind": "transform", "facts": {"did": {"channels_before": {}}}},
        {"kind": "export", "facts": {"did": {"quantization": {"layers": 3, "reduce_range": True}}}},
    ],
}


def reader(folder: Path, asked: list[str]) -> EvidenceReader:
    def file(run_id: str, name: str) -> Path:
        asked.append(name)
        if name not in FILES or run_id != "run-a-0":
            raise StoreError(f"Run {run_id} has no file {name}.")
        (folder / name).write_text(json.dumps(FILES[name]))
        return folder / name

    return EvidenceReader(file)


def frontier(*names: str) -> Frontier:
    points = tuple(point(n) for n in names)
    return Frontier(objectives=("accuracy", "latency_ms", "latency_ratio"), environment="here", points=points, left_out=())


def test_reads_answers_processes_and_what_the_export_did(tmp_path: Path) -> None:
    found = reader(tmp_path, []).of(frontier("a", "b"), did=True)
    assert found.correct["accuracy"]["key-a"].tolist() == [[True, False, True]]
    assert "key-b" not in found.correct["accuracy"]
    assert found.processes["latency_ms"] == {"key-a": [2.0, 3.0]}
    assert found.processes["latency_ratio"] == {"key-a": [0.5, 0.75]}
    assert found.did == {"key-a": {"quantization": {"layers": 3, "reduce_range": True}}, "key-b": {}}


def test_facts_are_read_only_where_they_are_asked_for_and_each_file_once(tmp_path: Path) -> None:
    asked: list[str] = []
    read = reader(tmp_path, asked)
    assert read.of(frontier("a")).did == {}
    assert "facts.json" not in asked
    before = len(asked)
    read.of(frontier("a"))
    assert len(asked) == before
    again = replace(frontier("a"), points=(point("a", ended_ms=2),))
    read.of(again)
    assert len(asked) == 2 * before  # the run was written again


def test_one_measuring_says_nothing_of_seeds_with_several_structures(tmp_path: Path) -> None:
    alike = point("a", seeds=(0, 1))
    first, second = alike.variants
    different = replace(alike, variants=(first, replace(second, structure="another")))
    both = [replace(frontier("a"), points=(p,)) for p in (alike, different)]
    found = [reader(tmp_path, []).of(f).processes["latency_ms"] for f in both]
    assert found == [{"key-a": [2.0, 3.0]}, {}]


def test_a_file_that_could_not_be_read_is_looked_for_again_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    asked: list[str] = []
    read = reader(tmp_path, asked)
    answers = FILES["correct.json"]
    monkeypatch.delitem(FILES, "correct.json")
    assert read.of(frontier("a")).correct["accuracy"] == {}
    monkeypatch.setitem(FILES, "correct.json", answers)
    assert read.of(frontier("a")).correct["accuracy"] == {} and asked.count("correct.json") == 1
    now[0] += AGAIN_S
    assert read.of(frontier("a")).correct["accuracy"]["key-a"].tolist() == [[True, False, True]]
