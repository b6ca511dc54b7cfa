"""The export button of each page, over a store in memory."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_store import FakeStore, searched
from streamlit.testing.v1 import AppTest

from dashboard.screens import export
from dashboard.tables import tried_table
from dashboard.views.compare import compare_view, compared_spec
from dashboard.views.search import search_view
from effcore.analysis.frontier import Evidence
from effcore.spec import parse
from effcore.spec.dimensions import Dimension

Open = Callable[..., AppTest]
ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("page", "labels"),
    [
        ("frontier", {"Table points as CSV", "Table points for LaTeX", "Chart frontier as a page", "The spec", "All of it together"}),
        (
            "techniques",
            {
                "Table techniques as CSV", "Table steps-pruning as CSV", "Chart plane as a page", "Chart steps as a page", "All of it together",
                "Table dose-accuracy for LaTeX", "Chart dose-accuracy as a page", "Table pairs-accuracy as CSV", "Chart pairs-accuracy as a page",
            },
        ),
        (
            "point",
            {"Table figures as CSV", "Table figures for LaTeX", "Chart samples as a page", "Chart curve as a page", "The spec", "All of it together"},
        ),
        ("compare", {"Table figures as CSV", "Table recipes for LaTeX", "Chart overlay as a page", "The spec", "All of it together"}),
        ("search", {"Table candidates as CSV", "Chart growth as a page", "Chart moment as a page", "The spec", "All of it together"}),
    ],
)  # fmt: skip
def test_every_form_has_a_button(open_page: Open, store: FakeStore, page: str, labels: set[str]) -> None:
    done = [v.run_id for v in store.frame if v.status == "FINISHED"]
    if page == "search":
        store.files["sweep0", "search.json"] = json.dumps(searched().document).encode()
    address = {"point": {"run": done[3]}, "compare": {"points": f"{done[3]},{done[4]}"}}
    app = open_page(page, **address.get(page, {}))
    assert not app.exception
    assert labels <= {button.proto.label for button in app.get("download_button")}


@pytest.mark.parametrize(("found", "kinds"), [(None, 0), ("/usr/bin/chromium", 2)])
def test_pictures_are_offered_where_a_browser_draws_them_and_else_it_is_said(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, page_text: Callable[[AppTest], str], found: str | None, kinds: int
) -> None:
    monkeypatch.setattr(export, "browser", lambda: found)
    app = open_page()
    labels = [button.proto.label for button in app.get("download_button")]
    assert sum(label in ("Chart frontier as SVG", "Chart frontier as PNG") for label in labels) == kinds
    assert ("need Chrome or Chromium on the machine of the server, and none is there" in page_text(app)) == (found is None)


def test_the_spec_of_compared_points_builds_them_again(store: FakeStore) -> None:
    done = [v for v in store.frame if v.status == "FINISHED"][3:6]
    view = compare_view(store.frame, [v.run_id for v in done], evidence=lambda _: Evidence())
    spec = parse(compared_spec(view))
    assert [r.key for r in spec.recipes] == [v.recipe_key for v in done] and spec.seeds == (0,)
    assert "recipes:\n  - - architecture: {family: " in spec.text and "\n    - training: {" in spec.text


def test_every_candidate_of_a_search_has_its_row() -> None:
    space = (
        Dimension(name="architecture.width", labels=("0.5", "1.0", "2.0"), ordered=True),
        Dimension(name="training.rate", low=0.001, high=0.1, log=True),
        Dimension(name="pruning", labels=("none", "with")), Dimension(name="pruning.amount", low=0.1, high=0.9, needs=(("pruning", 1),)),
    )  # fmt: skip
    decided = [{"architecture.width": float(n), "training.rate": 0.01, "pruning": float(n == 2), "pruning.amount": 0.25} for n in range(3)]
    history = searched()
    tried = tuple(replace(t, assignment=one) for t, one in zip(history.tried, decided, strict=True))
    frame = tried_table(search_view(replace(history, space=space, tried=tried)))
    assert list(frame["candidate"]) == ["n0", "n1", "n2"] and set(frame["fate"]) == {"finished"}
    assert list(frame["val_accuracy"]) == [0.8, 0.9, 0.95] and "accuracy" not in frame
    assert list(frame["architecture.width"]) == ["0.5", "1.0", "2.0"] and set(frame["training.rate"]) == {"0.01"}
    assert list(frame["pruning"]) == ["none", "none", "with"] and list(frame["pruning.amount"].fillna("")) == ["", "", "0.25"]


def test_what_is_made_after_the_page_is_drawn_comes_from_the_store_that_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    menus: list[dict[str, Any]] = []
    monkeypatch.setattr(export, "export_menu", lambda key, **given: menus.append(given))
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
    app.query_params["study"] = "live"
    app.run()
    assert not app.exception
    # A download is made in another thread, which knows nothing of the session and so not which study it looks at.
    made: list[str] = []
    thread = threading.Thread(target=lambda: made.append(menus[-1]["spec"]()))
    thread.start()
    thread.join()
    assert parse(made[0]).size > 1
