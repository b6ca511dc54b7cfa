"""When extra training is earned back."""

from __future__ import annotations

import math

import pytest
from family import evidence, point

from effcore.analysis.changes import Change, latency_change
from effcore.analysis.payback import Payback, payback, training_cost


def between(first: list[float], second: list[float], **metrics: float) -> Payback | None:
    child = point("b", parent="a", metrics={"latency_ms": 0.5, "train_s": 10.0} | metrics)
    return payback(child, point("a"), latency_change(child, point("a"), evidence(latency={"a": first, "b": second})))


def test_is_training_divided_by_the_time_that_a_prediction_saves() -> None:
    found = between([2.0, 2.02, 1.98], [1.0, 1.01, 0.99])
    assert found is not None and not found.never
    assert found.predictions == pytest.approx(20_000, rel=1e-3)  # 10 s at 0.5 ms each
    assert found.low is not None and found.high is not None and found.low < found.predictions < found.high
    assert found.saved_ms == pytest.approx(0.5, rel=1e-3)
    assert found.text.startswith("after 20,000 predictions (19,") and found.text.endswith("for 10 s of training")


@pytest.mark.parametrize("second", [[2.0, 2.3, 1.9], [4.0, 4.1, 3.9]])
def test_is_never_where_it_is_not_shown_to_be_faster(second: list[float]) -> None:
    found = between([2.0, 2.02, 1.98], second)
    assert found is not None and found.never
    assert (found.low, found.high, found.saved_ms) == (None, None, 0.0)
    assert found.text == "never, since it is not shown to be faster than its parent"


def test_is_at_once_without_training() -> None:
    found = between([2.0, 2.02, 1.98], [1.0, 1.01, 0.99], train_s=0.0)
    assert found is not None and found.predictions == 0 and found.text.startswith("at once")


@pytest.mark.parametrize("train_s", [math.nan, math.inf, -1.0])
def test_is_unknown_where_training_or_latency_is(train_s: float) -> None:
    assert between([2.0, 2.02], [1.0, 1.01], train_s=train_s) is None
    assert payback(point("b"), point("a"), None) is None


def test_is_never_without_an_interval() -> None:
    latency = Change(metric="latency_ms", parent=1.0, value=0.5, change=0.5, low=None, high=None, effect="not shown", text="")
    found = payback(point("b", metrics={"train_s": 1.0}), point("a"), latency)
    assert found is not None and found.never


def test_what_a_step_adds_to_the_training_is_told_where_both_are_known() -> None:
    child, parent = (point(name, metrics={"train_total_s": seconds}) for name, seconds in (("b", 12.5), ("a", 10.0)))
    assert training_cost(child, parent) == "12.5 s in all, +2.5 s (+25%) against its parent"
    assert training_cost(parent, child) == "10 s in all, -2.5 s (-20%) against its parent"
    assert training_cost(child, child) == "12.5 s in all, as long as its parent"
    assert training_cost(child, point("a")) == training_cost(point("b"), parent) == ""
