"""Points that differ in one number alone."""

from __future__ import annotations

from typing import Any

from effcore.analysis.dose import Dose, responses
from effcore.analysis.frontier import Point, Variant

PRUNING = Dose(technique="pruning", field="amount")


def point(name: str, *steps: dict[str, Any]) -> Point:
    variant = Variant(
        run_id=name, sweep="s", recipe_key=name, name=name, seed=0, recipe={"task": "t", "steps": list(steps)}, parent=None,
        technique="architecture", step="", runtime="r", environment="e", structure=name, status="FINISHED", error=None, noisy=False,
        metrics={"accuracy": 0.9}, artifact=None, started_ms=0, ended_ms=1,
    )  # fmt: skip
    return Point(variants=(variant,), metrics=variant.metrics)


def net(width: float = 1.0) -> dict[str, Any]:
    return {"architecture": {"family": "mlp", "width": width, "version": 1}}


def pruned(amount: float, **more: Any) -> dict[str, Any]:
    return {"pruning": {"amount": amount, "version": 1} | more}


def shown(points: list[Point]) -> dict[tuple[str, str], list[tuple[str, list[tuple[float, str]]]]]:
    return {
        (dose.technique, dose.field): [(s.name, [(value, p.name) for value, p in s.points]) for s in series]
        for dose, series in responses(points).items()
    }


def test_a_dose_that_was_varied_alone_is_a_series_with_the_recipe_without_the_step_at_no_dose() -> None:
    points = [point("mlp", net()), point("mlp · 75", net(), pruned(0.75)), point("mlp · 25", net(), pruned(0.25))]
    assert shown(points) == {("pruning", "amount"): [("mlp", [(0.0, "mlp"), (0.25, "mlp · 25"), (0.75, "mlp · 75")])]}


def test_what_differs_in_more_than_the_dose_is_another_series() -> None:
    points = [
        point("a · 25", net(), pruned(0.25)), point("a · 50", net(), pruned(0.5)),
        point("b · 25", net(2.0), pruned(0.25)), point("b · 50", net(2.0), pruned(0.5)),
        point("other", net(3.0), pruned(0.9)),
    ]  # fmt: skip
    found = shown(points)
    assert found["pruning", "amount"] == [
        ("a", [(0.25, "a · 25"), (0.5, "a · 50")]), ("b", [(0.25, "b · 25"), (0.5, "b · 50")]),
    ]  # fmt: skip
    assert found["architecture", "width"] == [
        ("25", [(1.0, "a · 25"), (2.0, "b · 25")]), ("50", [(1.0, "a · 50"), (2.0, "b · 50")]),
    ]  # fmt: skip


def test_nested_numbers_count_and_truths_and_versions_do_not() -> None:
    points = [
        point("x", net(), {"distillation": {"teacher": {"width": 1.0}, "flag": True, "version": 1}}),
        point("y", net(), {"distillation": {"teacher": {"width": 2.0}, "flag": True, "version": 1}}),
        point("z", net(), {"distillation": {"teacher": {"width": 2.0}, "flag": False, "version": 1}}),
    ]
    assert list(shown(points)) == [("distillation", "teacher.width")]


def test_one_dose_alone_is_no_series() -> None:
    assert responses([point("x", net(), pruned(0.5)), point("y", {"architecture": {"family": "cnn"}}, pruned(0.25))]) == {}


def test_a_dose_knows_its_unit_and_meaning_where_the_catalogue_does() -> None:
    assert "removed" in PRUNING.help
    assert Dose(technique="gone", field="x").unit == "" == Dose(technique="gone", field="x").help
