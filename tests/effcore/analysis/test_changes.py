"""A point against its parent, figure by figure."""

from __future__ import annotations

import math

import numpy as np
import pytest
from family import evidence, hits, point

from effcore.analysis.changes import accuracy_change, latency_change, memory_change, points, size_change

QUIET, SLOW = [1.0, 1.01, 0.99, 1.0, 1.0], [2.0, 2.02, 1.98, 2.01, 1.99]
A, B = point("a"), point("b", parent="a")


# ---- accuracy


def test_accuracy_is_paired_by_test_examples() -> None:
    raw = evidence({"a": hits(wrong=range(0, 50)), "b": hits(wrong=range(0, 20))})
    found = accuracy_change(B, A, raw, seeds=(0,))
    assert found is not None and found.effect == "better"
    assert (found.parent, found.value, found.change) == pytest.approx((0.95, 0.98, 0.03))
    assert (found.examples, found.disagreements) == (1000, 30)
    assert found.p == pytest.approx(2 * 0.5**30)
    assert found.text == "accuracy +3.0 points (+1.9 to +4.1, p < 0.001)"


def test_equal_figures_of_different_answers_are_not_the_same() -> None:
    raw = evidence({"a": hits(wrong=range(0, 50)), "b": hits(wrong=range(50, 100))})
    found = accuracy_change(B, A, raw, seeds=(0,))
    assert found is not None and (found.change, found.effect, found.no_loss) == (0.0, "not shown", False)
    assert "no loss" not in found.text
    alike = accuracy_change(B, A, evidence({"a": hits(wrong=range(0, 50)), "b": hits(wrong=range(1, 51))}), seeds=(0,))
    assert alike is not None and alike.no_loss
    assert alike.text.endswith("no loss beyond 0.5 points")


def test_only_the_shared_seeds_are_compared() -> None:
    child, parent = point("b", parent="a", seeds=(0, 1, 2)), point("a", seeds=(1,))
    rows = np.stack([hits(wrong=range(0, 900)), hits(wrong=range(0, 10)), hits(wrong=range(0, 900))])
    found = accuracy_change(child, parent, evidence({"b": rows, "a": hits(wrong=range(0, 12))}), seeds=(1,))
    assert found is not None and (found.value, found.parent) == pytest.approx((0.99, 0.988))


def test_without_answers_the_intervals_stand_in_and_without_these_nothing() -> None:
    found = accuracy_change(B, A, evidence(), seeds=(0,))
    assert found is not None and found.p is None and found.effect == "not shown"
    half = math.hypot(0.02, 0.01)
    assert (found.low, found.high) == pytest.approx((-half, half))
    assert accuracy_change(point("b", metrics={"accuracy_low": math.nan}), A, evidence(), seeds=(0,)) is None
    assert accuracy_change(point("b", metrics={"accuracy": math.inf}), A, evidence(), seeds=(0,)) is None


def test_answers_to_other_examples_are_not_paired() -> None:
    raw = evidence({"a": hits(wrong=range(5)), "b": hits(wrong=range(5), total=900)})
    found = accuracy_change(B, A, raw, seeds=(0,))
    assert found is not None and found.p is None
    alike = evidence({"a": hits(wrong=range(5)), "b": hits(wrong=range(5))})
    changed = accuracy_change(point("b", parent="a", data="second"), point("a", data="first"), alike, seeds=(0,))
    assert changed is not None and changed.p is None


# ---- latency


def test_latency_is_a_ratio_over_processes() -> None:
    found = latency_change(B, A, evidence(latency={"a": SLOW, "b": QUIET}))
    assert found is not None and found.effect == "better"
    assert found.change == pytest.approx(0.5, rel=1e-3)
    assert found.text == "2 times faster (1.94 to 2.06)"
    back = latency_change(A, B, evidence(latency={"a": SLOW, "b": QUIET}))
    assert back is not None and (back.effect, back.text) == ("worse", "2 times slower (1.94 to 2.06)")


