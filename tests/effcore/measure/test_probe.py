"""What the measuring process does, in this process with predictions that only count, and that it stands alone."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from effcore.errors import MeasureError
from effcore.measure import probe
from effcore.measure.process import PROBE, probes, run_probe
from effcore.measure.reference import SHAPE, one_operator, reference


def test_the_probe_imports_nothing_but_the_standard_library_at_its_top() -> None:
    tree = ast.parse(PROBE.read_text())
    top = {name.name for node in tree.body if isinstance(node, ast.Import) for name in node.names}
    top |= {node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in top} <= set(sys.stdlib_module_names)
    assert "import effcore" not in PROBE.read_text()


def test_random_image_is_the_same_for_a_seed_and_uses_all_levels() -> None:
    image = probe.random_image([1, 1, 100, 100], 16, 7)
    assert (image.dtype, image.shape, image.min(), image.max()) == ("uint8", (1, 1, 100, 100), 0, 16)
    assert (image == probe.random_image([1, 1, 100, 100], 16, 7)).all()
    assert (image != probe.random_image([1, 1, 100, 100], 16, 8)).any()


def test_rounds_take_turns_and_drop_the_first_of_a_burst() -> None:
    calls: list[str] = []
    reference_samples, samples = probe.in_turns(
        lambda: calls.append("r"),
        lambda: calls.append("a"),
        reference_ns=1.0,
        artifact_ns=1.0,
        budget_ns=1e9,
        keep=12 * probe.BURST,
    )
    assert "".join(calls) == ("r" * 5 + "a" * 5) * 12
    assert (len(samples), len(reference_samples)) == (48, 48)


def test_rounds_end_with_the_budget() -> None:
    _, samples = probe.in_turns(int, int, reference_ns=1e5, artifact_ns=1e5, budget_ns=20e6, keep=400)
    assert len(samples) == 20 * probe.BURST


def test_rounds_of_a_slow_artifact_are_few_with_one_sample_each() -> None:
    reference_samples, samples = probe.in_turns(int, int, reference_ns=1e5, artifact_ns=1e9, budget_ns=1e8, keep=400)
    assert len(samples) == probe.FEWEST_ROUNDS
    assert len(reference_samples) == probe.FEWEST_ROUNDS * probe.BURST


def fake_clock(monkeypatch: pytest.MonkeyPatch, durations_ns: list[int]):
    """A prediction takes the next duration, the last one again and again; time stands still otherwise."""
    now = [0]

    def predict() -> None:
        now[0] += durations_ns.pop(0) if len(durations_ns) > 1 else durations_ns[0]

    monkeypatch.setattr(probe.time, "perf_counter_ns", lambda: now[0])
    return predict


def test_warm_up_goes_on_until_two_windows_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    window = probe.WINDOW
    predict = fake_clock(monkeypatch, [9000] + [800] * window + [400] * window + [200] * window + [100] * 3)
    assert probe.warm_up(predict) == (100.0, True)


def test_warm_up_gives_up_when_the_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    growing = [int(1e6 * 1.2**step) for step in range(60) for _ in range(probe.WINDOW)]
    median, settled = probe.warm_up(fake_clock(monkeypatch, growing))
    assert settled is False
    assert median > 1e6


def test_high_water_mark_of_this_process() -> None:
    if sys.platform != "linux":
        pytest.skip("VmHWM is Linux's")
    assert probe.high_water_kb() > 5000


# ---- the process


def latency_request(artifact: Path, **changes) -> dict:
    from effcore.measure.process import session_options

    return {
        "artifact": str(artifact),
        "reference": str(artifact),
        "runtime": "onnxruntime",
        "shape": SHAPE,
        "reference_shape": SHAPE,
        "levels": 255,
        "seed": 1,
        "options": session_options(),
        "budget_s": 0.01,
        "keep": 40,
        "cores": [],
    } | changes


def test_latency_of_the_reference_against_itself(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(reference())
    answer = run_probe("latency", latency_request(path))
    assert len(answer["samples_ns"]) == len(answer["reference_samples_ns"]) >= probe.FEWEST_ROUNDS * probe.BURST
    assert min(answer["samples_ns"]) > 1000
    assert 0 <= answer["waited_share"] < 1
    assert answer["load_ns"] > 0
    assert answer["cpu_s"] > 0


def test_a_file_that_is_no_model_gives_the_cause(tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"not a model")
    request = latency_request(path) | {"runtime": "onnxruntime"}
    with pytest.raises(MeasureError, match="broken.onnx failed with exit code 1: .*(INVALID|protobuf|parse)"):
        run_probe("latency", request)


def test_a_wrong_shape_gives_the_whole_message_of_the_runtime(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(reference())
    with pytest.raises(MeasureError, match="Got invalid dimensions for input: image .* Got: 8 Expected: 16"):
        run_probe("latency", latency_request(path, shape=(1, 1, 8, 8)))


def test_a_process_that_hangs_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(reference())
    with pytest.raises(MeasureError, match="did not end within 0.01 s and was stopped"):
        run_probe("latency", latency_request(path), timeout_s=0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="the signal at a parent's death is Linux's")
def test_a_killed_parent_leaves_no_measuring_process(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(reference())
    endless = json.dumps({"do": "latency"} | latency_request(path, budget_s=600, keep=10**9))
    starter = (
        "import json, os, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-I', sys.argv[1]], stdin=subprocess.PIPE, text=True)\n"
        "child.stdin.write(json.dumps({'parent': os.getpid()}) + '\\n' + sys.argv[2] + '\\n'); child.stdin.close()\n"
        "print(child.pid, flush=True)\n"
        "child.wait()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", starter, str(PROBE), endless], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    try:
        _wait_until(lambda: "onnxruntime" in Path(f"/proc/{child}/maps").read_text())
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        _wait_until(lambda: not _runs(child))
    finally:
        if _runs(child):
            os.kill(child, signal.SIGKILL)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _wait_until(condition, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_typical_time_is_not_moved_by_stragglers() -> None:
    assert probe.midmean([1.0, 2.0, 3.0, 1000.0]) == 2.5
    assert probe.midmean([7.0]) == 7.0


def test_processes_that_import_at_once_wait_for_their_job(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(reference())
    with probes(2, runtime="onnxruntime") as (first, second):
        for each in (first, second):
            each.wait()
        second.send("latency", latency_request(path))
        assert second.answer()["cpu_s"] > 0
        pid = first._process.pid
        assert _runs(pid)
    assert not _runs(pid)


def test_a_runtime_that_is_not_there_is_found_out_by_the_job(tmp_path: Path) -> None:
    with probes(1, runtime="absent") as (only,):
        only.wait()
        only.send("latency", latency_request(tmp_path / "model.onnx", runtime="absent"))
        with pytest.raises(MeasureError, match="Measuring latency of .*model.onnx failed with exit code 1"):
            only.answer()


@pytest.mark.skipif(sys.platform != "linux", reason="VmHWM is Linux's")
def test_one_process_tells_memory_and_then_where_the_time_goes(tmp_path: Path) -> None:
    path, smallest = tmp_path / "model.onnx", tmp_path / "one.onnx"
    path.write_bytes(reference())
    smallest.write_bytes(one_operator())
    request = latency_request(path) | {"one_operator": str(smallest), "folder": str(tmp_path), "predictions": 2}
    with probes(1, runtime="onnxruntime") as (only,):
        only.send("memory", request)
        memory = only.answer()
        only.send("profile", request)
        profile = only.answer()
    assert 5000 < memory["before_kb"] < memory["after_kb"] <= memory["peak_kb"]
    assert [node["operator"] for node in profile["nodes"]].count("Conv") >= 1 and profile["runs"] >= probe.FEWEST_ROUNDS
