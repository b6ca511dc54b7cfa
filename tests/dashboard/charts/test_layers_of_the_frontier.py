"""What is laid over the frontier, by value."""

from __future__ import annotations

import itertools
import math

import pytest

from dashboard.charts.frontier import frontier_figure
from dashboard.charts.layers import LARGEST, SMALLEST, Layers, size_note, sizes_of, with_layers
from dashboard.theme import DARK, LIGHT
from dashboard.views.answers import Budget, knee, relative_view
from dashboard.views.frontier import FrontierView, frontier_view
from effcore.analysis.frontier import Evidence, Variant

AXES = [("latency_ms", "accuracy"), ("accuracy", "latency_ms"), ("latency_ms", "size_mb"), ("accuracy", "val_accuracy")]
"""All four combinations of directions."""


PLAIN = Layers()


def shown(view: FrontierView, layers: Layers = PLAIN, **options: FrontierView | None):  # type: ignore[no-untyped-def]
    return with_layers(frontier_figure(view, LIGHT), view, LIGHT, layers, **options)


def inside(point: tuple[float, float], corners: list[tuple[float, float]]) -> bool:
    """Whether a point is in a polygon, by crossings."""
    x, y = point
    crossings = 0
    for (x0, y0), (x1, y1) in itertools.pairwise([*corners, corners[0]]):
        if (y0 > y) != (y1 > y) and x < (x1 - x0) * (y - y0) / (y1 - y0) + x0:
            crossings += 1
    return crossings % 2 == 1


@pytest.mark.parametrize(("x", "y"), AXES)
def test_the_shade_is_what_the_frontier_dominates_in_every_combination_of_directions(variants: list[Variant], x: str, y: str) -> None:
    view = frontier_view(variants, x=x, y=y)
    figure = shown(view)
    shade = figure.data[0]
    assert shade.fill == "toself" and shade.hoverinfo == "skip"
    corners = list(zip(shade.x, shade.y, strict=True))
    spread_x, spread_y = (max(v) - min(v) for v in ([d.x.value for d in view.dots], [d.y.value for d in view.dots]))
    better_x, better_y = (spread_x if view.x.maximise else -spread_x), (spread_y if view.y.maximise else -spread_y)
    for dot in view.front:  # a little worse on both lies in it, a little better on both does not
        assert inside((dot.x.value - 1e-4 * better_x, dot.y.value - 1e-4 * better_y), corners)
        assert not inside((dot.x.value + 1e-4 * better_x, dot.y.value + 1e-4 * better_y), corners)


@pytest.mark.parametrize("name", ["latency_ms", "size_mb"])
def test_the_shade_stays_right_on_relative_axes(variants: list[Variant], name: str) -> None:
    absolute = frontier_view(variants, x=name, y="accuracy")
    view = relative_view(absolute, absolute.front[0])
    shade = shown(view).data[0]
    corners = list(zip(shade.x, shade.y, strict=True))
    for dot in view.front:
        assert inside((dot.x.value * 0.999, dot.y.value - 1e-3), corners)
        assert not inside((dot.x.value * 1.001, dot.y.value + 1e-3), corners)


def test_a_limit_is_a_line_at_its_value_and_a_label_at_its_logarithm(variants: list[Variant]) -> None:
    view = frontier_view(variants, x="latency_ms", y="accuracy")
    figure = shown(view, Layers(budget=Budget(x=0.1, y=97.0), limits={"x": "at most 0.1 ms"}))
    line, level = figure.layout.shapes
    assert (line.x0, line.x1, line.line.dash) == (0.1, 0.1, "dash") and (level.y0, level.y1) == (97.0, 97.0)
    labels = {a.text: a for a in figure.layout.annotations}
    assert labels["at most 0.1 ms"].x == pytest.approx(-1.0) and labels["97.0 %"].y == 97.0


def test_a_limit_beyond_all_points_widens_the_axis(variants: list[Variant]) -> None:
    view = frontier_view(variants, x="latency_ms", y="accuracy")
    low, high = shown(view, Layers(budget=Budget(x=50.0))).layout.xaxis.range
    assert low < math.log10(50) < high
    assert len(shown(view, Layers(budget=Budget(x=-1.0))).layout.shapes) == 0  # nothing lies there on a logarithmic axis


def test_solidity_follows_the_probability_of_being_on_the_frontier(variants: list[Variant]) -> None:
    view = frontier_view(variants, x="latency_ms", y="accuracy", evidence=lambda f: Evidence())
    figure = shown(view)
    fills = {run: color for t in figure.data if t.customdata is not None for run, color in zip(t.customdata, t.marker.color, strict=False)}
    for dot in view.front:
        assert fills[dot.run_id].endswith(f"{round(0.12 + 0.88 * dot.probability, 2)})")


def test_knee_arrows_another_frontier_and_a_third_objective(variants: list[Variant]) -> None:
    view = frontier_view(variants, x="latency_ms", y="accuracy")
    parent, child = (next(d for d in view.dots if d.name == n) for n in ("cnn x1", "cnn x1 · prune 50%"))
    dominated = next(d for d in view.dots if not d.on_frontier)
    layers = Layers(
        knee=knee(view), arrows=[(parent.run_id, child.run_id), ("gone", child.run_id)], also=frozenset({dominated.run_id}),
        also_name="On it with file size", sizes={dominated.run_id: 20.5},
    )  # fmt: skip
    figure = shown(view, layers, over=view)
    by_name = {t.name: t for t in figure.data}
    assert list(by_name["Step from its parent"].x) == [parent.x.value, child.x.value, None]
    assert list(by_name["Knee"].x) == [knee(view).dot.x.value]  # type: ignore[union-attr]
    assert list(by_name["On it with file size"].y) == [dominated.y.value]
    assert by_name["Frontier of the other sweep"].line.dash == "dash"
    sizes = {run: s for t in figure.data if t.customdata is not None for run, s in zip(t.customdata, t.marker.size, strict=True)}
    assert sizes[dominated.run_id] == 20.5


def test_areas_of_markers_follow_the_third_objective() -> None:
    sizes = sizes_of({"a": 1.0, "b": 10.0, "c": 100.0, "zero": 0.0}, log=True)
    assert sizes["a"] == SMALLEST and sizes["c"] == LARGEST and "zero" not in sizes
    assert sizes["b"] ** 2 == pytest.approx((SMALLEST**2 + LARGEST**2) / 2, rel=0.01)
    assert size_note({"a": 0.5, "b": 20.0}, "MB") == "marker area from 0.500 to 20.0 MB"
    assert sizes_of({}, log=True) == {} and DARK.name == "dark"
