"""Two techniques together against the sum of their effects, on cases with a known answer."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from effcore.analysis.comparison import accuracy_contrast, accuracy_difference, time_contrast, time_ratio
from effcore.analysis.frontier import Evidence, Point, Variant
from effcore.cli.interaction import cells
from effcore.recipe import Recipe
from effcore.reports.interaction import row_of, squares
from effcore.spec import parse

TEXT = """
name: t
task: digits
recipe:
  - architecture: {family: mlp}
  - training: {}
  - augmentation: [none, {policy: affine}]
  - pruning: [none, {amount: 0.5}]
  - quantization: [none, {mode: static}]
  - runtime: onnxruntime
"""


def point(recipe: Recipe, *, structure: str = "", **metrics: float) -> Point:
    full = {"accuracy": 0.9, "latency_ms": 1.0, "size_mb": 1.0} | metrics
    variant = Variant(
        run_id=recipe.key, sweep="s", recipe_key=recipe.key, name=recipe.name, seed=0, recipe=recipe.document, parent=None,
        technique="", step="", runtime="onnxruntime 1", environment="e", structure=structure or recipe.key, status="FINISHED", error=None,
        noisy=False, metrics=full, artifact=None, started_ms=0, ended_ms=0,
    )  # fmt: skip
    return Point(variants=(variant,), metrics=full)


def four(**latencies: float) -> list[Point]:
    """Points of pruning and quantization: neither, prune, int8, both."""
    found = {}
    for recipe in parse(TEXT).recipes:
        names = {s.technique for s in recipe.steps} & {"augmentation", "pruning", "quantization"}
        if "augmentation" not in names:
            key = {0: "neither", 2: "both"}.get(len(names), "".join(names))
            found[key] = point(recipe, latency_ms=latencies[key], size_mb=latencies[key])
    return list(found.values())


def test_all_pairs_of_a_whole_grid_are_found_on_every_base() -> None:
    points = [point(r) for r in parse(TEXT).recipes]
    found = list(squares(points))
    assert len(points) == 8 and len(found) == 3 * 2  # three pairs, each with and without the third step
    assert all(len({p.key for p in s.points}) == 4 for s in found)


def test_a_pair_of_which_a_part_is_missing_is_no_pair() -> None:
    assert list(squares(four(neither=1.0, pruning=0.5, quantization=0.5, both=0.2)[:3])) == []


def test_factors_that_multiply_have_no_interaction_and_others_have_theirs() -> None:
    (square,) = squares(four(neither=1.0, pruning=0.5, quantization=0.4, both=0.2))
    size = row_of(square, Evidence())["size_mb"]
    assert size["interaction"] == pytest.approx(0.0, abs=1e-12) and size["pair"] == pytest.approx(math.log(0.2))
    (square,) = squares(four(neither=1.0, pruning=0.5, quantization=0.4, both=0.3))
    size = row_of(square, Evidence())["size_mb"]
    assert size["interaction"] == pytest.approx(math.log(1.5)) and size["text"] == "worse than the sum of its parts"
    assert cells("size_mb", size) == ("x0.500", "x0.400", "x0.2", "x0.3", "x1.500", "worse than the sum of its parts")


def test_a_latency_measured_once_for_several_of_the_four_is_counted_once() -> None:
    points = {p.key: p for p in four(neither=1.0, pruning=1.0, quantization=0.4, both=0.4)}
    (square,) = squares(list(points.values()))
    shared = {key: f"{index}" for index, key in enumerate(points)}
    keys = [p.key for p in square.points]
    shared[keys[1]], shared[keys[0]] = shared[keys[3]], shared[keys[2]]
    merged = [point_with(p, shared[p.key]) for p in square.points]
    (again,) = squares(merged)
    latency = row_of(again, Evidence())["latency_ms"]
    assert latency["interaction"] == latency["low"] == latency["high"] == 0.0


def test_a_latency_is_told_relative_to_the_reference_where_all_four_are_known_so() -> None:
    (square,) = squares(four(neither=1.0, pruning=0.5, quantization=0.4, both=0.2))
    ratios = dict(zip((p.key for p in square.points), (0.3, 0.5, 0.4, 1.0), strict=True))  # while the machine was slower or faster
    relative = replace(square, points=tuple(replace(p, metrics=dict(p.metrics) | {"latency_ratio": ratios[p.key]}) for p in square.points))
    spread = {key: [ratio * f for f in (0.99, 1.0, 1.01)] for key, ratio in ratios.items()}
    known = Evidence(processes={"latency_ratio": spread})
    found = row_of(relative, known)["latency_ms"]
    assert found["interaction"] == pytest.approx(math.log(1.5), abs=1e-3) and found["pair"] == pytest.approx(math.log(0.3))
    assert found["text"] == "worse than the sum of its parts"
    three = Evidence(processes={"latency_ratio": dict(list(spread.items())[:3])})
    assert row_of(relative, three)["latency_ms"]["pair"] == pytest.approx(math.log(0.2))


def point_with(old: Point, structure: str) -> Point:
    return replace(old, variants=tuple(replace(v, structure=structure) for v in old.variants))


def test_contrasts_of_two_are_the_differences_of_two() -> None:
    generator = np.random.default_rng(0)
    first, second = generator.random(500) < 0.9, generator.random(500) < 0.8
    two: Any = accuracy_difference(first, second)
    found = accuracy_contrast([np.atleast_2d(first), np.atleast_2d(second)], (1, -1))
    assert found.value == pytest.approx(two.difference)
    assert (found.low, found.high) == (pytest.approx(two.low), pytest.approx(two.high))
    times = [1.0, 1.1, 0.9, 1.05], [2.0, 2.1, 2.2, 1.9]
    ratio, log = time_ratio(*times), time_contrast([(1, times[0]), (-1, times[1])])
    assert math.exp(log.value) == pytest.approx(ratio.ratio)
    assert log.low is not None and math.exp(log.low) == pytest.approx(ratio.low)


def test_the_interval_of_an_interaction_covers_the_truth_as_often_as_it_says() -> None:
    generator, hits, runs = np.random.default_rng(1), 0, 200
    shares = (0.93, 0.90, 0.91, 0.90)
    truth = shares[0] - shares[1] - shares[2] + shares[3]
    for run in range(runs):
        answers: list[NDArray[np.bool_]] = [generator.random((1, 1000)) < share for share in shares]
        found = accuracy_contrast(answers, (1, -1, -1, 1), draws=400, seed=run)
        hits += bool(found.low is not None and found.high is not None and found.low <= truth <= found.high)
    assert 0.90 <= hits / runs <= 0.99


def test_answers_of_different_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="same examples"):
        accuracy_contrast([np.ones((1, 3), bool), np.ones((1, 4), bool)], (1, -1))
