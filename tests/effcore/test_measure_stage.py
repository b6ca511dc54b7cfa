"""The stage that measures: how many processes it begins with, and what it says of throughput."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from effcore.stages.measure import fewest_processes, throughput
from effcore.sweep.results import throughput as overall
from effcore.sweep.results import unmeasured


@pytest.mark.parametrize(("asked", "runtime", "fewest"), [(5, "onnxruntime", 5), (5, "torch", 3), (3, "torch", 3), (9, "torch", 7)])
def test_a_runtime_that_is_slow_to_start_begins_with_two_processes_fewer_and_never_less_than_three(asked: int, runtime: str, fewest: int) -> None:
    assert fewest_processes(asked, runtime=runtime) == fewest


def test_throughput_is_that_of_a_batch_with_its_interval_the_other_way_round() -> None:
    latency = SimpleNamespace(latency_ms=4.0, latency_low=2.0, latency_high=8.0)
    assert throughput(latency, batch=32) == {"throughput_per_s": 8000.0, "throughput_per_s_low": 4000.0, "throughput_per_s_high": 16000.0}  # type: ignore[arg-type]
    assert throughput(latency, batch=1) == {}  # type: ignore[arg-type]


def test_the_variants_throughput_is_of_the_largest_batch_with_the_fewest_threads() -> None:
    measured = [
        {"threads": threads, "batch": batch, "metrics": {"latency_ms": 1.0, "throughput_per_s": float(100 * threads + batch)}}
        for threads in (2, 1)
        for batch in (1, 8, 32)
    ]
    assert overall(measured) == {"throughput_per_s": 132.0}
    assert overall([]) == {}


def test_nothing_that_was_measured_goes_from_one_environment_to_another() -> None:
    metrics = {"latency_ms": 1.0, "latency_ms_low": 1.0, "latency_p99_ms_high": 2.0, "throughput_per_s": 3.0, "model_ram_mb": 4.0, "load_ms": 1.0}
    assert unmeasured(metrics | {"size_mb": 1.0, "accuracy_low": 0.9}) == {"size_mb": 1.0, "accuracy_low": 0.9}
