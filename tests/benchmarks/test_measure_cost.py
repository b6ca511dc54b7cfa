"""Share of measuring, from a log of executions; and that the load generator's comparison counts right."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from effcore.measure.reference import reference

FOLDER = Path(__file__).parents[2] / "benchmarks"


def benchmark(name: str) -> ModuleType:
    specification = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def line(kind: str, start: float, end: float, *, event: str = "finished") -> dict[str, Any]:
    return {"event": event, "kind": kind, "class": f"{kind} x", "start": start, "end": end}


def test_every_measurement_that_finished_counts() -> None:
    lines = [
        line("train", 100, 110), line("measure", 110, 112), line("measure", 112, 115),
        line("measure", 115, 119, event="failed"), line("train", 115, 120),
    ]  # fmt: skip
    assert benchmark("measure_cost").cost(lines) == {
        "run_s": 20.0, "measuring_s": 5.0, "share": 0.25, "structures": {"measure x": 2}, "seconds_each": {"measure x": 2.5},
    }  # fmt: skip
    with pytest.raises(ValueError, match="holds none"):
        benchmark("measure_cost").cost([])


def test_the_comparison_takes_turns_and_compares_every_two_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module, order = benchmark("against_load_generator"), list[str]()
    ours, theirs = {"a": 1.1, "b": 2.1}, {"a": 1.0, "b": 2.0}
    monkeypatch.setattr(module, "measured_ms", lambda path: (order.append(f"ours {path}"), (ours[str(path)], []))[1])
    monkeypatch.setattr(module, "generated_ms", lambda path, **much: (order.append(f"theirs {path}"), theirs[str(path)])[1])
    found = module.compare([Path("a"), Path("b")], turns=2, queries=1, seconds=0.0, processes=1)
    assert order == ["ours a", "theirs a", "ours b", "theirs b", "theirs a", "ours a", "theirs b", "ours b"]
    assert found["largest_absolute_difference"] == pytest.approx(0.1)
    assert found["largest_ratio_difference"] == pytest.approx(abs((1.1 / 2.1) / (1 / 2) - 1), abs=1e-4)


def test_the_load_generator_takes_any_onnx_file(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(reference())
    module = benchmark("against_load_generator")
    assert 0.001 < module.generated_ms(path, queries=20, seconds=0.0) < 1000
    assert module.shape_of(path) == (1, 16, 16)
