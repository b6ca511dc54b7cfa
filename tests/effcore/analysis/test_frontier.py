"""From variants to points, what is left out and why, and the probability of being on the frontier."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from effcore.analysis.frontier import Evidence, Frontier, Variant, aggregate, find_frontier, with_probability
from effcore.analysis.variant import OTHER_IMAGES
from effcore.errors import EffcoreError

OBJECTIVES = ("accuracy", "latency_ms")


def variant(name: str, accuracy: float, latency_ms: float, **changes) -> Variant:
    metrics = {"accuracy": accuracy, "latency_ms": latency_ms} | changes.pop("metrics", {})
    base = Variant(
        run_id=f"run-{name}-{changes.get('seed', 0)}",
        sweep="sweep",
        recipe_key=f"key-{name}",
        name=name,
        seed=0,
        recipe={},
        parent=None,
        technique="architecture",
        step="",
        runtime="onnxruntime 1.32.0",
        environment="here",
        structure=f"structure-{name}",
        status="FINISHED",
        error=None,
        noisy=False,
        metrics=metrics,
        artifact="model.onnx",
        started_ms=0,
        ended_ms=1,
    )
    return replace(base, **changes)


def names(frontier: Frontier) -> list[str]:
    return [p.name for p in frontier.points]


def reasons(frontier: Frontier) -> dict[str, str]:
    return {left.name: left.reason for left in frontier.left_out}


# ---- find_frontier


def test_results_of_images_that_have_changed_since_are_left_out_with_the_reason() -> None:
    old = [variant("old", 0.99, 1.0, data="first", data_ms=1, ended_ms=9), variant("both", 0.98, 2.0, data="first", data_ms=1, seed=1)]
    new = [variant("new", 0.9, 1.0, data="second", data_ms=2), variant("both", 0.8, 2.0, data="second", data_ms=2)]
    unsaid = variant("unsaid", 0.7, 3.0)
    found = find_frontier([*old, *new, unsaid], OBJECTIVES)
    assert names(found) == ["new", "both", "unsaid"] and found.point("key-both").seeds == (0,)
    assert [(left.run_id, left.reason) for left in found.left_out] == [(v.run_id, OTHER_IMAGES) for v in (old[1], old[0])]
    answers = {"key-new": np.ones(40, bool), "key-both": np.ones(40, bool), "key-old": np.ones(30, bool)}
    assert all(p.probability is not None for p in with_probability(found, Evidence(correct={"accuracy": answers})).points)
    assert names(find_frontier([*old, unsaid], OBJECTIVES)) == ["old", "both", "unsaid"]
    assert [p.name for p in aggregate([*old, *new])] == ["both", "new"]


def test_images_on_which_nothing_has_finished_leave_the_older_results_and_a_new_machine_is_taken() -> None:
    old = [variant(name, 0.9, 1.0, data="first", data_ms=1, environment="there") for name in "abc"]
    failed = variant("new", 0.9, 1.0, data="second", data_ms=2, status="FAILED", error="no memory")
    assert names(find_frontier([*old, failed], OBJECTIVES)) == ["a", "b", "c"]
    found = find_frontier([*old, variant("new", 0.9, 1.0, data="second", data_ms=2)], OBJECTIVES)
    assert (found.environment, names(found)) == ("here", ["new"])


def test_marks_the_frontier_and_says_who_dominates() -> None:
    found = find_frontier([variant("a", 0.9, 1.0), variant("b", 0.95, 2.0), variant("c", 0.89, 3.0)], OBJECTIVES)
    assert names(found) == ["b", "a", "c"]
    assert [p.on_frontier for p in found.points] == [True, True, False]
    assert set(found.point("key-c").dominated_by) == {"key-a", "key-b"}
    assert found.point("key-a").dominated_by == ()
    assert [p.name for p in found.front] == ["b", "a"]
    assert found.point("nobody") is None


def test_equal_points_are_both_on_the_frontier() -> None:
    found = find_frontier([variant("a", 0.9, 1.0), variant("b", 0.9, 1.0)], OBJECTIVES)
    assert [p.on_frontier for p in found.points] == [True, True]
    assert names(found) == ["a", "b"]


def test_order_of_variants_does_not_matter() -> None:
    variants = [variant(f"v{i}", 0.9 + i % 3 / 100, 1.0 + i) for i in range(8)]
    assert find_frontier(variants, OBJECTIVES) == find_frontier(variants[::-1], OBJECTIVES)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "FAILED", "error": "no grouped convolutions"}, "failed: no grouped convolutions"),
        ({"status": "FAILED"}, "failed: no cause was recorded"),
        ({"status": "RUNNING"}, "not finished: running"),
        ({"environment": "there"}, "measured in another environment, there"),
        ({"metrics": {"latency_ms": math.nan}}, "latency_ms is nan, which is not a finite number"),
        ({"metrics": {"accuracy": math.inf}}, "accuracy is inf, which is not a finite number"),
        ({"metrics": {"latency_ms": -1.0}}, "latency_ms is -1.0, which can't be negative"),
    ],
)
def test_what_cannot_be_compared_is_left_out_with_its_reason(changes: dict, reason: str) -> None:
    found = find_frontier([variant("a", 0.9, 1.0), variant("b", 0.8, 2.0, **changes)], OBJECTIVES, environment="here")
    assert names(found) == ["a"]
    assert reasons(found) == {"b": reason}


def test_a_missing_metric_never_wins() -> None:
    incomplete = replace(variant("b", 0.99, 0.0), metrics={"accuracy": 0.99})
    found = find_frontier([variant("a", 0.9, 1.0), incomplete], OBJECTIVES)
    assert names(found) == ["a"]
    assert reasons(found) == {"b": "has no latency_ms"}


def test_budgets_leave_out_what_is_beyond_them() -> None:
    variants = [variant("a", 0.9, 1.0), variant("b", 0.95, 2.0), variant("c", 0.7, 0.5)]
    found = find_frontier(variants, OBJECTIVES, budgets={"latency_ms": 1.0, "accuracy": 0.8})
    assert names(found) == ["a"]
    assert reasons(found) == {
        "b": "beyond the limit: latency_ms is 2, allowed is at most 1",
        "c": "beyond the limit: accuracy is 0.7, allowed is at least 0.8",
    }


def test_the_most_frequent_environment_is_kept() -> None:
    variants = [variant("a", 0.9, 1.0, environment="x"), *(variant(n, 0.9, 1.0, environment="y") for n in "bc")]
    found = find_frontier(variants, OBJECTIVES)
    assert found.environment == "y"
    assert names(found) == ["b", "c"]


def test_seeds_are_one_point_with_mean_and_interval() -> None:
    bounds = {"accuracy_low": 0.85, "accuracy_high": 0.96}
    variants = [variant("a", 0.90, 1.0, seed=0, metrics=bounds), variant("a", 0.92, 1.0, seed=1, metrics=bounds)]
    (point,) = find_frontier(variants, OBJECTIVES).points
    assert point.seeds == (0, 1)
    assert point.metrics["accuracy"] == pytest.approx(0.91)
    half = 12.706204736 * 0.01  # t quantile with one degree of freedom times the standard error
    assert point.metrics["accuracy_low"] == pytest.approx(0.91 - math.hypot(half, 0.06))  # with the doubt of the test images, which seeds share
    assert point.metrics["accuracy_high"] == 1.0


def test_a_latency_over_seeds_spreads_by_factors() -> None:
    bounds = {"latency_ms_low": 1.0, "latency_ms_high": 1.3}
    variants = [variant("a", 0.9, t, seed=i, metrics=bounds | {"latency_ms_low": t, "latency_ms_high": t}) for i, t in enumerate((1.0, 1.3))]
    (point,) = find_frontier(variants, OBJECTIVES).points
    factor = math.exp(12.706204736 * math.log(1.3) / 2)
    assert point.metrics["latency_ms_low"] == pytest.approx(1.15 / factor)
    assert point.metrics["latency_ms_high"] == pytest.approx(1.15 * factor)


def test_seeds_of_several_structures_have_none_together() -> None:
    different = [variant("a", 0.9, 1.0, seed=0, structure="s0"), variant("a", 0.9, 1.3, seed=1, structure="s1")]
    alike = [variant("b", 0.9, 1.0, seed=0, structure="s0"), variant("b", 0.9, 1.0, seed=1, structure="s0")]
    found = find_frontier([*different, *alike], OBJECTIVES)
    assert {p.name: p.structure for p in found.points} == {"a": "", "b": "s0"}


def test_of_a_variant_measured_twice_the_newest_stands() -> None:
    old = variant("a", 0.8, 1.0, run_id="old", ended_ms=1)
    new = variant("a", 0.9, 1.0, run_id="new", ended_ms=2)
    (point,) = find_frontier([new, old], OBJECTIVES).points
    assert (point.run_id, point.metrics["accuracy"]) == ("new", 0.9)


def test_unknown_objective_names_the_nearest() -> None:
    with pytest.raises(EffcoreError, match="There is no metric 'latency'"):
        find_frontier([variant("a", 0.9, 1.0)], ("accuracy", "latency"))


def test_nothing_gives_an_empty_frontier() -> None:
    found = find_frontier([], OBJECTIVES)
    assert (found.points, found.front, found.environment) == ((), (), "")


# ---- with_probability


def correct(right: int, total: int = 1000) -> np.ndarray:
    return np.arange(total) < right


def evidence(**points: tuple[np.ndarray, list[float]]) -> Evidence:
    return Evidence(
        correct={"accuracy": {f"key-{name}": hits for name, (hits, _) in points.items()}},
        processes={"latency_ms": {f"key-{name}": medians for name, (_, medians) in points.items()}},
    )


def probabilities(frontier: Frontier) -> dict[str, float]:
    return {p.name: p.probability for p in frontier.points}


def test_probability_is_nan_until_it_is_asked_for() -> None:
    (point,) = find_frontier([variant("a", 0.9, 1.0)], OBJECTIVES).points
    assert math.isnan(point.probability)


def test_certain_cases_have_probability_one_and_zero() -> None:
    found = find_frontier([variant("a", 0.9, 1.0), variant("b", 0.95, 2.0), variant("c", 0.5, 9.0)], OBJECTIVES)
    raw = evidence(
        a=(correct(900), [1.0, 1.01, 0.99]), b=(correct(950), [2.0, 2.01, 1.99]), c=(correct(500), [9.0, 9.1, 8.9])
    )
    assert probabilities(with_probability(found, raw)) == {"a": 1.0, "b": 1.0, "c": 0.0}


def test_identical_points_of_one_structure_tie_in_every_draw() -> None:
    shared = [1.0, 1.2, 0.8]
    found = find_frontier([variant(n, 0.9, 1.0, structure="same") for n in "ab"], OBJECTIVES)
    raw = evidence(a=(correct(900), shared), b=(correct(900), shared))
    assert probabilities(with_probability(found, raw)) == {"a": 1.0, "b": 1.0}


def test_of_one_structure_the_more_accurate_point_is_not_dominated_by_noise() -> None:
    shared = [1.0, 1.3, 0.8, 1.1, 0.9]
    found = find_frontier([variant("a", 0.95, 1.0, structure="s"), variant("b", 0.9, 1.0, structure="s")], OBJECTIVES)
    raw = evidence(a=(correct(950), shared), b=(correct(900), shared))
    assert probabilities(with_probability(found, raw)) == {"a": 1.0, "b": 0.0}


def test_two_equal_points_of_different_structures_are_a_toss_up() -> None:
    """Same examples right; each is on the frontier exactly where it is drawn faster."""
    found = find_frontier([variant("a", 0.9, 1.0), variant("b", 0.9, 1.0)], OBJECTIVES)
    medians = [1.0, 1.1, 0.9, 1.05, 0.95]
    got = probabilities(
        with_probability(found, evidence(a=(correct(900), medians), b=(correct(900), medians)), draws=4000)
    )
    assert got["a"] + got["b"] == pytest.approx(1.0)
    assert got["a"] == pytest.approx(0.5, abs=0.03)


def test_paired_examples_settle_what_intervals_leave_open() -> None:
    """Two points half a point apart: overlapping intervals, yet one is right wherever the other is."""
    found = find_frontier([variant("a", 0.905, 1.0, structure="s"), variant("b", 0.9, 1.0, structure="s")], OBJECTIVES)
    fixed = {"latency_ms": {"key-a": [1.0], "key-b": [1.0]}}
    raw = Evidence(correct={"accuracy": {"key-a": correct(905), "key-b": correct(900)}}, processes=fixed)
    got = probabilities(with_probability(found, raw, draws=2000))
    assert got["a"] == 1.0
    assert got["b"] == pytest.approx(math.exp(-5), abs=0.01), "only where none of the five examples is drawn: a tie"


def test_without_raw_evidence_the_intervals_decide() -> None:
    wide = {"latency_ms_low": 0.5, "latency_ms_high": 2.0}
    found = find_frontier([variant("a", 0.9, 1.0, metrics=wide), variant("b", 0.9, 1.0, metrics=wide)], OBJECTIVES)
    got = probabilities(with_probability(found, Evidence(), draws=4000))
    assert got["a"] == pytest.approx(0.5, abs=0.03)
    assert got["a"] + got["b"] == pytest.approx(1.0)
    fixed = find_frontier([variant("a", 0.9, 1.0), variant("b", 0.9, 1.01)], OBJECTIVES)
    assert probabilities(with_probability(fixed, Evidence())) == {"a": 1.0, "b": 0.0}


def test_probability_is_deterministic_for_a_seed_and_pure() -> None:
    found = find_frontier([variant("a", 0.9, 1.0), variant("b", 0.91, 1.05)], OBJECTIVES)
    raw = evidence(a=(correct(900), [1.0, 1.1, 0.9]), b=(correct(910), [1.05, 1.0, 1.1]))
    backwards = evidence(b=(correct(910), [1.05, 1.0, 1.1]), a=(correct(900), [1.0, 1.1, 0.9]))
    once = with_probability(found, raw, seed=1)
    assert once == with_probability(found, backwards, seed=1)
    assert probabilities(once) != probabilities(with_probability(found, raw, seed=2))
    assert all(math.isnan(p.probability) for p in found.points)
    assert [(p.on_frontier, p.dominated_by) for p in once.points] == [
        (p.on_frontier, p.dominated_by) for p in found.points
    ]


def test_probability_of_three_objectives_and_of_an_empty_frontier() -> None:
    variants = [variant("a", 0.9, 1.0, metrics={"size_mb": 2.0}), variant("b", 0.8, 2.0, metrics={"size_mb": 1.0})]
    found = find_frontier(variants, (*OBJECTIVES, "size_mb"))
    assert probabilities(with_probability(found, Evidence())) == {"a": 1.0, "b": 1.0}
    empty = find_frontier([], OBJECTIVES)
    assert with_probability(empty, Evidence()) == empty


def test_probability_refuses_points_of_different_test_sets() -> None:
    found = find_frontier([variant("a", 0.9, 1.0), variant("b", 0.9, 1.0)], OBJECTIVES)
    raw = evidence(a=(correct(9, 10), [1.0, 1.1]), b=(correct(900), [1.0, 1.1]))
    with pytest.raises(ValueError, match="same test examples"):
        with_probability(found, raw)


# ---- further environments


def in_two_environments() -> list[Variant]:
    own = [variant("a", 0.9, 1.0), variant("b", 0.95, 2.0)]
    # As many points, each better than all of the first: in one frontier they would win.
    faster = {"environment": "a further one"}
    return own + [replace(v, run_id=v.run_id + "-x", measures=v.run_id, metrics=v.metrics | {"latency_ms": 0.1}, **faster) for v in own]


def test_the_usual_environment_is_that_of_the_variants_own_runs() -> None:
    found = find_frontier(in_two_environments(), OBJECTIVES)
    assert (found.environment, names(found), found.left_out) == ("here", ["b", "a"], ())
    assert [p.metrics["latency_ms"] for p in found.points] == [2.0, 1.0]


def test_a_further_environment_is_a_frontier_of_its_own() -> None:
    found = find_frontier(in_two_environments(), OBJECTIVES, environment="a further one")
    assert [(p.name, p.metrics["latency_ms"], p.on_frontier) for p in found.points] == [("b", 0.1, True), ("a", 0.1, False)]
    assert found.left_out == ()


def test_what_was_not_measured_in_an_environment_is_left_out_there_with_its_reason() -> None:
    found = find_frontier(in_two_environments()[:3], OBJECTIVES, environment="a further one")
    assert names(found) == ["a"]
    assert reasons(found) == {"b": "measured in another environment, here"}
