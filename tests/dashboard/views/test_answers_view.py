"""Budgets, steps along the frontier, the knee and relative axes, on a frontier with known figures."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from fake_store import make_variants

from dashboard.views.answers import (
    Budget,
    answer,
    can_be_relative,
    dominators,
    exchanges,
    in_unit,
    knee,
    relative_view,
)
from dashboard.views.frontier import FrontierView, frontier_view
from effcore.objectives import metric

FIGURES = {  # latency, accuracy
    "mlp x0.5": (0.1, 0.90),
    "mlp x1": (0.2, 0.96),
    "cnn x0.5": (0.4, 0.97),
    "cnn x1": (0.8, 0.98),
    "mobile x0.5": (0.4, 0.95),
}


@pytest.fixture
def view() -> FrontierView:
    plain = [v for v in make_variants() if v.name in FIGURES]
    variants = []
    for v in plain:
        latency, accuracy = FIGURES[v.name]
        metrics = {"latency_ms": latency, "accuracy": accuracy, "accuracy_low": accuracy - 0.006, "accuracy_high": accuracy + 0.006}
        variants.append(v.__class__(**{**{f: getattr(v, f) for f in v.__dataclass_fields__}, "metrics": metrics}))
    return frontier_view(variants, x="latency_ms", y="accuracy")


def test_the_best_under_a_budget_what_binds_and_what_the_next_step_costs(view: FrontierView) -> None:
    found = answer(view, Budget(x=0.5))
    assert found.best is not None and found.best.name == "cnn x0.5" and found.allowed == 4
    assert found.lines == (
        "Best with at most 0.5 ms latency: cnn x0.5, 97.0 % at 0.400 ms.",
        "What binds: latency.",
        "The next step is cnn x1: accuracy +1.0 points for latency ×2.00.",
    )


def test_with_a_floor_alone_the_cheapest_is_best(view: FrontierView) -> None:
    found = answer(view, Budget(y=95.5))
    assert found.best is not None and found.best.name == "mlp x1"
    assert found.lines[1:] == ("What binds: accuracy.", "The next step is mlp x0.5: accuracy −6.0 points for latency ÷2.00.")


def test_a_budget_that_nothing_keeps_to_says_how_far_off_it_is(view: FrontierView) -> None:
    assert answer(view, Budget(x=0.05)).lines == ("No point with at most 0.05 ms latency: the best latency here is 0.1 ms.",)
    both = answer(view, Budget(x=0.15, y=95.0))
    assert both.best is None and both.lines[0].endswith("each limit can be kept alone, both together can't.")


def test_where_nothing_binds_it_says_so(view: FrontierView) -> None:
    found = answer(view, Budget(x=5.0))
    assert found.best is not None and found.best.name == "cnn x1"
    assert found.lines[1:] == ("Nothing binds: it is the best of all points.",)
    assert not Budget().given and Budget(y=1.0).given


def test_steps_along_the_frontier_have_a_rate_for_a_doubling(view: FrontierView) -> None:
    first, second, third = exchanges(view)
    assert (first.start.name, first.end.name) == ("mlp x0.5", "mlp x1")
    assert first.rate == pytest.approx(6.0) and first.sure
    assert first.text == "accuracy +6.0 points for latency ×2.00: 6.00 points of accuracy for a doubling of latency"
    assert second.rate == pytest.approx(1.0) and not second.sure and third.rate == pytest.approx(1.0)


def test_the_knee_is_furthest_from_the_line_between_the_ends(view: FrontierView) -> None:
    found = knee(view)
    assert found is not None and found.dot.name == "mlp x1"
    # Scaled costs: a third of the way in log latency, a quarter of the accuracy to lose.
    assert found.distance == pytest.approx((1 - 1 / 3 - 1 / 4) / math.sqrt(2))
    assert "Das 1999" in found.METHOD
    two = frontier_view(make_variants()[:2], x="latency_ms", y="accuracy")
    assert knee(two) is None


def test_who_dominates_a_point_and_by_how_much(view: FrontierView) -> None:
    worse = next(d for d in view.dots if d.name == "mobile x0.5")
    assert dominators(view, worse) == (
        "mlp x1: 1.0 points more accuracy, 2.00 times less latency", "cnn x0.5: 2.0 points more accuracy",
    )  # fmt: skip
    assert dominators(view, view.front[0]) == ()


def test_axes_against_a_baseline(view: FrontierView) -> None:
    base = next(d for d in view.dots if d.name == "cnn x0.5")
    seen = relative_view(view, base)
    by_name = {d.name: d for d in seen.dots}
    assert by_name["cnn x0.5"].x.value == 1.0 and by_name["cnn x0.5"].y.value == 0.0
    assert by_name["mlp x0.5"].x.value == pytest.approx(4.0) and by_name["mlp x0.5"].y.value == pytest.approx(-7.0)
    assert (by_name["mlp x0.5"].x.text, by_name["cnn x1"].y.text) == ("4.00 times", "+1.00 points")
    assert (seen.x.label, seen.x.direction, seen.y.unit) == ("Times faster", "max", "points")
    assert by_name["cnn x1"].y.low == pytest.approx(0.4) and by_name["cnn x1"].y.high == pytest.approx(1.6)
    assert seen.stairs[0] == pytest.approx((4.0, -7.0)) and len(seen.stairs) == len(view.stairs)
    assert can_be_relative(view)


def test_a_point_keeps_to_a_limit_that_is_just_what_it_has(view: FrontierView) -> None:
    base = view.dots[0]
    for share in range(1, 100):  # 100 times 0.57 is 56.99999999999999
        dot = replace(base, y=replace(base.y, value=100.0 * (share / 100)))
        assert Budget(y=float(share)).allows(dot, view) and not Budget(y=share + 0.001).allows(dot, view)


@pytest.mark.parametrize(
    ("name", "limit", "said"),
    [("accuracy", 95.0, "95.0 %"), ("accuracy", 95.25, "95.25 %"), ("latency_ms", 0.05, "0.05 ms"), ("params", 12345.0, "12345")],
)
def test_a_limit_is_told_as_it_was_given(name: str, limit: float, said: str) -> None:
    assert in_unit(metric(name), limit) == said
