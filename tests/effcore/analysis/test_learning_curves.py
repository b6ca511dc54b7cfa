"""The law is found where it is known, its intervals cover, and nothing is promised far beyond what was tried."""

from __future__ import annotations

import math

import numpy as np
import pytest

from effcore.analysis.learning_curves import ImagesNeeded, PowerLaw, fit_power_law, images_needed, time_to_accuracy

SIZES = [100, 200, 400, 800, 1600]


def errors_of(a: float, b: float, c: float, sizes: list[int]) -> list[float]:
    return [a * n**-b + c for n in sizes]


@pytest.mark.parametrize(("a", "b", "c"), [(2.0, 0.5, 0.0), (3.0, 0.7, 0.01), (1.0, 0.3, 0.02), (40.0, 1.2, 0.005)])
def test_an_exact_law_is_found(a: float, b: float, c: float) -> None:
    law = fit_power_law(SIZES, errors_of(a, b, c, SIZES))
    assert law.b == pytest.approx(b, abs=0.011)
    assert law.c == pytest.approx(c, abs=0.002)
    assert [law.error(n) for n in SIZES] == pytest.approx(errors_of(a, b, c, SIZES), rel=0.005)
    assert law.spread < 0.01 and (law.smallest, law.largest) == (100, 1600)


def test_the_floor_and_the_slope_are_never_negative() -> None:
    rising = fit_power_law(SIZES, [0.1, 0.11, 0.12, 0.13, 0.14])
    assert rising.a == 0 and rising.c == pytest.approx(0.12, rel=0.05)
    steep = fit_power_law(SIZES, [0.3, 0.15, 0.07, 0.02, 0.004])
    assert steep.c == 0 and (steep.draws[:, [0, 2]] >= 0).all()


def test_images_are_read_off_the_law() -> None:
    law = fit_power_law(SIZES, errors_of(2.0, 0.5, 0.0, SIZES))
    needed = images_needed(law, 0.9)
    assert needed.images == pytest.approx(400, rel=0.02) and needed.status == "measured"
    assert needed.low is not None and needed.high is not None
    assert needed.low <= needed.images <= needed.high


def test_beyond_twice_the_largest_number_nothing_is_said() -> None:
    law = fit_power_law(SIZES, errors_of(2.0, 0.5, 0.0, SIZES))
    assert images_needed(law, 1 - 2.0 * 2500**-0.5).status == "extrapolated"
    beyond = images_needed(law, 1 - 2.0 * 3400**-0.5)
    assert (beyond.images, beyond.high, beyond.status) == (None, None, "not reached")
    floor = fit_power_law(SIZES, errors_of(2.0, 0.5, 0.05, SIZES))
    assert images_needed(floor, 0.96) == ImagesNeeded(target=0.96, images=None, low=None, high=None, status="not reached")


def test_below_the_smallest_number_only_that_it_is_enough_is_said() -> None:
    law = fit_power_law(SIZES, errors_of(2.0, 0.5, 0.0, SIZES))
    needed = images_needed(law, 0.5)
    assert (needed.images, needed.low, needed.high, needed.status) == (100.0, 100.0, 100.0, "fewer")


def test_intervals_of_the_number_of_images_cover_what_they_claim() -> None:
    """Five numbers of images with three seeds each; errors spread by 5 % around 2 n^-0.5 + 0.01."""
    generator, sizes, covered = np.random.default_rng(1), SIZES * 3, 0
    truth = (2.0 / (0.12 - 0.01)) ** 2
    for seed in range(60):
        noisy = np.array(errors_of(2.0, 0.5, 0.01, sizes)) * np.exp(0.05 * generator.standard_normal(15))
        needed = images_needed(fit_power_law(sizes, noisy, draws=200, seed=seed), 0.88)
        assert needed.low is not None and needed.high is not None
        covered += needed.low <= truth <= needed.high
    assert covered >= 54


def test_the_same_seed_gives_the_same_draws() -> None:
    noisy = [0.21, 0.14, 0.11, 0.07, 0.052]
    first, second, third = (fit_power_law(SIZES, noisy, seed=seed) for seed in (0, 0, 1))
    assert (first.draws == second.draws).all() and (first.draws != third.draws).any()
    low, high = first.interval("b")
    assert low <= first.b <= high


@pytest.mark.parametrize(
    ("images", "errors", "text"),
    [
        ([100, 200, 400, 800], [0.4, 0.3, 0.2, 0.1], "at least 5 runs over at least 3 numbers of images. Got 4 over 4"),
        ([100, 100, 200, 200, 200], [0.4, 0.4, 0.3, 0.3, 0.3], "Got 5 over 2"),
        (SIZES, [0.4, 0.3, 0.2, 0.1, 0.0], "Errors must be above 0"),
        (SIZES, [0.4, 0.3, 0.2, 0.1, math.nan], "Errors must be above 0"),
    ],
)
def test_what_carries_no_law_is_refused(images: list[int], errors: list[float], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        fit_power_law(images, errors)


@pytest.mark.parametrize("target", [0.0, 1.0, math.nan])
def test_a_target_that_is_none_is_refused(target: float) -> None:
    law = PowerLaw(a=1.0, b=0.5, c=0.0, smallest=1, largest=10, spread=0.0, draws=np.array([[1.0, 0.5, 0.0]]))
    with pytest.raises(ValueError, match="target accuracy must be above 0 and below 1"):
        images_needed(law, target)


def test_the_time_to_an_accuracy_is_the_first_moment_it_was_there() -> None:
    curve = [{"seconds": s, "val_accuracy": a} for s, a in ((1.0, 0.5), (2.0, 0.9), (3.0, 0.85), (4.0, 0.95))]
    assert [time_to_accuracy(curve, t) for t in (0.5, 0.6, 0.9, 0.92, 0.96)] == [1.0, 2.0, 2.0, 4.0, None]
    assert time_to_accuracy([], 0.5) is None
    assert time_to_accuracy([{"seconds": 1.0, "val_accuracy": math.nan}], 0.1) is None
