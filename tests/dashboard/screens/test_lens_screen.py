"""The frontier through budgets, a baseline, layers and filters, all of it from the address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import streamlit as st
from fake_store import FakeStore
from page_charts import figures
from streamlit.testing.v1 import AppTest

from effcore.errors import StoreError
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
    app.button(key=f"star-{run}").click().run()
    assert not app.exception and store.marks.said == {run: Mark(star=True)}
    app.text_area(key=f"note-{run}").input("<img src=x> best").run()
    app.button(key=f"keep-note-{run}").click().run()
    assert store.marks.said == {run: Mark(star=True, note="<img src=x> best")} and "<img src=x> best" in page_text(app)


def test_of_a_number_with_a_comma_before_three_digits_nobody_can_tell_what_it_is(open_page: Open, page_text: Text) -> None:
    app = open_page(bx="1,500")
    assert "must be a number. Got '1,500'; no limit is set. Leave the commas out." in page_text(app)
    assert "shapes" not in figure(app)["layout"]
    assert [s["x0"] for s in figure(open_page(bx="0,125"))["layout"]["shapes"]] == [0.125]


def test_points_without_the_third_objective_are_counted(open_page: Open, store: FakeStore, page_text: Text) -> None:
    done = [v for v in store.frame if v.status == "FINISHED"]
    for missing, said in ((done[:6], "6 points have no such figure."), (done[:1], "1 point has no such figure.")):
        runs = {v.run_id for v in missing}
        less = [{k: m for k, m in v.metrics.items() if k != "size_mb" or v.run_id not in runs} for v in done]
        store.frame = [replace(v, metrics=metrics) for v, metrics in zip(done, less, strict=True)]
        assert said in page_text(open_page(third="size_mb", sel=f"no point {len(runs)}"))
        st.cache_resource.clear()


def test_a_star_does_not_take_back_a_note_that_came_meanwhile(open_page: Open, store: FakeStore) -> None:
    run = next(v.run_id for v in store.frame if v.name == "mlp x1")
    app = open_page("point", run=run)
    store.marks.set(run, Mark(note="of another reader"))
    app.button(key=f"star-{run}").click().run()
    assert store.marks.said == {run: Mark(star=True, note="of another reader")}


def test_a_click_that_comes_to_nothing_says_why_and_the_page_stays(
    open_page: Open, store: FakeStore, page_text: Text, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = next(v.run_id for v in store.frame if v.name == "mlp x1")
    app = open_page("point", run=run)

    def locked(*_: Any) -> None:
        raise StoreError("The tracking store is locked.")

    well = store.marks.set
    monkeypatch.setattr(store.marks, "set", locked)
    app.button(key=f"star-{run}").click().run()
    assert not app.exception and page_text(app).count("The tracking store is locked.") == 1 and "Build it again" in page_text(app)
    monkeypatch.setattr(store.marks, "set", well)
    app.button(key=f"star-{run}").click().run()
    assert "The tracking store is locked." not in page_text(app) and store.marks.said == {run: Mark(star=True)}


def test_a_limit_is_not_carried_to_an_axis_of_another_unit(open_page: Open) -> None:
    app = open_page(bx="0.1", by="95")
    app.selectbox(key="bound-y").select("val_accuracy").run()
    assert [s["x0"] for s in figure(app)["layout"]["shapes"]] == [0.1, 0] and app.query_params["by"] == "95"
    app.selectbox(key="bound-x").select("size_mb").run()
    assert [s["y0"] for s in figure(app)["layout"]["shapes"]] == [95] and "bx" not in app.query_params
    assert app.text_input(key="bound-bx").value == ""
    assert [s["x0"] for s in figure(open_page(x="size_mb", bx="0.1"))["layout"]["shapes"]] == [0.1]
