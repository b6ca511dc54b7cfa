"""A frontier by arrays is the frontier by objects."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from effcore.analysis.columns import MOST_LISTED, Columns, count_reasons, find_plane
from effcore.analysis.frontier import Variant, find_frontier
from effcore.objectives import metric


def variant(index: int, **rest: Any) -> Variant:
    full: dict[str, Any] = {
        "run_id": f"r{index}", "sweep": "s", "recipe_key": f"k{index}", "name": f"n{index}", "seed": 0, "recipe": {"task": "t"}, "parent": None,
        "technique": "architecture", "step": "", "runtime": "o", "environment": "a", "structure": "", "status": "FINISHED", "error": None,
        "noisy": False, "metrics": {"accuracy": 0.5, "latency_ms": 1.0}, "artifact": None, "started_ms": 0, "ended_ms": index,
    }  # fmt: skip
    return Variant(**full | rest)


def drawn(count: int, seed: int) -> list[Variant]:
    """Seeds, repeats, failures, missing and negative figures, and two environments."""
    draw = random.Random(seed)
    made = []
    for index in range(count):
        metrics = {"accuracy": draw.randint(0, 20) / 20, "latency_ms": draw.randint(-1, 15) / 4, "size_mb": draw.random()}
        metrics.pop(draw.choice(["accuracy", "latency_ms", "nothing", "nothing", "nothing"]), None)
        environment = draw.choice("aaab")
        key = draw.randint(0, count // 2)
        made.append(
            variant(
                index, recipe_key=f"k{key}", name=f"n{key}", seed=draw.randint(0, 2), environment=environment, metrics=metrics,
                status=draw.choice(["FINISHED"] * 8 + ["FAILED", "RUNNING"]), measures=None if environment == "a" else "r0",
                data=draw.choice(["", "first", "second", "second"]) if seed % 2 else "", data_ms=index // 3,
            )  # fmt: skip
        )
    return made


@pytest.mark.parametrize("axes", [("latency_ms", "accuracy"), ("accuracy", "size_mb"), ("size_mb", "size_mb")])
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("environment", [None, "b", "nowhere"])
def test_the_points_are_the_same_as_by_objects(axes: tuple[str, str], seed: int, environment: str | None) -> None:
    made = drawn(120, seed)
    x, y = axes
    expected = find_frontier(made, (y, x) if x != y else (y,), environment=environment)
    plane = find_plane(Columns(made), np.ones(len(made), dtype=bool), metric(x), metric(y), environment=environment)
    assert plane.environment == expected.environment
    keys = [made[row].recipe_key for row in plane.rows]
    found = {key: (px, py, n, f) for key, px, py, n, f in zip(keys, plane.x, plane.y, plane.seeds, plane.front, strict=True)}
    assert set(found) == {p.key for p in expected.points}
    for point in expected.points:
        px, py, seeds, front = found[point.key]
        assert (px, py) == pytest.approx((point.metrics[x], point.metrics[y]), rel=1e-12)
        assert (seeds, front) == (len(point.variants), point.on_frontier)
        assert made[plane.rows[keys.index(point.key)]].run_id == point.run_id
    assert {(e.run_id, e.reason) for e in plane.left_out} == {(e.run_id, e.reason) for e in expected.left_out}
    assert plane.left_out_total == len(expected.left_out)


def test_only_those_that_are_meant_count() -> None:
    made = [variant(0), variant(1, metrics={"accuracy": 0.9, "latency_ms": 0.5})]
    columns = Columns(made)
    plane = find_plane(columns, np.array([True, False]), metric("latency_ms"), metric("accuracy"))
    assert plane.rows.tolist() == [0] and plane.front.tolist() == [True] and plane.left_out == ()
    assert columns.sweep.names == ("s",) and columns.task.names == ("t",) and columns.task.code("nowhere") == -1


def test_nothing_and_all_equal() -> None:
    x, y = metric("latency_ms"), metric("accuracy")
    empty = find_plane(Columns([]), np.zeros(0, dtype=bool), x, y)
    assert len(empty.x) == 0 and len(empty.front) == 0 and empty.environment == ""
    equal = find_plane(Columns([variant(i) for i in range(50)]), np.ones(50, dtype=bool), x, y)
    assert equal.front.all() and len(equal.front) == 50


def test_very_many_that_are_left_out_are_counted_and_some_are_named() -> None:
    made = [replace(variant(i), status="FAILED", error="no memory") for i in range(MOST_LISTED + 5)]
    plane = find_plane(Columns(made), np.ones(len(made), dtype=bool), metric("latency_ms"), metric("accuracy"))
    assert plane.left_out_total == MOST_LISTED + 5 and count_reasons(plane.left_out) == {"failed": MOST_LISTED}
