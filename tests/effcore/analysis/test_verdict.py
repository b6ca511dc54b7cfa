"""The verdict of a step: outcomes by the stated rules, and what is said where there is none."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from family import evidence, hits, point

from effcore.analysis.frontier import Evidence, Point
from effcore.analysis.verdict import NEEDED, RULES, Outcome, Verdict, family, judge, judge_all

FAST, SLOW = [1.0, 1.01, 0.99], [2.0, 2.02, 1.98]
BASE, MUCH_BETTER, MUCH_WORSE, OTHER = range(50), range(20), range(100), range(10, 60)


def verdict(*, wrong: range = BASE, latency: list[float] = SLOW, **figures: float) -> Verdict:
    """Of a point whose parent is wrong on `BASE`, takes `SLOW` and has the figures of `family.FIGURES`."""
    raw = evidence({"a": hits(wrong=BASE), "b": hits(wrong=wrong)}, {"a": SLOW, "b": latency})
    return judge(point("b", parent="a", metrics=figures), point("a"), raw)


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (verdict(latency=FAST), "helped"),
        (verdict(wrong=MUCH_BETTER), "helped"),
        (verdict(size_mb=1.0), "helped"),
        (verdict(model_ram_mb=4.0), "helped"),
        (verdict(latency=FAST, wrong=MUCH_WORSE), "trade-off"),
        (verdict(latency=FAST, size_mb=8.0), "trade-off"),
        (verdict(wrong=MUCH_BETTER, latency=[4.0, 4.1, 3.9]), "trade-off"),
        (verdict(latency=FAST, wrong=OTHER), "trade-off"),
        (verdict(wrong=MUCH_WORSE), "hurt"),
        (verdict(latency=[4.0, 4.1, 3.9]), "hurt"),
        (verdict(), "no effect shown"),
        (verdict(wrong=OTHER), "no effect shown"),
    ],
)
def test_outcomes_follow_the_rules(found: Verdict, outcome: Outcome) -> None:
    assert found.outcome == outcome
    assert found.text.startswith(f"{outcome}: ")


def test_every_outcome_has_a_rule() -> None:
    assert [rule.split(":")[0] for rule in RULES[:4]] == ["helped", "trade-off", "hurt", "no effect shown"]


def test_no_loss_is_claimed_only_where_non_inferiority_is_shown() -> None:
    same, other = verdict(latency=FAST), verdict(latency=FAST, wrong=OTHER)
    assert "no loss beyond 0.5 points" in same.text and same.notes == ()
    assert "no loss" not in other.text
    assert other.notes == ("a loss of up to 0.9 points is not ruled out",)


def test_words_and_data_say_the_same() -> None:
    found = verdict(latency=FAST, size_mb=1.0, train_s=10.0)
    assert found.text == (
        "helped: 2 times faster (1.93 to 2.07); accuracy 0.0 points (\N{MINUS SIGN}0.3 to +0.3, p = 1), no loss beyond 0.5 points; "
        "file 4 times smaller; memory about the same"
    )
    document = json.loads(json.dumps(found.document, allow_nan=False))
    assert document["text"] == found.text
    assert (document["outcome"], document["parent_name"], document["step"]) == ("helped", "a", "prune 50%")
    assert document["latency"]["change"] == pytest.approx(0.5)
    assert document["payback"]["predictions"] == pytest.approx(20_000, rel=1e-3)


def test_no_parent_no_verdict() -> None:
    found = judge(point("a"), None, Evidence())
    assert (found.outcome, found.text) == (None, "no parent: there is no step to undo")


def test_a_parent_that_was_not_measured_is_said_and_none_stands_in() -> None:
    found = judge(point("b", parent="a"), None, Evidence())
    assert found.outcome is None and found.parent == "key-a" and found.parent_name == ""
    assert found.text == "no verdict: its parent, the same recipe without `prune 50%`, was not measured"
    failed = judge(point("b", parent="a"), None, Evidence(), failed="out of memory")
    assert failed.text.endswith("without `prune 50%`, failed: out of memory")
    with pytest.raises(ValueError, match="its own parent in its own environment"):
        judge(point("b", parent="a"), point("c"), Evidence())
    with pytest.raises(ValueError, match="its own parent in its own environment"):
        judge(point("b", parent="a"), point("a", environment="there"), Evidence())


def test_other_seeds_are_no_comparison_and_some_are_said() -> None:
    none = judge(point("b", parent="a", seeds=(1, 2)), point("a", seeds=(0,)), Evidence())
    assert (none.outcome, none.text) == (None, "no verdict: its parent a was measured with other seeds only")
    rows = np.stack([hits(wrong=BASE), hits(wrong=BASE)])
    raw = evidence({"a": hits(wrong=BASE), "b": rows}, {"a": SLOW, "b": FAST})
    some = judge(point("b", parent="a", seeds=(0, 1)), point("a", seeds=(0,)), raw)
    assert some.outcome == "helped" and some.notes == ("accuracy compares the seeds that both have: 0",)


def test_what_is_missing_is_said_and_never_wins() -> None:
    bare = {"accuracy": float("nan"), "latency_ms": float("nan"), "size_mb": float("nan"), "model_ram_mb": float("nan")}
    found = judge(point("b", parent="a", metrics=bare), point("a"), Evidence())
    assert (found.outcome, found.changes, found.payback) == (None, (), None)
    assert found.text == "no verdict: b and its parent have no figure in common"
    small = judge(point("b", parent="a", metrics=bare | {"size_mb": 1.0}), point("a"), Evidence())
    assert small.outcome == "trade-off"  # nothing is known of the accuracy that it may have cost
    assert small.notes == ("accuracy could not be compared", "latency could not be compared")


def test_a_machine_that_was_not_quiet_is_said() -> None:
    raw = evidence({"a": hits(wrong=BASE), "b": hits(wrong=BASE)}, {"a": SLOW, "b": FAST})
    found = judge(point("b", parent="a", noisy=True), point("a"), raw)
    assert found.notes == ("the machine was not quiet while latency was measured",)


# ---- all points of a sweep


def only(found: Point):
    return found.first


def test_parents_are_found_in_other_sweeps_and_their_own_comes_first() -> None:
    child, parent = only(point("b", parent="a")), only(point("a"))
    elsewhere = replace(parent, sweep="other", run_id="run-old", metrics={**parent.metrics, "size_mb": 9.0})
    found = family([child], [child, elsewhere, only(point("c"))], environment="here")
    assert sorted(p.key for p in found.points) == ["key-a", "key-b"]
    assert found.objectives == NEEDED
    both = family([child, parent], [child, parent, elsewhere], environment="here")
    assert both.point("key-a").metrics["size_mb"] == 4.0
    other = family([child], [child, replace(parent, environment="there")], environment="here")
    assert [p.key for p in other.points] == ["key-b"]


def test_every_point_gets_a_verdict() -> None:
    variants = [only(point("a")), only(point("b", parent="a")), only(point("c", parent="gone")), only(point("d", parent="broken"))]
    relatives = family(variants, variants, environment="here")
    raw = evidence({"a": hits(wrong=BASE), "b": hits(wrong=BASE)}, {"a": SLOW, "b": FAST})
    found = judge_all(relatives.points, relatives, raw, failed={"key-broken": "no memory"})
    assert {key: v.outcome for key, v in found.items()} == {"key-a": None, "key-b": "helped", "key-c": None, "key-d": None}
    assert found["key-c"].text.endswith("was not measured")
    assert found["key-d"].text.endswith("failed: no memory")
