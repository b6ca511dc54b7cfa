"""The registry of metrics."""

from __future__ import annotations

import re

import pytest

from effcore.errors import EffcoreError
from effcore.objectives import METRICS, Metric, maximise, metric

UNITS = {"_ms": "ms", "_mb": "MB", "_s": "s"}


def test_more_is_better_only_for_accuracy_and_throughput() -> None:
    assert {m.name for m in METRICS.values() if m.maximise} == {"accuracy", "val_accuracy", "throughput_per_s"}


@pytest.mark.parametrize("entry", METRICS.values(), ids=lambda m: m.name)
def test_every_metric_is_whole(entry: Metric) -> None:
    assert METRICS[entry.name] is entry
    assert re.fullmatch(r"[a-z0-9_]+", entry.name)
    assert entry.label and entry.help.endswith(".")
    suffix = next((s for s in UNITS if entry.name.endswith(s) and entry.name != "throughput_per_s"), None)
    if suffix is not None:
        assert entry.unit == UNITS[suffix]
    assert entry.percent == (entry.unit == "%")


def test_labels_tell_metrics_apart() -> None:
    assert len({m.label for m in METRICS.values()}) == len(METRICS)


def test_maximise_answers_in_the_order_asked() -> None:
    assert maximise(("latency_ms", "accuracy", "size_mb")) == (False, True, False)


def test_an_unknown_metric_is_refused_with_the_nearest() -> None:
    with pytest.raises(EffcoreError, match="There is no metric 'latency'. Did you mean 'latency_ms'?"):
        metric("latency")
