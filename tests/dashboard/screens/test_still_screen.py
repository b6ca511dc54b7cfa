"""A frozen view shows what was there at its moment, whatever came later, and has no controls where none are asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from page_charts import figures
from streamlit.testing.v1 import AppTest

from dashboard.screens import hand_out, still
from dashboard.screens.still import address_of

Open = Callable[..., AppTest]
Text = Callable[[Any], str]


def points(app: AppTest) -> int:
    return sum(len(t["customdata"]) for t in figures(app)[0]["data"] if "customdata" in t)


def test_what_ended_later_is_not_shown(open_page: Open, page_text: Text, store: Any) -> None:
    done = [v for v in store.frame if v.status == "FINISHED"]
    late = {v.run_id for v in done[:5]}
    store.frame = [replace(v, ended_ms=v.ended_ms + 60_000) if v.run_id in late else v for v in store.frame]
    moment = done[-1].ended_ms
    app = open_page("frontier", sweep="sweep0", frozen="1", until=str(moment))
    assert not app.exception and points(app) == len(done) - 5
    assert "As of 20" in page_text(app) and not app.get("download_button") and not app.dataframe
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
    labels = {b.proto.label for b in app.get("download_button")} | {b.label for b in app.button}
    assert not app.exception and {"Hand-out", "Worksheet", "Its answers"} <= labels
    assert any("frozen=1&until=" in c.value for c in app.code)


@pytest.mark.parametrize(("called", "alone"), [
    ("http://127.0.0.1:8501", True), ("http://localhost:8501", True), ("http://[::1]:8501", True), ("http://192.168.1.20:8501", False),
    ("https://lecture.example.org", False),
])  # fmt: skip
def test_addresses_that_only_this_machine_opens_are_said_to_be(
    open_page: Open, page_text: Text, called: str, alone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hand_out, "base_address", lambda: called)
    monkeypatch.setattr(still, "base_address", lambda: called)
    app = open_page("frontier")
    assert ("Only this machine opens the addresses below. `effcore serve --address`" in page_text(app)) == alone
    assert sum(code.value.startswith(f"{called}/?") for code in app.code) == 2


@pytest.mark.parametrize("page", ["techniques", "compare", "point"])
def test_every_page_whose_view_stands_in_its_address_can_be_frozen(open_page: Open, page_text: Text, store: Any, page: str) -> None:
    done = [v for v in store.frame if v.status == "FINISHED" and v.technique == "pruning"][-3:]
    asked = {"compare": {"points": ",".join(v.run_id for v in done)}, "point": {"run": done[0].run_id}, "techniques": {"sweep": "sweep0"}}[page]
    alive = open_page(page, **asked)
    address = next(c.value for c in alive.code if "frozen=1&until=" in c.value)
    assert address.startswith("http") and f"/{page}?" in address
    query = {k: v[0] for k, v in parse_qs(urlsplit(address).query).items()}
    before, held = shown(open_page(page, **query), page_text), store.frame
    store.frame = [*held, *(replace(v, run_id=f"late{v.run_id[4:]}", seed=1, ended_ms=v.ended_ms + 60_000) for v in held if v.ended_ms)]
    assert shown(open_page(page, **query), page_text) == before
    assert not [c for c in open_page(page, **query).code if "frozen=" in c.value], "a frozen view offers no further one"
    early = open_page(page, **query | {"until": str(done[0].ended_ms - 1)})
    assert not early.exception and shown(early, page_text) != before


def shown(app: AppTest, page_text: Text) -> tuple[str, list[Any]]:
    """What stands on a page, without the time of the store's trouble strip."""
    assert not app.exception and "As of 20" in page_text(app)
    return page_text(app), [figure["data"] for figure in figures(app)]


def test_a_word_that_freezes_nothing_shows_all_there_is(open_page: Open, store: Any) -> None:
    app = open_page("frontier", frozen="2", until="5")
    assert not app.exception and points(app) == sum(v.status == "FINISHED" for v in store.frame)
