"""The compare page over a store in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from fake_store import FakeStore
from page_charts import figures
from streamlit.testing.v1 import AppTest

from effcore.analysis.frontier import Evidence, Frontier
from effcore.tasks import load

Open = Callable[..., AppTest]
Text = Callable[[Any], str]


def runs(store: FakeStore, *names: str) -> list[str]:
    return [next(v.run_id for v in store.frame if v.name == name) for name in names]


def test_two_points_are_set_beside_each_other(open_page: Open, store: FakeStore, page_text: Text) -> None:
    first, second = runs(store, "cnn x1", "cnn x1 · int8")
    app = open_page("compare", points=f"{first},{second},nobody")
    assert not app.exception
    said = page_text(app)
    assert "Left out: nobody: there is no such run." in said
    assert "The reference: the others stand against it." in said and "times faster" in said
    tables = [t.value for t in app.dataframe]
    assert list(tables[0].columns) == ["label", "A", "B"]
    assert set(tables[1]["label"]) >= {"Quantization: mode", "Quantization: bits"}
    assert len(figures(app)) == 1 and "Latency samples over each other" in said  # no answers, no profile


def test_answers_by_class_and_images_on_which_they_disagree(open_page: Open, store: FakeStore, page_text: Text, monkeypatch: Any) -> None:
    first, second = runs(store, "cnn x1", "cnn x1 · int8")
    labels = load("mnist5k").test.labels
    right = np.ones(len(labels), dtype=bool)
    wrong = right.copy()
    wrong[np.flatnonzero(labels == 3)[:5]] = False

    def evidence(frontier: Frontier, *, did: bool = False) -> Evidence:
        by_key = {p.key: wrong if p.run_id == second else right for p in frontier.points}
        return Evidence(correct={"accuracy": by_key})

    monkeypatch.setattr(store, "evidence", evidence)
    app = open_page("compare", points=f"{first},{second}", ref=second)
    assert not app.exception
    said = page_text(app)
    assert f"Of {len(labels):,} test images 0 are right in B alone, 5 in A alone, and 0 in neither." in said
    assert "Furthest apart on class 3" in said and "Right in A, wrong in B" in said
    assert said.splitlines().count("3") == 5  # the class stands under each image
    spec = figures(app)[0]
    assert [trace["name"] for trace in spec["data"]] == ["A", "B"]


def test_one_point_is_too_few(open_page: Open, store: FakeStore, page_text: Text) -> None:
    app = open_page("compare", points=runs(store, "cnn x1")[0])
    assert not app.exception and "Choose two points" in page_text(app)


def test_what_the_box_says_is_what_the_others_stand_against(open_page: Open, store: FakeStore, page_text: Text) -> None:
    first, second = runs(store, "cnn x1", "cnn x1 · int8")
    app = open_page("compare", points=f"{first},{second}")
    assert "with the change against A" in page_text(app)
    app.selectbox(key="bound-ref").select(second).run()
    assert "with the change against B" in page_text(app) and app.query_params["ref"] == second
    figures = app.dataframe[0].value.set_index("label")
    assert "×" in figures["A"]["Latency"] and figures["B"]["Latency"].endswith(" ms")
    app.selectbox(key="bound-ref").select(first).run()
    assert "with the change against A" in page_text(app) and "ref" not in app.query_params
