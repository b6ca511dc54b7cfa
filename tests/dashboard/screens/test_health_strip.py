"""What stands on every page: a recorded study is said to be one, a store in trouble too, and the strip of data health."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_store import FakeStore
from page_charts import figures
from streamlit.testing.v1 import AppTest

from dashboard import data
from dashboard.data.keeping import AGAIN_S, Keeping
from dashboard.screens.below import DRAWN
from effcore.errors import StoreError, StoreLocked

Open = Callable[..., AppTest]
ROOT = Path(__file__).resolve().parents[3]
RECORDED = ROOT / "dashboard" / "recordings" / "demo.jsonl.xz"


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in app.text)


def labels(app: AppTest) -> list[str]:
    return [e.label for e in app.expander if e.label.startswith("Data health")]


@pytest.mark.parametrize("page", ["frontier", "techniques", "launch"])
def test_every_page_says_how_healthy_the_data_is(open_page: Open, page: str) -> None:
    app = open_page(page)
    assert labels(app) == ["Data health: 2 of 64 failed"]
    assert "Left out: 2 of 64 failed; prune (2)" in texts(app)


def test_no_strip_where_there_is_nothing(open_page: Open, store: FakeStore) -> None:
    store.frame, store.records = [], []
    assert labels(open_page()) == []


def test_a_store_that_is_locked_leaves_the_last_state_with_a_note(open_page: Open, store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page()
    points = [len(frame.value) for frame in app.dataframe]

    def locked(*_: Any) -> Any:
        raise StoreLocked("The tracking store x is held by another program.")

    monkeypatch.setattr(store, "state", locked)
    app.run()
    assert not app.exception and [len(frame.value) for frame in app.dataframe] == points
    assert "The tracking store x is held by another program. Shown is the state of " in texts(app)


def test_a_store_that_never_could_be_read_says_so_and_nothing_else(open_page: Open, store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: Any) -> Any:
        raise StoreError("The tracking store x is not there any more. Put it back.")

    monkeypatch.setattr(store, "state", gone)
    app = open_page()
    assert not app.exception and "This can't be shown\nThe tracking store x is not there any more. Put it back." in texts(app)
    assert labels(app) == [] and len(app.dataframe) == 0


def test_a_recorded_study_opens_and_says_that_it_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EFFCORE_TRACKING_URI", f"recording:{RECORDED}")
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
    app.session_state[DRAWN] = True
    app.run()
    assert not app.exception and "A recorded study of 20" in texts(app) and "not added to; effcore serve opens your own." in texts(app)
    assert app.selectbox(key="bound-sweep").value == data.sweeps()[0].run_id and data.sweeps()[0].name == "quickstart"
    assert len(figures(app)) == 1 and len(app.dataframe[0].value) >= 30
    assert not (tmp_path / "home" / "mlflow.db").exists()
    header = data.recorded()
    assert header is not None and header.runs > 30


def test_what_was_read_last_is_kept_and_not_asked_for_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    keeping, now = Keeping(), [100.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    asked: list[float] = []

    def failing() -> int:
        asked.append(now[0])
        raise StoreLocked("held")

    with pytest.raises(StoreLocked):
        keeping.read("state", failing)
    assert keeping.trouble is None and keeping.read("state", lambda: 7) == 7
    now[0] = 110.0
    assert keeping.read("state", failing) == 7 == keeping.read("state", failing) and asked == [100.0, 110.0]
    assert keeping.trouble is not None and (keeping.trouble.text, keeping.trouble.since_s) == ("held", 100.0)
    now[0] += AGAIN_S
    assert keeping.read("state", lambda: 8) == 8 and keeping.trouble is None
    assert keeping.unless_in_trouble("marks", failing, otherwise={}) == {} and keeping.trouble is None
    assert keeping.unless_in_trouble("marks", lambda: {"a": 1}, otherwise={}) == {"a": 1} == keeping.unless_in_trouble("marks", failing, otherwise={})
