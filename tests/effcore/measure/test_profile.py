"""Where the time goes: shares from what a profiler saw, and one real profile."""

from __future__ import annotations

from pathlib import Path

import pytest

from effcore.measure.profile import OVERHEAD, measure_profile, time_document
from effcore.measure.reference import SHAPE, reference

NODES = [
    {"operator": "Conv", "output": [1, 8, 4, 4], "ns": 6000},
    {"operator": "Cast", "output": [1, 1, 4, 4], "ns": 1000},
    {"operator": "Conv", "output": [1, 4, 4, 4], "ns": 3000},
]


def test_the_rest_beside_the_overhead_is_shared_as_the_profiler_says() -> None:
    found = time_document(nodes=NODES, plain_ns=10_000, smallest_ns=2_000, runs=9, latency_ms=0.02)
    rows = {row["operator"]: (row["nodes"], pytest.approx(row["share"]), pytest.approx(row["ms"])) for row in found["operators"]}
    assert rows == {"Conv": (2, 0.72, 0.0144), "Cast": (1, 0.08, 0.0016), OVERHEAD: (0, 0.2, 0.004)}
    assert [row["share"] for row in found["nodes"]] == pytest.approx([0.48, 0.08, 0.24])
    assert sum(row["ms"] for row in found["operators"]) == pytest.approx(found["latency_ms"])


def test_largest_first_and_the_overhead_last() -> None:
    found = time_document(nodes=NODES, plain_ns=10_000, smallest_ns=9_000, runs=9, latency_ms=1.0)
    assert [row["operator"] for row in found["operators"]] == ["Conv", "Cast", OVERHEAD]


def test_a_model_as_small_as_the_smallest_is_all_overhead() -> None:
    found = time_document(nodes=NODES, plain_ns=1_000, smallest_ns=1_100, runs=9, latency_ms=1.0)
    assert found["operators"][-1]["share"] == 1.0
    assert found["operators"][0]["ms"] == 0.0


def test_operators_below_the_profilers_clock_share_evenly() -> None:
    nodes = [node | {"ns": 0} for node in NODES]
    found = time_document(nodes=nodes, plain_ns=10_000, smallest_ns=4_000, runs=9, latency_ms=1.0)
    assert [row["share"] for row in found["nodes"]] == pytest.approx([0.2, 0.2, 0.2])


def test_the_reference_is_mostly_convolution(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(reference())
    found = measure_profile(path, runtime="onnxruntime", shape=SHAPE[1:], levels=255, latency_ms=2.0)
    assert found is not None
    convolutions = [row for row in found["nodes"] if "Conv" in row["operator"]]
    assert len(convolutions) == 5
    assert convolutions[0]["output"] == [1, 16, 16, 16]
    assert sum(row["share"] for row in convolutions) > 0.4
    assert sum(row["share"] for row in found["operators"]) == pytest.approx(1.0)


def test_a_runtime_without_a_profiler_has_none(tmp_path: Path) -> None:
    assert measure_profile(tmp_path / "model.pt2", runtime="torch", shape=(1, 8, 8), levels=16, latency_ms=1.0) is None
