"""What a search came to, in words and figures, on histories with known answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard.charts.search import growth_figure, moment_figure, rungs_figure
from dashboard.quantities import digits
from dashboard.theme import DARK, LIGHT
from dashboard.views.search import learning, moment, parameter_label, search_view, share_of_growth
from effcore.objectives import searched
from effcore.search.analysis import growth
from effcore.search.history import Fate, History, Tried


def tried(number: int, values: tuple[float, ...] | None, *, fate: Fate = "finished", **more: object) -> Tried:
    full: dict[str, object] = {"core_s": 10.0 * (number + 1), "assignment": {}} | more
    return Tried(number=number, name=f"n{number}", recipe=f"r{number}", values=values, fate=fate, **full)  # type: ignore[arg-type]


HISTORY = History(
    name="s", task="digits", strategy="tpe", stopping="asha", latency_first=False, seed=0, objectives=("accuracy", "latency_ms"),
    constraints=("latency_ms <= 2",), sampler="optuna 5.0.0 TPESampler", slots=2, elapsed_s=50.0, core_s=100.0, choosing_s=2.0, shared_s=30.0,
    prediction_error={"latency_ms": (0.05, 4)},
    tried=(
        tried(0, (0.80, 1.0), rungs=((0.5, 1.0), (0.8, 1.0))), tried(1, (0.90, 2.0)), tried(2, (0.85, 2.0)),
        tried(3, (0.40, 1.0), fate="stopped", rungs=((0.3, 1.0), (0.4, 1.0)), saved_s=6.0), tried(4, None, fate="postponed", reason="too <slow>"),
        tried(5, (0.85, 1.0)),
    ),
)  # fmt: skip


def test_the_view_says_what_was_tried_saved_and_left() -> None:
    view = search_view(HISTORY)
    assert view.headline == "optuna 5.0.0 TPESampler tried 6 candidates for 1 min 40 s of a core: 4 finished, 1 stopped, 1 postponed."
    assert view.lines[0].startswith("Saved 32 s of a core: 30 s by sharing, 6 s by stopping")
    assert view.lines[1:] == ("Predicted latency with a median error of 5.0 % over 4 candidates.", "Constraints: latency_ms <= 2.")
    assert view.reasons == (("too <slow>", 1),) and view.importance == {} and view.steps == 4
    assert view.reference.startswith("Reference point: validation accuracy 79.0 %, latency ") and "don't compare" in view.reference
    assert view.gap is not None and [t.name for t in view.gap.between] in (["n1", "n5"], ["n5", "n1"])


@pytest.mark.parametrize(
    ("step", "front", "later"), [(1, ["n0"], 3), (2, ["n0", "n1"], 2), (3, ["n0", "n1"], 1), (4, ["n1", "n5"], 0), (99, ["n1", "n5"], 0)]
)
def test_the_frontier_is_replayed(step: int, front: list[str], later: int) -> None:
    then = moment(HISTORY, step)
    assert then is not None
    assert sorted(name for _, _, name, on in then.points if on) == front and len(then.later) == later
    assert f"{len(front)} on the frontier" in then.text
    figure = moment_figure(then, LIGHT)
    assert len(figure.data[3].x) == len(front) and len(figure.data[0].x) == later
    assert figure.layout.annotations[0].text == "Validation accuracy, % · ↑ better"
    turned = tuple(replace(t, values=t.values and t.values[::-1]) for t in HISTORY.tried)
    across = moment(replace(HISTORY, objectives=("latency_ms", "accuracy"), tried=turned), step)
    assert across is not None
    assert moment_figure(across, LIGHT).layout.xaxis.title.text == "Validation accuracy, % · better →"


def test_growth_says_when_most_was_reached() -> None:
    grown = growth(HISTORY)
    assert grown is not None
    said = share_of_growth(grown)
    assert said[2] == "100 % of it after 1 min"
    gained = 100 * (grown.hypervolume[3] - grown.hypervolume[1]) / grown.hypervolume[3]  # the third and the fourth of four
    assert gained > 1 and said[-1] == f"the second half of the candidates added {digits(gained)} %"
    two = replace(grown, core_s=(1.0, 2.0), hypervolume=(0.5, 1.0))
    assert share_of_growth(two)[-1] == "the second half of the candidates added 50.0 %"
    figure = growth_figure(grown, ["a", "b", "c", "d"], DARK, step=2)
    assert (figure.data[1].x[0], figure.data[1].y[0]) == (grown.core_s[1], grown.hypervolume[1])
    assert figure.data[0].line.shape == "hv"


def test_the_course_over_the_rungs_tells_who_was_stopped_without_colour() -> None:
    rows = learning(HISTORY)
    assert rows == (("n0", (50.0, 80.0), "finished"), ("n3", (30.0, 40.0), "stopped"))
    figure = rungs_figure(rows, searched("accuracy"), LIGHT)
    assert figure.layout.annotations[0].text == "Validation accuracy, % · ↑ better" and figure.layout.yaxis.type == "linear"
    assert [t.line.dash for t in figure.data] == ["solid", "dot"] and [t.marker.symbol for t in figure.data] == ["circle", "x"]


def test_a_cost_over_the_rungs_is_on_the_axis_that_its_title_says_the_best_first_and_forty_at_most() -> None:
    many = tuple(tried(n, (1.0 + n,), rungs=((2.0 + n,), (1.0 + n,))) for n in reversed(range(41)))
    rows = learning(replace(HISTORY, objectives=("latency_ms",), tried=many))
    assert rows[0] == ("n0", (2.0, 1.0), "finished") and len(rows) == 41
    figure = rungs_figure(rows, searched("latency_ms"), LIGHT)
    assert len(figure.data) == 40 and all("n40" not in text for trace in figure.data for text in trace.hovertext)
    assert figure.layout.yaxis.type == "log" and figure.layout.annotations[0].text == "Latency, ms, log scale · ↓ better"


def test_one_objective_has_no_frontier() -> None:
    alone = History(**{**HISTORY.__dict__, "objectives": ("accuracy",), "tried": (tried(0, (0.8,)),)})
    assert moment(alone, 1) is None and search_view(alone).gap is None


def test_a_parameter_is_told_in_words() -> None:
    assert [parameter_label(n) for n in ("training.batch_size", "architecture.stages.depth", "seed")] == [
        "Training: batch size", "Architecture: stages depth", "seed",
    ]  # fmt: skip
