"""Every figure of a lesson comes from the recording or is computed on the spot: a changed recording changes the lesson."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from dashboard.lessons import LESSONS, dominance, pruning, quantization, recorded, search, separable
from dashboard.lessons.distillation import soft_labels
from dashboard.lessons.recorded import FILES, FOLDER, Recorded, Row


@pytest.fixture(scope="module")
def shipped() -> Recorded:
    return recorded.read()


def shuffled(document: dict[str, Any]) -> dict[str, Any]:
    """The same numbers for other networks: what a lesson says can't stay."""
    generator = np.random.default_rng(1)
    for sweep in ("lessons", "lessons_learning"):
        rows = document[sweep]
        order = generator.permutation(len(rows))
        metrics = [rows[i]["metrics"] for i in order]
        for row, other in zip(rows, metrics, strict=True):
            row["metrics"] = other
            row["process_medians_ms"] = [ms * (1 + 0.5 * n) for n, ms in enumerate(row["process_medians_ms"])]
    for layer in document["layers"]:
        if layer["kind"] == "full":
            layer["latency_ms"], layer["low"], layer["high"] = (3 * layer[k] for k in ("latency_ms", "low", "high"))
    best = max(document["landscape"], key=lambda r: r["val_accuracy"])
    best["val_accuracy"] += 0.05  # now one combination alone is good
    return document


def noisy(network: bytes) -> bytes:
    """The network with worse weights."""
    model, generator = onnx.load_model_from_string(network), np.random.default_rng(0)
    for initializer in model.graph.initializer:
        values = numpy_helper.to_array(initializer)
        if values.dtype == np.float32 and values.ndim > 1:
            worse = values + generator.normal(0, 0.35 * values.std(), values.shape).astype(np.float32)
            initializer.CopyFrom(numpy_helper.from_array(worse.astype(np.float32), initializer.name))
    data: bytes = model.SerializeToString()
    return data


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    folder = tmp_path_factory.mktemp("recorded")
    for name in FILES:
        shutil.copyfile(FOLDER / name, folder / name)
    document = json.loads((folder / "lessons.json").read_text())
    (folder / "lessons.json").write_text(json.dumps(shuffled(document)))
    (folder / "network.onnx").write_bytes(noisy((folder / "network.onnx").read_bytes()))
    return recorded.read(folder)


@pytest.mark.parametrize("key", LESSONS)
def test_the_answer_lies_on_the_slider_and_in_its_interval(key: str, shipped: Recorded) -> None:
    lesson, truth = LESSONS[key], LESSONS[key].truth(shipped)
    assert lesson.guess.low <= truth.value <= lesson.guess.high
    assert truth.low <= truth.value <= truth.high
    assert truth.distance(truth.value) == 0 and truth.distance(truth.high + 2) == pytest.approx(2)
    assert len(lesson.learned(shipped)) == 3 and all(s.endswith(".") or s.endswith(")") for s in lesson.learned(shipped))


@pytest.mark.parametrize("key", LESSONS)
def test_a_changed_recording_changes_the_lesson(key: str, shipped: Recorded, changed: Recorded) -> None:
    lesson = LESSONS[key]
    assert (lesson.truth(changed), lesson.learned(changed)) != (lesson.truth(shipped), lesson.learned(shipped))


@pytest.mark.parametrize("key", LESSONS)
def test_the_question_does_not_tell_the_answer(key: str, shipped: Recorded) -> None:
    lesson = LESSONS[key]
    assert lesson.truth(shipped).text not in f"{lesson.question} {lesson.guess.ask}"


def test_a_recording_is_read_again_when_it_has_changed(tmp_path: Path) -> None:
    for name in FILES:
        shutil.copyfile(FOLDER / name, tmp_path / name)
    before = recorded.read(tmp_path)
    document = json.loads((tmp_path / "lessons.json").read_text()) | {"machine": "another one"}
    (tmp_path / "lessons.json").write_text(json.dumps(document))
    assert recorded.read(tmp_path).source != before.source and "another one" in recorded.read(tmp_path).source


def test_rounding() -> None:
    values = np.array([[-1.0, -0.4, 0.1, 1.0]], np.float32)
    assert quantization.Rounded(2)(values).tolist() == [[-1.0, 0.0, 0.0, 1.0]]
    assert len(np.unique(quantization.Rounded(4)(np.linspace(-1, 1, 1000, dtype=np.float32)))) == 15
    assert quantization.Rounded(32)(values) is values


