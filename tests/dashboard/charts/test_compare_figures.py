"""Figures of the compare page, by value."""

from __future__ import annotations

import itertools

import pytest

from dashboard.charts.compare import classes_figure, mark_of, overlay_figure, parts_figure
from dashboard.theme import DARK, LIGHT, Look
from dashboard.views.disagreement import ClassRow
from dashboard.views.records import samples_view

ROWS = (
    ClassRow(name="<b>9</b>", images=100, shares=(98.0, 90.0), lows=(93.0, 82.0), highs=(99.0, 94.0)),
    ClassRow(name="1", images=100, shares=(99.0, 99.0), lows=(94.0, 94.0), highs=(100.0, 100.0)),
)


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=lambda look: look.name)
def test_a_letter_has_a_colour_and_a_shape_of_its_own(look: Look) -> None:
    marks = [mark_of(letter) for letter in "ABCDEF"]
    assert len({m.symbol for m in marks}) == 6 and len({m.color(look) for m in marks}) == 6


def test_classes_have_a_line_each_and_a_mark_a_point() -> None:
    figure = classes_figure(ROWS, ["A", "B"], LIGHT)
    assert [list(t.x) for t in figure.data] == [[98.0, 99.0], [90.0, 99.0]]
    assert [t.name for t in figure.data] == ["A", "B"]
    assert list(figure.data[1].error_x.array) == [4.0, 1.0] and list(figure.data[1].error_x.arrayminus) == [8.0, 5.0]
    assert list(figure.layout.yaxis.ticktext) == ["&lt;b&gt;9&lt;/b&gt;", "1"]
    assert all(abs(a - b) > 0.1 for a, b in zip(figure.data[0].y, figure.data[1].y, strict=True))
    legend, title = figure.layout.legend, figure.layout.annotations[0]  # one below, one above: they can't meet, however narrow the page is
    assert (legend.yref, legend.y, legend.yanchor, title.yanchor) == ("container", 0, "bottom", "bottom") and figure.layout.margin.b > 60


def test_latencies_lie_on_one_axis_with_the_median_of_every_process() -> None:
    document = {"latency": {"processes": [{"samples_ms": [1.0, 2.0, 3.0], "median_ms": 2.0}, {"samples_ms": [2.0, 3.0, 4.0], "median_ms": 3.0}]}}
    view = samples_view(document)
    assert view is not None
    figure = overlay_figure({"A": view, "C": view}, DARK)
    boxes = [t for t in figure.data if t.type == "box"]
    assert [b.name for b in boxes] == ["A", "C"] and boxes[0].median[0] == 2.0
    medians = [t for t in figure.data if t.hovertext is not None]
    assert [list(t.x) for t in medians] == [[2.0, 3.0]] * 2 and list(medians[1].y) == [1, 1]
    assert [t.marker.symbol for t in medians] == [mark_of("A").symbol, mark_of("C").symbol]


def test_parts_are_grouped_and_the_small_ones_are_one_bar() -> None:
    names = [f"layer {i}" for i in range(12)]
    parts = {"A": {name: float(12 - i) for i, name in enumerate(names)}, "B": {"layer 0": 3.0}}
    figure = parts_figure(parts, LIGHT, unit="kB", heading="By layer")
    first, second = figure.data
    assert list(first.y) == [*names[:9], "all smaller ones"] and list(first.x)[-1] == 3.0 + 2.0 + 1.0
    assert list(second.x) == [3.0] + [0.0] * 9
    assert len(set(itertools.chain(first.text[1:2], second.text[1:2]))) == 2 and second.text[1] == "B –"
    assert figure.layout.annotations[0].text == "By layer, kB · shorter is better"
