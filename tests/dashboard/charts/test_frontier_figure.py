"""The figure of the frontier, on values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import plotly.graph_objects as go
import pytest

from dashboard.charts import frontier as charts
from dashboard.charts.frontier import frontier_alt, frontier_figure, selected_run
from dashboard.tables import frontier_table
from dashboard.theme import CHART_CONFIG, DARK, LIGHT, MARKS
from dashboard.views.frontier import FrontierView, frontier_view, hover_lines
from effcore.analysis.frontier import Evidence, Variant


def point(name: str, accuracy: float, latency: float, /, *, technique: str = "architecture", **extra: Any) -> Variant:
    metrics: Mapping[str, float] = {"accuracy": accuracy, "latency_ms": latency, **extra}
    return Variant(
        run_id=f"run-{name}", sweep="s", recipe_key=name, name=name, seed=0, recipe={"task": "t", "steps": []},
        parent=None, technique=technique, step="", runtime="onnxruntime 1.32.0", environment="e", structure=name,
        status="FINISHED", error=None, noisy=False, metrics=metrics, artifact=None, started_ms=0, ended_ms=1,
    )  # fmt: skip


FOUR = [
    point("small", 0.90, 0.1),
    point("middle", 0.95, 0.4, technique="pruning"),
    point("worse", 0.93, 0.8, technique="pruning"),
    point("large", 0.98, 1.6, technique="quantization"),
]


def view(variants: list[Variant] = FOUR, *, x: str = "latency_ms", y: str = "accuracy") -> FrontierView:
    return frontier_view(variants, x=x, y=y)


def named(figure: go.Figure, name: str, *, front: bool = True) -> Any:
    found = [t for t in figure.data if t.name == name and (t.mode == "markers+text") == front]
    return found[0]


def test_staircase_runs_in_steps_through_the_frontier() -> None:
    stairs = named(frontier_figure(view(), LIGHT), "Frontier", front=False)
    assert list(stairs.x) == [0.1, 0.4, 0.4, 1.6, 1.6]
    assert list(stairs.y) == pytest.approx([90, 90, 95, 95, 98])
    assert stairs.mode == "lines" and stairs.line.shape == "linear"


@pytest.mark.parametrize(
    ("x", "y", "xs", "ys"),
    [
        ("latency_ms", "accuracy", [1, 2, 2], [50, 50, 60]),
        ("latency_ms", "size_mb", [1, 2, 2], [4, 4, 3]),
        ("throughput_per_s", "accuracy", [1, 1, 2], [60, 50, 50]),
        ("throughput_per_s", "size_mb", [1, 1, 2], [3, 4, 4]),
    ],
)
def test_staircase_in_all_four_directions(x: str, y: str, xs: list[float], ys: list[float]) -> None:
    better_x, better_y = (1.0, 2.0), ((0.5, 0.6) if y == "accuracy" else (4.0, 3.0))
    if x == "throughput_per_s":
        better_y = better_y[::-1]
    pair = [point(n, 0.1, 9, **{x: a, y: b}) for n, a, b in zip("ab", better_x, better_y, strict=True)]
    corners = view(pair, x=x, y=y).stairs
    assert [c[0] for c in corners] == pytest.approx(xs)
    assert [c[1] for c in corners] == pytest.approx(ys)


def test_dominated_points_are_dimmed_and_those_on_the_frontier_are_numbered_from_left_to_right() -> None:
    figure = frontier_figure(view(), LIGHT)
    dim, lit = named(figure, "Pruning", front=False), named(figure, "Pruning")
    assert list(dim.customdata) == ["run-worse"] and dim.marker.opacity < 0.5
    assert list(lit.customdata) == ["run-middle"] and lit.marker.opacity == 1
    numbers = {t.customdata[0]: t.text[0] for t in figure.data if t.mode == "markers+text"}
    assert numbers == {"run-small": "1", "run-middle": "2", "run-large": "3"}


def test_colour_and_shape_follow_the_last_technique_in_both_looks() -> None:
    for look in (LIGHT, DARK):
        figure = frontier_figure(view(), look)
        for name, technique in (
            ("Architecture", "architecture"),
            ("Pruning", "pruning"),
            ("Quantization", "quantization"),
        ):
            trace = named(figure, name)
            assert trace.marker.color == MARKS[technique].color(look)
            assert trace.marker.symbol == MARKS[technique].symbol


def test_every_technique_stands_once_in_the_legend() -> None:
    shown = [t.name for t in frontier_figure(view(), LIGHT).data if t.showlegend]
    assert sorted(shown) == ["Architecture", "Frontier", "Pruning", "Quantization"]


def test_customdata_holds_the_run_of_every_point_and_nothing_else() -> None:
    figure = frontier_figure(view(), LIGHT)
    runs = [run for t in figure.data if t.customdata is not None for run in t.customdata]
    assert sorted(runs) == ["run-large", "run-middle", "run-small", "run-worse"]


def test_hover_has_significant_digits_units_interval_and_distance_to_the_parent() -> None:
    parent = point("base", 0.98, 0.81)
    child = replace(
        point("base · int8", 0.977, 0.0741, technique="quantization", latency_ms_low=0.0712, latency_ms_high=0.0799),
        parent="base", step="int8",
    )  # fmt: skip
    (hover,) = named(frontier_figure(view([parent, child]), LIGHT), "Quantization").hovertext
    assert hover.split("<br>") == [
        "<b>base · int8</b>",
        "Accuracy 97.7 %",
        "Latency 0.0741 ms (0.0712 to 0.0799 ms)",
        "last step: Quantization, int8",
        "against its parent: latency ÷10.9, accuracy −0.3 points",
        "number 1 on the frontier",
    ]


def test_hover_escapes_what_plotly_would_read_as_markup() -> None:
    (trace,) = [t for t in frontier_figure(view([point("<a href='x'>&\nnew</a>", 0.9, 1)]), LIGHT).data if t.customdata]
    assert trace.hovertext[0].startswith("<b>&lt;a href='x'&gt;&amp; new&lt;/a&gt;</b><br>")
    assert trace.hoverinfo == "text" and trace.hovertemplate is None


def test_intervals_are_error_bars_around_the_value() -> None:
    one = point("a", 0.95, 1.0, accuracy_low=0.93, accuracy_high=0.96, latency_ms_low=0.9, latency_ms_high=1.2)
    trace = named(frontier_figure(view([one]), LIGHT), "Architecture")
    assert (list(trace.error_y.array), list(trace.error_y.arrayminus)) == (pytest.approx([1.0]), pytest.approx([2.0]))
    assert (list(trace.error_x.array), list(trace.error_x.arrayminus)) == (pytest.approx([0.2]), pytest.approx([0.1]))


def test_a_logarithmic_axis_has_its_range_in_powers_of_ten_and_holds_every_interval() -> None:
    axis = frontier_figure(view(), LIGHT).layout.xaxis
    assert axis.type == "log" and axis.range[0] < math.log10(0.1) and axis.range[1] > math.log10(1.6)
    assert all(10 ** axis.range[0] <= tick <= 10 ** axis.range[1] for tick in axis.tickvals)
    assert list(axis.ticktext) == ["0.1", "0.2", "0.5", "1"]


def test_a_zero_makes_the_axis_linear_since_a_logarithmic_one_would_hide_it() -> None:
    figure = frontier_figure(view([point("a", 0.9, 0.0), point("b", 0.95, 1.0)]), LIGHT)
    assert figure.layout.xaxis.type == "linear"
    assert "log" not in figure.layout.xaxis.title.text


@pytest.mark.parametrize(
    ("x", "y", "title_x", "title_y"),
    [
        ("latency_ms", "accuracy", "← better · Latency, ms, log scale", "Accuracy, % · ↑ better"),
        ("accuracy", "latency_ms", "Accuracy, % · better →", "Latency, ms, log scale · ↓ better"),
    ],
)
def test_axes_say_unit_and_which_way_is_better(x: str, y: str, title_x: str, title_y: str) -> None:
    layout = frontier_figure(view(x=x, y=y), LIGHT).layout
    assert layout.xaxis.title.text == title_x
    assert layout.annotations[0].text == title_y


def test_the_same_view_gives_the_same_json_whatever_the_order_of_the_variants() -> None:
    first = frontier_figure(view(), LIGHT).to_json()
    assert frontier_figure(view(FOUR[::-1]), LIGHT).to_json() == first
    assert frontier_figure(view(), DARK).to_json() != first


def test_figures_carry_their_own_template_and_colours() -> None:
    layout = frontier_figure(view(), DARK).layout
    assert layout.template.layout.paper_bgcolor == DARK.paper
    assert layout.template.layout.font.color == DARK.ink
    assert "#000001" not in frontier_figure(view(), DARK).to_json()
    assert CHART_CONFIG["showSendToCloud"] is False


def test_the_ring_marks_the_selected_point_and_is_no_target_itself() -> None:
    figure = frontier_figure(view(), LIGHT, selected="run-worse")
    ring = figure.data[-1]
    assert (list(ring.x), list(ring.y)) == ([0.8], pytest.approx([93])) and ring.customdata is None
    assert len(frontier_figure(view(), LIGHT, selected="nobody").data) == len(figure.data) - 1


def test_many_dominated_points_go_to_webgl_and_the_frontier_stays_svg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "WEBGL_FROM", 3)
    crowd = [point(f"p{i}", 0.5 + i / 1000, 2 + i / 100) for i in range(5)]
    kinds = {t.mode: type(t).__name__ for t in frontier_figure(view([*FOUR, *crowd]), LIGHT).data}
    assert kinds == {"markers": "Scattergl", "lines": "Scatter", "markers+text": "Scatter"}
    assert {type(t).__name__ for t in frontier_figure(view(), LIGHT).data} == {"Scatter"}


def test_equal_points_are_both_on_the_frontier() -> None:
    twins = view([point("a", 0.9, 1.0), point("b", 0.9, 1.0)])
    assert [d.number for d in twins.dots] == [1, 2]
    assert len(frontier_figure(twins, LIGHT).data[0].x) == 1


def test_ties_are_called_ties_in_the_hover() -> None:
    twins = view([point("a", 0.9, 1.0), point("b", 0.9, 1.0)])
    assert hover_lines(twins.dots[0], twins)[-1] == "level with b"


def test_probability_noise_and_seeds_stand_in_the_hover_and_in_the_table() -> None:
    intervals = {"accuracy_low": 0.85, "accuracy_high": 0.94, "latency_ms_low": 0.9, "latency_ms_high": 1.1}
    pair = [
        replace(point("a", 0.9, 1.0, **intervals), noisy=True),
        point("b", 0.5, 2.0, accuracy_low=0.4, accuracy_high=0.6),
    ]
    sure = frontier_view(pair, x="latency_ms", y="accuracy", evidence=lambda _: Evidence())
    assert [d.probability for d in sure.dots] == [1.0, 0.0]
    assert hover_lines(sure.dots[0], sure)[-2:] == (
        "number 1 on the frontier; on it in 100 % of resamples",
        "noisy measurement",
    )
    assert hover_lines(sure.dots[1], sure)[-1] == "dominated; on it in 0 % of resamples"
    frame, columns = frontier_table(sure)
    assert list(frame["certain"]) == [100, 0] and set(frame.columns) <= set(columns)
    assert "certain" not in frontier_table(view())[0]


def test_no_points_give_a_figure_without_traces() -> None:
    assert len(frontier_figure(view([]), LIGHT).data) == 0


def test_alternative_text_says_what_is_to_be_seen() -> None:
    assert frontier_alt(view()) == (
        "Accuracy against latency of 4 points, 3 of them on the frontier. "
        "From 90.0 % at 0.100 ms to 98.0 % at 1.60 ms: 8.0 points more accuracy for 16.0 times the latency."
    )


@pytest.mark.parametrize(
    ("event", "run_id"),
    [
        ({"selection": {"points": [{"customdata": "r1"}]}}, "r1"),
        ({"selection": {"points": [{"customdata": ["r2"]}]}}, "r2"),
        ({"selection": {"points": [{"curve_number": 0}, {"customdata": "r3"}]}}, "r3"),
        ({"selection": {"points": []}}, None),
        ({"selection": {"points": [{"customdata": [None]}]}}, None),
        ({}, None),
        (None, None),
    ],
)
def test_the_run_of_a_click(event: Any, run_id: str | None) -> None:
    assert selected_run(event) == run_id


def test_many_dominated_points_have_no_bars_and_those_of_the_frontier_always_do(monkeypatch: pytest.MonkeyPatch, variants: list[Variant]) -> None:
    view = frontier_view(variants, x="latency_ms", y="accuracy")
    with_bars = [t.error_y.array is not None for t in frontier_figure(view, LIGHT).data if t.customdata is not None]
    monkeypatch.setattr("dashboard.charts.frontier.MOST_WITH_BARS", 5)
    traces = [t for t in frontier_figure(view, LIGHT).data if t.customdata is not None]
    front = {d.run_id for d in view.front}
    assert all(with_bars) and all((t.error_y.array is not None) == (set(t.customdata) <= front) for t in traces)
