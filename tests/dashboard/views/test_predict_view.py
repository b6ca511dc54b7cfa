"""The guess of a step: every answer of the study that ships lies on the sliders, and any other one in the plot."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from dashboard.lessons.lesson import Truth, exact
from dashboard.screens.guessing import cloud_figure
from dashboard.theme import LIGHT
from dashboard.views.predict import FASTER, POINTS, faster_truth, points_truth, step_question
from effcore.tracking.recording import Recording

ROOT = Path(__file__).resolve().parents[3]


def test_every_step_of_the_study_that_ships_can_be_guessed_right(tmp_path: Path) -> None:
    variants = list(Recording(ROOT / "dashboard" / "recordings" / "demo.jsonl.xz", home=tmp_path).variants())
    asked = [q for v in variants if (q := step_question(variants, v.run_id)) is not None]
    times, points = [faster_truth(q).value for q in asked], [points_truth(q).value for q in asked]
    assert len(asked) > 50 and min(times) < 0.2 and max(times) > 8  # which a narrower slider does not hold
    assert FASTER.low < min(times) and max(times) < FASTER.high and POINTS.low < min(points) and max(points) < POINTS.high


def test_places_on_a_log_scale_are_round_and_close() -> None:
    places = FASTER.places
    assert (places[0], places[-1], FASTER.start) == (0.02, 50.0, 1.0) and {0.1, 0.5, 1.0, 1.1, 2.0, 10.0} <= set(places)
    assert all(1.0 < b / a <= 1.1667 for a, b in zip(places, places[1:], strict=False)) and len(places) < 80


@pytest.mark.parametrize(("low", "value", "high"), [(0.001, 0.002, 0.004), (0.9, 1.0, 1.1), (60.0, 70.0, 80.0)])
def test_the_plot_holds_an_answer_that_no_guess_can_reach(low: float, value: float, high: float) -> None:
    truth = Truth(value=value, low=low, high=high, text="")
    first, last = cloud_figure((1.0, 2.0), truth, FASTER, LIGHT, own=2.0).layout.xaxis.range
    assert 10**first < min(low, 0.02) and max(high, 50.0) < 10**last and math.isfinite(first)
    figure = cloud_figure((1.0, 2.0), exact(-value, ""), POINTS, LIGHT, own=None)
    assert figure.layout.xaxis.range[0] < min(-value, POINTS.low) and figure.layout.xaxis.type is None
    assert figure.layout.xaxis.title.text == "points"
