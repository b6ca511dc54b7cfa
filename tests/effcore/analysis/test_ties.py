"""Ties of cases with a known answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from family import evidence, hits, point

from effcore.analysis.comparison import accuracy_difference, time_ratio
from effcore.analysis.frontier import Evidence, Frontier, Point, find_frontier
from effcore.analysis.ties import tie_groups, with_ties
from effcore.statistics import BETWEEN_MEASURINGS

QUIET = [1.0, 1.02, 0.98, 1.01, 0.99]


def made(*points: Point, objectives: tuple[str, ...] = ("accuracy", "latency_ms")) -> Frontier:
    return find_frontier([v for p in points for v in p.variants], objectives)


def ties(frontier: Frontier, raw: Evidence) -> dict[str, list[str]]:
    return {p.name: sorted(key.removeprefix("key-") for key in p.tied_with) for p in with_ties(frontier, raw).points}


def test_points_that_differ_by_chance_are_tied_and_others_are_not() -> None:
    found = made(point("a", metrics={"accuracy": 0.95, "latency_ms": 1.0}), point("b", metrics={"accuracy": 0.951, "latency_ms": 1.01}),
                 point("c", metrics={"accuracy": 0.98, "latency_ms": 2.0}))  # fmt: skip
    raw = evidence(
        {"a": hits(wrong=range(50)), "b": hits(wrong=range(10, 59)), "c": hits(wrong=range(20))},
        {"a": QUIET, "b": [v * 1.01 for v in QUIET], "c": [v * 2 for v in QUIET]},
    )
    assert ties(found, raw) == {"a": ["b"], "b": ["a"], "c": []}
    assert tie_groups(with_ties(found, raw)) == (("b", "a"),)


def test_one_objective_that_tells_apart_is_enough() -> None:
    found = made(point("a", metrics={"accuracy": 0.95}), point("b", metrics={"accuracy": 0.95, "latency_ms": 1.2}))
    same = {"a": hits(wrong=range(50)), "b": hits(wrong=range(50))}
    assert ties(found, evidence(same, {"a": QUIET, "b": [v * 1.2 for v in QUIET]})) == {"a": [], "b": []}
    assert ties(found, evidence(same, {"a": QUIET, "b": [1.2, 1.6, 0.9, 1.0, 1.3]})) == {"a": ["b"], "b": ["a"]}


def test_a_dominated_point_may_be_tied_with_the_frontier() -> None:
    found = made(point("a", metrics={"accuracy": 0.951}, structure="s"), point("b", metrics={"accuracy": 0.95}, structure="s"))
    assert [p.on_frontier for p in found.points] == [True, False]
    assert ties(found, evidence({"a": hits(wrong=range(49)), "b": hits(wrong=range(50))})) == {"a": ["b"], "b": ["a"]}
    assert ties(found, evidence({"a": hits(wrong=range(20)), "b": hits(wrong=range(50))})) == {"a": [], "b": []}


def test_two_dominated_points_are_not_called_a_tie() -> None:
    best = point("a", metrics={"accuracy": 0.99, "latency_ms": 0.1, "latency_ms_low": 0.1, "latency_ms_high": 0.1})
    found = made(best, point("b", structure="s"), point("c", structure="s"))
    raw = evidence({"a": hits(wrong=range(10)), "b": hits(wrong=range(50)), "c": hits(wrong=range(50))})
    assert ties(found, raw) == {"a": [], "b": [], "c": []}


def test_one_structure_shares_its_time_whatever_was_measured() -> None:
    found = made(point("a", structure="s"), point("b", structure="s", metrics={"latency_ms": 2.0}))
    raw = evidence({"a": hits(wrong=range(50)), "b": hits(wrong=range(50))}, {"a": QUIET, "b": [v * 2 for v in QUIET]})
    assert ties(found, raw)["a"] == ["b"]


def test_certain_figures_are_tied_only_where_they_are_equal() -> None:
    points = (point("a", metrics={"size_mb": 1.0}), point("b", metrics={"size_mb": 1.0}), point("c", metrics={"size_mb": 1.01}))
    assert ties(made(*points, objectives=("size_mb",)), Evidence()) == {"a": ["b"], "b": ["a"], "c": []}


def test_without_raw_results_the_intervals_decide() -> None:
    near = point("b", metrics={"accuracy": 0.96, "accuracy_low": 0.94, "accuracy_high": 0.97})
    far = point("c", metrics={"accuracy": 0.99, "accuracy_low": 0.98, "accuracy_high": 0.995})
    assert ties(made(point("a"), near, objectives=("accuracy",)), Evidence()) == {"a": ["b"], "b": ["a"]}
    assert ties(made(point("a"), far, objectives=("accuracy",)), Evidence()) == {"a": [], "c": []}


def test_ties_agree_with_the_comparison_of_two() -> None:
    generator = np.random.default_rng(0)
    ease = generator.normal(2, 1, size=500)
    names = "abcdefgh"
    correct = {n: ease + generator.normal(0.15 * i, 0.5, size=500) > 0 for i, n in enumerate(names)}
    latency = {n: (np.exp(0.04 * i + 0.05 * generator.standard_normal(5))).tolist() for i, n in enumerate(names)}
    points = [point(n, metrics={"accuracy": float(correct[n].mean()), "latency_ms": float(np.mean(latency[n]))}) for n in names]
    found = with_ties(made(*points), evidence(correct, latency))
    assert sum(p.on_frontier for p in found.points) > 3
    for one in found.front:
        for two in found.points:
            ratio = time_ratio(latency[one.name], latency[two.name], between=BETWEEN_MEASURINGS)
            told = accuracy_difference(correct[one.name], correct[two.name]).shown or ratio.shown
            assert (two.key in one.tied_with) == (not told and one is not two)


def test_several_seeds_are_compared_by_their_mean() -> None:
    rows = {"a": np.stack([hits(wrong=range(50)), hits(wrong=range(52))]), "b": np.stack([hits(wrong=range(49)), hits(wrong=range(51))])}
    far = {"a": rows["a"], "b": np.stack([hits(wrong=range(10)), hits(wrong=range(11))])}
    found = made(point("a", structure="s", seeds=(0, 1)), point("b", structure="s", seeds=(0, 1)))
    assert ties(found, evidence(rows))["a"] == ["b"]
    assert ties(found, evidence(far))["a"] == []


def test_nothing_is_tied_with_nothing() -> None:
    empty = Frontier(objectives=("accuracy",), environment="here", points=(), left_out=())
    assert with_ties(empty, Evidence()) is empty


@pytest.mark.parametrize("count", [300])
def test_many_points_are_compared_at_once(count: int) -> None:
    generator = np.random.default_rng(1)
    points, correct, latency = [], {}, {}
    for i in range(count):
        name = f"p{i}"
        correct[name] = generator.random(200) < 0.9
        latency[name] = np.exp(0.05 * generator.standard_normal(5)).tolist()
        points.append(point(name, metrics={"accuracy": float(correct[name].mean()), "latency_ms": float(np.mean(latency[name]))}))
    found = with_ties(made(*points), evidence(correct, latency))
    keys = {p.key: p for p in found.points}
    assert all(p.key in keys[other].tied_with for p in found.points for other in p.tied_with)
    shuffled = with_ties(replace(found, points=found.points[::-1]), evidence(correct, latency))
    assert {p.key: set(p.tied_with) for p in shuffled.points} == {p.key: set(p.tied_with) for p in found.points}
