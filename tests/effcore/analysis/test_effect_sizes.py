"""Steps against their parents, on cases with a known answer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from effcore.analysis.effect_sizes import effects_of, scaled_costs, spread, tally, uses, volume_lost
from effcore.analysis.frontier import Evidence, Frontier, Point, Variant, find_frontier
from effcore.analysis.verdict import family, judge_all

STEPS: dict[str, list[dict[str, Any]]] = {
    "plain": [{"architecture": {}}, {"runtime": {}}],
    "pruned": [{"architecture": {}}, {"pruning": {}}, {"runtime": {}}],
    "int8": [{"architecture": {}}, {"quantization": {}}, {"runtime": {}}],
    "both": [{"architecture": {}}, {"pruning": {}}, {"quantization": {}}, {"runtime": {}}],
}
PARENT = {"plain": None, "pruned": "plain", "int8": "plain", "both": "pruned"}
TECHNIQUE = {"plain": "architecture", "pruned": "pruning", "int8": "quantization", "both": "quantization"}


def variant(name: str, accuracy: float, latency: float) -> Variant:
    figures = {"accuracy": accuracy, "accuracy_low": accuracy - 0.001, "accuracy_high": accuracy + 0.001}
    figures |= {"latency_ms": latency, "latency_ms_low": 0.99 * latency, "latency_ms_high": 1.01 * latency}
    return Variant(
        run_id=name, sweep="s", recipe_key=name, name=name, seed=0, recipe={"task": "t", "steps": STEPS[name]}, parent=PARENT[name],
        technique=TECHNIQUE[name], step=name if PARENT[name] else "", runtime="r", environment="e", structure=name, status="FINISHED",
        error=None, noisy=False, metrics=figures, artifact=None, started_ms=0, ended_ms=1,
    )  # fmt: skip


def built(**figures: tuple[float, float]) -> Frontier:
    return find_frontier([variant(name, *pair) for name, pair in figures.items()], ("accuracy", "latency_ms"))


GRID = built(plain=(0.95, 1.0), pruned=(0.93, 0.5), int8=(0.95, 0.5), both=(0.93, 0.25))


def judged(frontier: Frontier) -> tuple[Any, ...]:
    variants = [v for p in frontier.points for v in p.variants]
    relatives = family(variants, variants, environment="e")
    return effects_of(frontier.points, relatives.points, judge_all(frontier.points, relatives, Evidence()))


def test_every_point_with_a_measured_parent_is_a_step_in_the_order_of_the_catalogue() -> None:
    found = judged(GRID)
    assert [(e.technique, e.child.name, e.parent.name) for e in found] == [
        ("pruning", "pruned", "plain"), ("quantization", "both", "pruned"), ("quantization", "int8", "plain"),
    ]  # fmt: skip
    assert [e.outcome for e in found] == ["trade-off", "helped", "helped"]


def test_a_step_whose_parent_is_missing_is_none() -> None:
    assert [e.child.name for e in judged(built(plain=(0.95, 1.0), both=(0.93, 0.25)))] == []


def test_spread_of_factors_is_that_of_their_logarithms() -> None:
    found = judged(built(plain=(0.95, 1.0), pruned=(0.95, 0.5), int8=(0.94, 0.5), both=(0.95, 0.0625)))
    quantized = [e for e in found if e.technique == "quantization"]  # factors 1/2 and 1/8
    cost, accuracy = spread(quantized, "latency_ms"), spread(quantized, "accuracy")
    assert cost is not None and accuracy is not None
    assert cost.median == pytest.approx(0.25) and cost.pairs == 2
    assert [math.log(v / 0.25) for v in (cost.low, cost.high)] == pytest.approx([-0.25 * math.log(4), 0.25 * math.log(4)])
    assert accuracy.median == pytest.approx(-0.005) and accuracy.high == pytest.approx(-0.0025)
    assert spread(quantized, "model_ram_mb") is None and spread([], "accuracy") is None


def test_tally_counts_outcomes_best_first() -> None:
    assert list(tally(judged(GRID)).items()) == [("helped", 2), ("trade-off", 1)]


def test_volume_lost_is_the_share_that_only_points_with_the_technique_dominate() -> None:
    # Scaled: accuracy 0.95 is 0 and 0.93 is 1; latency 1.0 is 1, 0.5 is 0.5, 0.25 is 0 (logarithmic). The corner points
    # dominate nothing, int8 at (0, 0.5) dominates half of the square.
    assert volume_lost(GRID.points, ("accuracy", "latency_ms"), "quantization") == pytest.approx(1.0)
    assert volume_lost(GRID.points, ("accuracy", "latency_ms"), "pruning") == pytest.approx(0.0)
    assert volume_lost(GRID.points, ("accuracy", "latency_ms"), "distillation") == pytest.approx(0.0)


def test_there_is_no_share_of_no_volume() -> None:
    level = built(plain=(0.95, 1.0), pruned=(0.95, 0.5))
    assert volume_lost(level.points, ("accuracy", "latency_ms"), "pruning") == pytest.approx(1.0)  # of latency alone
    assert volume_lost(level.points[:1], ("accuracy", "latency_ms"), "pruning") is None
    corners = built(plain=(0.95, 1.0), pruned=(0.93, 0.5))
    assert volume_lost(corners.points, ("accuracy", "latency_ms"), "pruning") is None
    assert volume_lost((), ("accuracy", "latency_ms"), "pruning") is None
    assert volume_lost(GRID.points, ("accuracy", "size_mb"), "pruning") is None


def test_costs_are_scaled_from_best_to_worst() -> None:
    costs = scaled_costs([[0.9, 1.0], [0.8, 10.0], [0.85, 100.0]], ("accuracy", "latency_ms"))
    assert costs == pytest.approx(np.array([[0.0, 0.0], [1.0, 0.5], [0.5, 1.0]]))


def test_uses_looks_at_every_step() -> None:
    both: Point = next(p for p in GRID.points if p.name == "both")
    assert uses(both, "pruning") and uses(both, "quantization") and not uses(both, "distillation")
