"""A recorded study, as `effcore serve --demo` opens it: every page has something to show, and none offers what can't be done there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from effcore.reports.report import read_frontier
from effcore.spec import parse
from effcore.tracking.recording import ADDRESS, Recording

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[3]
RECORDED = ROOT / "dashboard" / "recordings" / "demo.jsonl.xz"
WRITES = re.compile("Measure again|Give it a star|^Note|Change one step|Change it and launch|^Submit|Only starred|^Pause|^Resume|^Cancel")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, serve_home: Callable[..., str]) -> str:
    """The address of the pages over the study that ships."""
    home = tmp_path_factory.mktemp("demo") / "home"
    home.mkdir()
    return serve_home(home, variables={"EFFCORE_TRACKING_URI": ADDRESS + str(RECORDED)})


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Runs of its frontier that have a parent."""
    found = read_frontier(Recording(RECORDED, home=tmp_path_factory.mktemp("read")), sweep="quickstart")
    return [p.run_id for p in found.front if p.first.parent]


@pytest.mark.parametrize(
    "path", ["", "techniques", "compare?points={},{}", "search", "launch", "point?run={}", "experiments", "challenges"]
)
def test_no_page_offers_what_can_not_be_done_there_and_says_once_what_could(demo: str, front: list[str], tab: Any, path: str) -> None:
    page = tab.open(f"{demo}/{path.format(*front)}")
    said = page.get_by_text(re.compile("^A recorded study of 20.*not added to; effcore serve opens your own."))
    said.wait_for()
    page.wait_for_timeout(1500)
    assert said.count() == 1
    if path == "":
        assert page.get_by_role("combobox", name="Sweep").input_value() == "quickstart · mnist5k"
        page.get_by_role("button", name="Filter").click()
        page.get_by_text("Only recipes with").wait_for()
    offered = page.locator("button, label, summary").all_inner_texts()
    assert [text for text in offered if WRITES.search(text.strip())] == []


def test_before_anything_was_run_the_study_is_one_click_away(serve_home: Callable[..., str], tab: Any, tmp_path: Path) -> None:
    page = tab.open(serve_home(tmp_path / "home"), wait=".st-key-empty")
    page.get_by_text("Nothing has been measured yet").wait_for()
    page.get_by_role("link", name="Look at a recorded study").click()
    page.locator(".st-key-frontier-chart .main-svg").first.wait_for()
    page.get_by_role("link", name="Back to what runs here").click()
    page.get_by_text("Nothing has been measured yet").wait_for()


def test_a_spec_that_is_made_there_is_taken_to_where_it_can_run(demo: str, tab: Any) -> None:
    page = tab.open(f"{demo}/launch")
    page.get_by_text("A recorded study runs nothing. With the spec in a file it is yours to run:").wait_for()
    page.get_by_text("effcore run first-look.yaml").wait_for()
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download the spec").click()
    assert taken.value.suggested_filename == "first-look.yaml"
    assert parse(Path(taken.value.path()).read_text()).name == "first look"


def test_a_step_is_guessed_before_it_is_shown(demo: str, front: list[str], tab: Any) -> None:
    page = tab.open(f"{demo}/point?run={front[0]}")
    page.get_by_role("link", name="Let the class guess this step").click()
    page.get_by_text(re.compile("^What does this step do: ")).wait_for()
    assert page.locator(".js-plotly-plot").count() == 0
    for key in ("latency", "accuracy"):
        box = page.locator(f".st-key-ask-{key}")
        box.get_by_role("slider").focus()
        page.keyboard.press("ArrowRight")
        box.get_by_role("button", name="Lock my guess").click()
        box.get_by_text("Locked: ").wait_for()
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    assert page.get_by_text("You guessed ").count() == 2


def test_a_challenge_tells_its_rules_and_that_no_point_here_is_of_its_task(demo: str, tab: Any) -> None:
    page = tab.open(f"{demo}/challenges")
    page.get_by_text("Budgets: file size at most 0.05 MB, latency at most 1 ms").wait_for()
    page.get_by_text("You have no point of digits yet.").wait_for()
    page.get_by_text("Nobody has handed in yet.").wait_for()
