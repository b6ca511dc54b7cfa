"""Figures of the techniques page, by value."""

from __future__ import annotations

import pytest
from fake_store import make_variants

from dashboard.charts.techniques import composition_figure, dose_figure, factor_tick, factor_ticks, plane_figure, steps_figure
from dashboard.theme import DARK, LIGHT, Look, mark
from dashboard.views.composition import composition_view, dose_view, doses_of, square_rows
from dashboard.views.techniques import TechniquesView, techniques_view
from effcore.analysis.frontier import Evidence, Variant, find_frontier

DOSES = """name: doses
task: mnist5k
recipe:
  - architecture: {family: mlp, width: [0.5, 1.0, 2.0, 4.0]}
  - training: {epochs: 4}
  - pruning: [none, {amount: 0.5}]
  - runtime: onnxruntime
"""


@pytest.fixture
def view(variants: list[Variant]) -> TechniquesView:
    return techniques_view(variants, variants, cost="latency_ms", environment=None, evidence=lambda f: Evidence())


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=lambda look: look.name)
def test_plane_has_a_mark_a_step_and_a_line_to_the_middle_of_each_technique(view: TechniquesView, look: Look) -> None:
    figure = plane_figure(view, look, chosen="pruning")
    row = view.row("pruning")
    assert row is not None and row.cost is not None and row.accuracy is not None
    clouds = {t.legendgroup: t for t in figure.data if t.customdata is not None}
    assert {name: len(t.x) for name, t in clouds.items()} == {r.technique: len(r.steps) for r in view.rows}
    assert list(clouds["pruning"].customdata) == [s.run_id for s in row.steps]
    assert clouds["pruning"].marker.opacity > clouds["quantization"].marker.opacity
    assert clouds["pruning"].marker.symbol == mark("pruning").symbol
    heads = {t.name: t for t in figure.data if t.showlegend is None}
    head = heads["Pruning, 16"]
    assert (head.x[0], head.y[0]) == (row.cost.median, 100 * row.accuracy.median)
    assert figure.layout.xaxis.title.text == "← better · Latency, factor of the parent's, log scale"
    assert figure.layout.annotations[0].text == "Accuracy, points against the parent · ↑ better"


def test_steps_go_from_parent_to_point_by_verdict(view: TechniquesView) -> None:
    row = view.row("pruning")
    assert row is not None
    figure = steps_figure(row, view, LIGHT)
    by_name = {t.name.split(",")[0]: t for t in figure.data}
    assert set(by_name) == {s.outcome for s in row.steps}
    for outcome, trace in by_name.items():
        steps = [s for s in row.steps if s.outcome == outcome]
        assert list(zip(trace.x[0::3], trace.y[0::3], strict=True)) == [s.start for s in steps]
        assert list(zip(trace.x[1::3], trace.y[1::3], strict=True)) == [s.end for s in steps]
    assert len({t.line.dash for t in figure.data}) == len(figure.data)


def test_factor_ticks_are_few_round_and_the_same_on_both_sides() -> None:
    assert factor_ticks(0.4, 2.5) == [0.5, 1 / 1.5, 1 / 1.2, 1.0, 1.2, 1.5, 2.0]
    assert factor_ticks(0.995, 1.005) == [1.0]
    assert 1.0 in factor_ticks(0.001, 1000) and len(factor_ticks(0.001, 1000)) <= 7
    assert [factor_tick(t) for t in (0.5, 1 / 3, 1.0, 10.0)] == ["÷2", "÷3", "same", "×10"]


def test_the_matrix_is_symmetric_and_its_text_tells_without_colour(variants: list[Variant]) -> None:
    rows = square_rows(find_frontier(variants, ("accuracy", "latency_ms")).points, Evidence())
    view = composition_view(rows, "size_mb")
    assert view is not None
    (heat,) = composition_figure(view, LIGHT).data
    size = len(view.steps)
    assert all(heat.text[i][j] == heat.text[j][i] for i in range(size) for j in range(size))
    assert all(heat.text[i][i] == "" and heat.z[i][i] is None for i in range(size))
    assert sum(text != "" for line in heat.text for text in line) == 2 * len(view.cells)


def test_a_dose_line_has_its_own_dash_and_shape_and_every_interval() -> None:
    points = find_frontier(make_variants(DOSES), ("accuracy", "latency_ms")).points
    view = dose_view(points, doses_of(points)["architecture.width"], "latency_ms")
    assert view is not None and view.log
    figure = dose_figure(view, DARK)
    assert [list(t.x) for t in figure.data] == [[0.5, 1.0, 2.0, 4.0]] * 2
    assert len({(t.line.dash, t.marker.symbol) for t in figure.data}) == 2
    first = view.lines[0].points[0]
    assert figure.data[0].error_y.array[0] == pytest.approx(first.y.high - first.y.value)
    assert figure.layout.xaxis.type == "log" and list(figure.layout.xaxis.ticktext) == ["0.5", "1", "2", "4"]
