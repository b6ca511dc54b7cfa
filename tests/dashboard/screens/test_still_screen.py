"""A frozen view shows what was there at its moment, whatever came later, and has no controls where none are asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

from streamlit.testing.v1 import AppTest

from dashboard.screens.still import address_of

Open = Callable[..., AppTest]
Text = Callable[[Any], str]


def points(app: AppTest) -> int:
    spec = json.loads(app.get("plotly_chart")[0].proto.spec)
    return sum(len(t["customdata"]) for t in spec["data"] if "customdata" in t)


def test_what_ended_later_is_not_shown(open_page: Open, page_text: Text, store: Any) -> None:
    done = [v for v in store.frame if v.status == "FINISHED"]
    late = {v.run_id for v in done[:5]}
    store.frame = [replace(v, ended_ms=v.ended_ms + 60_000) if v.run_id in late else v for v in store.frame]
    moment = done[-1].ended_ms
    app = open_page("frontier", sweep="sweep0", frozen="1", until=str(moment))
    assert not app.exception and points(app) == len(done) - 5
    assert "as of 20" in page_text(app) and not app.get("download_button") and not app.dataframe
    assert app.query_params["sweep"] in ("sweep0", ["sweep0"])
    whole = open_page("frontier", sweep="sweep0", frozen="controls", until=str(moment + 60_000))
    assert points(whole) == len(done)


def test_a_moment_before_everything_says_so(open_page: Open, page_text: Text) -> None:
    assert "Nothing had been measured then" in page_text(open_page("frontier", frozen="1", until="5"))


def test_a_bad_moment_is_now(open_page: Open, store: Any) -> None:
    app = open_page("frontier", frozen="1", until="<b>")
    assert not app.exception and points(app) == sum(v.status == "FINISHED" for v in store.frame)


def test_the_address_keeps_the_view_and_leaves_the_ring() -> None:
    text = address_of({"sweep": "s 1", "bx": "0.5", "sel": "run", "frozen": "controls", "until": "1"}, until_ms=99, hidden=True)
    assert parse_qs(text) == {"sweep": ["s 1"], "bx": ["0.5"], "frozen": ["1"], "until": ["99"]}
    assert parse_qs(address_of({}, until_ms=99, hidden=False)) == {"frozen": ["controls"], "until": ["99"]}


def test_the_page_offers_hand_out_worksheet_and_address(open_page: Open) -> None:
    app = open_page("frontier")
    labels = {b.proto.label for b in app.get("download_button")}
    assert not app.exception and {"Hand-out", "Worksheet", "Its answers"} <= labels
    assert any("frozen=1&until=" in c.value for c in app.code)
