"""Very many points: the same frontier, the others as arrays, and every one within reach."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest
from fake_store import make_variant, make_variants

from dashboard.charts.cloud import cloud_traces, selected_place
from dashboard.charts.frontier import as_sent, frontier_figure
from dashboard.tables.large import MOST_ROWS, large_table
from dashboard.theme import DARK, LIGHT
from dashboard.views import cloud as clouds
from dashboard.views.answers import can_be_relative, relative_view
from dashboard.views.cloud import cells, within
from dashboard.views.frontier import FrontierView, frontier_view
from dashboard.views.large import MOST_IN_FULL, large_view
from dashboard.views.news import news
from effcore.analysis.columns import Columns
from effcore.analysis.frontier import Variant
from effcore.objectives import metric


def drawn(count: int, *, seed: int = 0) -> list[Variant]:
    draw, lead = random.Random(seed), make_variants(count=1)[0]
    techniques = ("architecture", "pruning", "quantization")
    return [
        replace(
            lead, run_id=f"r{i}", recipe_key=f"k{i}", name=f"point {i}", technique=techniques[i % 3], parent=f"k{i - 1}" if i % 3 else None,
            metrics={"accuracy": draw.random(), "latency_ms": 0.01 + draw.random(), "size_mb": draw.random()}, structure=f"s{i}",
        )
        for i in range(count)
    ]  # fmt: skip


def large(variants: list[Variant], x: str = "latency_ms", y: str = "accuracy") -> FrontierView:
    return large_view(Columns(variants), np.ones(len(variants), dtype=bool), metric(x), metric(y))


@pytest.mark.parametrize(("x", "y"), [("latency_ms", "accuracy"), ("accuracy", "latency_ms"), ("size_mb", "latency_ms"), ("accuracy", "accuracy")])
def test_the_frontier_is_that_of_the_small_view(x: str, y: str) -> None:
    variants = drawn(400)
    small, view = frontier_view(variants, x=x, y=y), large(variants, x, y)
    assert view.dots == small.front and view.stairs == small.stairs and view.headline == small.headline
    assert (view.total, view.front_total, view.environment, view.runtimes) == (400, len(small.front), small.environment, small.runtimes)
    assert (view.x_log, view.y_log) == (small.x_log, small.y_log)
    assert view.cloud is not None and len(view.cloud) == 400 - len(small.front)
    assert {view.run_at(row) for row in range(view.total)} == {d.run_id for d in small.dots}
    if x != y:
        best = -1 if view.y.maximise else 1
        assert (np.diff(best * view.cloud.y) >= 0).all()


def test_what_is_left_out_is_counted() -> None:
    variants = drawn(30)
    variants[0] = replace(variants[0], status="FAILED", error="no memory")
    variants[1] = replace(variants[1], metrics={"accuracy": 0.5})
    view = large(variants)
    assert view.missing == 2 and [e.reason for e in view.left_out] == ["failed: no memory", "has no latency_ms"]


def test_where_all_are_equal_one_stands_for_all_and_all_are_on_the_frontier() -> None:
    variants = [replace(v, metrics={"accuracy": 0.5, "latency_ms": 1.0}) for v in drawn(3000)]
    view = large(variants)
    assert len(view.dots) == 1 and view.total == view.front_total == 3000 and view.stairs == ((1.0, 50.0),)
    assert len(frontier_figure(view, LIGHT).data) == 5


def test_where_very_many_are_on_the_frontier_some_are_shown_in_full() -> None:
    variants = [
        replace(v, metrics={"accuracy": 0.5 + i / 10_000, "latency_ms": 1.0 + i}) for i, v in enumerate(drawn(1000))
    ]
    view = large(variants)
    assert len(view.dots) == MOST_IN_FULL and view.front_total == view.total == 1000 and len(view.stairs) == 1999
    assert (view.dots[0].run_id, view.dots[-1].run_id) == ("r0", "r999")
    figure = frontier_figure(view, DARK)
    assert all(trace.text is None for trace in figure.data if trace.type == "scatter")  # so many numbers could not be read


def test_every_point_of_a_small_cloud_is_a_marker_with_its_name_and_place() -> None:
    variants = [replace(v, name="<b>$x$") for v in drawn(200)]
    view = large(variants)
    assert view.cloud is not None
    traces = cloud_traces(view, LIGHT, shown=set())
    assert [t.type for t in traces] == ["scattergl"] * 3
    assert sorted(int(p) for t in traces for p in t.customdata) == list(range(len(view.cloud)))
    assert {name for t in traces for name in t.text} == {"&lt;b&gt;&#36;x&#36;"}
    for trace in traces:
        assert trace.y.tolist() == view.cloud.y[trace.customdata].tolist()


def test_what_is_sent_is_what_the_figure_shows() -> None:
    view = large([replace(v, name=f"point <{v.run_id}>") for v in drawn(300)])
    sent = json.loads(as_sent(frontier_figure(view, LIGHT, whole=False), view, LIGHT))
    whole = frontier_figure(view, LIGHT)
    assert go.Figure(sent).to_json() == whole.to_json()
    assert sent["data"][0]["x"]["dtype"] == "f8" and len(sent["data"]) == 7


def test_of_a_large_cloud_markers_stand_for_the_points_of_a_cell_and_all_are_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clouds, "MOST_DRAWN", 100)
    monkeypatch.setattr(clouds, "GRID", (6, 5))
    monkeypatch.setattr("dashboard.charts.cloud.MOST_DRAWN", 100)
    view = large(drawn(600))
    assert view.cloud is not None
    found = cells(view.cloud, x_log=view.x_log, y_log=view.y_log)
    assert found.count.sum() == len(view.cloud) and len(found.first) <= 7 * 6
    reached = [within(view.cloud, place, x_log=view.x_log, y_log=view.y_log) for place in found.first.tolist()]
    assert [len(places) for places in reached] == found.count.tolist()
    assert sorted(place for places in reached for place in places) == list(range(len(view.cloud)))
    assert all(places[0] == place for places, place in zip(reached, found.first.tolist(), strict=True))
    traces = cloud_traces(view, LIGHT, shown=set())
    assert sum(int(row[1]) for t in traces for row in t.customdata) == len(view.cloud) and traces[0].text is None


def test_a_click_gives_the_place_that_the_marker_carries() -> None:
    view = large(drawn(50))
    for data in (7, [7, 3], {"0": 7, "1": 3}, 7.0):
        assert selected_place({"selection": {"points": [{"customdata": data}]}}, view) == 7
    for data in (None, "7", [], 10_000, -1, True):
        assert selected_place({"selection": {"points": [{"customdata": data}]}}, view) is None
    assert selected_place(None, view) is None
    assert selected_place({"selection": {"points": [{"customdata": 7}]}}, frontier_view(drawn(5), x="latency_ms", y="accuracy")) is None


def test_the_table_has_the_rows_of_the_view_up_to_what_a_browser_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    view = large(drawn(300))
    frame, columns = large_table(view)
    assert len(frame) == 300 < MOST_ROWS and set(frame.columns) <= set(columns)
    names = {v.run_id: v.name for v in drawn(300)}
    assert frame["point"].tolist() == [names[view.run_at(row)] for row in range(300)]
    assert frame["#"].dropna().tolist() == list(range(1, len(view.dots) + 1))
    monkeypatch.setattr("dashboard.tables.large.MOST_ROWS", 100)
    assert len(large_table(view)[0]) == 100


def test_news_of_very_many() -> None:
    variants = drawn(200)
    before = large(variants)
    best = make_variant(make_variants_recipe(), run_id="best", metrics={"accuracy": 2.0, "latency_ms": 0.001})
    assert news(before, large([*variants, best])).text == "1 new result, 1 changes the frontier"


def make_variants_recipe():  # type: ignore[no-untyped-def]
    from effcore.recipe import from_document

    return from_document(make_variants(count=1)[0].recipe)


def test_against_a_baseline_all_points_are_drawn_where_they_are_against_it() -> None:
    view = large(drawn(400))
    base = view.front[0]
    seen = relative_view(view, base)
    assert view.cloud is not None and seen.cloud is not None and can_be_relative(view)
    assert np.allclose(seen.cloud.x, base.x.value / view.cloud.x) and np.allclose(seen.cloud.y, view.cloud.y - base.y.value)
    assert seen.cloud.rows is view.cloud.rows and max(seen.cloud.x) <= max(d.x.value for d in seen.front)
    zero = replace(view, cloud=replace(view.cloud, x=view.cloud.x * 0))
    assert not can_be_relative(zero)
    assert view.runs(30) == tuple(view.run_at(row) for row in range(30)) and len(view.runs(1000)) == 400
