"""The frontier through budgets, a baseline, layers and filters, all of it from the address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fake_store import FakeStore
from page_charts import figures
from streamlit.testing.v1 import AppTest

from effcore.tracking.marks import Mark

Open = Callable[..., AppTest]
Text = Callable[[Any], str]


def figure(app: AppTest) -> dict[str, Any]:
    return figures(app)[0]


def test_a_budget_in_the_address_is_drawn_and_answered_in_words(open_page: Open, page_text: Text) -> None:
    app = open_page(bx="0.1", by="90")
    said = page_text(app)
    assert "Best with at most 0.1 ms latency and at least 90.0 % accuracy: " in said
    assert "What binds: latency." in said and "The next step is " in said
    assert [s["x0"] for s in figure(app)["layout"]["shapes"]] == [0.1, 0]


def test_a_budget_that_is_no_number_falls_back_with_a_note(open_page: Open, page_text: Text) -> None:
    app = open_page(bx="cheap<b>")
    assert "must be a number. Got 'cheap<b>'; no limit is set." in page_text(app)
    assert "shapes" not in figure(app)["layout"]


def test_axes_against_a_baseline(open_page: Open, store: FakeStore, page_text: Text) -> None:
    base = next(v for v in store.frame if v.name == "cnn x1")
    app = open_page(base=base.run_id)
    layout = figure(app)["layout"]
    assert layout["xaxis"]["title"]["text"] == "Times faster, x, log scale · better →"
    assert layout["annotations"][0]["text"] == "Accuracy against the baseline, points · ↑ better"
    assert f"Against cnn x1: {100 * base.metrics['accuracy']:.1f} %" in page_text(app)


def test_knee_arrows_and_third_objective(open_page: Open, page_text: Text) -> None:
    app = open_page(knee="1", arrows="pruning", third="size_mb")
    names = {t.get("name") for t in figure(app)["data"]}
    assert {"Knee", "Step from its parent"} <= names
    said = page_text(app)
    assert "Knee: the point furthest from the line" in said
    assert "points are on the frontier of accuracy, latency and file size" in said


def test_a_filter_is_said_and_the_frontier_is_that_of_what_passes(open_page: Open, store: FakeStore, page_text: Text) -> None:
    app = open_page(q="cnn", **{"with": "pruning,magic"})
    said = page_text(app)
    assert "Only names with 'cnn', recipes with pruning: the frontier is that of these alone." in said
    assert "The address filters by techniques that are not there: magic." in said
    assert len(app.dataframe[0].value) == 8 and all("cnn" in name for name in app.dataframe[0].value["point"])


def test_stars_and_notes_stand_in_the_table_and_filter_it(open_page: Open, store: FakeStore) -> None:
    starred = next(v for v in store.frame if v.name == "mlp x1")
    store.marks.said[starred.run_id] = Mark(star=True, note="for the\nphone")
    app = open_page(starred="1")
    assert not app.exception
    assert list(app.dataframe[0].value["note"]) == ["★ for the phone"]


def test_a_star_is_given_on_the_page_of_a_point(open_page: Open, store: FakeStore, page_text: Text) -> None:
    run = next(v.run_id for v in store.frame if v.name == "mlp x1")
    app = open_page("point", run=run)
    app.button(key="star").click().run()
    assert not app.exception and store.marks.said == {run: Mark(star=True)}
    app.text_area(key=f"note-{run}").input("<img src=x> best").run()
    app.button(key="keep-note").click().run()
    assert store.marks.said == {run: Mark(star=True, note="<img src=x> best")} and "<img src=x> best" in page_text(app)
