"""The verdict of a point in words for its page."""

from __future__ import annotations

from dataclasses import replace

from fake_store import make_variants

from dashboard.views.verdict import verdict_view
from effcore.analysis.frontier import Evidence, Frontier, Variant
from effcore.analysis.verdict import RULES


def by_name(variants: list[Variant], name: str) -> Variant:
    return next(v for v in variants if v.name == name)


class Asked:
    """Remembers whose raw results were asked for."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, frontier: Frontier) -> Evidence:
        self.names = [p.name for p in frontier.points]
        return Evidence()


def test_says_every_change_with_its_interval_and_reads_two_points_only(variants: list[Variant]) -> None:
    child = by_name(variants, "cnn x1 · affine · prune 50%")
    faster = {"latency_ms": 0.1, "latency_ms_low": 0.095, "latency_ms_high": 0.105, "accuracy": 0.97, "accuracy_low": 0.961, "accuracy_high": 0.978}
    slower = {"latency_ms": 0.2, "latency_ms_low": 0.19, "latency_ms_high": 0.21, "accuracy": 0.974, "accuracy_low": 0.966, "accuracy_high": 0.981}
    changed = [
        replace(v, metrics=v.metrics | (faster if v is child else slower if v.name == "cnn x1 · affine" else {})) for v in variants
    ]
    asked = Asked()
    view = verdict_view(changed, child.run_id, evidence=asked)
    assert asked.names == ["cnn x1 · affine · prune 50%", "cnn x1 · affine"]
    assert view is not None
    assert view.line.startswith("Trade-off: 2 times faster (1.86 to 2.15); accuracy ") and view.line.endswith(".")
    assert any(d.startswith("A loss of up to") for d in view.details)
    assert "Training: 24 s in all, as long as its parent." in view.details
    assert view.details[-1] == "Payback of its own training: after 80,000 predictions (74,900 to 86,300) for 8 s of training."
    assert view.rules == RULES


def test_there_is_none_without_a_parent_that_was_measured_here(variants: list[Variant]) -> None:
    asked = Asked()
    child, root = by_name(variants, "cnn x1 · affine · int8"), by_name(variants, "cnn x1")
    others = [v for v in variants if v.recipe_key != child.parent]
    elsewhere = replace(by_name(variants, "cnn x1 · affine"), environment="other")
    failed = replace(child, status="FAILED")
    assert verdict_view(others, child.run_id, evidence=asked) is None
    assert verdict_view([*others, elsewhere], child.run_id, evidence=asked) is None
    assert verdict_view(variants, root.run_id, evidence=asked) is None
    assert verdict_view([failed], failed.run_id, evidence=asked) is None
    assert verdict_view(variants, "nobody", evidence=asked) is None
    assert asked.names == []


def test_a_parent_of_another_sweep_will_do(variants: list[Variant]) -> None:
    child = by_name(make_variants(), "cnn x1 · affine · int8")
    other = replace(by_name(variants, "cnn x1 · affine"), sweep="another")
    assert verdict_view([child, other], child.run_id, evidence=Asked()) is not None
