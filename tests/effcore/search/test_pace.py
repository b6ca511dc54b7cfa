"""Figures by how long a training takes: few measurements tell much of structures of the same kind, and little of others."""

from __future__ import annotations

import math

import pytest

from effcore.search.outlook import BELIEVED
from effcore.search.pace import Paced, by_pace

MLP, CNN = (1.0, 0.0), (0.0, 1.0)


def paced(kind: tuple[float, ...], width: float, effort_s: float, figure: float = 1.0, *, doubt: float = 0.0) -> Paced:
    return Paced(kind, (*kind, width), effort_s, figure, doubt)


def deviation(found: object) -> float:
    return math.log(found.high / found.low) / (2 * BELIEVED)  # type: ignore[attr-defined]


def test_after_one_measurement_figures_are_in_proportion_to_the_training() -> None:
    (found,) = by_pace([paced(MLP, 0.0, 2.0, 0.5)], [paced(MLP, 0.0, 4.0)])
    assert found.mean == pytest.approx(1.0, rel=0.02) and found.low < found.mean < found.high


def test_another_kind_is_doubted_more_than_another_size() -> None:
    measured = [paced(MLP, 0.0, 2.0, 0.5)]
    size, kind = by_pace(measured, [paced(MLP, 0.5, 2.0), paced(CNN, 0.0, 2.0)])
    assert size.mean == pytest.approx(0.5, rel=0.02) and kind.mean == pytest.approx(0.5, rel=0.05)
    assert 0.1 < deviation(size) < 0.25 < 0.4 < deviation(kind)


def test_a_kind_has_a_proportion_of_its_own() -> None:
    (found,) = by_pace([paced(MLP, 0.0, 1.0, 1.0), paced(CNN, 0.0, 1.0, 0.2)], [paced(CNN, 0.5, 2.0)])
    assert found.mean == pytest.approx(0.4, rel=0.15)


def test_the_exponent_is_learned() -> None:
    measured = [paced(MLP, width, 4.0**width, 2.0**width) for width in (0.0, 0.25, 0.5, 0.75)]
    (found,) = by_pace(measured, [paced(MLP, 1.0, 4.0)])
    assert found.mean == pytest.approx(2.0, rel=0.2)


def test_seconds_that_are_only_expected_add_their_doubt() -> None:
    measured = [paced(MLP, 0.0, 2.0, 0.5)]
    sure, unsure = by_pace(measured, [paced(MLP, 0.5, 2.0), paced(MLP, 0.5, 2.0, doubt=0.5)])
    assert deviation(unsure) == pytest.approx(math.hypot(deviation(sure), 0.5), rel=1e-6)


def test_one_after_the_other_and_all_at_once_are_the_same() -> None:
    measured = [paced(MLP, 0.1, 1.0, 0.02), paced(MLP, 0.9, 3.0, 0.05), paced(CNN, 0.4, 2.0, 0.1)]
    asked = [paced(kind, width, effort_s, doubt=0.1) for kind, width, effort_s in ((MLP, 0.5, 2.0), (CNN, 0.8, 5.0), (CNN, 0.4, 2.1))]
    for found, alone in zip(by_pace(measured, asked), [by_pace(measured, [one])[0] for one in asked], strict=True):
        assert (found.mean, found.low, found.high) == pytest.approx((alone.mean, alone.low, alone.high))
    assert by_pace(measured, []) == []
