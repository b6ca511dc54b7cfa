"""What is believed of candidates before they are measured: by the pace of their training, by one structure, by what was seen on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from effcore.cache import Entry
from effcore.context import current_context
from effcore.execution.worker import Outcome
from effcore.plan import Planner, Stage
from effcore.recipe import Recipe
from effcore.search.outlook import FEWEST, Prediction
from effcore.spec import Spec, parse
from effcore.sweep.candidate import Candidate, make_candidate, pace_of
from effcore.sweep.figures import Figures

SPEC = """
name: figures
task: digits
objectives: [accuracy, latency_ms]
recipe:
  - architecture: {family: [mlp, cnn], width: {low: 0.125, high: 2.0}}
  - training: {epochs: 4, learning_rate: {low: 0.001, high: 0.1, log: true}}
  - runtime: onnxruntime
search: {strategy: tpe, constraints: [latency_ms <= 1], budget: {variants: 10}}
"""


@pytest.fixture(scope="module")
def spec() -> Spec:
    return parse(SPEC)


def figures_of(spec: Spec) -> Figures:
    assert spec.space is not None
    return Figures(spec, spec.space)


def candidate(spec: Spec, *, width: float, rate: float = 0.01, number: int = 0) -> Candidate:
    assert spec.space is not None
    assignment = {"architecture.family": 0.0, "architecture.width": width, "training.learning_rate": rate}
    recipe, planner = spec.space.recipe(assignment), Planner(current_context())
    assert isinstance(recipe, Recipe)
    return make_candidate(number, assignment, [planner.variant(recipe, 0)], planner.stages, stops=True)


def seen(figures: Figures, found: Candidate, accuracy: float, effort_s: float) -> Candidate:
    found.seen.append(figures.seen(found, accuracy, effort_s=effort_s, share=0.25))
    figures.glimpse(found, found.seen[-1])
    return found


def test_before_anything_is_measured_what_trains_longer_counts_as_slower_and_no_limit_as_broken(spec: Spec) -> None:
    figures = figures_of(spec)
    small, large = (seen(figures, candidate(spec, width=w), 0.9, s) for w, s in ((0.25, 2.0), (2.0, 6.0)))
    assert figures.look(small, 0).values == (0.9, 2.0) and figures.look(large, 0).values == (0.9, 6.0)
    assert figures.look(large, 0).violation == 0


def test_the_pace_is_turned_into_the_figure_by_what_was_measured_and_a_known_structure_has_its_own(spec: Spec) -> None:
    figures = figures_of(spec)
    measured, other = seen(figures, candidate(spec, width=1.0), 0.8, 4.0), seen(figures, candidate(spec, width=2.0), 0.9, 6.0)
    figures.learn(measured, {"val_accuracy": 0.97, "latency_ms": 0.02})
    twin = seen(figures, candidate(spec, width=1.0, rate=0.05), 0.85, 5.0)
    assert figures.look(other, 0).values == pytest.approx((0.9, 0.02 * 6.0 / 4.5), rel=0.03) and other.seen[0].values == (0.9, 6.0)
    assert figures.look(twin, 0).values == (0.85, 0.02)


def test_accuracies_on_the_way_are_enough_to_predict_the_one_at_the_end(spec: Spec) -> None:
    figures, rates = figures_of(spec), [0.001, 0.003, 0.01, 0.03, 0.06, 0.1]
    assert len(rates) == FEWEST
    for number, rate in enumerate(rates):
        assert figures.predicted(candidate(spec, width=1.0, rate=rate)) == {}
        seen(figures, candidate(spec, width=1.0, rate=rate, number=number), 0.5 + number / 12, 1.0)
    low, high = (figures.predicted(candidate(spec, width=1.0, rate=rate))["val_accuracy"] for rate in (0.001, 0.1))
    assert low < 0.65 < 0.8 < high


@pytest.mark.parametrize(("start", "end", "effort_s", "share"), [(0, 1, 12.0, 0.25), (1, 2, 12.0, 0.5), (0, 0, 12.0, 1.0)])
def test_the_pace_is_that_of_the_last_rung(start: int, end: int, effort_s: float, share: float) -> None:
    config = {"from": start, "until": end, "training": {"epochs": 4}}
    ends = [Outcome(Stage("train", "t", config), Entry("t", Path(), {"facts": {}, "seconds": s}), False) for s in (2.0, 4.0)]
    assert pace_of(ends) == {"effort_s": effort_s, "share": share}


def test_each_constraint_is_judged_at_its_own_end_of_what_is_believed() -> None:
    both = parse(SPEC.replace("[latency_ms <= 1]", "[params >= 30000, params <= 85000]"))
    figures = figures_of(both)
    about = {"val_accuracy": Prediction(0.9, 0.8, 0.95), "latency_ms": Prediction(0.2, 0.1, 0.3)}
    assert figures.hopeless(about | {"params": Prediction(60_000, 10_000, 400_000)}, [(0.5, 9.0)]) == ""
    few, many = (figures.hopeless(about | {"params": Prediction(n, n - 100, n + 100)}, [(0.5, 9.0)]) for n in (20_000, 90_000))
    assert few.startswith("breaks params >= 30000 ") and many.startswith("breaks params <= 85000 ")
    assert figures.note(about | {"params": Prediction(170_100, 170_000, 170_200)}) == {"believed": [0.95, 0.1], "broken": 1.0}


def test_what_is_broken_is_told_of_each_constraint_as_it_is_of_those_that_are_measured(spec: Spec) -> None:
    figures = figures_of(parse(SPEC.replace("[latency_ms <= 1]", "[latency_ms <= 0.01, size_mb <= 9]")))
    measured, other = seen(figures, candidate(spec, width=1.0), 0.8, 4.0), seen(figures, candidate(spec, width=2.0), 0.9, 8.0)
    assert figures.standing(other, 0) == ((0.9, 8.0), [0.0, 0.0]) and not figures.are_told(other.prospect)
    found = {"val_accuracy": 0.97, "latency_ms": 0.02, "size_mb": 1.0}
    figures.learn(measured, found)
    values, broken = figures.standing(other, 0)
    assert values == pytest.approx((0.9, 0.04), rel=0.05) and broken == [pytest.approx(3.0, rel=0.2), 0.0]
    assert len(broken) == len(figures.violations(found)) and figures.are_told(other.prospect)


def test_what_was_measured_of_a_structure_before_it_was_trained_is_joined_by_the_rest(spec: Spec) -> None:
    figures, first = figures_of(spec), candidate(spec, width=1.0)
    figures.learn(first, {"latency_ms": 0.02})
    figures.learn(first, {"latency_ms": 0.03, "size_compressed_mb": 0.4, "val_accuracy": 0.9})
    twin = candidate(spec, width=1.0, rate=0.05).prospect
    assert figures.expected(twin, "latency_ms") == Prediction(0.02, 0.02, 0.02)
    assert figures.expected(twin, "size_compressed_mb") == Prediction(0.4, 0.4, 0.4)


def test_the_time_of_a_training_is_its_own_and_not_that_of_others_of_the_structure() -> None:
    figures = figures_of(timed := parse(SPEC.replace("latency_ms]", "train_total_s]").replace("[latency_ms <= 1]", "[]")))
    slow, fast = (seen(figures, candidate(timed, width=1.0, rate=r, number=n), 0.8, s) for n, (r, s) in enumerate(((0.001, 6.0), (0.1, 2.0))))
    figures.learn(slow, {"val_accuracy": 0.9, "train_total_s": 6.2})
    assert [row[1] for row in figures.middles([slow.prospect, fast.prospect])] == pytest.approx([6.0, 2.0])
    for number, rate in enumerate([0.0015, 0.004, 0.01, 0.03, 0.08], start=2):  # the larger the rate, the less time
        taken = seen(figures, candidate(timed, width=1.0, rate=rate, number=number), 0.8, 0.02 / rate)
        figures.learn(taken, {"val_accuracy": 0.9, "train_total_s": 0.02 / rate})
    long, short = (row[1] for row in figures.middles([candidate(timed, width=1.0, rate=r, number=n).prospect for n, r in ((9, 0.002), (10, 0.06))]))
    assert long > 3 * short
