"""Ranges and ticks."""

from __future__ import annotations

import pytest

from dashboard.charts.axes import axis, escape, escape_all, log_ticks, padded, tick_text
from effcore.objectives import METRICS


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.05, 2, [0.05, 0.1, 0.2, 0.5, 1, 2]),
        (0.9, 1.1, [0.9, 1.0, 1.1]),
        (0.0149, 0.018, [0.015, 0.016, 0.017, 0.018]),
        (1, 1e5, [1, 10, 100, 1000, 1e4, 1e5]),
        (2e4, 3e6, [2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6]),
    ],
)
def test_ticks_of_a_logarithmic_axis_are_round_and_few(low: float, high: float, ticks: list[float]) -> None:
    assert log_ticks(low, high) == pytest.approx(ticks)


@pytest.mark.parametrize("odd", ["a <b>", "a & b", "$x$", " a", "a ", "a  b", "a\tb", "a\nb", "a\0b", "a\u00a0b", ""])
def test_many_texts_are_written_out_as_each_alone(odd: str) -> None:
    for texts in ([odd], ["cnn x1 · pruning", odd, "mlp"], ["cnn x1 · pruning", "mlp"]):
        assert escape_all(texts) == [escape(text) for text in texts]
    assert escape_all([]) == []


def test_nine_decades_still_have_few_ticks() -> None:
    assert 3 <= len(log_ticks(1e-3, 1e9)) <= 7


@pytest.mark.parametrize(
    ("value", "text"), [(0.05, "0.05"), (0.0001, "0.0001"), (20, "20"), (1500, "1.5k"), (3e6, "3M"), (2e9, "2G")]
)
def test_tick_text(value: float, text: str) -> None:
    assert tick_text(value) == text


def test_a_single_value_gets_room_on_both_sides() -> None:
    low, high = padded([2.0], log=True)
    assert low < 2 < high
    low, high = padded([0.0], log=False)
    assert low < 0 < high


def test_shares_do_not_run_far_past_a_hundred_percent() -> None:
    assert axis(METRICS["accuracy"], [40.0, 100.0], log=False)["range"][1] == pytest.approx(100.6)


def test_a_linear_axis_of_positive_figures_does_not_run_below_zero() -> None:
    assert axis(METRICS["train_devices"], [0.0, 4.0], log=False)["range"][0] == 0


def test_no_values_give_an_axis_without_numbers() -> None:
    assert axis(METRICS["latency_ms"], [], log=True) == {"range": [0, 1], "showticklabels": False}


def test_escape_writes_markup_out_and_keeps_one_line() -> None:
    assert escape("<b>a\n &amp;") == "&lt;b&gt;a &amp;amp;"
