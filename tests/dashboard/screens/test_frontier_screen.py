"""The frontier page in every state that somebody designed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from fake_store import START_MS, FakeStore, FakeSweep, make_variant, make_variants, running
from page_charts import figures
from streamlit.testing.v1 import AppTest

from dashboard import data
from dashboard.screens.below import DRAWN
from effcore.spec import parse

Open = Callable[..., AppTest]
ROOT = Path(__file__).resolve().parents[3]
Text = Callable[[Any], str]


def set_to(store: FakeStore, other: FakeStore) -> None:
    store.frame, store.records, store.files = other.frame, other.records, other.files


def test_shows_accuracy_against_latency_with_every_finished_point(
    open_page: Open, store: FakeStore, page_text: Text
) -> None:
    app = open_page()
    (figure,) = figures(app)
    runs = {run for trace in figure["data"] for run in trace.get("customdata", ())}
    assert runs == {v.run_id for v in store.frame if v.status == "FINISHED"}
    assert "Accuracy against latency" in page_text(app)
    assert (
        "AMD EPYC 7763 · 2 cores · Linux 6.1 · cpu · 1 thread · batch 1 · onnxruntime 1.32.0 · 62 points"
        in page_text(app)
    )
    assert len(app.dataframe[0].value) == 62


def test_says_that_the_choice_is_on_the_test_images_and_offers_the_validation_axis(
    open_page: Open, page_text: Text
) -> None:
    app = open_page()
    assert "A choice from this plot is a choice on the test images." in page_text(app)
    app.button(key="use-validation").click().run()
    assert "Validation accuracy against latency" in page_text(app)
    assert app.query_params["y"] == "val_accuracy"
    assert "choice on the test images" not in page_text(app)


def test_axes_come_from_the_address(open_page: Open, page_text: Text) -> None:
    app = open_page(x="size_mb", y="val_accuracy")
    assert "Validation accuracy against file size" in page_text(app)
    assert app.selectbox(key="bound-x").value == "size_mb"


def test_choosing_an_axis_writes_it_into_the_address(open_page: Open) -> None:
    app = open_page()
    app.selectbox(key="bound-x").select("params").run()
    assert app.query_params["x"] == "params"
    app.selectbox(key="bound-x").select("latency_ms").run()
    assert "x" not in app.query_params


def test_a_bad_address_falls_back_with_a_note(open_page: Open, page_text: Text) -> None:
    app = open_page(x="<b>flops", sweep="gone", env="moon", sel="nobody")
    assert not app.exception
    assert "The address asks for x '<b>flops', which is not there. Shown is Latency (ms)." in page_text(app)
    assert "The address asks for sweep 'gone'" in page_text(app)
    assert "The address asks for env 'moon'" in page_text(app)
    assert "The address rings a point that is not in this plot." in page_text(app)


def test_left_out_lists_failed_variants_with_their_cause(open_page: Open) -> None:
    app = open_page()
    assert [e.label for e in app.expander] == ["What each step along the frontier buys", "Left out: 2", "Data health: 2 of 64 failed"]
    table = app.dataframe[-1].value
    assert set(table["reason"]) == {"failed: prune: every channel of block2 would go; amount must be smaller"}


def test_empty_store_says_how_to_begin(open_page: Open, store: FakeStore, page_text: Text) -> None:
    set_to(store, FakeStore())
    app = open_page()
    assert "Nothing has been measured yet" in page_text(app)
    assert [c.value for c in app.code] == ["effcore run experiments/quickstart.yaml"]
    assert figures(app) == []


def test_one_point_is_drawn_alone(open_page: Open, store: FakeStore, page_text: Text) -> None:
    store.frame = make_variants(count=1)
    app = open_page()
    assert len(figures(app)) == 1
    assert "One point is best on both" in page_text(app)


def test_all_failed_is_a_page_of_causes(open_page: Open, store: FakeStore, page_text: Text) -> None:
    store.frame = [replace(v, status="FAILED", error="out of memory", metrics={}) for v in make_variants(count=3)]
    app = open_page()
    assert "Every variant failed" in page_text(app)
    assert list(app.dataframe[0].value["reason"]) == ["failed: out of memory"] * 3


def test_a_metric_that_nothing_has_is_said(open_page: Open, page_text: Text) -> None:
    app = open_page(x="throughput_per_s")
    assert "No point has Accuracy and Throughput" in page_text(app)


def test_a_waiting_sweep_says_so(open_page: Open, store: FakeStore, page_text: Text) -> None:
    set_to(store, FakeStore(records=[FakeSweep(run_id="w", name="later", state="waiting", total=0)]))
    assert "In the queue" in page_text(open_page())


def test_a_running_sweep_without_points_says_measuring(open_page: Open, store: FakeStore, page_text: Text) -> None:
    set_to(store, FakeStore(records=[FakeSweep(run_id="r", name="now", state="running", total=9)]))
    assert "Measuring" in page_text(open_page())


def test_the_newest_sweep_with_a_result_is_shown_first(open_page: Open, store: FakeStore) -> None:
    set_to(store, running())
    app = open_page()
    assert app.selectbox(key="bound-sweep").value == "sweep0"
    assert app.get("progress")[0].proto.text == "14 of 32 variants"


def test_one_environment_at_a_time(open_page: Open, store: FakeStore, page_text: Text) -> None:
    elsewhere = make_variants(count=3, environment="env1")
    store.frame = make_variants(count=5) + [replace(v, run_id=v.run_id + "e", measures=v.run_id) for v in elsewhere]
    app = open_page()
    assert app.selectbox(key="bound-env").options[-1] == "All, side by side" and len(app.selectbox(key="bound-env").options) == 3
    assert "5 points" in page_text(app) and "left out" not in page_text(app)
    app.selectbox(key="bound-env").select("env1").run()
    assert "3 points" in page_text(app) and "2 left out" in page_text(app)


def test_environments_side_by_side_are_never_mixed(open_page: Open, store: FakeStore, page_text: Text) -> None:
    elsewhere = make_variants(count=3, environment="env1")
    store.frame = make_variants(count=5) + [replace(v, run_id=v.run_id + "e", measures=v.run_id) for v in elsewhere]
    app = open_page(env="side-by-side")
    here, there = figures(app)
    runs = [{run for trace in figure["data"] for run in trace.get("customdata", ())} for figure in (here, there)]
    assert [len(r) for r in runs] == [5, 3] and not runs[0] & runs[1] and all(run.endswith("e") for run in runs[1])
    assert here["layout"]["xaxis"]["range"] == there["layout"]["xaxis"]["range"]
    assert "5 points," in page_text(app) and "3 points," in page_text(app) and "left out" not in page_text(app)
    app.selectbox(key="bound-env").select_index(0).run()
    assert len(figures(app)) == 1 and "env" not in app.query_params


def test_side_by_side_falls_back_with_a_note_where_there_is_one_environment(open_page: Open, page_text: Text) -> None:
    app = open_page(env="side-by-side")
    assert len(figures(app)) == 1 and "The address asks for env 'side-by-side', which is not there." in page_text(app)


def test_fills_by_itself_where_nothing_is_ringed(open_page: Open, store: FakeStore, page_text: Text) -> None:
    every = make_variants()
    store.frame = every[:10]
    app = open_page()
    assert "10 points" in page_text(app)
    store.frame = every[:17]
    app.run()
    assert "17 points" in page_text(app)
    assert not [b for b in app.button if b.key == "show-new"]


def test_a_ringed_point_is_not_pulled_away(open_page: Open, store: FakeStore, page_text: Text) -> None:
    every = make_variants()
    store.frame = every[:10]
    app = open_page(sel=every[3].run_id)
    store.frame = every[:17]
    app.run()
    assert "10 points" in page_text(app)
    button = app.button(key="show-new")
    assert button.label.startswith("7 new results,") and button.label.endswith(": show")
    button.click().run()
    assert "17 points" in page_text(app)
    assert app.query_params["sel"] == every[3].run_id


def test_all_sweeps_of_a_task_stand_together(open_page: Open, store: FakeStore, page_text: Text) -> None:
    recipe = parse(
        "name: b\ntask: mnist5k\nrecipe: [architecture: {family: cnn, width: 2.0}, training: {}, runtime: onnxruntime]"
    ).recipes[0]
    store.frame = make_variants(count=4) + [make_variant(recipe, sweep="b")]
    store.records = [*store.records, FakeSweep(run_id="b", name="b", state="done", started_ms=START_MS + 9)]
    app = open_page(sweep="all-mnist5k")
    assert "The spec" not in [b.proto.label for b in app.get("download_button")]  # no one spec makes this view again
    assert "The spec" in [b.proto.label for b in open_page(sweep="sweep0").get("download_button")]
    assert "5 points" in page_text(app)
    assert "1 point " in page_text(open_page(sweep="b"))


def test_a_name_with_markup_stays_text(open_page: Open, store: FakeStore) -> None:
    nasty = "<img src=x onerror=alert(1)> **bold** $x$ :red[hot]"
    store.frame = [replace(v, name=nasty) for v in make_variants(count=3)]
    app = open_page()
    (figure,) = figures(app)
    hovers = [h for trace in figure["data"] for h in trace.get("hovertext", ())]
    assert hovers and all("<img" not in h and "&lt;img" in h for h in hovers)
    assert all(nasty not in m.value for m in app.markdown)


def test_tables_wait_until_the_browser_has_drawn_the_chart(store: FakeStore) -> None:
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60).run()
    assert len(figures(app)) == 1 and len(app.dataframe) == 0
    app.session_state[DRAWN] = True
    app.run()
    assert len(figures(app)) == 1 and len(app.dataframe[0].value) == 62


def test_a_note_on_a_bad_address_stays_until_the_reader_chooses(open_page: Open, page_text: Text) -> None:
    said = "The address asks for x 'flops', which is not there. Shown is Latency (ms)."
    filtered = "The address filters by techniques that are not there: magic."
    app = open_page(x="flops", **{"with": "magic"})
    for _ in range(2):
        assert said in page_text(app) and filtered in page_text(app)
        app.run()
    app.selectbox(key="bound-x").set_value("size_mb").run()
    assert said not in page_text(app) and filtered in page_text(app)


def test_a_box_tells_the_browser_its_choice_by_its_place_too(open_page: Open) -> None:
    app = open_page(x="size_mb", q="cnn")
    box = app.selectbox(key="bound-x")
    assert box.proto.options[box.proto.default] == "File size (MB)" and app.text_input(key="bound-q").proto.default == "cnn"


def ticked(app: AppTest, *rows: int, cell: int | None = None) -> AppTest:
    """What a browser tells of a table."""
    cells = [] if cell is None else [(cell, "point")]
    app.session_state["frontier-table"] = {"selection": {"rows": list(rows), "columns": [], "cells": cells}}
    return app


def test_ticks_stay_with_their_points_when_others_come_between(open_page: Open, store: FakeStore) -> None:
    every = make_variants()
    store.frame = every[:10]
    app = open_page()
    names = list(app.dataframe[0].value["point"])
    ticked(app, 1, 4).run()
    store.frame = every
    app.run()
    assert list(app.dataframe[0].value["point"])[:5] != names[:5]
    app.button(key="compare-button").click().run()
    known = {v.run_id: v.name for v in every}
    assert [known[run] for run in app.query_params["points"].split(",")] == [names[1], names[4]]


def test_a_tick_goes_where_its_point_goes_that_is_left_out(open_page: Open, store: FakeStore, page_text: Text) -> None:
    app = open_page()
    names = list(app.dataframe[0].value["point"])
    gone, kept = next(i for i, n in enumerate(names) if "mlp" in n), next(i for i, n in enumerate(names) if "cnn" in n)
    ticked(app, gone, kept).run()
    assert app.button(key="compare-button").label == "Compare 2 points"
    app.text_input(key="bound-q").set_value("cnn").run()
    assert app.button(key="compare-button").label == "Compare 1 point"


def test_an_environment_in_the_address_of_a_sweep_without_results_is_no_error(open_page: Open, store: FakeStore, page_text: Text) -> None:
    set_to(store, FakeStore(records=[FakeSweep(run_id="w", name="later", state="waiting", total=0)]))
    app = open_page(env="env0")
    assert not app.exception and "In the queue" in page_text(app)
    store.frame = make_variants(count=3, sweep="w", environment="env1")
    app.run()
    assert not app.exception and "The address asks for env 'env0', which is not there." in page_text(app)


def test_a_sweep_that_waits_behind_another_needs_no_runner(open_page: Open, store: FakeStore, page_text: Text) -> None:
    waits = FakeSweep(run_id="w", name="later", state="waiting", total=0, started_ms=1)
    set_to(store, FakeStore(records=[waits]))
    assert "The sweep waits for a runner." in page_text(open_page(sweep="w"))
    store.records = [waits, FakeSweep(run_id="r", name="now", state="running", total=9)]
    data.forget_sweeps()
    assert "It begins as soon as the runner is free" in page_text(open_page(sweep="w"))
