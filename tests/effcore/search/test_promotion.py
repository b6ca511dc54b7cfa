"""Who goes on from a rung: the best third by front, ties by hypervolume or crowding, broken constraints last."""

from __future__ import annotations

import pytest

from effcore.search.promotion import Look, bracket_of, bracket_weights, promotable


def looks(*values: tuple[float, float], promoted: tuple[int, ...] = (), broken: dict[int, float] | None = None) -> list[Look]:
    return [Look(number=n, values=v, violation=(broken or {}).get(n, 0.0), promoted=n in promoted) for n, v in enumerate(values)]


FRONT = ((0.9, 1.0), (0.8, 0.5), (0.7, 0.9), (0.5, 0.6), (0.6, 0.1), (0.4, 2.0))
"""Accuracy and latency: 0, 1 and 4 are on the first front."""


def test_one_in_so_many_goes_on_and_those_of_the_first_front_first() -> None:
    assert set(promotable(looks(*FRONT), maximise=(True, False), reduction=2)) == {0, 1, 4}
    assert len(promotable(looks(*FRONT), maximise=(True, False), reduction=3)) == 2
    assert promotable(looks(*FRONT[:2]), maximise=(True, False), reduction=3) == []


def test_who_has_gone_on_takes_a_place_and_is_not_named_again() -> None:
    assert set(promotable(looks(*FRONT, promoted=(0, 2)), maximise=(True, False), reduction=2)) == {1, 4}


def test_with_one_objective_it_is_the_usual_rule() -> None:
    one = [Look(number=n, values=(v,)) for n, v in enumerate((0.3, 0.9, 0.5, 0.8))]
    assert promotable(one, maximise=(True,), reduction=2) == [1, 3]
    assert promotable(one, maximise=(False,), reduction=2) == [0, 2]


def test_who_breaks_a_constraint_comes_after_all_that_keep_them() -> None:
    assert set(promotable(looks(*FRONT, broken={0: 0.2, 1: 0.1}), maximise=(True, False), reduction=2)) & {0, 1} == set()


def test_the_tie_break_decides_within_a_front() -> None:
    front = ((0.0, 1.0), (0.05, 0.9), (0.5, 0.5), (0.55, 0.42), (1.0, 0.0))
    by_volume = promotable(looks(*front), maximise=(False, False), reduction=2, tie_break="hypervolume")
    by_crowding = promotable(looks(*front), maximise=(False, False), reduction=2, tie_break="crowding")
    assert set(by_crowding) == {0, 4} and by_volume != by_crowding


@pytest.mark.parametrize(("levels", "reduction"), [(0, 3), (1, 2), (2, 3)])
def test_brackets_are_drawn_by_their_weights(levels: int, reduction: int) -> None:
    weights = bracket_weights(levels, reduction=reduction)
    assert len(weights) == levels + 1 and sum(weights) == pytest.approx(1) and weights == sorted(weights, reverse=True)
    drawn = [bracket_of(n, levels=levels, reduction=reduction, seed=1) for n in range(3000)]
    assert [drawn.count(b) / 3000 for b in range(levels + 1)] == pytest.approx(weights, abs=0.03)
    assert drawn == [bracket_of(n, levels=levels, reduction=reduction, seed=1) for n in range(3000)]
