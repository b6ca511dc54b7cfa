"""The techniques page as a value, over points whose figures follow from their recipes."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from fake_store import make_variants

from dashboard.views.composition import composition_view, dose_view, doses_of, square_rows
from dashboard.views.sensitivity import sensitivity_view
from dashboard.views.techniques import TechniquesView, factor, points_words, signed, techniques_view
from effcore.analysis.effect_sizes import Spread
from effcore.analysis.frontier import Evidence, Variant, find_frontier

DOSES = """name: doses
task: mnist5k
recipe:
  - architecture: {family: mlp, width: [0.5, 1.0, 2.0]}
  - training: {epochs: 4}
  - pruning: [none, {amount: [0.25, 0.5]}]
  - runtime: onnxruntime
"""


def viewed(variants: list[Variant], cost: str = "latency_ms") -> TechniquesView:
    return techniques_view(variants, variants, cost=cost, environment=None, evidence=lambda f: Evidence())


def test_every_optional_technique_is_a_row_with_the_pairs_that_it_has(variants: list[Variant]) -> None:
    view = viewed(variants)
    assert [(row.technique, len(row.steps)) for row in view.rows] == [
        ("architecture", 4), ("augmentation", 8), ("pruning", 16), ("quantization", 32),
    ]  # fmt: skip
    pruning = view.row("pruning")
    assert pruning is not None and pruning.cost is not None and pruning.accuracy is not None
    assert 1 / pruning.cost.median == pytest.approx(3.1, rel=0.08)
    assert pruning.cost_text.startswith("÷3.") and pruning.accuracy.median == pytest.approx(-0.009, abs=0.002)
    assert pruning.lost is not None and pruning.lost > 5
    assert "Most is owed to" in view.headline
    assert view.row("distillation") is None and view.row("architecture").lost is None  # type: ignore[union-attr]


def test_a_step_holds_both_ends_and_its_verdict(variants: list[Variant]) -> None:
    row = viewed(variants).row("pruning")
    assert row is not None
    child = next(v for v in variants if v.name == "cnn x1 · prune 50%")
    parent = next(v for v in variants if v.name == "cnn x1")
    step = next(s for s in row.steps if s.run_id == child.run_id)
    assert step.start == (parent.metrics["latency_ms"], 100 * parent.metrics["accuracy"])
    assert step.end == (child.metrics["latency_ms"], 100 * child.metrics["accuracy"])
    assert step.factor == pytest.approx(child.metrics["latency_ms"] / parent.metrics["latency_ms"])
    assert step.factor_low < step.factor < step.factor_high and step.outcome in ("helped", "trade-off")
    assert step.parent == "cnn x1" and "times faster" in step.cost_text


def test_the_cost_may_be_the_size_of_the_file(variants: list[Variant]) -> None:
    row = viewed(variants, "size_mb").row("quantization")
    assert row is not None and row.cost is not None and 1 / row.cost.median == pytest.approx(4 / 1.05, rel=0.01)


def test_without_parents_there_is_nothing(variants: list[Variant]) -> None:
    view = viewed([replace(v, parent="gone") for v in variants])
    assert view.rows == () and view.headline == "" and len(view.points) == 64


@pytest.mark.parametrize(("ratio", "said"), [(0.5, "÷2.00"), (1.25, "×1.25"), (1.001, "same")])
def test_factors_in_words(ratio: float, said: str) -> None:
    assert factor(ratio) == said


def test_points_in_words() -> None:
    assert points_words(Spread(median=0.0031, low=-0.001, high=0.006, pairs=5)) == "+0.3 points (−0.1 to +0.6)"
    assert points_words(Spread(median=0.0031, low=0.0031, high=0.0031, pairs=1)) == "+0.3 points"
    assert (points_words(None), signed(-0.01)) == ("–", "0.0")


def test_pairs_are_cells_with_the_middle_of_their_interactions(variants: list[Variant]) -> None:
    frontier = find_frontier(variants, ("accuracy", "latency_ms"))
    rows = square_rows(frontier.points, Evidence())
    size = composition_view(rows, "size_mb")
    assert size is not None and len(size.cells) == 3 and set(size.steps) == {"affine", "prune 50%", "int8"}
    both = next(c for c in size.cells if {c.first, c.second} == {"prune 50%", "int8"})
    assert both.value == pytest.approx(0.0, abs=1e-9) and both.text == "same" and both.shown == 0
    assert len(both.lines) == 16  # eight networks, with and without augmentation
    assert composition_view((), "accuracy") is None


def test_an_interaction_is_signed_by_what_is_better() -> None:
    def row(value: float, low: float, high: float) -> dict[str, object]:
        found = {"interaction": value, "low": low, "high": high, "text": "t"}
        return {"first": "a", "second": "b", "on": "net", "accuracy": found, "latency_ms": found}

    slower = [row(0.2, 0.1, 0.3)]
    more, time = composition_view(slower, "accuracy"), composition_view(slower, "latency_ms")
    assert more is not None and time is not None
    assert (more.cells[0].shown, more.cells[0].text) == (1, "+20.0 points")
    assert (time.cells[0].shown, time.cells[0].text) == (-1, factor(math.exp(0.2)))
    assert time.headline == "1 pair: 1 worse."
    mixed = composition_view([row(0.2, 0.1, 0.3), row(-0.2, -0.3, -0.1)], "accuracy")
    assert mixed is not None and mixed.cells[0].shown == 0


def test_a_dose_has_a_line_for_everything_else_that_is_the_same() -> None:
    points = find_frontier(make_variants(DOSES), ("accuracy", "latency_ms")).points
    doses = doses_of(points)
    assert set(doses) == {"architecture.width", "pruning.amount"}
    view = dose_view(points, doses["pruning.amount"], "accuracy")
    assert view is not None and [[p.dose for p in line.points] for line in view.lines] == [[0.0, 0.25, 0.5]] * 3
    assert not view.log and view.lines[0].points[0].y.low < view.lines[0].points[0].y.value
    assert dose_view(points, doses["pruning.amount"], "train_peak_ram_mb") is None


def test_sensitivity_is_in_shares_of_the_largest() -> None:
    bars = sensitivity_view({"sensitivity": {"conv1": 0.01, "fc": 0.04, "odd": float("nan"), "text": "x"}})
    assert [(b.name, b.share, b.text) for b in bars] == [("fc", 100.0, "0.0400"), ("conv1", 25.0, "0.0100")]
    assert sensitivity_view({}) == () == sensitivity_view({"sensitivity": {"a": 0.0}})
