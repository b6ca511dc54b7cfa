"""The search page over a store in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fake_store import SEARCHED, FakeStore, searched
from page_charts import charts
from streamlit.testing.v1 import AppTest

Open = Callable[..., AppTest]
Text = Callable[[Any], str]


def test_a_search_is_replayed_and_its_gap_fills_the_launch_form(open_page: Open, store: FakeStore, page_text: Text) -> None:
    store.files["sweep0", "search.json"] = json.dumps(searched().document).encode()
    store.texts["sweep0"] = SEARCHED
    app = open_page("search")
    assert not app.exception
    said = page_text(app)
    assert "optuna 5.0.0 TPESampler tried 3 candidates" in said and "After 30 s of a core: 3 candidates finished, 3 on the frontier." in said
    assert "Strategy: tpe\nKeeps two densities" in said and "Stopping: " in said and "Reported\n" in said
    app.slider(key="replay").set_value(1).run()
    assert "After 10 s of a core: 1 candidate finished, 1 on the frontier." in page_text(app)
    assert "The widest gap lies between" in page_text(app)
    app.button(key="fill-gap-sweep0").click().run()
    assert not app.exception
    assert "name: searched gap" in app.text_area[0].value and "constraints" in app.text_area[0].value


def test_a_search_in_one_shot_is_told_where_to_look(open_page: Open, store: FakeStore, page_text: Text) -> None:
    store.records = [replace(store.records[0], name=f"supernet {n}", strategy="one_shot", run_id=f"shot{n}") for n in range(4)]
    said = page_text(open_page("search"))
    assert "Nothing has been searched yet" in said
    assert "Not here: supernet 0, supernet 1, supernet 2 and 1 more. A search in one shot keeps no history of candidates" in said


def test_of_very_many_candidates_the_page_says_how_many_are_drawn(open_page: Open, store: FakeStore, page_text: Text) -> None:
    history = searched()
    for count, below in ((40, "Dotted: stopped"), (41, "Shown are the best 40 of 41 candidates that came to more than one rung. Dotted: stopped")):
        tried = tuple(replace(history.tried[0], number=n, name=f"n{n}", fate="stopped", rungs=((0.5, 1.0), (0.8, 1.0))) for n in range(count))
        store.files["sweep0", "search.json"] = json.dumps(replace(history, tried=tried).document).encode()
        app = open_page("search")
        assert f"Learning over the rungs\n{below} on the way." in page_text(app)
        assert "Not here" not in page_text(app)
        of = "40 candidates" if count == 40 else "the best 40 of 41 candidates"
        assert [c["alt"] for c in charts(app)] == [f"Validation accuracy over the rungs of {of}"]
        assert charts(app)[0]["figure"]["layout"]["annotations"][0]["text"] == "Validation accuracy, % · ↑ better"


def test_without_a_search_the_page_says_how_to_make_one(open_page: Open, page_text: Text) -> None:
    app = open_page("search")
    assert not app.exception and "Nothing has been searched yet" in page_text(app)


def test_a_frozen_search_has_what_had_been_written_then(open_page: Open, store: FakeStore, page_text: Text) -> None:
    done = [replace(v, ended_ms=10 * (n + 1)) for n, v in enumerate(store.frame[2:5])]
    history = searched()
    tried = [t | {"recipe": v.recipe_key} for t, v in zip(history.document["tried"], done, strict=True)]
    store.files["sweep0", "search.json"] = json.dumps(history.document | {"tried": tried}).encode()
    store.frame = done
    assert "tried 3 candidates" in page_text(open_page("search", frozen="1", until="30"))
    app = open_page("search", frozen="1", until="20")
    said = page_text(app)
    assert not app.exception and "tried 2 candidates" in said and "After 20 s of a core: 2 candidates finished" in said and not app.slider
