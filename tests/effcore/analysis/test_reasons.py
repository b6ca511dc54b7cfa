"""Reasons come from figures and facts, and are left out where there are none."""

from __future__ import annotations

import math
from typing import Any

import pytest
from family import evidence, hits, point

from effcore.analysis.changes import accuracy_change, latency_change, size_change
from effcore.analysis.frontier import Point
from effcore.analysis.reasons import best_rate, explain

FAST, SLOW = [1.0, 1.01, 0.99], [2.0, 2.02, 1.98]


def recipe(**steps: Any) -> dict[str, Any]:
    return {"task": "digits", "steps": [{name: settings} for name, settings in steps.items()]}


def why(child: Point, parent: Point, *, latency: dict[str, list[float]], did: dict | None = None, rate: float | None = None) -> tuple[str, ...]:
    raw = evidence({"a": hits(wrong=range(50)), "b": hits(wrong=range(10, 62))}, latency)
    return explain(
        child, parent, accuracy=accuracy_change(child, parent, raw, seeds=(0,)), latency=latency_change(child, parent, raw),
        size=size_change(child, parent), did=did or {}, rate=rate,
    )  # fmt: skip


def int8(**changes: Any) -> Point:
    settings = {"mode": "static", "bits": 8, "reduce_range": changes.pop("reduce_range", None)}
    metrics = {"size_mb": 1.1} | changes.pop("metrics", {})
    return point("b", parent="a", technique="quantization", step="int8", recipe=recipe(quantization=settings), metrics=metrics, **changes)


def test_no_reason_where_it_did_what_it_is_for() -> None:
    assert why(int8(), point("a"), latency={"a": SLOW, "b": FAST}) == ()


def test_zeroed_weights_on_dense_kernels() -> None:
    child = point("b", parent="a", structure="s", metrics={"nonzero_params": 4e5})
    (reason,) = why(child, point("a", structure="s"), latency={})
    assert "computes the same products in the same time" in reason and "60% of the weights are zero" in reason
    (plain,) = why(point("b", parent="a", structure="s"), point("a", structure="s"), latency={})
    assert "zero" not in plain


def test_int8_without_vnni_is_told_from_what_the_export_did() -> None:
    facts = {"quantization": {"reduce_range": True, "layers": 3}}
    (reason,) = why(int8(), point("a"), latency={"a": FAST, "b": SLOW}, did=facts)
    assert "no 8-bit dot products (VNNI)" in reason
    chosen = why(int8(reduce_range=True), point("a"), latency={"a": FAST, "b": SLOW}, did=facts)
    assert not any("VNNI" in r for r in chosen)


def test_overhead_of_a_small_network_is_told_from_the_best_rate_seen() -> None:
    parent = point("a", metrics={"macs": 1e6, "latency_ms": 0.1})
    (reason,) = why(int8(), parent, latency={"a": FAST, "b": SLOW}, rate=1e8)
    assert "at the best rate seen here, 100 million products a ms, arithmetic is 10% of its parent's 0.1 ms" in reason
    assert "converting to 8 bits and back adds" in reason
    assert why(int8(), point("a", metrics={"macs": 9e6, "latency_ms": 0.1}), latency={"a": FAST, "b": SLOW}, rate=1e8) == ()


def test_weights_alone_convert_nothing_back_and_forth() -> None:
    parent, settings = point("a", metrics={"macs": 1e6, "latency_ms": 0.1}), {"mode": "weight_only", "bits": 4}
    child = point("b", parent="a", technique="quantization", step="int4 weights", recipe=recipe(quantization=settings), metrics={})
    (reason,) = why(child, parent, latency={"a": FAST, "b": SLOW}, rate=1e8)
    assert "arithmetic is 10%" in reason and "converting" not in reason
    assert why(child, point("a", metrics={"latency_ms": 0.5}), latency={"a": FAST, "b": SLOW}, did={"quantization": {"layers": 5}}) == ()


def test_rescaling_is_the_reason_only_where_no_other_is() -> None:
    parent = point("a", metrics={"latency_ms": 0.5})
    (reason,) = why(int8(), parent, latency={"a": FAST, "b": SLOW}, did={"quantization": {"layers": 5, "reduce_range": False}})
    assert reason.startswith("5 layers are in 8 bits") and "at 0.5 ms a prediction that costs 0.5 ms more" in reason


def test_latency_that_lags_behind_arithmetic() -> None:
    child = point("b", parent="a", metrics={"macs": 2.5e7, "latency_ms": 0.5})
    (reason,) = why(child, point("a"), latency={"a": SLOW, "b": FAST})
    assert reason == "arithmetic fell 4 times, latency only 2 times: overhead does not shrink with it"


def test_a_file_that_is_not_a_quarter() -> None:
    (reason,) = why(int8(metrics={"size_mb": 2.0}), point("a"), latency={"a": SLOW, "b": FAST})
    assert reason.startswith("a file of 8-bit weights would be 1 MB; the other 1 MB are")


def test_a_learning_step_whose_gain_is_too_small_for_the_test() -> None:
    child = point("b", parent="a", technique="augmentation", step="affine", structure="s")
    (reason,) = why(child, point("a", structure="s"), latency={})
    assert "1,000 test images and 22 different answers only a difference of about 1.4 points" in reason


def test_pytorch_pays_its_dispatcher() -> None:
    child = point("b", parent="a", technique="runtime", step="torch", runtime="torch 2.13.0")
    (reason,) = why(child, point("a"), latency={"a": FAST, "b": SLOW})
    assert "dispatcher" in reason


def test_best_rate_is_of_float_points_with_both_figures() -> None:
    points = [point("a"), int8(metrics={"latency_ms": 0.01}), point("c", metrics={"macs": 0.0}), point("d", metrics={"latency_ms": math.nan})]
    assert best_rate(points) == pytest.approx(1e8)
    assert best_rate([]) is None
