"""What effcore did not write: any MLflow experiment, a table, a study of Optuna by URL; axes and directions are the reader's choice."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fake_store import NASTY

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
POINTS = ".st-key-foreign-chart .scatterlayer .trace .points path, .st-key-foreign-chart canvas"
CHART = ".st-key-foreign-chart .main-svg"


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory, serve_home: Callable[..., str]) -> str:
    """Pages over a store with an experiment of someone else, a table and a study."""
    import optuna

    from effcore.tracking import Store

    folder = tmp_path_factory.mktemp("others")
    client = Store(folder / "home")._client
    experiment = client.create_experiment(NASTY)
    for name, loss, seconds in (("=1+1<b>", 0.5, 10.0), ("second", 0.6, 20.0), ("third", 0.9, 30.0)):
        run = client.create_run(experiment, run_name=name)
        client.log_metric(run.info.run_id, "loss", loss)
        client.log_metric(run.info.run_id, "seconds", seconds)
        client.set_terminated(run.info.run_id)
    table = folder / "results.csv"
    table.write_text("model,f1,cost\n=cmd()<i>,0.9,30\nb,0.8,10\nc,0.7,20\nd,,5\n")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    url = f"sqlite:///{folder / 'study.db'}"
    study = optuna.create_study(storage=url, study_name="mine", directions=["minimize", "maximize"])
    for values in ([1.0, 0.5], [2.0, 0.9], [3.0, 0.7]):
        study.add_trial(optuna.trial.create_trial(values=values))
    return serve_home(
        folder / "home", variables={"EFFCORE_TABLES": json.dumps({"results": str(table)}), "EFFCORE_STUDIES": json.dumps({"mine": url})}
    )


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option).click()


def test_any_experiment_is_a_frontier_of_two_figures_that_the_reader_chooses(others: str, tab: Any) -> None:
    page = tab.open(f"{others}/experiments")
    page.locator(CHART).first.wait_for()
    choose(page, "Experiment", f"{NASTY} · MLflow")
    page.get_by_text("3 points · 1 on the frontier · units unknown").wait_for()
    page.wait_for_url("**from=experiment-*")
    page.get_by_role("combobox", name="Direction").first.click()
    page.get_by_role("option", name="More is better").click()
    page.wait_for_url("**=max*")
    page.get_by_text("3 points · 3 on the frontier · units unknown").wait_for()
    assert page.locator('img[src="x"]').count() == 0
    page = tab.open(page.url)
    page.get_by_text("3 points · 3 on the frontier · units unknown").wait_for()


def test_a_table_is_one_and_can_be_taken_away_without_its_formulas(others: str, tab: Any) -> None:
    page = tab.open(f"{others}/experiments?from=csv-results&fy=f1&fx=cost")
    page.get_by_text("3 points · 2 on the frontier · units unknown").wait_for()
    page.get_by_text("Left out: 1").wait_for()
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as taken:
        page.get_by_role("button", name="Table points as CSV").click()
    rows = list(csv.reader(io.StringIO(Path(taken.value.path()).read_text())))
    assert rows[0] == ["#", "point", "f1", "cost"] and {row[1] for row in rows[1:]} == {"'=cmd()<i>", "b", "c"}


def test_a_study_has_its_objectives_for_axes(others: str, tab: Any) -> None:
    page = tab.open(f"{others}/experiments?from=optuna-1-mine")
    page.get_by_text("3 points · 2 on the frontier · units unknown").wait_for()
    page.locator(".st-key-foreign-chart .xtitle", has_text=re.compile("objective 2")).wait_for()
    ways = [box.input_value() for box in page.get_by_role("combobox", name="Direction").all()]
    assert ways == ["Less is better", "More is better"]


def test_an_address_of_an_experiment_that_is_not_there_falls_back_with_a_note(others: str, tab: Any) -> None:
    page = tab.open(f"{others}/experiments?from=csv-gone&fx=beauty")
    page.get_by_text("The address asks for from 'csv-gone', which is not there.").wait_for()
    page.get_by_text("The address asks for fx 'beauty', which is not there.").wait_for()
    page.locator(CHART).first.wait_for()
