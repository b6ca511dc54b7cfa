"""The frontier of very many points as a value: those on it in full, the others as arrays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dashboard.views.cloud import Cloud
from dashboard.views.frontier import Dot, FrontierView, dots_of, headline
from effcore.analysis.columns import Columns, Mask, Plane, find_plane
from effcore.objectives import Metric
from effcore.pareto import staircase

MANY = 2000
"""Variants from which a source is shown so: below it every point has its intervals, its parent and its probability."""

MOST_IN_FULL = 300
"""Points of the frontier that are shown in full; where more are on it, as where all are equal, the rest is in the cloud."""


def large_view(columns: Columns, among: Mask, x: Metric, y: Metric, *, environment: str | None = None) -> FrontierView:
    """The view of very many variants.

    Args:
        columns: Of all variants of the store.
        among: Which of them are shown.
        x, y: Metrics of the axes.
        environment: Key of the environment; the most frequent one where it is None.
    """
    plane = find_plane(columns, among, x, y, environment=environment)
    xs, ys = plane.x * (100.0 if x.percent else 1.0), plane.y * (100.0 if y.percent else 1.0)
    full = _in_full(plane)
    dots = _dots(columns, plane, full, x, y)
    rest = np.flatnonzero(~full)
    rest = rest[np.argsort(-ys[rest] if y.maximise else ys[rest], kind="stable")]
    cloud = Cloud(
        x=xs[rest], y=ys[rest], rows=plane.rows[rest], technique=columns.technique.of[plane.rows[rest]],
        techniques=columns.technique.names, front=plane.front[rest], variants=columns.variants, named=columns.name,
    )  # fmt: skip
    corners = staircase(xs[plane.front], ys[plane.front], maximise_x=x.maximise)
    return FrontierView(
        x=x, y=y, x_log=x.log and bool((xs > 0).all()), y_log=y.log and bool((ys > 0).all()), dots=dots,
        stairs=tuple(zip(corners[0].tolist(), corners[1].tolist(), strict=True)),
        left_out=tuple(sorted(plane.left_out, key=lambda entry: not entry.reason.startswith("failed"))),
        left_out_total=plane.left_out_total, environment=plane.environment, headline=headline(dots, x, y), cloud=cloud,
        runtimes=tuple(sorted({columns.runtime.names[code] for code in np.unique(columns.runtime.of[plane.rows]).tolist()} - {""})),
    )  # fmt: skip


def _in_full(plane: Plane) -> Mask:
    """The points of the frontier, of equal ones the first, and evenly chosen ones where there are too many."""
    front = np.flatnonzero(plane.front)
    _, first = np.unique(np.column_stack([plane.x[front], plane.y[front]]), axis=0, return_index=True)
    chosen = front[first]  # in ascending x
    if len(chosen) > MOST_IN_FULL:
        chosen = chosen[np.linspace(0, len(chosen) - 1, MOST_IN_FULL).round().astype(int)]
    mask = np.zeros(len(plane.front), dtype=bool)
    mask[chosen] = True
    return mask


def _dots(columns: Columns, plane: Plane, full: Mask, x: Metric, y: Metric) -> tuple[Dot, ...]:
    """Those points with all their details, numbered from left to right."""
    keys = columns.recipe
    chosen = keys.of[plane.rows[full]]
    parents = [keys.code(columns.variants[row].parent or "") for row in plane.rows[full].tolist()]
    related = np.isin(keys.of, [*chosen.tolist(), *parents])
    variants = [columns.variants[row] for row in np.flatnonzero(related).tolist()]
    dots = dots_of(variants, x, y, environment=plane.environment, keys=[keys.names[code] for code in chosen.tolist()])
    return tuple(replace(dot, number=index) for index, dot in enumerate(dots, start=1))