def test_one_structure_has_one_latency_whatever_the_noise() -> None:
    child, parent = point("b", parent="a", structure="s"), point("a", structure="s")
    found = latency_change(child, parent, evidence(latency={"a": SLOW, "b": QUIET}))
    assert found is not None and (found.effect, found.change, found.low, found.high) == ("same", 1.0, 1.0, 1.0)
    other = point("b", parent="a", structure="s", runtime="torch 2.13.0")
    assert latency_change(other, parent, evidence(latency={"a": SLOW, "b": QUIET})).effect == "better"
    unknown = point("b", parent="a", structure=""), point("a", structure="")
    assert latency_change(*unknown, evidence(latency={"a": SLOW, "b": QUIET})).effect == "better"


def test_a_doubtful_or_tiny_difference_of_latency_is_not_counted() -> None:
    wide = latency_change(B, A, evidence(latency={"a": [1.0, 1.3, 0.8], "b": [0.9, 1.2, 0.7]}))
    assert wide is not None and wide.effect == "not shown" and wide.text.endswith("no difference shown")
    tiny = latency_change(B, A, evidence(latency={"a": [v * 1.04 for v in QUIET], "b": QUIET}))
    assert tiny is not None and tiny.effect == "not shown" and tiny.high is not None and tiny.high < 1
    assert tiny.text == "1.04 times faster (1.01 to 1.07), too little to count below 1.05"


def test_latency_without_processes_is_that_of_its_intervals_or_undecided() -> None:
    fast = point("b", parent="a", metrics={"latency_ms": 0.5, "latency_ms_low": 0.49, "latency_ms_high": 0.51})
    found = latency_change(fast, A, evidence())
    assert found is not None and found.effect == "better" and found.change == pytest.approx(0.5)
    bare = point("b", metrics={"latency_ms": 0.5, "latency_ms_low": math.nan})
    undecided = latency_change(bare, A, evidence())
    assert undecided is not None and (undecided.effect, undecided.low) == ("not shown", None)
    assert undecided.text == "latency 0.5 times, without an interval"


@pytest.mark.parametrize("bad", [math.nan, math.inf, 0.0, -1.0])
def test_an_impossible_latency_never_wins(bad: float) -> None:
    assert latency_change(point("b", metrics={"latency_ms": bad}), A, evidence(latency={"a": SLOW, "b": QUIET})) is None


# ---- size and memory


@pytest.mark.parametrize(
    ("size_mb", "effect", "text"),
    [(1.0, "better", "file 4 times smaller"), (8.0, "worse", "file 2 times larger"), (4.1, "same", "file of the same size")],
)
def test_size(size_mb: float, effect: str, text: str) -> None:
    found = size_change(point("b", metrics={"size_mb": size_mb}), A)
    assert found is not None and (found.effect, found.text, found.low) == (effect, text, found.change)


@pytest.mark.parametrize(("before", "after", "effect"), [(8.0, 4.0, "better"), (8.0, 9.0, "worse"), (8.0, 8.7, "same"), (1.0, 1.4, "same")])
def test_memory_needs_both_a_tenth_and_half_a_megabyte(before: float, after: float, effect: str) -> None:
    found = memory_change(point("b", metrics={"model_ram_mb": after}), point("a", metrics={"model_ram_mb": before}))
    assert found is not None and found.effect == effect


@pytest.mark.parametrize("bad", [math.nan, math.inf, 0.0])
def test_impossible_sizes_are_no_change(bad: float) -> None:
    assert size_change(point("b", metrics={"size_mb": bad}), A) is None
    assert memory_change(A, point("b", metrics={"model_ram_mb": bad})) is None


def test_points_have_a_sign_only_where_there_is_something() -> None:
    minus = "\N{MINUS SIGN}"
    assert [points(v) for v in (0.0123, -0.0123, 0.0, -0.0001)] == ["+1.2", f"{minus}1.2", "0.0", "0.0"]
    assert points(-0.005, sign=False) == "0.5" and points(0.00123, digits=2) == "+0.12"
