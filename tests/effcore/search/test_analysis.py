"""What a search came to: closed forms of hypervolume, savings, gaps; importance of a parameter that decides everything."""

from __future__ import annotations

import json
import random

import pytest

from effcore.search.analysis import FEWEST, fates, growth, importance, nearest_miss, report, savings, scale_of, widest_gap
from effcore.search.history import Fate, History, Tried, in_words, read_history
from effcore.spec.dimensions import Dimension

SPACE = (
    Dimension(name="training.learning_rate", low=0.001, high=0.1, log=True), Dimension(name="pruning", labels=("none", "with")),
    Dimension(name="pruning.amount", low=0.1, high=0.9, needs=(("pruning", 1),)),
)  # fmt: skip


def tried(number: int, values: tuple[float, ...] | None, *, fate: Fate = "finished", violation: float = 0.0, **more: object) -> Tried:
    assignment = {"training.learning_rate": 0.01, "pruning": 0.0, "pruning.amount": 0.5}
    full: dict[str, object] = {"assignment": assignment, "core_s": 10.0 * (number + 1)} | more
    return Tried(number=number, name=f"n{number}", recipe=f"r{number}", values=values, fate=fate, violation=violation, **full)  # type: ignore[arg-type]


def history(*all_tried: Tried, objectives: tuple[str, ...] = ("accuracy", "latency_ms"), **more: object) -> History:
    full: dict[str, object] = {
        "name": "s", "task": "digits", "strategy": "tpe", "stopping": "asha", "latency_first": True, "seed": 0, "constraints": (),
        "sampler": "optuna 5.0.0 TPESampler", "slots": 2, "elapsed_s": 50.0, "core_s": 100.0, "choosing_s": 2.0, "shared_s": 30.0,
        "space": SPACE, "prediction_error": {"latency_ms": (0.05, 4)},
    } | more  # fmt: skip
    return History(objectives=objectives, tried=all_tried, **full)  # type: ignore[arg-type]


def test_a_history_survives_json() -> None:
    whole = history(tried(0, (0.9, 1.0), rungs=((0.5, 1.0),)), tried(1, None, fate="postponed", reason="too slow", saved_s=4.0))
    assert read_history(json.loads(json.dumps(whole.document))) == whole


def test_what_was_decided_is_told_in_words_without_what_makes_no_difference() -> None:
    decided = {"training.learning_rate": 0.01, "pruning": 0.0, "pruning.amount": 0.5}
    assert in_words(SPACE, decided) == {"training.learning_rate": "0.01", "pruning": "none"}
    assert in_words(SPACE, decided | {"pruning": 1.0})["pruning.amount"] == "0.5"


def test_hypervolume_grows_in_steps_over_what_was_spent() -> None:
    grown = growth(history(tried(0, (0.8, 1.0)), tried(1, (0.9, 10.0)), tried(2, (0.8, 10.0)), tried(3, (0.85, 3.16227766))))
    assert grown is not None
    assert grown.scale.best == (0.9, 1.0) and grown.scale.worst == (0.8, 10.0)
    assert grown.scale.reference["accuracy"] == pytest.approx(0.79) and grown.scale.reference["latency_ms"] == pytest.approx(10**1.1)
    # Scaled, with latency by its logarithm: (1, 0), (0, 1), (1, 1), (0.5, 0.5) up to (1.1, 1.1).
    assert grown.hypervolume == pytest.approx((0.11, 0.21, 0.21, 0.46))
    assert grown.core_s == (10, 20, 30, 40) and grown.numbers == (0, 1, 2, 3)


def test_what_breaks_a_constraint_counts_nothing_and_the_nearest_miss_is_named() -> None:
    broken = history(tried(0, (0.9, 2.0), violation=1.0), tried(1, (0.8, 1.2), violation=0.2))
    missed = nearest_miss(broken)
    assert growth(broken) is None and missed is not None and missed.number == 1
    kept = history(tried(0, (0.9, 2.0), violation=1.0), tried(1, (0.8, 0.9)))
    grown = growth(kept)
    assert nearest_miss(kept) is None and grown is not None and grown.numbers == (1,)


