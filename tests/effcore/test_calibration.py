"""Whether the probability of being on the frontier is what it says, by simulation.

Generating model. A world has ten points. True accuracies are uniform around 95 %, true logarithms of latency uniform
around zero, both with a standard deviation of 1, 2.5 or 7 times the noise of one measured figure. A test of 1,000
examples is right on each with the true accuracy, independently; five processes measure a latency with a log-normal
noise of 5 % each, and the measuring as a whole one of 1 %. The true frontier is that of the true figures.

With 120 worlds of 200 draws, points stated at about 20, 50, 80 and 95 % were truly on it in 23, 45, 69 and 90 % (spread
1), 18, 48, 75 and 98 % (2.5), 16, 34, 71 and 99 % (7). Where the points differ by no more than the noise, the best
measured ones owe part of their place to it, which no resampling of the same figures can know.
"""

from __future__ import annotations

import numpy as np
import pytest
from family import evidence, point

from effcore.analysis.frontier import find_frontier, with_probability
from effcore.pareto import pareto_mask
from effcore.statistics import BETWEEN_MEASURINGS

OBJECTIVES = ("accuracy", "latency_ms")
POINTS, EXAMPLES, PROCESSES, SPREAD_OF_A_PROCESS = 10, 1000, 5, 0.05
BINS = {20: (0.10, 0.35), 50: (0.35, 0.65), 80: (0.65, 0.90), 95: (0.90, 1.01)}
WORLDS, DRAWS = 50, 100


def world(generator: np.random.Generator, spread: float) -> tuple[np.ndarray, np.ndarray]:
    """Stated probabilities and true membership of ten points."""

    def uniform(noise: float) -> np.ndarray:
        return spread * noise * np.sqrt(3) * generator.uniform(-1, 1, POINTS)

    accuracy = np.clip(0.95 + uniform(np.sqrt(0.95 * 0.05 / EXAMPLES)), 0.5, 0.999)
    true = np.exp(uniform(SPREAD_OF_A_PROCESS / np.sqrt(PROCESSES)))
    correct = {f"p{i}": generator.random(EXAMPLES) < a for i, a in enumerate(accuracy)}
    latency = true * np.exp(BETWEEN_MEASURINGS * generator.standard_normal(POINTS))
    medians = {f"p{i}": v * np.exp(SPREAD_OF_A_PROCESS * generator.standard_normal(PROCESSES)) for i, v in enumerate(latency)}
    measured = [
        point(n, metrics={"accuracy": float(correct[n].mean()), "latency_ms": float(np.exp(np.log(medians[n]).mean()))}).first for n in correct
    ]
    raw = evidence(correct)
    raw.processes["latency_ms"] = {f"key-{n}": v.tolist() for n, v in medians.items()}  # type: ignore[index]
    found = with_probability(find_frontier(measured, OBJECTIVES), raw, draws=DRAWS, seed=int(generator.integers(2**31)))
    stated = np.array([found.point(f"key-p{i}").probability for i in range(POINTS)])
    return stated, pareto_mask(np.column_stack([accuracy, true]), maximise=(True, False))


@pytest.mark.parametrize(("spread", "tolerance"), [(1.0, 0.15), (2.5, 0.15), (7.0, 0.20)])
def test_points_are_on_the_frontier_as_often_as_is_said(spread: float, tolerance: float) -> None:
    generator = np.random.default_rng(0)
    worlds = [world(generator, spread) for _ in range(WORLDS)]
    stated, true = np.concatenate([w[0] for w in worlds]), np.concatenate([w[1] for w in worlds])
    for level, (low, high) in BINS.items():
        inside = (stated >= low) & (stated < high)
        if inside.sum() >= 25:
            assert abs(true[inside].mean() - stated[inside].mean()) <= tolerance, (level, inside.sum())
    assert np.mean((stated - true) ** 2) < np.mean((true.mean() - true) ** 2)  # better than saying the share of all


def test_two_gaussians_are_on_it_as_the_normal_distribution_says() -> None:
    """One is certainly slower and 1 point more accurate with a standard error of 1 point each: better with 76 %."""
    fast = point("a", metrics={"accuracy": 0.95, "accuracy_low": 0.95 - 0.0196, "accuracy_high": 0.95 + 0.0196, "latency_ms": 1.0})
    slow = point("b", metrics={"accuracy": 0.96, "accuracy_low": 0.96 - 0.0196, "accuracy_high": 0.96 + 0.0196, "latency_ms": 2.0})
    for p in (fast, slow):
        p.first.metrics.update(latency_ms_low=p.metrics["latency_ms"], latency_ms_high=p.metrics["latency_ms"])  # type: ignore[attr-defined]
    found = with_probability(find_frontier([fast.first, slow.first], OBJECTIVES), evidence(), draws=4000)
    assert found.point("key-a").probability == 1.0
    assert found.point("key-b").probability == pytest.approx(0.7602, abs=0.02)  # Phi(1 / sqrt 2)


def test_a_tie_and_a_point_that_is_dominated_for_certain() -> None:
    same = np.arange(EXAMPLES) < 950
    tie = {n: point(n, metrics={"accuracy": 0.95}, structure="s").first for n in "ab"}
    worse = point("c", metrics={"accuracy": 0.5, "latency_ms": 9.0}).first
    raw = evidence({"a": same, "b": same, "c": np.arange(EXAMPLES) < 500})
    raw.processes["latency_ms"] = {"key-a": [1.0, 1.1, 0.9], "key-b": [1.0, 1.1, 0.9], "key-c": [9.0, 9.1, 8.9]}  # type: ignore[index]
    found = with_probability(find_frontier([*tie.values(), worse], OBJECTIVES), raw)
    assert [found.point(f"key-{n}").probability for n in "abc"] == [1.0, 1.0, 0.0]
