"""Intervals and draws against closed forms, published values and simulation with a fixed seed."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from effcore.pareto import pareto_mask
from effcore.statistics import (
    accuracy_draws,
    binomial_quantile,
    frontier_probability,
    interval_draws,
    interval_over_seeds,
    mean_and_interval,
    percentile_interval,
    process_interval,
    samples_for_percentile,
    time_draws,
    wilson_interval,
)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# ---- intervals


@pytest.mark.parametrize(
    ("correct", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_interval_as_published(correct: int, total: int, low: float, high: float) -> None:
    """Newcombe 1998, table I, method 3, https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E."""
    assert wilson_interval(correct, total) == pytest.approx((low, high), abs=5e-5)


def test_wilson_interval_is_mirrored_and_stays_inside() -> None:
    low, high = wilson_interval(3, 10)
    assert wilson_interval(7, 10) == pytest.approx((1 - high, 1 - low))
    assert wilson_interval(10, 10)[1] == pytest.approx(1.0)
    assert wilson_interval(0, 10)[0] == pytest.approx(0.0)


def test_quantiles_and_shares_are_those_of_scipy() -> None:
    for count, share, level in itertools.product((1, 2, 7, 30, 459, 3000), (0.01, 0.5, 0.9, 0.99), (0.005, 0.025, 0.975, 0.995)):
        assert binomial_quantile(level, count, share) == stats.binom.ppf(level, count, share)
    for correct, total in ((0, 1), (1, 1), (3, 10), (399, 400), (400, 400)):
        found = stats.binomtest(correct, total).proportion_ci(0.95, method="wilson")
        assert wilson_interval(correct, total) == pytest.approx((found.low, found.high), rel=1e-12)


@pytest.mark.parametrize(("correct", "total"), [(-1, 10), (11, 10), (0, 0)])
def test_wilson_interval_refuses_impossible_counts(correct: int, total: int) -> None:
    with pytest.raises(ValueError, match=f"Got {correct} of {total}"):
        wilson_interval(correct, total)


def test_mean_and_interval_closed_form() -> None:
    mean, low, high = mean_and_interval([1.0, 2.0, 3.0])
    half = 4.302652729911275 / math.sqrt(3)  # t quantile of 97.5 % with 2 degrees of freedom, standard deviation 1
    assert (mean, low, high) == pytest.approx((2.0, 2.0 - half, 2.0 + half))
    assert mean_and_interval([5.0]) == (5.0, 5.0, 5.0)


def test_process_interval_is_that_of_the_logarithms() -> None:
    center, low, high = process_interval([1.0, 2.0, 4.0])
    assert center == pytest.approx(2.0)
    assert low * high == pytest.approx(4.0)
    assert math.log(high) == pytest.approx(mean_and_interval(np.log([1.0, 2.0, 4.0]).tolist())[2])


def test_process_interval_scales_with_the_unit() -> None:
    medians = [0.8, 0.9, 1.1, 1.0]
    assert process_interval([1000 * m for m in medians]) == pytest.approx([1000 * v for v in process_interval(medians)])


def test_process_interval_refuses_times_that_are_not_positive() -> None:
    with pytest.raises(ValueError, match="medians must be positive. Got 0.0"):
        process_interval([1.0, 0.0])


def test_process_interval_covers_what_it_claims() -> None:
    """Log-normal processes: 4,000 intervals of five, standard error of the coverage 0.35 points."""
    logs = generator().normal(0.0, 0.08, (4000, 5))
    intervals = [process_interval(row) for row in np.exp(logs).tolist()]
    covered = np.mean([low <= 1.0 <= high for _, low, high in intervals])
    assert covered == pytest.approx(0.95, abs=0.012)


@pytest.mark.parametrize(
    ("percentile", "confidence", "samples"), [(99, 0.99, 459), (99, 0.95, 299), (90, 0.99, 44), (50, 0.5, 1)]
)
def test_samples_for_percentile(percentile: float, confidence: float, samples: int) -> None:
    assert samples_for_percentile(percentile, confidence=confidence) == samples
    share = percentile / 100
    assert 1 - share**samples >= confidence > 1 - share ** (samples - 1)


# ---- draws


def test_accuracy_draws_have_mean_and_spread_of_a_share() -> None:
    correct = np.arange(1000) < 900
    drawn = accuracy_draws([correct], draws=4000, generator=generator())
    assert drawn.shape == (4000, 1)
    assert drawn.mean() == pytest.approx(0.9, abs=0.001)
    assert drawn.std() == pytest.approx(math.sqrt(0.9 * 0.1 / 1000), rel=0.05)


def test_accuracy_draws_are_paired() -> None:
    first = np.arange(500) < 400
    better = first.copy()
    better[450:460] = True
    drawn = accuracy_draws([first, first.copy(), better], draws=300, generator=generator())
    np.testing.assert_array_equal(drawn[:, 0], drawn[:, 1])
    assert (drawn[:, 2] >= drawn[:, 0]).all(), "what is right wherever the other is can never be worse"
    assert (drawn[:, 2] - drawn[:, 0]).mean() == pytest.approx(10 / 500, abs=0.002)


def test_accuracy_draws_of_seeds_are_wider_than_of_their_mean() -> None:
    seeds = np.stack([np.arange(1000) < 900, np.arange(1000) < 960])
    drawn = accuracy_draws([seeds, seeds[:1]], draws=4000, generator=generator())
    assert np.median(drawn[:, 0]) == pytest.approx(0.93, abs=0.004) and drawn.max() == 1.0
    assert drawn[:, 0].std() > drawn[:, 1].std() * 1.5


def test_accuracy_draws_of_seeds_are_as_sure_as_the_interval_beside_them() -> None:
    rights = (97_000, 98_000, 97_500)
    seeds = np.stack([np.arange(100_000) < right for right in rights])
    drawn = accuracy_draws([seeds], draws=4000, generator=generator())[:, 0]
    low, high = np.percentile(drawn, [2.5, 97.5])
    shares = [right / 100_000 for right in rights]
    intervals = [wilson_interval(right, 100_000) for right in rights]
    expected = interval_over_seeds(shares, [i[0] for i in intervals], [i[1] for i in intervals])
    assert (low, high) == (pytest.approx(expected[0], abs=0.001), pytest.approx(expected[1], abs=0.001))
    assert high - low > 0.02, "4.3 standard errors of the mean of three, on both sides"


def test_accuracy_draws_refuse_different_examples() -> None:
    with pytest.raises(ValueError, match=r"same test examples, at least one. Got \[3, 4\]"):
        accuracy_draws([np.ones(3, bool), np.ones(4, bool)], draws=2, generator=generator())


def test_accuracy_draws_do_not_change_their_input() -> None:
    correct = np.arange(50) < 40
    correct.setflags(write=False)
    accuracy_draws([correct], draws=5, generator=generator())
    assert correct.sum() == 40


def test_time_draws_have_the_quantiles_of_the_interval() -> None:
    medians = [0.9, 1.0, 1.1, 1.05, 0.95]
    drawn = time_draws([medians], ["a"], draws=40000, generator=generator())[:, 0]
    center, low, high = process_interval(medians)
    assert np.median(drawn) == pytest.approx(center, rel=0.003)
    assert np.quantile(drawn, [0.025, 0.975]) == pytest.approx([low, high], rel=0.01)


def test_what_no_process_tells_of_widens_interval_and_draws_alike() -> None:
    center, low, high = process_interval([2.0, 2.0, 2.0], between=0.01)
    assert (low, high) == pytest.approx((2 * np.exp(-0.0195996), 2 * np.exp(0.0195996))) and center == pytest.approx(2.0)
    medians = [0.99, 1.0, 1.01, 1.005, 0.995]
    _, low, high = process_interval(medians, between=0.02)
    drawn = time_draws([medians, medians], ["a", "a"], draws=40000, generator=generator(), between=0.02)
    assert np.quantile(drawn[:, 0], [0.025, 0.975]) == pytest.approx([low, high], rel=0.003)
    np.testing.assert_array_equal(drawn[:, 0], drawn[:, 1])  # one measuring, one error


def test_time_draws_are_shared_within_a_structure_only() -> None:
    medians = [[0.9, 1.0, 1.1], [0.9, 1.0, 1.1], [0.9, 1.0, 1.1]]
    drawn = time_draws(medians, ["a", "b", "a"], draws=100, generator=generator())
    np.testing.assert_array_equal(drawn[:, 0], drawn[:, 2])
    assert abs(np.corrcoef(np.log(drawn[:, 0]), np.log(drawn[:, 1]))[0, 1]) < 0.4


def test_time_draws_of_one_process_are_fixed() -> None:
    assert time_draws([[0.7]], ["a"], draws=3, generator=generator()).ravel() == pytest.approx([0.7] * 3)


@pytest.mark.parametrize("bad", [[], [0.0], [-1.0], [math.nan], [math.inf]])
def test_time_draws_refuse_what_is_no_time(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="positive finite numbers, at least one"):
        time_draws([bad], ["a"], draws=1, generator=generator())


@pytest.mark.parametrize("log", [False, True])
def test_interval_draws_have_the_quantiles_of_the_interval(log: bool) -> None:
    drawn = interval_draws([2.0], [1.0], [4.0], ["a"], log=log, draws=40000, generator=generator())[:, 0]
    expected = [1.0, 4.0] if log else [0.5, 3.5]
    assert np.quantile(drawn, [0.025, 0.975]) == pytest.approx(expected, rel=0.05)
    assert np.median(drawn) == pytest.approx(2.0, rel=0.02)


def test_interval_draws_without_width_are_fixed() -> None:
    assert (interval_draws([2.0], [2.0], [2.0], ["a"], log=True, draws=5, generator=generator()) == 2.0).all()


# ---- probability


def test_frontier_probability_counts_draws() -> None:
    draws = [[[1.0, 1.0], [2.0, 2.0]], [[1.0, 2.0], [2.0, 1.0]], [[3.0, 3.0], [2.0, 2.0]], [[1.0, 1.0], [1.0, 1.0]]]
    assert frontier_probability(draws, maximise=(False, False)).tolist() == [0.75, 0.75]


def test_frontier_probability_equals_one_mask_a_draw() -> None:
    draws = generator().integers(0, 5, (30, 12, 3)).astype(float)
    masks = [pareto_mask(points, maximise=(True, False, True)) for points in draws]
    np.testing.assert_allclose(frontier_probability(draws, maximise=(True, False, True)), np.mean(masks, axis=0))


def test_frontier_probability_of_two_normals_has_its_closed_form() -> None:
    """Same cost, difference of accuracies normal with mean 1 and standard deviation sqrt 2."""
    accuracy = generator().normal([1.0, 0.0], 1.0, (20000, 2))
    draws = np.stack([accuracy, np.ones_like(accuracy)], axis=2)
    expected = 0.5 * (1 + math.erf(1 / 2))
    assert frontier_probability(draws, maximise=(True, False)) == pytest.approx([expected, 1 - expected], abs=0.01)


def test_frontier_probability_refuses_wrong_shapes() -> None:
    with pytest.raises(ValueError, match=r"three dimensions \(draws, n, k\)"):
        frontier_probability([[1.0, 2.0]], maximise=(True, False))
    with pytest.raises(ValueError, match="at least one draw"):
        frontier_probability(np.zeros((0, 2, 2)), maximise=(True, False))
    with pytest.raises(ValueError, match="must be finite"):
        frontier_probability([[[1.0, math.nan]]], maximise=(True, False))


def test_the_interval_of_a_percentile_holds_it_as_often_as_it_says() -> None:
    generator = np.random.default_rng(5)
    held = 0
    for _ in range(400):
        _, low, high = percentile_interval(generator.exponential(size=200), 90)
        held += low <= math.log(10) <= high
    assert 0.93 <= held / 400 <= 0.99


def test_the_interval_of_a_percentile_is_made_of_order_statistics() -> None:
    assert percentile_interval(list(range(1, 101)), 50) == (50.5, 40.0, 61.0)
    assert percentile_interval([3.0, 1.0, 2.0], 99) == (pytest.approx(2.98), 2.0, 3.0)
    for wrong in (0, 100):
        with pytest.raises(ValueError, match="percentile between 0 and 100"):
            percentile_interval([1.0], wrong)
