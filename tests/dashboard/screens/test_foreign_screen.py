"""The page of results that effcore did not write."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from page_charts import figures
from streamlit.testing.v1 import AppTest

from dashboard.data import foreign

ROOT = Path(__file__).resolve().parents[3]
Open = Callable[..., AppTest]
NASTY = "<img src=x> $x$"


@pytest.fixture
def open_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Open:
    """Open the page over a table of that content, with no store but a recorded study."""

    def opened(content: str, **query: str) -> AppTest:
        (tmp_path / "t.csv").write_text(content)
        monkeypatch.setenv(foreign.TABLES, json.dumps({"mine": str(tmp_path / "t.csv")}))
        monkeypatch.setenv("EFFCORE_TRACKING_URI", f"recording:{ROOT / 'dashboard' / 'recordings' / 'demo.jsonl.xz'}")
        app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60).run()
        app.query_params.clear()
        app.switch_page("screens/foreign.py")
        for name, value in query.items():
            app.query_params[name] = value
        return app.run()

    return opened


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in app.text)


TABLE = f"model,f1,cost\n{NASTY},0.9,30\nb,0.8,10\nc,0.7,20\nd,,5\n"


def test_a_table_is_a_frontier_and_what_lacks_a_figure_is_told(open_table: Open) -> None:
    app = open_table(TABLE, fy="f1", fx="cost")
    assert not app.exception, app.exception
    assert "3 points · 2 on the frontier · units unknown" in texts(app)
    assert app.dataframe[0].value["point"].tolist() == ["b", NASTY, "c"]
    assert app.dataframe[1].value["reason"].tolist() == ["has no f1"]
    spec = json.dumps(figures(app)[0])
    assert "<img" not in spec and "&lt;img src=x&gt; &#36;x&#36;" in spec


def test_the_direction_can_be_turned_and_stands_in_the_address(open_table: Open) -> None:
    app = open_table(TABLE, **{"fy": "f1", "fx": "cost", "fy-f1": "min"})
    assert app.dataframe[0].value["point"].tolist() == ["b", "c", NASTY]
    assert "3 points · 2 on the frontier" in texts(app) and app.query_params["fy-f1"] == "min"


def test_an_address_that_asks_for_what_is_not_there_falls_back_with_a_note(open_table: Open) -> None:
    app = open_table(TABLE, fy="nothing", **{"from": "csv-other"})
    assert not app.exception and "The address asks for fy 'nothing', which is not there." in texts(app)


@pytest.mark.parametrize(
    ("content", "said"), [("f1,cost\n1,2\n", "1 point · 1 on the frontier"), ("f1,cost\n1,2\n1,2\n", "2 points · 2 on the frontier")]
)
def test_one_point_and_all_equal(open_table: Open, content: str, said: str) -> None:
    app = open_table(content)
    assert not app.exception and said in texts(app)


def test_a_study_opens_with_its_objectives_as_axes_and_its_directions(open_table: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    url = f"sqlite:///{tmp_path / 'study.db'}"
    study = optuna.create_study(storage=url, study_name=NASTY, directions=["minimize", "maximize"])
    for values in ([1.0, 0.5], [2.0, 0.9], [3.0, 0.7]):
        study.add_trial(optuna.trial.create_trial(values=values))
    monkeypatch.setenv(foreign.STUDIES, json.dumps({"mine": url}))
    app = open_table(TABLE, **{"from": "optuna-1-mine"})
    assert not app.exception, app.exception
    assert f"{NASTY} · Optuna" in app.selectbox(key="bound-from").options
    assert [app.selectbox(key=f"bound-f{axis}").value for axis in "yx"] == ["objective 1", "objective 2"]
    assert [app.selectbox(key=f"bound-f{a}-objective {n}").value for a, n in (("y", 1), ("x", 2))] == ["min", "max"]
    assert "3 points · 2 on the frontier · units unknown" in texts(app)
    assert sorted(app.dataframe[0].value["point"][:2]) == ["trial 0", "trial 1"]


def test_a_study_whose_storage_is_gone_is_said(open_table: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(foreign.STUDIES, json.dumps({"mine": f"sqlite:///{tmp_path / 'gone.db'}"}))
    assert "The storage mine must be a file that is there." in texts(open_table(TABLE))
