"""Pages over a store in memory, run without a browser."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
for folder in (str(ROOT), str(ROOT / "tests" / "dashboard")):
    if folder not in sys.path:
        sys.path.insert(0, folder)

import streamlit as st  # noqa: E402
from fake_store import FakeStore, filled, make_variants  # noqa: E402
from streamlit.testing.v1 import AppTest  # noqa: E402

from dashboard import data  # noqa: E402
from dashboard.screens.below import DRAWN  # noqa: E402
from effcore.analysis.frontier import Variant  # noqa: E402

Open = Callable[..., AppTest]


@pytest.fixture
def variants() -> list[Variant]:
    """A point for every recipe of a small grid."""
    return make_variants()


@pytest.fixture(autouse=True)
def _fresh_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No page sees what another test has read, nor the state of whoever runs the tests."""
    monkeypatch.setenv("EFFCORE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EFFCORE_TRACKING_URI", raising=False)
    st.cache_data.clear()
    st.cache_resource.clear()
    yield


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> FakeStore:
    """The store behind the pages: one sweep, two of whose variants failed. Tests may change what it holds."""
    found = filled()
    monkeypatch.setattr(data, "store", lambda: found)
    return found


@pytest.fixture
def open_page(store: FakeStore) -> Open:
    """Open a page: `open_page("point", run="...")`."""

    def opened(page: str = "frontier", **query: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
        app.session_state[DRAWN] = True  # no browser is there to say so
        if page == "frontier":
            for name, value in query.items():
                app.query_params[name] = value
            return app.run()
        app.run()
        app.query_params.clear()
        app.switch_page(f"screens/{page}.py")
        for name, value in query.items():
            app.query_params[name] = value
        return app.run()

    return opened


def texts(app: AppTest) -> str:
    """Everything that stands on the page as plain text."""
    return "\n".join(element.value for element in app.text)


@pytest.fixture
def page_text() -> Callable[[Any], str]:
    """`page_text(app)`: all plain text of a page."""
    return texts
