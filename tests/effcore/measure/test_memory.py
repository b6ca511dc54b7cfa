"""Memory of real models by the kernel's high-water mark."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from effcore.measure import memory
from effcore.measure.memory import PeakMemory, measure_memory

linux = pytest.mark.skipif(sys.platform != "linux", reason="VmHWM is Linux's")


def linear(path: Path, width: int) -> Path:
    """One linear layer of 16 x `width` and one of `width` x `width` weights over 4 x 4 pixels."""
    weights = [np.full((16, width), 0.01, np.float32), np.full((width, width), 0.01, np.float32)]
    nodes = [
        helper.make_node("Cast", ["image"], ["x"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w0"], ["hidden"]),
        helper.make_node("MatMul", ["hidden", "w1"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", 1, 4, 4])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", width])],
        [numpy_helper.from_array(w, f"w{i}") for i, w in enumerate(weights)],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return path


def measure(path: Path):
    return measure_memory(path, runtime="onnxruntime", shape=(1, 4, 4), levels=16)


@linux
def test_a_larger_model_takes_its_weights_more(tmp_path: Path) -> None:
    small, large = measure(linear(tmp_path / "s.onnx", 16)), measure(linear(tmp_path / "l.onnx", 1600))
    weights_mb = 1600 * 1600 * 4 / 1e6
    assert small.model_ram_mb is not None and large.model_ram_mb is not None
    assert 0 < small.model_ram_mb < 3
    assert large.model_ram_mb > weights_mb
    assert large.model_ram_mb < 5 * weights_mb
    assert small.peak_ram_mb is not None and large.peak_ram_mb is not None
    assert 20 < small.peak_ram_mb < large.peak_ram_mb
    assert large.metrics() == {"peak_ram_mb": large.peak_ram_mb, "model_ram_mb": large.model_ram_mb}
    assert large.document() == large.metrics()


@linux
def test_the_size_of_this_process_does_not_matter(tmp_path: Path) -> None:
    """`ru_maxrss` would report this process's memory for its children."""
    path = linear(tmp_path / "s.onnx", 16)
    ballast = np.ones(40_000_000)
    peak = measure(path).peak_ram_mb
    assert peak is not None
    assert peak < ballast.nbytes / 1e6


@linux
def test_peak_of_a_block_counts_what_was_freed_again_and_nothing_from_before() -> None:
    before = np.ones(10_000_000)
    with PeakMemory() as peak:
        passing = np.ones(5_000_000)
        del passing
    assert peak.over_baseline_mb == pytest.approx(40.0, abs=2.0)
    assert before.nbytes == 80_000_000


@linux
def test_peak_is_known_after_an_error_too() -> None:
    peak = PeakMemory()
    with pytest.raises(ValueError, match="on purpose"), peak:
        raise ValueError("on purpose")
    assert peak.over_baseline_mb is not None


def test_systems_without_the_counter_get_a_mark_and_no_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "CLEAR_REFS", tmp_path / "missing")
    got = measure(tmp_path / "never read")
    assert got.metrics() == {}
    assert "has none" in got.document()["mark"]
    with PeakMemory() as peak:
        pass
    assert peak.over_baseline_mb is None


def test_what_is_left_is_the_least_of_machine_and_control_group(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    assert memory.available_ram_mb(meminfo=meminfo, control_groups=tmp_path) is None
    meminfo.write_text("MemTotal: 2000000 kB\nMemAvailable: 1000000 kB\n")
    assert memory.available_ram_mb(meminfo=meminfo, control_groups=tmp_path) == pytest.approx(1024.0)
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("300000000\n")
    assert memory.available_ram_mb(meminfo=meminfo, control_groups=tmp_path) == pytest.approx(1024.0)
    (tmp_path / "memory.max").write_text("500000000\n")
    assert memory.available_ram_mb(meminfo=meminfo, control_groups=tmp_path) == pytest.approx(200.0)
    (tmp_path / "memory.stat").write_text("anon 5\ninactive_file 100000000\n")
    assert memory.available_ram_mb(meminfo=meminfo, control_groups=tmp_path) == pytest.approx(300.0)


def test_what_is_left_in_a_control_group_of_version_1(tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory/memory.limit_in_bytes").write_text("100000000\n")
    (tmp_path / "memory/memory.usage_in_bytes").write_text("150000000\n")
    assert memory.available_ram_mb(meminfo=tmp_path / "none", control_groups=tmp_path) == 0.0
    (tmp_path / "memory/memory.stat").write_text("inactive_file 1\ntotal_inactive_file 90000000\n")
    assert memory.available_ram_mb(meminfo=tmp_path / "none", control_groups=tmp_path) == pytest.approx(40.0)


@linux
def test_blocks_that_were_freed_before_do_not_hide_what_is_taken() -> None:
    blocks = [bytearray(60_000) for _ in range(500)]
    del blocks
    with PeakMemory() as peak:
        taken = [bytearray(60_000) for _ in range(300)]
    assert len(taken) == 300 and peak.over_baseline_mb == pytest.approx(18.0, abs=3.0)
