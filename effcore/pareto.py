"""Pareto maths over plain arrays, by moocore; lower is better inside, directions are settled at the edge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import moocore
import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def pareto_mask(points: ArrayLike, /, *, maximise: bool | Sequence[bool]) -> NDArray[np.bool_]:
    """Which points no other point dominates; equal points are all kept.

    Args:
        points: Shape (n, k).
        maximise: Whether more is better, for all objectives or for each.

    Returns:
        Shape (n,).

    Raises:
        ValueError: A value is not finite, the shape is wrong, or `maximise` has another length than k.

    Example:
        >>> pareto_mask([[1, 5], [2, 4], [2, 6]], maximise=False).tolist()
        [True, True, False]
    """
    costs = as_costs(points, maximise=maximise)
    if len(costs) == 0:
        return np.zeros(0, dtype=bool)
    return np.asarray(moocore.is_nondominated(costs, keep_weakly=True), dtype=bool)


def as_costs(points: ArrayLike, /, *, maximise: bool | Sequence[bool]) -> Floats:
    """The points with every objective turned so that lower is better, shape (n, k).

    Raises:
        ValueError: As `pareto_mask`.
    """
    values = np.array(points, dtype=np.float64)
    if values.size == 0:
        return values.reshape(0, values.shape[-1] if values.ndim == 2 else 0)
    if values.ndim != 2:
        raise ValueError(f"points must have two dimensions (n, k). Got shape {values.shape}.")
    if not np.isfinite(values).all():
        raise ValueError("points must be finite numbers. Leave out what has no value before asking for the frontier.")
    signs = np.where(np.broadcast_to(np.asarray(maximise, dtype=bool), _checked(maximise, values.shape[1])), -1.0, 1.0)
    return values * signs


def _checked(maximise: bool | Sequence[bool], k: int) -> tuple[int]:
    if not isinstance(maximise, bool) and len(maximise) != k:
        raise ValueError(f"maximise must have length {k}, one for each objective. Got length {len(maximise)}.")
    return (k,)


def staircase(x: ArrayLike, y: ArrayLike, /, *, maximise_x: bool) -> tuple[Floats, Floats]:
    """Corners of the line between what can be had and what can't, for points that are on the frontier.

    Between two neighbours nothing better than the worse of them was seen, so that the line runs in steps and never straight.

    Args:
        x, y: Shape (n,), of the points on the frontier.
        maximise_x: Direction of x; on a frontier the order of y follows from that of x, whatever its direction.

    Returns:
        x and y of the corners in ascending x, shape (2m - 1,) for m different points.
    """
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    unique = np.unique(np.column_stack([xs, ys]), axis=0)
    if len(unique) == 0:
        return np.zeros(0), np.zeros(0)
    xs, ys = unique[:, 0], unique[:, 1]
    corner_x = np.repeat(xs, 2)[1:] if not maximise_x else np.repeat(xs, 2)[:-1]
    corner_y = np.repeat(ys, 2)[:-1] if not maximise_x else np.repeat(ys, 2)[1:]
    return corner_x, corner_y


def hypervolume(points: ArrayLike, /, *, reference: Sequence[float], maximise: bool | Sequence[bool]) -> float:
    """Volume that the points dominate up to a reference point; points beyond it count nothing.

    Args:
        points: Shape (n, k).
        reference: The worst corner, k numbers in the units of the points.
        maximise: Direction of each objective.
    """
    costs = as_costs(points, maximise=maximise)
    corner = as_costs([list(reference)], maximise=maximise)[0]
    return float(moocore.hypervolume(costs, ref=corner)) if len(costs) else 0.0


def hypervolume_gains(front: ArrayLike, points: ArrayLike, /, *, reference: Sequence[float], maximise: bool | Sequence[bool]) -> Floats:
    """What the hypervolume of a front would grow by with each of the points alone.

    Args:
        front: Shape (m, k); may be empty.
        points: Shape (n, k).
        reference, maximise: As in `hypervolume`.

    Returns:
        Shape (n,).

    Example:
        >>> hypervolume_gains([[1, 2]], [[0, 3], [2, 1], [1, 3]], reference=[4, 4], maximise=False).tolist()
        [1.0, 2.0, 0.0]
    """
    asked, corner = as_costs(points, maximise=maximise), as_costs([list(reference)], maximise=maximise)[0]
    there = as_costs(front, maximise=maximise).reshape(-1, len(corner))
    if len(corner) != 2:
        there = there[pareto_mask(there, maximise=False)]
        before = hypervolume(there, reference=corner, maximise=False)
        gains = np.zeros(len(asked))
        beaten = np.any(np.all(there[None] <= asked[:, None], axis=2), axis=1)
        adding = ~beaten & np.all(asked < corner, axis=1)
        gains[adding] = [hypervolume(np.vstack([there, point]), reference=corner, maximise=False) - before for point in asked[adding]]
        return gains
    # The front is a staircase: from each of its corners on no more is free than below that corner.
    steps = there[np.argsort(there[:, 0], kind="stable")]
    heights = np.minimum.accumulate(np.concatenate([[corner[1]], np.minimum(steps[:, 1], corner[1])]))
    starts, ends = np.concatenate([[-np.inf], steps[:, 0]]), np.concatenate([steps[:, 0], [corner[0]]])
    widths = np.minimum(ends, corner[0]) - np.maximum(starts, asked[:, :1])
    return np.asarray((np.maximum(widths, 0.0) * np.maximum(heights - asked[:, 1:], 0.0)).sum(axis=1))


def ranking(
    points: ArrayLike, /, *, maximise: bool | Sequence[bool], violations: Sequence[float] | None = None,
    tie_break: Literal["hypervolume", "crowding"] = "hypervolume",
) -> list[int]:  # fmt: skip
    """Indices of the points, best first: those that break nothing before those that do, then by front, then by the tie-break.

    Args:
        points: Shape (n, k).
        maximise: Direction of each objective.
        violations: By how much each point breaks its constraints, shape (n,); zero or less where it keeps them.
        tie_break: `hypervolume`: what would be lost without the point, of its front; `crowding`: how far its neighbours are.
            Both after the objectives were brought to the same range.

    Source: Deb et al. 2002, https://doi.org/10.1109/4235.996017, for fronts and crowding; Emmerich et al. 2005,
        https://doi.org/10.1007/978-3-540-31880-4_5, for hypervolume.

    Example:
        >>> ranking([[3, 3], [1, 5], [2, 2], [5, 1]], maximise=False)
        [1, 3, 2, 0]
    """
    costs = as_costs(points, maximise=maximise)
    if len(costs) == 0:
        return []
    broken = np.maximum(np.zeros(len(costs)) if violations is None else np.asarray(violations, dtype=np.float64), 0.0)
    span = np.ptp(costs, axis=0)
    scaled = (costs - costs.min(axis=0)) / np.where(span > 0, span, 1.0)
    if costs.shape[1] == 1:  # every value is a front of its own
        return [int(i) for i in np.lexsort((np.arange(len(costs)), costs[:, 0], broken))]
    fronts, worth = np.zeros(len(costs)), np.zeros(len(costs))
    for group in (np.flatnonzero(broken == 0), np.flatnonzero(broken > 0)):  # what breaks a constraint pushes nothing back that keeps it
        if len(group):
            fronts[group] = moocore.pareto_rank(scaled[group])
        for front in np.unique(fronts[group]):
            members = group[fronts[group] == front]
            worth[members] = _crowding(scaled[members]) if tie_break == "crowding" else _exclusive(scaled[members])
    return [int(i) for i in np.lexsort((np.arange(len(costs)), -worth, fronts, broken))]


_BEYOND = 1.1
"""Reference point of contributions, where the worst of the points is at 1: the ends of a front count, but not for everything."""


def _exclusive(scaled: Floats) -> Floats:
    """Hypervolume that each point of one front dominates alone, or with its equals: one that has an equal would lose nothing, and come last."""
    values, places = np.unique(scaled, axis=0, return_inverse=True)
    contributions = moocore.hv_contributions(values, ref=np.full(scaled.shape[1], _BEYOND))
    return np.asarray(contributions, dtype=np.float64)[places.reshape(-1)]


def _crowding(scaled: Floats) -> Floats:
    """Crowding distance: the sum over the objectives of how far the neighbours are apart; infinite at the ends."""
    distance = np.zeros(len(scaled))
    for column in scaled.T:
        order = np.argsort(column, kind="stable")
        distance[order[[0, -1]]] = np.inf
        distance[order[1:-1]] += column[order[2:]] - column[order[:-2]]
    return distance
