"""Rank correlations against closed forms; where nothing can be told, nothing is."""

from __future__ import annotations

import numpy as np
import pytest

from effcore.analysis.ranking import ranking


def test_the_same_order_is_one_and_the_opposite_minus_one() -> None:
    for sign in (1, -1):
        found = ranking(range(1, 13), [sign * v**2 for v in range(1, 13)])
        assert found.kendall is not None and found.spearman is not None
        assert found.kendall[0] == pytest.approx(sign) and found.spearman[0] == pytest.approx(sign)
        low, high = sorted(found.kendall[1:])
        assert -1 <= low < high <= 1 and abs(low) > 0.8 or abs(high) > 0.8


def test_tau_counts_pairs() -> None:
    found = ranking([1, 2, 3, 4, 5, 6], [2, 1, 3, 4, 5, 6])  # one of fifteen pairs in the other order
    assert found.kendall is not None and found.kendall[0] == pytest.approx(13 / 15)
    assert found.kendall[1] < 13 / 15 < found.kendall[2]


def test_too_few_or_all_the_same_say_nothing() -> None:
    assert ranking([1, 2, 3, 4], [1, 2, 3, 4]).document == {"count": 4, "kendall": None, "spearman": None}
    assert ranking([1] * 8, range(8)).kendall is None


def test_intervals_of_independent_figures_hold_zero_as_often_as_they_claim() -> None:
    generator = np.random.default_rng(0)
    draws = [ranking(generator.standard_normal(12), generator.standard_normal(12)) for _ in range(400)]
    held = [d.kendall[1] <= 0 <= d.kendall[2] for d in draws if d.kendall]
    assert 0.92 <= np.mean(held) <= 0.99
