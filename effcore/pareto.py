"""Pareto maths over plain arrays, by moocore; lower is better inside, directions are settled at the edge."""

from __future__ import annotations

from collections.abc import Sequence

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
