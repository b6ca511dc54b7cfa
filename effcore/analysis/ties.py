"""Ties: which points can't be told apart from those of the frontier."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from effcore.analysis.comparison import SIGNIFICANCE, mcnemar_p, welch_half_width
from effcore.analysis.frontier import OF_THE_STRUCTURE, Evidence, Frontier, Point
from effcore.statistics import BETWEEN_MEASURINGS, Z

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]


def with_ties(frontier: Frontier, evidence: Evidence) -> Frontier:
    """The same frontier with, for every point, the points that it is tied with.

    Two points are tied where no objective tells them apart: accuracies by McNemar's exact test of the same examples
    (with several seeds, by an interval of the mean over them), times by Welch's interval of the ratio over processes,
    relative to the reference where that is known, other figures by their intervals. Points of one structure share
    their times. One of the two is on the frontier; the other is on it too, or may well be. Being tied is not passed on:
    of three in a row the outer two may differ.

    Args:
        frontier: From `find_frontier`; it is not changed.
        evidence: Raw results; what is missing is taken from intervals, and a figure without an interval is certain.
    """
    points = frontier.points
    rows = [i for i, p in enumerate(points) if p.on_frontier]
    if not rows:
        return frontier
    alike = np.ones((len(rows), len(points)), dtype=bool)
    for name in frontier.objectives:
        alike &= _alike(points, rows, name, evidence)
    partners: dict[int, set[int]] = defaultdict(set)
    for row, column in np.argwhere(alike):
        if rows[row] != column:
            partners[rows[row]].add(int(column))
            partners[int(column)].add(rows[row])
    marked = tuple(replace(p, tied_with=tuple(points[j].key for j in sorted(partners[i]))) for i, p in enumerate(points))
    return replace(frontier, points=marked)


def _alike(points: Sequence[Point], rows: Sequence[int], name: str, evidence: Evidence) -> Mask:
    """Whether one metric leaves them untold apart, shape (rows, points)."""
    same = _by_intervals(points, rows, name)
    correct = evidence.correct.get(name, {})
    if correct:
        _fill(same, rows, [i for i, p in enumerate(points) if p.key in correct], _answers(correct, points))
    relative = evidence.processes.get("latency_ratio", {}) if name == "latency_ms" else {}
    for processes in (evidence.processes.get(name, {}), relative):  # the later, where it is known, is the better
        timed = [i for i, p in enumerate(points) if len(processes.get(p.key, ())) >= 2]
        _fill(same, rows, timed, _processes(processes, points))
    if name in OF_THE_STRUCTURE:
        keys = np.array([f"{p.structure} {p.first.runtime}" if p.structure else p.key for p in points])
        same |= keys[list(rows)][:, None] == keys[None, :]
    return same


Compare = Callable[[Sequence[int], Sequence[int]], Mask]
"""Indices of points and places among them -> whether each place and each point are untold apart, shape (places, points)."""


def _answers(correct: Mapping[str, NDArray[np.bool_]], points: Sequence[Point]) -> Compare:
    return lambda known, places: _by_answers([correct[points[i].key] for i in known], places)


def _processes(medians: Mapping[str, Sequence[float]], points: Sequence[Point]) -> Compare:
    return lambda known, places: _by_processes([medians[points[i].key] for i in known], places)


def _fill(same: Mask, rows: Sequence[int], known: Sequence[int], compare: Compare) -> None:
    """Replace what is said of pairs of known points, in place."""
    if len(known) < 2:
        return
    place = {index: position for position, index in enumerate(known)}
    inside = [r for r, index in enumerate(rows) if index in place]
    same[np.ix_(inside, known)] = compare(known, [place[rows[r]] for r in inside])


def _by_intervals(points: Sequence[Point], rows: Sequence[int], name: str) -> Mask:
    values = np.array([p.metrics[name] for p in points])
    down, up = (
        np.abs(np.array([p.metrics.get(f"{name}_{end}", p.metrics[name]) for p in points]) - values) for end in ("low", "high")
    )
    down, up = np.where(np.isfinite(down), down, 0.0), np.where(np.isfinite(up), up, 0.0)
    gap = values[list(rows)][:, None] - values[None, :]
    toward = np.where(gap > 0, np.hypot(down[list(rows)][:, None], up[None, :]), np.hypot(up[list(rows)][:, None], down[None, :]))
    return np.asarray(np.abs(gap) <= toward)


def _by_answers(correct: Sequence[NDArray[np.bool_]], places: Sequence[int]) -> Mask:
    tables = [np.atleast_2d(c) for c in correct]
    means = np.stack([t.mean(axis=0) for t in tables]).astype(np.float64)
    examples, accuracy = means.shape[1], means.mean(axis=1)
    chosen = list(places)
    both, right = means[chosen] @ means.T, (means**2).sum(axis=1)
    better, worse = right[chosen][:, None] - both, right[None, :] - both  # for one seed: that only the place, only the point has right
    exact = mcnemar_p(np.round(better), np.round(worse)) >= SIGNIFICANCE
    seeds = np.array([len(t) for t in tables])
    if (seeds == 1).all():
        return np.asarray(exact)
    gap = accuracy[chosen][:, None] - accuracy[None, :]
    of_examples = np.maximum((better + worse) / examples - gap**2, 0.0) / examples
    errors = np.array([t.mean(axis=1).var(ddof=1) / len(t) if len(t) > 1 else 0.0 for t in tables])
    of_seeds = _welch(errors, np.maximum(seeds - 1, 1), chosen)
    half = np.hypot(Z * np.sqrt(of_examples), of_seeds)
    single = (seeds[chosen][:, None] == 1) & (seeds[None, :] == 1)
    return np.asarray(np.where(single, exact, np.abs(gap) <= half))


def _by_processes(medians: Sequence[Sequence[float]], places: Sequence[int]) -> Mask:
    logs = [np.log(np.asarray(m, dtype=np.float64)) for m in medians]
    means = np.array([v.mean() for v in logs])
    errors = np.array([v.var(ddof=1) / len(v) for v in logs])
    sampled = _welch(errors, np.array([len(v) - 1 for v in logs]), list(places))
    half = np.hypot(sampled, Z * BETWEEN_MEASURINGS * math.sqrt(2))
    return np.asarray(np.abs(means[list(places)][:, None] - means[None, :]) <= half)


def _welch(errors: Floats, freedom: NDArray[np.int64], chosen: list[int]) -> Floats:
    """Half widths, shape (chosen, points), from the squared errors of the means and their degrees of freedom."""
    return welch_half_width((errors[chosen][:, None], freedom[chosen][:, None]), (errors[None, :], freedom[None, :]))


def tie_groups(frontier: Frontier) -> tuple[tuple[str, ...], ...]:
    """For every tied point of the frontier itself and its ties, as names, the point first; a group is said once."""
    names = {p.key: p.name for p in frontier.points}
    groups, said = [], set()
    for point in frontier.front:
        members = frozenset((point.key, *point.tied_with))
        if point.tied_with and members not in said:
            said.add(members)
            groups.append((point.name, *(names[key] for key in point.tied_with)))
    return tuple(groups)