def test_zeroing_takes_the_smallest() -> None:
    values = np.array([[0.3, -0.1, 0.2, -0.4]], np.float32)
    assert pruning.Zeroed(0.5)(values).tolist() == [[pytest.approx(0.3), 0, 0, pytest.approx(-0.4)]]
    assert pruning.Zeroed(0.0)(values) is values


def test_more_bits_and_more_weights_are_never_much_worse(shipped: Recorded) -> None:
    whole = quantization.at_bits(shipped.network, 32)
    assert whole.accuracy > 0.9 and quantization.at_bits(shipped.network, 8).accuracy > whole.accuracy - 0.01
    assert quantization.at_bits(shipped.network, 2).accuracy < whole.accuracy
    assert pruning.at_share(shipped.network, 0.95).accuracy < whole.accuracy
    assert pruning.at_share(shipped.network, 0.9).bytes_compressed < pruning.at_share(shipped.network, 0.1).bytes_compressed


def test_soft_labels() -> None:
    logits = np.array([2.0, 0.0], np.float32)
    assert soft_labels(logits, 1.0) == pytest.approx([0.8808, 0.1192], abs=1e-4)
    assert soft_labels(logits, 1e6) == pytest.approx([0.5, 0.5], abs=1e-4)


def test_cost_of_a_separable_convolution() -> None:
    full, cheap = separable.full(64, 3, 14), separable.separable(64, 3, 14)
    assert (full.params, full.macs) == (36_864, 7_225_344)
    assert (cheap.params, cheap.macs) == (4_672, 915_712)


@pytest.mark.parametrize(("channels", "kernel", "said"), [
    (64, 3, "7.9 times fewer"), (8, 1, "1.125 times as many"), (256, 1, "1.004 times as many"), (8, 3, "4.2 times fewer"),
])  # fmt: skip
def test_two_convolutions_may_have_more_products_than_one(channels: int, kernel: int, said: str) -> None:
    assert separable.compared(separable.full(channels, kernel, 14).macs, separable.separable(channels, kernel, 14).macs) == said


def test_dominance(shipped: Recorded) -> None:
    rows = shipped.rows()
    for row, on in zip(rows, dominance.on_frontier(rows), strict=True):
        assert on == (dominance.dominators(rows, row) == ())
    fastest = min(r.value("latency_ms") for r in rows)
    assert dominance.best_within(rows, fastest / 2) is None
    best = dominance.best_within(rows, 1e9)
    assert best is not None and best.value("accuracy") == max(r.value("accuracy") for r in rows)


def test_every_network_of_the_frontier_is_the_answer_to_some_budget_and_no_other_one_is(shipped: Recorded) -> None:
    rows, budgets = shipped.rows(), dominance.budgets(shipped.rows())
    front = {r.name for r, on in zip(rows, dominance.on_frontier(rows), strict=True) if on}
    answers = [dominance.best_within(rows, ms) for ms in budgets]
    assert {r.name for r in answers if r is not None} == front and len(front) == 8 and None not in answers
    assert budgets == tuple(sorted(set(budgets))) and 40 <= len(budgets) <= 201
    assert budgets[0] >= min(r.value("latency_ms") for r in rows) and max(r.value("latency_ms") for r in rows) <= budgets[-1] < 0.41


def test_of_equally_accurate_networks_the_fastest_is_bought() -> None:
    slow, fast = (Row({"name": n, "metrics": {"accuracy": 0.9, "latency_ms": ms}}) for n, ms in (("slow", 2.0), ("fast", 1.0)))
    best = dominance.best_within((slow, fast), 3.0)
    assert best is not None and best.name == "fast"


def test_a_search_is_a_real_one_and_the_same_again(shipped: Recorded) -> None:
    space = search.landscape(shipped)
    assert len(space.accuracy) == len(space.rates) * len(space.widths) * len(space.sizes)
    assert len(set(search.tried(space, "random", 3))) == search.TRIES and search.tried(space, "random", 3) != search.tried(space, "random", 4)
    search.tried.cache_clear()
    first = search.tried(space, "bayesian", 0)
    search.tried.cache_clear()
    assert search.tried(space, "bayesian", 0) == first
    course = search.course(space, "random")
    assert list(course.best) == sorted(course.best) and all(lo <= b <= hi for lo, b, hi in zip(course.low, course.best, course.high, strict=True))
