"""Comparisons against published values, closed forms and simulation with a fixed seed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from effcore.analysis.comparison import (
    SAME,
    Difference,
    Ratio,
    accuracy_difference,
    accuracy_difference_of_intervals,
    mcnemar_p,
    ratio_of_intervals,
    time_ratio,
)


def pair(better: int, worse: int, total: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """Two models that disagree on so many examples; both are right on all others."""
    first, second = np.ones(total, dtype=bool), np.ones(total, dtype=bool)
    second[:better] = False
    first[better : better + worse] = False
    return first, second


# ---- accuracy


@pytest.mark.parametrize(("better", "worse"), [(0, 0), (5, 0), (6, 0), (1, 9), (30, 12), (7, 7), (400, 460)])
def test_mcnemar_is_the_sign_test_of_the_disagreements(better: int, worse: int) -> None:
    expected = stats.binomtest(better, better + worse).pvalue if better + worse else 1.0
    assert float(mcnemar_p(better, worse)) == pytest.approx(expected)


def test_mcnemar_of_arrays_and_its_symmetry() -> None:
    first, second = np.array([[1, 9], [5, 5]]), np.array([[9, 1], [5, 6]])
    assert mcnemar_p(first, second) == pytest.approx(mcnemar_p(second, first))
    assert mcnemar_p(first, second).shape == (2, 2)


def test_a_difference_counts_the_disagreements_and_is_deterministic() -> None:
    found = accuracy_difference(*pair(30, 12))
    assert (found.difference, found.better, found.worse, found.examples, found.seeds) == (pytest.approx(0.018), 30, 12, 1000, 1)
    assert found.p == pytest.approx(float(mcnemar_p(30, 12)))
    error = math.sqrt((31 + 13) - (31 - 13) ** 2 / 1002) / 1002  # closed form of Bonett and Price
    assert (found.low, found.high) == pytest.approx((0.018 - 1.96 * error, 0.018 + 1.96 * error), abs=0.0006)
    assert accuracy_difference(*pair(30, 12)) == found
    assert found.shown and found.no_loss


def test_the_other_way_round_is_the_negative() -> None:
    forth, back = accuracy_difference(*pair(30, 12)), accuracy_difference(*pair(12, 30))
    assert back.difference == pytest.approx(-forth.difference)
    assert back.p == pytest.approx(forth.p)
    assert (back.low, back.high) == pytest.approx((-forth.high, -forth.low), abs=0.0006)


def test_models_that_agree_everywhere_still_have_doubt() -> None:
    found = accuracy_difference(*pair(0, 0))
    assert found.difference == 0 and found.p == 1.0 and not found.shown
    assert found.low == pytest.approx(-found.high, abs=0.0006)
    assert 0.002 <= found.high <= 0.004
    assert found.no_loss
    few = accuracy_difference(*pair(0, 0, total=100))
    assert not few.no_loss  # 100 examples cannot show half a point


@pytest.mark.parametrize(("better", "worse", "no_loss"), [(0, 0, True), (3, 1, True), (2, 3, False), (20, 20, False), (14, 1, True)])
def test_no_loss_only_where_non_inferiority_is_shown(better: int, worse: int, no_loss: bool) -> None:
    assert accuracy_difference(*pair(better, worse)).no_loss is no_loss


def test_non_inferiority_is_claimed_wrongly_in_at_most_one_of_forty() -> None:
    """Model: 1,000 examples; only the child wrong with 1.0 %, only the parent with 0.5 %: a true loss of the margin."""
    generator = np.random.default_rng(0)
    counts = generator.multinomial(1000, [0.005, 0.010, 0.985], size=400)
    claimed = np.mean([accuracy_difference(*pair(int(b), int(w)), draws=2000).no_loss for b, w, _ in counts])
    assert claimed <= 0.04


def test_interval_covers_the_true_difference() -> None:
    """Model: 1,000 examples; only the first right with 2.5 %, only the second with 1.5 %, true difference 1 point."""
    generator = np.random.default_rng(1)
    counts = generator.multinomial(1000, [0.025, 0.015, 0.96], size=300)
    found = [accuracy_difference(*pair(int(b), int(w)), draws=2000) for b, w, _ in counts]
    assert 0.93 <= np.mean([d.low <= 0.01 <= d.high for d in found]) <= 0.98


def test_several_seeds_are_wider_where_they_disagree() -> None:
    generator = np.random.default_rng(2)
    base = generator.random((3, 1000)) < 0.95
    steady = base.copy()
    steady[:, :40] = True
    found = accuracy_difference(steady, base)
    assert found.seeds == 3 and found.better == int((steady & ~base).sum()) and found.worse == 0
    assert found.difference == pytest.approx(float(steady.mean() - base.mean()))
    wild = base.copy()
    wild[0, :150] = True
    wild[1, 150:250] = False
    assert accuracy_difference(wild, base).high - accuracy_difference(wild, base).low > 5 * (found.high - found.low)
    assert not accuracy_difference(wild, base).shown


def test_several_seeds_without_an_effect_are_rarely_shown() -> None:
    """Model: a logit per example, plus a shift per training of 0.15 and noise per training and example; no true difference."""
    generator = np.random.default_rng(3)

    def trained(ease: np.ndarray, seeds: int) -> np.ndarray:
        logits = ease + 0.15 * generator.standard_normal((seeds, 1)) + 0.5 * generator.standard_normal((seeds, len(ease)))
        return logits > 0

    shown = []
    for _ in range(150):
        ease = generator.normal(2.5, 1.5, size=500)
        shown.append(accuracy_difference(trained(ease, 3), trained(ease, 3), draws=1000).shown)
    assert np.mean(shown) <= 0.06


def test_accuracy_needs_the_same_examples() -> None:
    with pytest.raises(ValueError, match=r"Got shapes \(1, 3\) and \(1, 4\)"):
        accuracy_difference(np.ones(3, dtype=bool), np.ones(4, dtype=bool))
    with pytest.raises(ValueError, match="same examples"):
        accuracy_difference(np.ones(0, dtype=bool), np.ones(0, dtype=bool))


def test_difference_of_intervals_as_published() -> None:
    """Newcombe 1998, table II, method 10, contrasts (a) 56/70 - 48/80 and (d) 9/10 - 3/10, from his Wilson intervals."""
    found = accuracy_difference_of_intervals((0.8, 0.69161, 0.87693), (0.6, 0.49052, 0.70035))
    assert (found.difference, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-3)
    assert found.shown and found.p is None
    wide = accuracy_difference_of_intervals((0.9, 0.59585, 0.98212), (0.3, 0.10779, 0.60322))
    assert (wide.low, wide.high) == pytest.approx((0.1705, 0.8090), abs=1e-3)


# ---- ratios


def test_time_ratio_is_welch_of_the_logarithms() -> None:
    first, second = [1.0, 1.1, 0.95, 1.02, 0.99], [2.0, 2.4, 1.8]
    found = time_ratio(first, second)
    expected = stats.ttest_ind(np.log(first), np.log(second), equal_var=False).confidence_interval(0.95)
    assert math.log(found.ratio) == pytest.approx(np.log(first).mean() - np.log(second).mean())
    assert (math.log(found.low), math.log(found.high)) == pytest.approx((expected.low, expected.high))
    assert found.shown


def test_time_ratio_the_other_way_round_is_the_inverse() -> None:
    first, second = [1.0, 1.1, 0.95], [1.05, 1.2, 0.9]
    forth, back = time_ratio(first, second), time_ratio(second, first)
    assert (forth.ratio * back.ratio, forth.low * back.high) == (pytest.approx(1), pytest.approx(1))
    assert not forth.shown


def test_time_ratio_covers_the_true_one() -> None:
    """Model: log-normal medians of 5 processes with spreads of 5 and 15 %, true ratio 0.9; Welch allows the spreads to differ."""
    generator = np.random.default_rng(0)
    inside = []
    for _ in range(400):
        first, second = 0.9 * np.exp(0.05 * generator.standard_normal(5)), np.exp(0.15 * generator.standard_normal(5))
        found = time_ratio(first.tolist(), second.tolist())
        inside.append(found.low <= 0.9 <= found.high)
    assert 0.92 <= np.mean(inside) <= 0.98


def test_one_process_says_nothing_of_the_doubt_and_shows_nothing() -> None:
    found = time_ratio([1.0], [2.0, 2.1])
    assert found.low is None and found.high is None and not found.shown


def test_no_spread_means_no_width() -> None:
    assert time_ratio([1.0, 1.0], [2.0, 2.0]) == Ratio(ratio=0.5, low=0.5, high=0.5)
    assert SAME.ratio == 1 and not SAME.shown


@pytest.mark.parametrize("bad", [[], [0.0, 1.0], [-1.0, 1.0], [math.nan, 1.0], [math.inf, 1.0]])
def test_times_must_be_positive_and_finite(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="positive finite"):
        time_ratio(bad, [1.0, 2.0])


def test_ratio_of_intervals_of_equal_widths_is_the_root_of_two_wider() -> None:
    found = ratio_of_intervals((1.0, 0.9, 1 / 0.9), (2.0, 1.8, 2 / 0.9))
    assert found.ratio == pytest.approx(0.5)
    assert math.log(found.high / found.ratio) == pytest.approx(math.sqrt(2) * math.log(1 / 0.9))
    assert found.low * found.high == pytest.approx(found.ratio**2)


def test_without_a_p_value_the_interval_decides() -> None:
    assert Difference(difference=0.1, low=0.05, high=0.15).shown
    assert not Difference(difference=0.1, low=-0.05, high=0.25).shown
