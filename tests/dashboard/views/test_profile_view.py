"""Where time and bytes go, as bars."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard.charts.profile import shares_figure
from dashboard.theme import DARK, LIGHT
from dashboard.views.profile import MOST_BARS, Bar, profile_view

TIME = {
    "latency_ms": 0.2, "runs": 150, "nodes": [],
    "operators": [
        {"operator": "Conv", "nodes": 4, "share": 0.75, "ms": 0.15}, {"operator": "Gemm", "nodes": 1, "share": 0.05, "ms": 0.01},
        {"operator": "runtime overhead", "nodes": 0, "share": 0.2, "ms": 0.04},
    ],
}  # fmt: skip
LAYERS = [{"name": "Conv 1", "bytes": 100}, {"name": "Conv 2", "bytes": 700}]


def test_time_by_operator_with_the_overhead_last() -> None:
    view = profile_view({"time": TIME, "layers": LAYERS, "file_bytes": 1000})
    assert view is not None
    assert [(bar.name, round(bar.share, 6), bar.text) for bar in view.time] == [
        ("Conv × 4", 75.0, "75.0 %, 0.150 ms"), ("Gemm", 5.0, "5.00 %, 0.0100 ms"), ("runtime overhead", 20.0, "20.0 %, 0.0400 ms"),
    ]  # fmt: skip
    assert view.time_note == "Shares of 150 profiled predictions, scaled to the 0.200 ms measured without the profiler"


def test_bytes_by_layer_largest_first_with_the_rest_last() -> None:
    view = profile_view({"time": None, "layers": LAYERS, "file_bytes": 1000})
    assert view is not None and view.time == ()
    assert [(bar.name, round(bar.share, 6)) for bar in view.bytes] == [("Conv 2", 70.0), ("Conv 1", 10.0), ("graph and the rest", 20.0)]
    assert view.bytes[0].text == "70.0 %, 700 B"


def test_many_layers_end_in_one_bar_for_the_smaller_ones() -> None:
    layers = [{"name": f"Conv {i}", "bytes": 100 - i} for i in range(30)]
    view = profile_view({"time": None, "layers": layers, "file_bytes": 5000})
    assert view is not None
    assert len(view.bytes) == MOST_BARS + 1
    assert [bar.name for bar in view.bytes[-2:]] == ["21 smaller layers", "graph and the rest"]
    assert sum(bar.share for bar in view.bytes) == pytest.approx(100)


@pytest.mark.parametrize("document", [None, [], {}, {"layers": [{}], "file_bytes": 1}, {"layers": [], "file_bytes": 0, "time": None}])
def test_what_can_not_be_read_shows_nothing(document: Any) -> None:
    assert profile_view(document) is None


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_bars_stand_in_their_order_and_the_rest_is_quiet(look: Any) -> None:
    bars = [Bar(name="Conv<b>", share=80.0, text="80 %"), Bar(name="rest", share=20.0, text="20 %")]
    figure = shares_figure(bars, look, heading="Share")
    assert list(figure.data[0].x) == [80.0, 20.0]
    assert list(figure.data[0].y) == ["Conv&lt;b&gt;", "rest"]
    assert list(figure.data[0].marker.color) == [look.accent, look.quiet]
    assert figure.to_json() == shares_figure(bars, look, heading="Share").to_json()
