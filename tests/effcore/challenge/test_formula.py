"""Scores: what they compute and what they refuse."""

from __future__ import annotations

import pytest

from effcore.challenge.formula import read_formula
from effcore.errors import EffcoreError

METRICS = {"accuracy": 0.9, "size_mb": 0.1, "latency_ms": 2.0}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("100 * accuracy", 90.0),
        ("accuracy - 2 * size_mb + latency_ms / 4", 1.2),
        ("-size_mb ** 2", -0.01),
        ("100 * accuracy - 10 * log2(size_mb / 0.05)", 80.0),
        ("min(accuracy, 0.5) + max(size_mb, latency_ms, 1)", 2.5),
        ("(accuracy)", 0.9),
    ],
)
def test_arithmetic_over_metrics(text: str, value: float) -> None:
    assert read_formula(text).score(METRICS) == pytest.approx(value)


def test_names_stand_once_in_their_order() -> None:
    assert read_formula("size_mb + accuracy * size_mb").names == ("size_mb", "accuracy")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("__import__('os').system('true')", "may hold"),
        ("accuracy.real", "may hold"),
        ("[accuracy][0]", "may hold"),
        ("accuracy if size_mb else 1", "may hold"),
        ("(lambda: accuracy)()", "may hold"),
        ("accuracy and 1", "may hold"),
        ("log2(accuracy, 2)", "may hold"),
        ("max(accuracy)", "may hold"),
        ("1e999 * accuracy", "may hold"),
        ("'a' * accuracy", "may hold"),
        ("True + accuracy", "may hold"),
        ("accurcy", "accuracy"),
        ("1 + 1", "at least one metric"),
        ("accuracy +", "arithmetic"),
        ("accuracy; size_mb", "arithmetic"),
        ("(" * 300 + "accuracy" + ")" * 300, "500 characters"),
    ],
)
def test_anything_else_is_refused(text: str, said: str) -> None:
    with pytest.raises(EffcoreError, match=said):
        read_formula(text)


@pytest.mark.parametrize("text", ["accuracy / (size_mb - size_mb)", "log2(size_mb - 1)", "10 ** (1000 * accuracy)", "(-size_mb) ** 0.5"])
def test_what_is_no_number_is_said(text: str) -> None:
    with pytest.raises(EffcoreError, match="score"):
        read_formula(text).score(METRICS)


def test_a_missing_metric_is_named() -> None:
    with pytest.raises(EffcoreError, match="peak_ram_mb"):
        read_formula("accuracy - peak_ram_mb").score(METRICS)
