"""Figures in words."""

from __future__ import annotations

import math

import pytest

from dashboard.quantities import (
    better_by,
    change,
    count,
    digits,
    duration,
    file_size,
    improved,
    interval,
    show,
)
from effcore.objectives import METRICS

ACCURACY, LATENCY, PARAMS = METRICS["accuracy"], METRICS["latency_ms"], METRICS["params"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0035234, "0.00352"),
        (0.09996, "0.100"),
        (9.996, "10.0"),
        (999.7, "1000"),
        (1234.5, "1234"),
        (0, "0"),
        (-0.5, "−0.500"),
    ],
)
def test_three_significant_digits(value: float, text: str) -> None:
    assert digits(value) == text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("accuracy", 0.976, "97.6 %"), ("latency_ms", 0.0741, "0.0741 ms"), ("params", 279_000, "279 k"),
        ("params", 999_900, "1.00 M"), ("macs", 12, "12"), ("latency_ms", None, "–"), ("latency_ms", math.nan, "–"),
    ],
)  # fmt: skip
def test_show_gives_unit_and_prefix(name: str, value: float | None, text: str) -> None:
    assert show(METRICS[name], value) == text


def test_interval_is_empty_where_it_says_nothing() -> None:
    assert interval(LATENCY, None, 1.0) == interval(LATENCY, 1.0, 1.0) == interval(LATENCY, math.nan, 1.0) == ""
    assert interval(LATENCY, 0.78, 0.85) == "0.780 to 0.850 ms" and interval(LATENCY, 0.78, 0.85, unit=False) == "0.780 to 0.850"


@pytest.mark.parametrize(
    ("metric", "before", "after", "text", "better"),
    [
        (LATENCY, 0.81, 0.386, "÷2.10", True), (LATENCY, 0.2, 0.3, "×1.50", False),
        (LATENCY, 0.2, 0.2002, "same", None),
        (ACCURACY, 0.98, 0.977, "−0.3 points", False), (ACCURACY, 0.977, 0.98, "+0.3 points", True),
        (ACCURACY, 0.98, 0.9801, "same", None), (LATENCY, None, 1.0, "", None),
        (LATENCY, 0.0, 1.0, "0 ms to 1.00 ms", False),
        (PARAMS, 1000, 250, "÷4.00", True),
    ],
)  # fmt: skip
def test_change_is_in_points_or_a_factor(metric, before, after, text, better) -> None:  # type: ignore[no-untyped-def]
    assert change(metric, before, after) == text
    assert improved(metric, before, after) is better


def test_better_by_says_how_much_and_of_what() -> None:
    assert better_by(LATENCY, 0.2, 0.42) == "2.10 times less latency"
    assert better_by(ACCURACY, 0.98, 0.97) == "1.0 points more accuracy"
    assert better_by(LATENCY, 0.5, 0.4) == ""


def test_durations_sizes_and_counts() -> None:
    assert [duration(s) for s in (None, 0.2, 59.6, 60, 3599.9, 90_000)] == [
        "–",
        "under 1 s",
        "60 s",
        "1 min",
        "60 min",
        "25 h",
    ]
    assert [file_size(n) for n in (812, 34_000, 1_234_567)] == ["812 B", "34.0 kB", "1.23 MB"]
    assert [count(1, "point"), count(1200, "point")] == ["1 point", "1,200 points"]
