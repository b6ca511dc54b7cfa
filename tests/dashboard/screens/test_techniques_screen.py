"""The techniques page over a store in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fake_store import FakeStore
from page_charts import charts, figures
from streamlit.testing.v1 import AppTest

Open = Callable[..., AppTest]
Text = Callable[[Any], str]


def test_shows_every_technique_its_card_and_its_pairs(open_page: Open, page_text: Text) -> None:
    app = open_page("techniques", tech="pruning")
    assert not app.exception
    said = page_text(app)
    assert "Most is owed to" in said and "What each step did, against the same recipe without it." in said
    assert "Pruning\n" in said and "https://" in said
    assert len(figures(app)) == 7  # plane, steps, two doses, three matrices
    table = app.dataframe[0].value
    assert list(table["technique"]) == ["Architecture", "Data augmentation", "Pruning", "Quantization"]
    assert set(app.dataframe[1].value["verdict"]) <= {"helped", "trade-off", "no effect shown", "hurt"}


def test_what_the_address_asks_for_and_is_not_there_falls_back_with_a_note(open_page: Open, page_text: Text) -> None:
    app = open_page("techniques", tech="magic", dose="pruning.<b>", x="flops")
    assert not app.exception
    said = page_text(app)
    assert "The address asks for tech 'magic', which is not there." in said
    assert "The address asks for dose 'pruning.<b>', which is not there." in said
    assert "The address asks for x 'flops', which is not there. Shown is Latency (ms)." in said


def test_one_point_has_no_step(open_page: Open, store: FakeStore, page_text: Text) -> None:
    store.frame = store.frame[-1:]
    assert "No step can be judged here" in page_text(open_page("techniques"))


def test_an_empty_store_says_what_to_do(open_page: Open, store: FakeStore, page_text: Text) -> None:
    store.frame, store.records = [], []
    assert "Nothing has been measured yet" in page_text(open_page("techniques"))


def test_every_chart_has_a_text_that_stands_for_it(open_page: Open) -> None:
    drawn = charts(open_page("techniques"))
    assert drawn and all(len(chart["alt"]) > 40 for chart in drawn)
