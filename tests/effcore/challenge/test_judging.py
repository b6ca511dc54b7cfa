"""The rules of a challenge, one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from effcore.challenge.card import Challenge
from effcore.challenge.judging import Evidence, Grade, HandIn, judge, leaderboard, too_costly
from effcore.recipe import from_document

CARD = Challenge(
    name="small", question="?", task="digits", limits={"size_mb": 0.05, "latency_ms": 1.0, "accuracy": 0.9}, techniques=["quantization"],
    families=["mlp"], seeds=[0], due="2026-12-01T12:00+00:00", score="100 * accuracy - 10 * size_mb",
)  # fmt: skip
RECIPE = {"task": "digits", "steps": [{"architecture": {"family": "mlp"}}, {"training": {"epochs": 1}}, {"runtime": {"name": "onnxruntime"}}]}
HAND_IN = HandIn(
    student="ada", recipe=from_document(RECIPE), seed=0, claimed={"accuracy": 0.95, "size_mb": 0.04}, sha256="a" * 64,
    sha256_claimed="a" * 64, received=datetime(2026, 12, 1, 11, tzinfo=UTC),
)  # fmt: skip


def right(share: float, count: int = 400) -> list[int]:
    return [1] * round(share * count) + [0] * (count - round(share * count))


EVIDENCE = Evidence(
    metrics={"accuracy": 0.95, "size_mb": 0.04, "latency_ms": 0.5, "latency_ms_low": 0.49, "latency_ms_high": 0.51},
    structure="s", test=right(0.95), validation=right(0.95, 200), rebuilt_structure="s", rebuilt_test=right(0.95),
)  # fmt: skip


def kinds(hand_in: HandIn = HAND_IN, evidence: Evidence = EVIDENCE) -> list[str]:
    return [f.kind for f in judge(hand_in, evidence, challenge=CARD).findings]


def test_a_good_one_is_accepted_with_its_score() -> None:
    grade = judge(HAND_IN, EVIDENCE, challenge=CARD)
    assert grade.accepted and grade.findings == ()
    assert grade.score == pytest.approx(94.6)


def test_late_by_a_second() -> None:
    assert kinds(replace(HAND_IN, received=datetime(2026, 12, 1, 12, 0, 1, tzinfo=UTC))) == ["late"]
    assert kinds(replace(HAND_IN, received=datetime(2026, 12, 1, 12, tzinfo=UTC))) == []


def test_what_the_card_does_not_allow_is_named() -> None:
    steps = [{"architecture": {"family": "cnn"}}, {"training": {"epochs": 1}}, {"augmentation": {"policy": "affine"}}, {"runtime": {"name": "torch"}}]
    bad = replace(HAND_IN, recipe=from_document({"task": "mnist5k", "steps": steps}), seed=7)
    found = judge(bad, EVIDENCE, challenge=CARD).findings
    assert [f.kind for f in found] == ["not_allowed"] * 5
    said = " ".join(f.text for f in found)
    assert all(word in said for word in ("mnist5k", "augmentation", "cnn", "torch", "Got 7"))


def test_a_recipe_may_take_as_long_as_the_card_gives_it() -> None:
    assert too_costly(600.0, CARD) == []
    (found,) = too_costly(4000.0, CARD)
    assert (found.kind, found.text) == (
        "too_costly", "Running its recipe again, to see that it makes this file, takes about 66.7 minutes of a core here. "
        "The card allows at most 10 (rebuild_minutes).",
    )  # fmt: skip
    assert too_costly(4000.0, CARD.model_copy(update={"rebuild_minutes": 70.0})) == []


def test_budgets_hold_with_the_benefit_of_doubt_where_time_is_measured() -> None:
    metrics = dict(EVIDENCE.metrics)
    within = metrics | {"latency_ms": 1.02, "latency_ms_low": 0.99, "latency_ms_high": 1.05}
    assert kinds(evidence=replace(EVIDENCE, metrics=within)) == []
    assert kinds(evidence=replace(EVIDENCE, metrics=within | {"latency_ms_low": 1.01})) == ["over_budget"]
    assert kinds(evidence=replace(EVIDENCE, metrics={k: v for k, v in metrics.items() if k != "latency_ms"})) == ["over_budget"]


def test_a_least_value_is_a_budget_too() -> None:
    low = replace(EVIDENCE, metrics=EVIDENCE.metrics | {"accuracy": 0.89})
    found = judge(replace(HAND_IN, claimed={}), low, challenge=CARD).findings
    assert [f.kind for f in found] == ["over_budget"] and "at least 0.9" in found[0].text


def test_a_claimed_accuracy_is_held_against_the_file() -> None:
    assert kinds(replace(HAND_IN, claimed={"accuracy": 0.954})) == []
    assert kinds(replace(HAND_IN, claimed={"accuracy": 0.99})) == ["claim"]
    assert kinds(replace(HAND_IN, claimed={"size_mb": 0.01})) == ["claim"]


def test_swapped_files() -> None:
    assert kinds(replace(HAND_IN, sha256="b" * 64)) == ["swapped"]
    assert kinds(replace(HAND_IN, sha256_claimed="")) == []
    assert kinds(evidence=replace(EVIDENCE, rebuilt_structure="t")) == ["swapped"]
    assert kinds(evidence=replace(EVIDENCE, rebuilt_test=right(1.0))) == ["swapped"]  # 20 wrong that the recipe has right


def test_by_heart_is_noticed_from_the_validation_images() -> None:
    cheat = replace(EVIDENCE, test=right(1.0), validation=right(0.93, 200), rebuilt_test=None, rebuilt_structure=None)
    assert kinds(evidence=cheat) == ["by_heart"]
    assert kinds(evidence=replace(cheat, test=right(0.97))) == []


def test_by_heart_of_both_splits_is_noticed_from_the_rebuilt_model() -> None:
    cheat = replace(EVIDENCE, test=right(1.0), validation=right(1.0, 200))
    assert kinds(evidence=cheat) == ["by_heart"]
    assert kinds(evidence=replace(cheat, rebuilt_test=None, rebuilt_structure=None)) == []  # which nobody could know


def test_of_a_thousand_honest_hand_ins_hardly_any_is_suspected() -> None:
    generator = np.random.default_rng(0)
    suspected = 0
    for _ in range(1000):
        test, validation = generator.random(400) < 0.95, generator.random(200) < 0.95
        honest = replace(EVIDENCE, test=test.astype(int).tolist(), validation=validation.astype(int).tolist(), rebuilt_test=test.astype(int).tolist())
        suspected += bool(kinds(evidence=honest))
    assert suspected <= 4


def test_the_leaderboard() -> None:
    a, b, c = (Grade(student=s, score=x) for s, x in (("a", 1.0), ("b", 2.0), ("c", None)))
    assert [g.student for g in leaderboard([c, a, b])] == ["b", "a", "c"]
