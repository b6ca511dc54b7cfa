"""What candidates are worth: expected gain of hypervolume for what it takes, and who goes on by it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from effcore.cache import Entry
from effcore.context import current_context
from effcore.execution.worker import Outcome
from effcore.forecast import Rates
from effcore.plan import Planner
from effcore.recipe import Recipe
from effcore.search.trial import Trial
from effcore.spec import Spec, parse
from effcore.sweep.candidate import Candidate, Prospect, Seen, make_candidate
from effcore.sweep.costs import Costs
from effcore.sweep.figures import Figures, shaping
from effcore.sweep.promoting import Promoting
from effcore.sweep.worth import Worth

TEXT = """\
name: worth
task: digits
objectives: [accuracy, latency_ms]
recipe:
  - architecture: {family: [mlp, cnn], width: [0.25, 0.5, 1.0]}
  - training: {epochs: 4, learning_rate: {low: 0.001, high: 0.03, log: true}}
  - runtime: onnxruntime
search: {strategy: tpe, budget: {variants: 20}%s}
"""


class Bench:
    """A search that nothing drives: candidates are as a test says."""

    def __init__(self, *, more: str = "") -> None:
        self.spec: Spec = parse(TEXT % more)
        assert self.spec.space is not None
        self.space = self.spec.space
        driver: Any = SimpleNamespace(
            outcomes={}, slots=2, environments=[None], rates=Rates({}, {"export": 1.0, "evaluate": 0.5, "measure": 4.0, "train": 1.0})
        )
        self.planner = Planner(current_context())
        self.figures = Figures(self.spec, self.space)
        costs = Costs(driver, self.planner.stages, self.figures)
        self.worth = Worth(self.figures, costs, self.space, seed=0)
        self.promoting = Promoting(self.spec.search, self.figures, self.worth)
        self.costs, self.candidates = costs, dict[int, Candidate]()

    def assignment(self, family: int, width: int, rate: float) -> dict[str, float]:
        return {"architecture.family": float(family), "architecture.width": float(width), "training.learning_rate": rate}

    def candidate(self, family: int, width: int, accuracy: float, effort_s: float, *, rate: float = 0.01) -> Candidate:
        """One that waits at its first rung."""
        assignment = self.assignment(family, width, rate)
        recipe = self.space.recipe(assignment)
        assert isinstance(recipe, Recipe)
        candidate = make_candidate(len(self.candidates), assignment, [self.planner.variant(recipe, 0)], self.planner.stages, stops=True)
        candidate.launched = 0
        candidate.seen.append(Seen(values=(accuracy, effort_s), violation=0.0, accuracy=accuracy, effort_s=effort_s, share=0.25))
        self.figures.glimpse(candidate, candidate.seen[0])
        self.candidates[candidate.number] = candidate
        return candidate

    def measure(self, candidate: Candidate, latency_ms: float) -> None:
        self.figures.learn(candidate, {"val_accuracy": candidate.seen[-1].accuracy or 0.0, "latency_ms": latency_ms})

    def best_first(self, *frontier: tuple[float, float]) -> list[Candidate]:
        waiting = [c for c in self.candidates.values() if c.waits]
        return self.worth.best_first(waiting, self.candidates.values(), frontier)


def test_latency_follows_from_what_shapes_a_network_alone() -> None:
    assert [d.name for d in shaping(Bench().space)] == ["architecture.family", "architecture.width"]


def test_latency_is_in_proportion_to_the_training_until_it_is_measured() -> None:
    bench = Bench()
    small, large = bench.candidate(0, 0, 0.9, 1.0), bench.candidate(0, 2, 0.9, 3.0)
    assert bench.figures.middles([large.prospect])[0][1] == pytest.approx(3 * bench.figures.middles([small.prospect])[0][1])
    assert bench.figures.believed(large.prospect) is None, "nothing is measured"
    bench.measure(small, 0.02)
    assert bench.figures.middles([small.prospect])[0][1] == 0.02
    expected = bench.figures.expected(large.prospect, "latency_ms")
    assert expected is not None and expected.mean == pytest.approx(0.06, rel=0.05) and expected.low < 0.06 < expected.high


def test_what_is_left_is_charged_by_what_was_seen() -> None:
    bench = Bench()
    small = bench.candidate(0, 0, 0.9, 1.0)
    # Three quarters of the training, a file, its evaluation, and a measurement of two cores; then without that measurement.
    assert bench.costs.rest_s(small) == pytest.approx(0.75 + 1.0 + 0.5 + 8.0)
    assert bench.costs.next_s(small) == pytest.approx(0.25) and bench.costs.after_s("another") == 9.5
    bench.measure(small, 0.02)
    assert bench.costs.rest_s(small) == pytest.approx(2.25) and bench.costs.after_s(small.plans[0].structure) == 1.5


def test_of_equal_ones_the_cheaper_goes_first_and_a_dominated_one_not_at_all() -> None:
    bench = Bench()
    dear, cheap = bench.candidate(0, 1, 0.90, 5.0), bench.candidate(0, 0, 0.90, 1.0)
    assert bench.best_first() == [cheap, dear]
    bench.measure(cheap, 0.02)
    assert bench.best_first((0.95, 0.001)) == [], "a measured one is more accurate and faster"
    assert bench.best_first((0.95, 0.03)) == [cheap], "the other one is expected to be slower and less accurate"


def test_a_known_structure_goes_before_one_that_is_to_be_measured() -> None:
    bench = Bench()
    first, other, again = bench.candidate(0, 0, 0.90, 1.0), bench.candidate(0, 1, 0.93, 1.1), bench.candidate(0, 0, 0.93, 1.0, rate=0.02)
    bench.measure(first, 0.02)
    first.ended = True
    assert bench.best_first((0.90, 0.02)) == [again, other]


def test_one_in_so_many_stays_behind_and_a_constraint_holds_back() -> None:
    bench = Bench(more=", reduction: 4")
    for index in range(4):
        bench.candidate(index % 2, index // 2, 0.8 + index / 50, 1.0 + index)
    assert len(list(bench.promoting.in_order(bench.candidates.values(), [], []))) == 3
    strict = Bench(more=", constraints: [latency_ms <= 0.01]")
    slow = strict.candidate(0, 0, 0.9, 1.0)
    assert strict.figures.chances([slow.prospect], (-1.0, 1.0)).tolist() == [1.0], "nothing is known of it"
    strict.measure(slow, 0.02)
    assert strict.figures.chances([slow.prospect], (-1.0, 1.0)).tolist() == [0.0]
    assert strict.best_first((0.5, 0.001)) == []


def trained_to_the_end(bench: Bench, candidate: Candidate, accuracy: float) -> Candidate:
    """The same candidate after its last rung."""
    while not candidate.seen[-1].settled:
        candidate.seen.append(bench.figures.seen(candidate, accuracy, effort_s=candidate.seen[-1].effort_s, share=1.0))
        bench.figures.glimpse(candidate, candidate.seen[-1])
    candidate.launched = len(candidate.seen) - 1
    return candidate


def test_whoever_is_trained_to_its_end_is_exported_only_where_it_may_add_something() -> None:
    bench = Bench()
    first, worse, better = (bench.candidate(0, 0, a, 1.0, rate=r) for a, r in ((0.8, 0.01), (0.7, 0.02), (0.75, 0.03)))
    assert (first.levels, first.last) == (2, 3) and first.settles, "rungs after epochs 1, 2 and 4, then what follows the training"
    bench.measure(first, 0.02)
    first.ended = True
    trained_to_the_end(bench, worse, 0.79)
    trained_to_the_end(bench, better, 0.81)
    assert bench.figures.middles([worse.prospect])[0] == (0.79, 0.02) and bench.figures.middles([better.prospect])[0] == (0.81, 0.02)
    going_on = list(bench.promoting.in_order(bench.candidates.values(), [(0.8, 0.02)], []))
    assert going_on == [better] and worse.waits, "the structure was measured and the accuracy is known: nothing is to be learned of the other"
    without = Bench(more=", latency_first: false")
    one, other = (trained_to_the_end(without, without.candidate(0, 0, 0.5, 1.0, rate=r), a) for r, a in ((0.01, 0.9), (0.02, 0.5)))
    assert list(without.promoting.in_order(without.candidates.values(), [(0.95, 0.001)], [])) == [one, other]


def test_who_goes_on_is_chosen_over_all_rungs_by_what_it_is_worth() -> None:
    bench = Bench()
    dear, cheap = bench.candidate(0, 2, 0.90, 50.0), bench.candidate(0, 0, 0.90, 0.1)
    bench.candidate(1, 0, 0.2, 1.0)
    dear.seen.append(bench.figures.seen(dear, 0.91, effort_s=50.0, share=0.5))
    bench.figures.glimpse(dear, dear.seen[-1])
    dear.launched = 1
    bench.candidate(1, 1, 0.2, 1.0)
    assert list(bench.promoting.in_order(bench.candidates.values(), [], []))[0] is cheap


@pytest.mark.parametrize(("steps", "settles"), [("", True), ("\n  - pruning: {amount: 0.5}", False), ("\n  - quantization: {}", False)])
def test_an_accuracy_is_settled_where_the_network_is_only_exported_after_its_training(steps: str, settles: bool) -> None:
    spec = parse((TEXT % "").replace("\n  - runtime", f"{steps}\n  - runtime"))
    assert spec.space is not None
    planner, assignment = Planner(current_context()), {"architecture.family": 0.0, "architecture.width": 0.0, "training.learning_rate": 0.01}
    recipe = spec.space.recipe(assignment)
    assert isinstance(recipe, Recipe), recipe
    made = make_candidate(0, assignment, [planner.variant(recipe, 0)], planner.stages, stops=True)
    assert (made.settles, made.levels, made.last) == (settles, 2, 3 if settles else 2)
    kinds = [planner.stages[key].kind for key in made.segments[-1]]
    assert kinds == ["export", "evaluate"] if settles else kinds[0] in ("train", "transform")
    alone = make_candidate(0, assignment, [planner.variant(recipe, 0)], planner.stages, stops=False)
    assert (alone.settles, alone.last) == (False, 0)


def test_a_candidate_that_was_at_its_end_before_that_rung_was_judged_is_at_its_end_still() -> None:
    bench = Bench()
    candidate = bench.candidate(0, 0, 0.9, 1.0)
    note = {"bracket": 0, "launched": 2, "last": 2, "seen": [], "predicted": {}}
    candidate.recall(Trial(number=0, assignment=candidate.assignment, state="open", note=note))
    assert candidate.launched == candidate.last == 3
    candidate.recall(Trial(number=0, assignment=candidate.assignment, state="open", note={**note, "launched": 1}))
    assert candidate.launched == 1


def test_without_latency_first_the_usual_rule_decides() -> None:
    bench = Bench(more=", latency_first: false")
    looked = [bench.candidate(0, 0, accuracy, 1.0, rate=rate) for accuracy, rate in ((0.5, 0.001), (0.9, 0.01), (0.8, 0.02))]
    assert list(bench.promoting.in_order(bench.candidates.values(), [], [])) == [looked[1]]


def test_of_several_proposals_the_one_that_is_worth_most_is_chosen() -> None:
    bench = Bench()
    for index in range(6):
        bench.candidate(index % 2, index // 2, 0.95 if index % 2 else 0.6, 1.0 + index / 2, rate=0.005 * (1 + index))
    choose = bench.worth.chooser(bench.candidates.values(), [])
    poor, good = bench.assignment(0, 0, 0.012), bench.assignment(1, 0, 0.012)
    assert choose([poor, good]) == 1 and choose([good, poor]) == 0
    assert bench.figures.effort_s(Prospect(good, "unseen")) is not None
    assert Bench().worth.chooser([], [])([poor, good]) == 0, "where nothing was seen, the first"


def test_beginning_is_expected_to_take_what_it_took_and_not_what_is_left_of_it() -> None:
    bench = Bench()
    begun = bench.candidate(0, 0, 0.9, 1.0)
    first = begun.segments[0]
    expected_s = bench.costs.begun_s(begun)
    assert expected_s == bench.costs.of_s(begun, 0, whole=True) == len(first) * 1.0
    outcome = Outcome(bench.planner.stages[first[0]], Entry(first[0], Path(), {"facts": {}, "seconds": 7.0}), False)
    bench.costs._driver.outcomes[first[0]] = outcome
    assert bench.costs.begun_s(begun) == expected_s - 1.0 + 7.0 and bench.costs.of_s(begun, 0, whole=True) == expected_s - 1.0