def test_two_searches_are_compared_on_one_scale() -> None:
    scale = scale_of([(0.8, 1.0), (0.9, 10.0)], ("accuracy", "latency_ms"))
    assert scale.hypervolume([(0.9, 1.0)]) == pytest.approx(1.1**2)
    assert scale.hypervolume([]) == 0 and scale.hypervolume([(0.7, 20.0)]) == 0


def test_savings_are_what_was_not_run_less_what_choosing_took() -> None:
    saved = savings(history(tried(0, (0.9, 1.0)), tried(1, (0.5, 1.0), fate="stopped", saved_s=20.0), tried(2, None, fate="postponed", saved_s=7.0)))
    assert (saved.sharing_s, saved.stopping_s, saved.postponing_s, saved.choosing_s) == (30, 20, 7, 4) and saved.net_s == 53


def test_the_gap_lies_between_the_neighbours_that_are_farthest_apart() -> None:
    gap = widest_gap(history(tried(0, (0.99, 10.0)), tried(1, (0.98, 8.0)), tried(2, (0.8, 1.0)), tried(3, (0.7, 5.0))))
    assert gap is not None and [t.number for t in gap.between] in ([1, 2], [2, 1])
    assert gap.limits == ("accuracy >= 0.8", "latency_ms <= 8")
    assert widest_gap(history(tried(0, (0.99, 10.0)))) is None
    assert widest_gap(history(tried(0, (0.9,)), tried(1, (0.8,)), objectives=("accuracy",))) is None


def test_the_parameter_that_decides_is_the_important_one() -> None:
    generator = random.Random(0)
    many = []
    for number in range(60):
        assignment = {d.name: d.at(generator.random()) for d in SPACE}
        many.append(tried(number, (assignment["training.learning_rate"], 1.0 + assignment["pruning.amount"]), assignment=assignment))
    shares = importance(history(*many))
    assert shares["accuracy"]["training.learning_rate"] > 0.8 and shares["latency_ms"]["pruning.amount"] > 0.8
    assert sum(shares["accuracy"].values()) == pytest.approx(1)
    assert importance(history(*many[: FEWEST - 1])) == {}


def test_what_makes_no_difference_and_what_all_have_alike_decides_nothing() -> None:
    generator = random.Random(0)
    done = []
    for number in range(40):
        amount, rate = generator.uniform(0.1, 0.9), generator.uniform(0.001, 0.1)
        assignment = {"training.learning_rate": rate, "pruning": 0.0, "pruning.amount": amount}
        done.append(tried(number, (amount, 1.0), assignment=assignment))
    found = importance(history(*done))
    assert "pruning.amount" not in found["accuracy"], "nobody is pruned"
    assert "latency_ms" not in found, "all are as fast"


def test_between_equal_candidates_there_is_no_gap() -> None:
    assert widest_gap(history(tried(0, (0.9, 1.0)), tried(1, (0.9, 1.0)), tried(2, (0.8, 2.0)))) is None
    gap = widest_gap(history(tried(0, (0.9, 1.0)), tried(1, (0.9, 1.0)), tried(2, (0.8, 0.5))))
    assert gap is not None and gap.width > 0


def test_the_report_is_plain_data() -> None:
    document = report(history(tried(0, (0.9, 2.0)), tried(1, (0.8, 1.0)), tried(2, None, fate="failed", reason="it broke")))
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["fates"] == fates(history(tried(0, None), tried(1, None), tried(2, None, fate="failed"))) == {"finished": 2, "failed": 1}
    assert document["reasons"] == {"it broke": 1} and document["saved_core_s"]["net"] == 26
    assert document["prediction_error"] == {"latency_ms": {"median": 0.05, "candidates": 4}}
