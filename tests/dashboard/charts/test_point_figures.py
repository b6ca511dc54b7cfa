"""Latency samples and learning curve, on values."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard.charts.point import MOST_SAMPLES, curve_figure, jitter, samples_figure, thinned
from dashboard.theme import DARK, LIGHT
from dashboard.views.records import CurveView, SamplesView

SAMPLES = SamplesView(processes=((1.0, 1.2, 1.1), (0.9, 1.0)), medians=(1.1, 0.95), top=1.5, note="")
CURVE = CurveView(epochs=(1.0, 2.0, 4.0), train_loss=(1.0, None, 0.2), val_accuracy=(80.0, None, 97.0))


def test_every_process_is_a_box_from_quartile_to_quartile_around_its_median() -> None:
    figure = samples_figure(SAMPLES, LIGHT, value=1.0, low=0.9, high=1.1)
    boxes: list[Any] = [t for t in figure.data if t.type == "box"]
    assert [(b.x[0], b.q1[0], b.median[0], b.q3[0]) for b in boxes] == [(1, 1.0, 1.1, 1.2), (2, 0.9, 0.95, 1.0)]
    assert [(b.lowerfence[0], b.upperfence[0]) for b in boxes] == [(1.0, 1.2), (0.9, 1.0)]


def test_a_straggler_does_not_flatten_the_rest_and_is_not_drawn_beyond_the_axis() -> None:
    view = SamplesView(processes=((1.0, 9.0),), medians=(1.0,), top=1.5, note="")
    figure = samples_figure(view, LIGHT, value=1.0, low=0.9, high=1.1)
    assert list(figure.layout.yaxis.range) == [0, 1.5]
    assert [list(t.y) for t in figure.data if t.type == "scatter"] == [[1.0]]


def test_the_interval_of_the_whole_lies_behind() -> None:
    band, line = samples_figure(SAMPLES, LIGHT, value=1.0, low=0.9, high=1.1).layout.shapes
    assert (band.y0, band.y1) == (0.9, 1.1) and (line.y0, line.y1) == (1.0, 1.0)
    assert not samples_figure(SAMPLES, LIGHT, value=None, low=None, high=None).layout.shapes


def test_latency_axis_starts_at_zero_and_says_which_way_is_better() -> None:
    layout = samples_figure(SAMPLES, LIGHT, value=1.0, low=0.9, high=1.1).layout
    assert layout.yaxis.range[0] == 0
    assert layout.annotations[0].text == "Latency of one prediction, ms · ↓ better"


def test_many_samples_are_thinned_evenly_and_always_the_same() -> None:
    samples = [float(i) for i in range(1000)]
    kept = thinned(samples, MOST_SAMPLES)
    assert len(kept) <= MOST_SAMPLES and kept[:3] == [0.0, 9.0, 18.0]
    assert jitter(5) == jitter(5) and all(-1 <= j <= 1 for j in jitter(200))


def test_curve_has_accuracy_over_epochs_and_the_loss_in_the_hover() -> None:
    figure = curve_figure(CURVE, LIGHT)
    assert list(figure.data[0].y) == [80.0, None, 97.0]
    assert figure.data[0].hovertext[2] == "epoch 4<br>validation accuracy 97 %<br>training loss 0.2"
    assert figure.data[0].hovertext[1].endswith("validation accuracy not known<br>training loss not known")


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_figures_are_the_same_at_every_call_and_carry_their_colours(look: Any) -> None:
    assert curve_figure(CURVE, look).to_json() == curve_figure(CURVE, look).to_json()
    first = samples_figure(SAMPLES, look, value=1.0, low=0.9, high=1.1)
    assert first.to_json() == samples_figure(SAMPLES, look, value=1.0, low=0.9, high=1.1).to_json()
    assert first.layout.template.layout.paper_bgcolor == look.paper
