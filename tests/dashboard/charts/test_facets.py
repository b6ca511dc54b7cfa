"""Environments beside each other: the same axes, each with its own frontier."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard.charts.facets import facet_figures
from dashboard.theme import LIGHT
from dashboard.views.frontier import FrontierView, frontier_view
from effcore.analysis.frontier import Variant


def slower(variants: list[Variant], factor: float) -> FrontierView:
    other = [replace(v, metrics={k: v * factor if "latency" in k else v for k, v in v.metrics.items()}) for v in variants]
    return frontier_view(other, x="latency_ms", y="accuracy")


def test_the_axes_are_the_same_and_hold_every_environment(variants: list[Variant]) -> None:
    views = [slower(variants, 1.0), slower(variants, 30.0)]
    first, second = facet_figures(views, LIGHT)
    assert first.layout.xaxis.range == second.layout.xaxis.range and first.layout.yaxis.range == second.layout.yaxis.range
    assert first.layout.xaxis.tickvals == second.layout.xaxis.tickvals
    low, high = (10**edge for edge in first.layout.xaxis.range)
    assert low < min(d.x.value for d in views[0].dots) and high > max(d.x.value for d in views[1].dots)
    assert first.layout.xaxis.title.text == second.layout.xaxis.title.text != ""


def test_each_has_its_own_points_and_staircase_and_nothing_of_the_other(variants: list[Variant]) -> None:
    views = [slower(variants[:20], 1.0), slower(variants[20:40], 2.0)]
    for view, figure in zip(views, facet_figures(views, LIGHT), strict=True):
        runs = {run for trace in figure.data if trace.customdata is not None for run in trace.customdata}
        assert runs == {d.run_id for d in view.dots}
        (stairs,) = [t for t in figure.data if t.name == "Frontier"]
        assert tuple(zip(stairs.x, stairs.y, strict=True)) == view.stairs


@pytest.mark.parametrize("zero", [0, 1])
def test_one_zero_makes_all_axes_linear(variants: list[Variant], zero: int) -> None:
    with_zero = [replace(v, metrics=dict(v.metrics) | ({"latency_ms": 0.0} if i == 0 else {})) for i, v in enumerate(variants)]
    views = [slower(variants, 1.0), slower(with_zero, 1.0)]
    figures = facet_figures(views if zero else views[::-1], LIGHT)
    assert {f.layout.xaxis.type for f in figures} == {"linear"}
    assert {f.layout.xaxis.tickvals for f in figures} == {None}
    for figure in figures:  # what is dominated is shaded to the edge of the plot
        assert figure.data[0].fill == "toself" and max(figure.data[0].x) == pytest.approx(figure.layout.xaxis.range[1])
