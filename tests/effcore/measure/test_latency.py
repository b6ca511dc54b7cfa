"""When measuring stops, what it concludes from processes, and one real measurement."""

from __future__ import annotations

import json
import math
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from effcore.errors import MeasureError
from effcore.measure import latency
from effcore.measure.latency import KEEP, Settings, measure_latency, percentile, summarise
from effcore.measure.process import Process, session_options
from effcore.measure.reference import SHAPE, reference
from effcore.objectives import METRICS
from effcore.statistics import BETWEEN_MEASURINGS, process_interval

QUICK = Settings(min_processes=3, width=0.0, max_s=0.0, budget_s=0.01)


def process(median_ms: float, *, reference_ms: float = 0.5, samples: int = 100, load_ms: float = 2.0) -> Process:
    return Process(
        samples_ms=(median_ms,) * samples,
        reference_samples_ms=(reference_ms,) * samples,
        load_ms=load_ms,
        settled=True,
        waited_share=0.0,
        cores=(0,),
        others_core=0.0,
        others_machine=0.0,
        seconds=0.2,
    )


def conclude(processes: list[Process], **changes):
    given = {"stopped_by": "width", "settings": Settings(), "options": session_options(), "others_before": 0.0}
    return summarise(processes, **(given | changes))


# ---- when to stop


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch):
    """Measure with processes of these medians, the last one again and again, each taking one second."""

    def measured(medians: list[float], settings: Settings) -> tuple[int, str]:
        now = [0.0]

        def fake(probe, request, *, cores):
            now[0] += 1.0
            return process(medians.pop(0) if len(medians) > 1 else medians[0]), {}

        class Ready:
            def wait(self) -> None:
                pass

        monkeypatch.setattr(latency, "_run", fake)
        monkeypatch.setattr(latency, "probes", lambda count, *, runtime, threads: nullcontext([Ready()] * count))
        monkeypatch.setattr(latency.time, "monotonic", lambda: now[0])
        processes, stopped_by = latency._processes({"runtime": "onnxruntime"}, settings, busy={}, threads=1)
        return len(processes), stopped_by

    return measured


def test_stops_at_the_fewest_processes_when_they_agree(run) -> None:
    assert run([1.0, 1.01, 0.99, 1.0, 1.0], Settings()) == (5, "width")


def test_goes_on_until_the_width_is_reached(run) -> None:
    count, stopped_by = run([1.0, 1.2, 0.9, 1.1, 1.0], Settings(max_s=100.0))
    assert stopped_by == "width"
    assert count > 5


def test_stops_when_the_time_is_up(run) -> None:
    assert run([1.0, 3.0, 0.5, 2.0, 1.0, 4.0, 0.3, 5.0, 1.0], Settings(max_s=7.0)) == (7, "time")


def test_the_fewest_processes_are_made_even_when_the_time_is_up(run) -> None:
    assert run([1.0, 3.0, 0.5, 2.0, 1.0], Settings(max_s=0.0)) == (5, "time")


@pytest.mark.parametrize(
    ("field", "value"), [("min_processes", 2), ("width", -0.1), ("max_s", float("nan")), ("budget_s", 0.0)]
)
def test_settings_out_of_bounds_are_refused(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"Settings.{field} must be at least"):
        Settings(**{field: value})


# ---- what is concluded


def test_interval_is_that_of_the_processes() -> None:
    medians = [1.0, 1.1, 0.9, 1.05, 0.95]
    got = conclude([process(m) for m in medians])
    assert (got.latency_ms, got.latency_low, got.latency_high) == pytest.approx(process_interval(medians, between=BETWEEN_MEASURINGS))
    assert got.latency_ratio == pytest.approx(2 * got.latency_ms)


def test_ratio_cancels_what_both_share() -> None:
    speeds = [1.0, 1.5, 0.8, 1.2, 1.1]
    got = conclude([process(s, reference_ms=s / 4) for s in speeds])
    doubt = math.exp(1.959964 * BETWEEN_MEASURINGS)  # of another minute, which no process of this one tells of
    assert (got.ratio_low, got.ratio_high) == pytest.approx((4.0 / doubt, 4.0 * doubt))
    assert got.latency_high / got.latency_low > 1.5


def test_percentiles_need_enough_samples() -> None:
    assert percentile([1.0] * 43, 90) is None
    assert percentile([1.0] * 44, 90) == (1.0, 1.0, 1.0)
    assert percentile([1.0] * 458, 99) is None
    assert percentile([float(i) for i in range(1001)], 99) == pytest.approx((990.0, 983.0, 996.0), abs=1)


def test_more_threads_than_cores_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MeasureError, match="threads must be at most the number of cores that may be used here"):
        measure_latency(tmp_path / "none.onnx", runtime="onnxruntime", shape=(1, 8, 8), levels=255, threads=10_000)


def test_percentiles_without_support_are_absent_from_the_metrics() -> None:
    few = conclude([process(1.0, samples=5)] * 5).metrics()
    some = conclude([process(1.0, samples=80)] * 5).metrics()
    many = conclude([process(1.0, samples=100)] * 5).metrics()
    assert "latency_p90_ms" not in few and "latency_p99_ms" not in few
    assert some["latency_p90_ms"] == 1.0 and "latency_p99_ms" not in some
    assert many["latency_p99_ms"] == many["latency_p99_ms_low"] == many["latency_p99_ms_high"] == 1.0


def test_metrics_are_known_by_name() -> None:
    names = conclude([process(1.0)] * 5).metrics()
    assert {name.removesuffix("_low").removesuffix("_high") for name in names} <= set(METRICS)
    assert names["latency_ms_low"] <= names["latency_ms"] <= names["latency_ms_high"]


def test_load_time_is_the_median_over_processes() -> None:
    assert conclude([process(1.0, load_ms=value) for value in (1.0, 9.0, 2.0)]).load_ms == 2.0


def test_noise_is_marked_with_its_reasons() -> None:
    assert conclude([process(1.0)] * 5).noisy is False
    noisy = conclude([replace(process(1.0), waited_share=0.5)] * 5)
    assert noisy.noisy is True
    assert noisy.document()["reasons"] == ["the measuring process was without its core for 50% of the time"]


def test_document_is_jsonable_and_holds_the_samples() -> None:
    document = json.loads(
        json.dumps(conclude([process(1.0), process(1.2), process(0.8)], stopped_by="time").document())
    )
    assert [p["median_ms"] for p in document["processes"]] == [1.0, 1.2, 0.8]
    assert [p["reference_median_ms"] for p in document["processes"]] == [0.5, 0.5, 0.5]
    assert len(document["processes"][0]["samples_ms"]) == 100
    assert document["stopped_by"] == "time"
    assert document["session_options"]["intra_op_num_threads"] == 1
    assert document["reference_version"] == 1
    assert document["quiet"]["line"].startswith("not quiet: others used 0% of the core and 0% of the machine, waited 0%")
    assert document["quiet"]["processes"] == 3


# ---- one real measurement


def test_the_reference_takes_as_long_as_itself(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(reference())
    got = measure_latency(path, runtime="onnxruntime", shape=SHAPE[1:], levels=255, settings=QUICK)
    assert len(got.processes) == 3
    assert got.stopped_by == "time"
    assert 0.5 < got.latency_ratio < 2.0
    assert got.latency_low <= got.latency_ms <= got.latency_high
    assert all(0 < len(p.samples_ms) <= KEEP for p in got.processes)
    json.dumps(got.document())
