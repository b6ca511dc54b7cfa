"""What a search decides with candidates that wait, that are put off and that fail: constraints, budgets, the record."""

from __future__ import annotations

import pytest
from search_bench import Bench, at_rung, make_spec, measured

from effcore.spec import Spec, parse
from effcore.sweep.costs import Costs
from effcore.sweep.recorded import history_of


def limited(strategy: str, constraints: str, *, budget: str = "variants: 8") -> Spec:
    text = make_spec(epochs=20).text.replace("strategy: random", f"strategy: {strategy}, constraints: {constraints}")
    return parse(text.replace("variants: 8", budget))


@pytest.mark.parametrize("strategy", ["tpe, startup: 1", "gp, startup: 1", "nsga2"])
def test_a_candidate_that_waits_is_judged_by_as_many_constraints_as_one_that_is_measured(strategy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Costs, "charge", lambda *_: {})
    bench = Bench(limited(strategy, "[latency_ms <= 1, size_mb <= 0.2]"), train_s=30.0)
    for width in (0.25, 0.5, 1.0):
        waiting, done = at_rung(bench, width, 0.9), at_rung(bench, width + 0.125, 0.95)
        measured(bench, done, val_accuracy=0.95, latency_ms=0.5, size_mb=0.3)
        assert len(bench.study.trial(waiting.number).violations) == len(bench.study.trial(done.number).violations) == 2
    assert bench.search._ask() is not None, "the strategy takes both"


def test_of_those_that_are_put_off_the_one_is_run_that_breaks_least() -> None:
    spec = limited("random", "[size_mb <= 0.2]")
    bench = Bench(parse(spec.text.replace("  - quantization: [none, {mode: static}]\n", "")), train_s=1.0)
    for index in range(8):  # the larger, the more accurate
        width = 0.125 + 1.8 * index / 8
        bench.figures.learn(bench.candidate(width), {"val_accuracy": 0.8 + 0.1 * width, "latency_ms": 0.01 * width, "size_mb": 0.5 + 0.5 * width})
    best = bench.candidate(0.7)
    best.ended, best.values = True, (0.999, 0.0001)
    bench.search.candidates[best.number] = best
    begun = bench.search._ask()
    off = [t for t in bench.study.trials if t.state == "postponed" and "broken" in t.note]
    assert begun is not None and len(off) == 10
    assert all(t.note["broken"] > 0 for t in off) and begun.number == min(off, key=lambda t: t.note["broken"]).number
    assert begun.number != max(off, key=lambda t: t.note["believed"][0]).number


def test_over_its_budget_a_search_without_a_result_goes_on_with_one_candidate_and_ends_whatever_that_comes_to() -> None:
    now = [0.0]
    bench = Bench(limited("random", "[]", budget="minutes: 1"), train_s=5.0, clock=lambda: now[0])
    waiting = [at_rung(bench, width, 0.9) for width in (0.25, 0.5, 1.0)]
    bench.driver.idle, now[0] = True, 100.0
    bench.search.step(bench.driver)  # type: ignore[arg-type]
    (attempt,) = bench.search.working.values()
    assert attempt in waiting and attempt.launched == attempt.last and not bench.search.ended
    bench.search._fail(attempt, "it broke")
    bench.search.step(bench.driver)  # type: ignore[arg-type]
    assert bench.search.ended and not bench.search.working


def test_latency_that_nothing_tells_yet_is_not_in_the_record_as_the_seconds_of_training() -> None:
    bench = Bench(make_spec(epochs=20), train_s=30.0)
    first, other = at_rung(bench, 0.5, 0.8), at_rung(bench, 1.0, 0.9)
    bench.search.spending.choosing_s = 0.0
    assert [(t.values, t.rungs) for t in history_of(bench.search).tried] == [(None, ()), (None, ())]
    bench.figures.learn(first, {"val_accuracy": 0.95, "latency_ms": 0.02})
    known, predicted = (t.values for t in history_of(bench.search).tried if t.number in (first.number, other.number))
    assert known == (0.8, 0.02) and predicted is not None and predicted[0] == 0.9 and 0.01 < predicted[1] < 0.04
