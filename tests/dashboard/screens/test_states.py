"""States that every page has to be designed for: all equal, all failed, very many, names with markup, a store that is gone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fake_store import NASTY, FakeStore, make_variants, very_many
from page_charts import figures
from streamlit.testing.v1 import AppTest

from effcore.errors import StoreError

Open = Callable[..., AppTest]
Text = Callable[[Any], str]


def test_equal_points_share_one_place_and_the_page_says_so(open_page: Open, store: FakeStore, page_text: Text) -> None:
    store.frame = [replace(v, metrics=dict.fromkeys(v.metrics, 0.5)) for v in make_variants(count=12)]
    app = open_page()
    (figure,) = figures(app)
    assert "12 points share the best place: 50.0 % at 0.500 ms." in page_text(app) and "12 on the frontier" in page_text(app)
    assert sum(len(t.get("customdata", ())) for t in figure["data"]) == 12


def test_twenty_thousand_points_are_drawn_as_markers_that_stand_for_several(open_page: Open, store: FakeStore, page_text: Text) -> None:
    store.frame = very_many(20_000)
    app = open_page(third="size_mb")
    (figure,) = figures(app)
    assert "20,000 points" in page_text(app) and "The table has the first" in page_text(app)
    clouds = [t for t in figure["data"] if t["type"] == "scattergl"]
    assert clouds and all(t["customdata"]["shape"].endswith(", 2") for t in clouds)
    assert len(app.get("bidi_component")[0].proto.bytes) < 2_000_000


@pytest.mark.parametrize("page", ["frontier", "techniques", "compare"])
@pytest.mark.parametrize("state", ["failed", "markup"])
def test_no_page_reads_markup_in_names_and_causes(open_page: Open, store: FakeStore, page: str, state: str, page_text: Text) -> None:
    every = make_variants(count=12)
    failed = [replace(v, status="FAILED", error=NASTY, metrics={}) for v in every]
    store.frame = failed if state == "failed" else [replace(v, name=NASTY) for v in every]
    store.records = [replace(record, name=NASTY) for record in store.records]
    app = open_page(page, **({"points": ",".join(v.run_id for v in every[:2])} if page == "compare" else {}))
    drawn = [json.dumps(figure, ensure_ascii=False) for figure in figures(app)]
    assert not any("<img" in text or "$x^2$" in text for text in drawn)
    assert not any("<img" in text or "$x^2$" in text for text in (m.value for m in app.markdown))
    assert not any("<img" in label for label in (e.label for e in (*app.expander, *app.button, *app.metric)))
    assert (page, state) != ("compare", "markup") or "The reference: the others stand against it." in page_text(app)


@pytest.mark.parametrize("page", ["techniques", "compare", "search", "launch"])
def test_a_store_that_is_gone_is_said_on_every_page(
    open_page: Open, store: FakeStore, monkeypatch: pytest.MonkeyPatch, page: str, page_text: Text
) -> None:
    def gone(*_: Any) -> Any:
        raise StoreError("The tracking store x is not there any more. Put it back.")

    for read in ("state", "sweeps"):
        monkeypatch.setattr(store, read, gone)
    app = open_page(page)
    assert not app.exception and "The tracking store x is not there any more. Put it back." in page_text(app)
