"""What is said of the data before it is believed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from fake_store import make_variants

from dashboard.views.health import HealthView, health_view
from effcore.analysis.columns import Columns
from effcore.analysis.frontier import Variant


def of(variants: list[Variant], size: int | None = None) -> HealthView:
    return health_view(Columns(variants), np.ones(len(variants), dtype=bool), size_bytes=size)


def line(view: HealthView, what: str) -> str:
    return next(entry.found for entry in view.lines if entry.what == what)


def test_nothing_of_concern() -> None:
    view = of(make_variants(), size=2_500_000)
    assert view.concerns == 0 and view.summary == "64 variants, nothing of concern"
    assert line(view, "Left out") == "no variant failed" and line(view, "Environments") == "one environment"
    assert line(view, "Versions") == "onnxruntime 1.32.0 (64)" and line(view, "Store").startswith("2.50 MB, 64 variants")


def test_everything_of_concern_is_said_in_the_strip() -> None:
    variants = make_variants()
    variants[0] = replace(variants[0], status="FAILED", error="no memory: 3 GB", metrics={})
    variants[1] = replace(variants[1], status="FAILED", error="no memory: 5 GB", metrics={})
    variants[2] = replace(variants[2], noisy=True, environment="env1")
    variants[3] = replace(variants[3], runtime="onnxruntime 1.31.0", metrics={"accuracy": 0.5, "val_accuracy": 0.9})
    view = of(variants)
    assert line(view, "Left out") == "2 of 64 failed; no memory (2)"
    said = ["2 of 64 failed", "1 of 62 measured under noise", "2 environments", "figures are missing", "mixed versions of onnxruntime"]
    assert view.summary.startswith(" · ".join(said))
    assert "latency of 1, peak memory of 1, file size of 1, training in total of 1" in line(view, "Missing figures")
    assert line(view, "Versions") == "mixed versions of onnxruntime; onnxruntime 1.31.0 (1), onnxruntime 1.32.0 (61)"


def test_a_gap_between_validation_and_test_is_of_concern_where_it_is_a_habit() -> None:
    variants = [replace(v, metrics={**v.metrics, "accuracy": 0.90, "val_accuracy": 0.95}) for v in make_variants()]
    view = of(variants)
    assert line(view, "Validation against test") == "validation lies +5.0 points from test on average, +5.0 at most" and view.concerns == 1


def test_no_variants_at_all() -> None:
    assert of([]).summary == "0 variants, nothing of concern"
