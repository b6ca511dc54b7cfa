"""Very many variants as arrays, so that a frontier of 100,000 points costs tenths of a second and not minutes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from effcore.analysis.frontier import LeftOut, Variant, most_frequent, reason_to_leave_out
from effcore.objectives import Metric
from effcore.pareto import pareto_mask

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]

MOST_LISTED = 2000
"""Variants that are left out and told of by name; the rest is counted."""


@dataclass(frozen=True)
class Codes:
    """Texts as small numbers.

    Attributes:
        of: Code of each variant, shape (n,).
        names: The text of each code.
    """

    of: Rows
    names: tuple[str, ...]

    def code(self, name: str) -> int:
        """The code of a text; -1 where no variant has it."""
        return self._index.get(name, -1)

    @cached_property
    def _index(self) -> dict[str, int]:
        return {name: code for code, name in enumerate(self.names)}


class Columns:
    """Arrays over variants, each made when it is asked for first; the variants are not copied.

    Args:
        variants: In the order in which the arrays have them.
    """

    def __init__(self, variants: Sequence[Variant]) -> None:
        self.variants = tuple(variants)
        self._metrics: dict[str, Floats] = {}

    def __len__(self) -> int:
        return len(self.variants)

    def metric(self, name: str) -> Floats:
        """A figure of every variant, NaN where it has none."""
        if name not in self._metrics:
            self._metrics[name] = np.fromiter((v.metrics.get(name, np.nan) for v in self.variants), np.float64, len(self))
        return self._metrics[name]

    @cached_property
    def finished(self) -> Mask:
        return np.fromiter((v.status == "FINISHED" for v in self.variants), np.bool_, len(self))

    @cached_property
    def noisy(self) -> Mask:
        return np.fromiter((v.noisy for v in self.variants), np.bool_, len(self))

    @cached_property
    def ended_ms(self) -> Rows:
        return np.fromiter((v.ended_ms or 0 for v in self.variants), np.int64, len(self))

    @cached_property
    def seed(self) -> Rows:
        return np.fromiter((v.seed for v in self.variants), np.int64, len(self))

    @cached_property
    def environment(self) -> Codes:
        return _codes(v.environment for v in self.variants)

    @cached_property
    def name(self) -> NDArray[np.object_]:
        return np.fromiter((v.name for v in self.variants), np.object_, len(self))

    @cached_property
    def runtime(self) -> Codes:
        return _codes(v.runtime for v in self.variants)

    @cached_property
    def own(self) -> Mask:
        """Which were not measured for others, in a further environment."""
        return np.fromiter((v.measures is None for v in self.variants), np.bool_, len(self))

    @cached_property
    def recipe(self) -> Codes:
        return _codes(v.recipe_key for v in self.variants)

    @cached_property
    def technique(self) -> Codes:
        return _codes(v.technique for v in self.variants)

    @cached_property
    def sweep(self) -> Codes:
        return _codes(v.sweep for v in self.variants)

    @cached_property
    def data(self) -> Codes:
        return _codes(v.data for v in self.variants)

    @cached_property
    def data_ms(self) -> Rows:
        return np.fromiter((v.data_ms for v in self.variants), np.int64, len(self))

    @cached_property
    def task(self) -> Codes:
        return _codes(str(v.recipe.get("task")) for v in self.variants)


def _codes(texts: Iterable[str]) -> Codes:
    known: dict[Hashable, int] = {}
    of = np.fromiter((known.setdefault(text, len(known)) for text in texts), np.int64)
    return Codes(of, tuple(str(name) for name in known))


@dataclass(frozen=True, kw_only=True, eq=False)
class Plane:
    """The points of two metrics; every array has shape (points,).

    Attributes:
        x, y: Means over the seeds, in the units of the metrics.
        rows: Place of the variant with the lowest seed of each point in the columns.
        seeds: How many seeds it is the mean of.
        front: Whether no other point dominates it.
        environment: Key of the one environment that all were measured in.
        left_out: What is not among the points, and why: the first `MOST_LISTED`.
        left_out_total: How many are not.
    """

    x: Floats
    y: Floats
    rows: Rows
    seeds: Rows
    front: Mask
    environment: str
    left_out: tuple[LeftOut, ...]
    left_out_total: int


def find_plane(columns: Columns, among: Mask, x: Metric, y: Metric, *, environment: str | None = None) -> Plane:
    """What `effcore.analysis.frontier.find_frontier` finds for two objectives, as arrays.

    Args:
        columns: Of all variants.
        among: Which of them are meant, shape (n,).
        x, y: Metrics of the axes; they may be the same.
        environment: Key of the environment; the most frequent one of the variants' own runs where it is None.
    """
    data = _newest_data(columns, among)
    fits = (columns.data.of == columns.data.code(data)) | (columns.data.of == columns.data.code("")) | (not data)
    chosen = _main(columns, among & fits) if environment is None else environment
    here = columns.environment.of == columns.environment.code(chosen)
    usable = among & columns.finished & here & fits
    for which in (x, y):
        values = columns.metric(which.name)
        usable &= np.isfinite(values) & ~(which.log & (values < 0))
    rows = _newest(columns, np.flatnonzero(usable))
    _, first, inverse, seeds = np.unique(columns.recipe.of[rows], return_index=True, return_inverse=True, return_counts=True)
    xs, ys = (np.bincount(inverse, columns.metric(m.name)[rows], len(first)) / np.maximum(seeds, 1) for m in (x, y))
    costs, directions = ([ys, xs], [y.maximise, x.maximise]) if x.name != y.name else ([ys], [y.maximise])
    front = pareto_mask(np.column_stack(costs), maximise=directions) if len(first) else np.zeros(0, dtype=bool)
    missing = _missing(columns, among & ~usable, here, among)
    listed = tuple(_told(columns.variants[i], (y, x), chosen, data) for i in missing[:MOST_LISTED])
    return Plane(
        x=xs, y=ys, rows=rows[first], seeds=seeds, front=front, environment=chosen, left_out=listed, left_out_total=len(missing)
    )


def _main(columns: Columns, among: Mask) -> str:
    """What `effcore.analysis.frontier.main_environment` says of them."""
    own = among & columns.own
    counted = np.bincount(columns.environment.of[own if own.any() else among], minlength=len(columns.environment.names))
    return most_frequent({name: int(counted[code]) for code, name in enumerate(columns.environment.names) if name and counted[code]})


def _newest_data(columns: Columns, among: Mask) -> str:
    """What `effcore.analysis.variant.newest_data` says of them."""
    rows = np.flatnonzero(among & columns.finished & (columns.data.of != columns.data.code("")))
    if not len(rows):
        return ""
    last = rows[columns.data_ms[rows] == columns.data_ms[rows].max()]
    codes: list[int] = np.unique(columns.data.of[last]).tolist()
    return max(columns.data.names[code] for code in codes)


def _newest(columns: Columns, rows: Rows) -> Rows:
    """Of a recipe and seed that was measured twice the newest, ordered by recipe and seed."""
    recipe, seed = columns.recipe.of[rows], columns.seed[rows]
    ordered = rows[np.lexsort((columns.ended_ms[rows], seed, recipe))]
    recipe, seed = columns.recipe.of[ordered], columns.seed[ordered]
    last = np.ones(len(ordered), dtype=bool)
    last[:-1] = (recipe[:-1] != recipe[1:]) | (seed[:-1] != seed[1:])
    return ordered[last]


def _missing(columns: Columns, unusable: Mask, here: Mask, among: Mask) -> Rows:
    """What is left out; what was measured in the chosen environment too is not."""
    def of(rows: Mask) -> list[tuple[int, int]]:
        return list(zip(columns.recipe.of[rows].tolist(), columns.seed[rows].tolist(), strict=True))

    elsewhere = unusable & columns.finished & ~here
    known = set(of(among & here)) if elsewhere.any() else set()
    left = unusable.copy()
    left[elsewhere] = [pair not in known for pair in of(elsewhere)]
    return np.flatnonzero(left)


def _told(variant: Variant, metrics: Sequence[Metric], environment: str, data: str) -> LeftOut:
    reason = reason_to_leave_out(variant, metrics, environment, data=data) or "is older than another measurement of the same"
    return LeftOut(run_id=variant.run_id, name=variant.name, reason=reason)


def count_reasons(left_out: Iterable[LeftOut]) -> Counter[str]:
    """How often each kind of reason is given; what was wrong with a single one is left off."""
    return Counter(entry.reason.split(":")[0] for entry in left_out)
