"""Pareto maths against closed forms and against a brute force that compares every pair."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from effcore.pareto import as_costs, hypervolume, hypervolume_gains, pareto_mask, ranking, staircase


def brute_force_mask(points: np.ndarray, maximise: tuple[bool, ...]) -> np.ndarray:
    costs = np.where(np.asarray(maximise), -points, points)
    mask = []
    for one in costs:
        beaten = any((other <= one).all() and (other < one).any() for other in costs)
        mask.append(not beaten)
    return np.array(mask)


@pytest.fixture
def frozen():
    def freeze(values):
        array = np.array(values, dtype=float)
        array.setflags(write=False)
        return array

    return freeze


def test_mask_when_one_point_dominates() -> None:
    assert pareto_mask([[1, 5], [2, 4], [2, 6]], maximise=False).tolist() == [True, True, False]


def test_mask_in_all_directions() -> None:
    square = [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert pareto_mask(square, maximise=(False, False)).tolist() == [True, False, False, False]
    assert pareto_mask(square, maximise=(False, True)).tolist() == [False, True, False, False]
    assert pareto_mask(square, maximise=(True, False)).tolist() == [False, False, True, False]
    assert pareto_mask(square, maximise=(True, True)).tolist() == [False, False, False, True]


def test_mask_keeps_all_duplicates_of_a_frontier_point() -> None:
    assert pareto_mask([[1, 1], [1, 1], [2, 2], [2, 2]], maximise=False).tolist() == [True, True, False, False]


def test_mask_of_a_tie_in_one_objective_keeps_the_better_in_the_other() -> None:
    assert pareto_mask([[0.9, 3.0], [0.9, 2.0]], maximise=(True, False)).tolist() == [False, True]


def test_mask_of_one_objective_is_the_best_and_its_ties() -> None:
    assert pareto_mask([[3], [1], [1], [2]], maximise=False).tolist() == [False, True, True, False]


def test_mask_of_a_single_point_and_of_none() -> None:
    assert pareto_mask([[4, 2]], maximise=True).tolist() == [True]
    assert pareto_mask([], maximise=True).tolist() == []
    assert pareto_mask(np.zeros((0, 2)), maximise=(True, False)).shape == (0,)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_mask_equals_the_brute_force(k: int) -> None:
    generator = np.random.default_rng(k)
    for maximise in itertools.product([False, True], repeat=k):
        for size in (1, 2, 7, 40):
            continuous = generator.standard_normal((size, k))
            with_ties = generator.integers(0, 4, (size, k)).astype(float)
            for points in (continuous, with_ties):
                np.testing.assert_array_equal(
                    pareto_mask(points, maximise=maximise), brute_force_mask(points, maximise)
                )


def test_mask_does_not_depend_on_order_or_scale() -> None:
    generator = np.random.default_rng(0)
    points = generator.integers(0, 9, (60, 2)).astype(float)
    mask, order = pareto_mask(points, maximise=(True, False)), generator.permutation(60)
    np.testing.assert_array_equal(pareto_mask(points[order], maximise=(True, False)), mask[order])
    np.testing.assert_array_equal(pareto_mask(points * 1e-9 - 5, maximise=(True, False)), mask)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="must be finite numbers"):
        pareto_mask([[1.0, 2.0], [bad, 1.0]], maximise=False)
    with pytest.raises(ValueError, match="must be finite numbers"):
        hypervolume([[1.0, bad]], reference=[2, 2], maximise=False)


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"two dimensions \(n, k\). Got shape \(3,\)"):
        pareto_mask([1.0, 2.0, 3.0], maximise=False)
    with pytest.raises(ValueError, match="maximise must have length 2, one for each objective. Got length 3"):
        pareto_mask([[1.0, 2.0]], maximise=(True, True, False))


def test_inputs_are_not_changed(frozen) -> None:
    points = frozen([[1, 5], [2, 4], [2, 6]])
    pareto_mask(points, maximise=(True, False))
    as_costs(points, maximise=True)
    hypervolume(points, reference=[9, 9], maximise=False)
    staircase(points[:, 0], points[:, 1], maximise_x=False)
    np.testing.assert_array_equal(points, [[1, 5], [2, 4], [2, 6]])


def test_costs_turn_what_is_maximised() -> None:
    assert as_costs([[1, 2]], maximise=(True, False)).tolist() == [[-1, 2]]


@pytest.mark.parametrize(
    ("maximise_x", "maximise_y", "points", "x", "y"),
    [
        (False, True, [(1, 1), (2, 3), (4, 5)], [1, 2, 2, 4, 4], [1, 1, 3, 3, 5]),
        (False, False, [(1, 5), (2, 3), (4, 1)], [1, 2, 2, 4, 4], [5, 5, 3, 3, 1]),
        (True, True, [(1, 5), (2, 3), (4, 1)], [1, 1, 2, 2, 4], [5, 3, 3, 1, 1]),
        (True, False, [(1, 1), (2, 3), (4, 5)], [1, 1, 2, 2, 4], [1, 3, 3, 5, 5]),
    ],
)
def test_staircase_in_all_directions(maximise_x, maximise_y, points, x, y) -> None:
    assert pareto_mask(points, maximise=(maximise_x, maximise_y)).all()
    got_x, got_y = staircase([p[0] for p in points], [p[1] for p in points], maximise_x=maximise_x)
    assert (got_x.tolist(), got_y.tolist()) == (x, y)


@pytest.mark.parametrize("maximise", list(itertools.product([False, True], repeat=2)))
def test_staircase_never_promises_what_was_not_seen(maximise: tuple[bool, bool]) -> None:
    """Every place on the line is no better than some frontier point."""
    generator = np.random.default_rng(3)
    points = generator.standard_normal((50, 2))
    front = points[pareto_mask(points, maximise=maximise)]
    x, y = staircase(front[:, 0], front[:, 1], maximise_x=maximise[0])
    assert len(x) == 2 * len(front) - 1
    assert (np.diff(x) >= 0).all()
    middle = np.column_stack([(x[1:] + x[:-1]) / 2, (y[1:] + y[:-1]) / 2])
    costs, line = as_costs(front, maximise=maximise), as_costs(middle, maximise=maximise)
    assert all((costs <= place + 1e-12).all(axis=1).any() for place in line)


def test_staircase_of_duplicates_of_one_point_and_of_none() -> None:
    x, y = staircase([2, 1, 2], [3, 1, 3], maximise_x=False)
    assert (x.tolist(), y.tolist()) == ([1, 2, 2], [1, 1, 3])
    assert [v.tolist() for v in staircase([1], [7], maximise_x=True)] == [[1], [7]]
    assert [v.tolist() for v in staircase([], [], maximise_x=True)] == [[], []]


def test_hypervolume_closed_forms() -> None:
    assert hypervolume([[0, 0]], reference=[2, 3], maximise=False) == 6.0
    assert hypervolume([[0, 1], [1, 0]], reference=[2, 2], maximise=False) == 3.0
    assert hypervolume([[1, 1], [1, 1]], reference=[0, 0], maximise=True) == 1.0
    assert hypervolume([[0.9, 1.0]], reference=[0.5, 3.0], maximise=(True, False)) == pytest.approx(0.8)
    assert hypervolume([[1, 2, 3]], reference=[0, 0, 0], maximise=True) == 6.0


def test_hypervolume_of_points_beyond_the_reference_is_nothing() -> None:
    assert hypervolume([[3, 3]], reference=[2, 2], maximise=False) == 0.0
    assert hypervolume([], reference=[2, 2], maximise=False) == 0.0
    inside = [[0, 0]]
    assert hypervolume([*inside, [5, -5]], reference=[2, 2], maximise=False) == 4.0


def test_what_breaks_a_constraint_pushes_nothing_back_that_keeps_it() -> None:
    behind, front, other_front, breaks = [6.0, 1.0], [1.0, 6.0], [5.0, 0.0], [0.0, 5.0]
    found = ranking([behind, front, other_front, breaks], maximise=False, violations=[0.0, 0.0, 0.0, 0.5])
    assert (set(found[:2]), found[2:]) == ({1, 2}, [0, 3])
    assert ranking([behind, front, other_front, breaks], maximise=False, violations=[3.0, 2.0, 1.0, 4.0]) == [2, 1, 0, 3]


def test_gains_by_hand() -> None:
    found = hypervolume_gains([[1, 2], [2, 1]], [[0, 3], [0, 0], [1, 2], [1.5, 1.5], [5, 0]], reference=[4, 4], maximise=False)
    assert found.tolist() == [1.0, 8.0, 0.0, 0.25, 0.0]
    assert hypervolume_gains(np.zeros((0, 2)), [[1, 1]], reference=[4, 4], maximise=False).tolist() == [9.0]
    assert hypervolume_gains([[-1, 2]], [[0, 3]], reference=[-4, 4], maximise=(True, False)).tolist() == [1.0]


@pytest.mark.parametrize("k", [1, 2, 3])
def test_gains_are_what_the_hypervolume_grows_by(k: int, frozen) -> None:
    generator, reference = np.random.default_rng(k), [1.1] * k
    for m in (0, 1, 6):
        front, points = frozen(generator.random((m, k)) * 1.3), frozen(generator.random((9, k)) * 1.3)
        before = hypervolume(front, reference=reference, maximise=False)
        expected = [hypervolume([*front, point], reference=reference, maximise=False) - before for point in points]
        assert hypervolume_gains(front, points, reference=reference, maximise=False) == pytest.approx(expected, abs=1e-12)


def test_equal_points_are_worth_as_much_as_one_of_them() -> None:
    points = [(0.99, 1.0), (0.99, 1.0), (0.60, 0.99), (0.55, 0.985)]
    assert ranking(points, maximise=[True, False])[:2] == [0, 1]
    once = ranking([points[0], points[2], points[3]], maximise=[True, False])
    assert once[0] == 0, "as where it stands alone"
