"""States that somebody designed, as a browser shows them: nothing yet, one, all equal, all failed, very many, markup, a store that is gone."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fake_store import NASTY, marked_up

from effcore.spec import parse
from effcore.tracking import Store

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
POINTS = ".st-key-frontier-chart .scatterlayer .trace .points path"
SPEC = """name: small
task: mnist5k
recipe:
  - architecture: {family: [mlp, cnn]}
  - training: {}
  - runtime: onnxruntime
"""


def count_points(page: Page, number: int) -> None:
    page.wait_for_function(f"document.querySelectorAll({POINTS!r}).length === {number}")


def test_an_empty_store_says_on_every_page_what_to_do(states: str, tab: Any) -> None:
    for path, said in (
        ("", "Nothing has been measured yet"), ("techniques", "Nothing has been measured yet"), ("compare", "Choose two points"),
        ("search", "Nothing has been searched yet"), ("point?run=x&", "There is no such point"), ("predict?run=x&", "There is no such step"),
    ):  # fmt: skip
        page = tab.open(f"{states}/{path}{'' if '?' in path else '?'}state=empty", wait=".st-key-empty")
        page.get_by_text(said, exact=True).wait_for()
    page = tab.open(f"{states}/?state=empty", wait=".st-key-empty")
    page.get_by_text("effcore run experiments/quickstart.yaml").wait_for()
    page.get_by_role("link", name="Launch a sweep").click()
    page.get_by_role("button", name="Submit 1 variant").wait_for()
    page.get_by_text("Nothing is running or waiting", exact=True).wait_for()


def test_one_point_is_a_frontier(states: str, tab: Any) -> None:
    page = tab.open(f"{states}/?state=one")
    count_points(page, 1)
    page.get_by_text(re.compile(r"One point is best on both: \d\d\.\d % at 0\.\d+ ms\.")).wait_for()
    page.get_by_text("Data health: 1 variant").wait_for()


def test_points_that_are_all_equal_lie_in_one_place_and_it_is_said(states: str, tab: Any) -> None:
    page = tab.open(f"{states}/?state=level")
    count_points(page, 12)
    page.get_by_text("12 points share the best place: 50.0 % at 0.500 ms.").wait_for()


def test_where_all_failed_the_causes_are_there_and_lead_to_the_variants(states: str, tab: Any) -> None:
    page = tab.open(f"{states}/?state=failed", wait=".st-key-empty")
    page.get_by_text("Every variant failed", exact=True).wait_for()
    assert page.locator(".js-plotly-plot").count() == 0
    tab.click_row("left-out-table")
    page.wait_for_url("**/point?run=*")
    page.get_by_text("What went wrong").wait_for()
    assert "every channel of block2 would go" in page.locator("code").first.inner_text()


def test_twenty_thousand_points_are_drawn_filtered_and_put_on_another_axis(states: str, tab: Any) -> None:
    page = tab.open(f"{states}/?state=many")
    page.locator(".st-key-frontier-chart canvas").first.wait_for()
    page.get_by_text(re.compile("20,000 points · ")).wait_for()
    page.get_by_text(re.compile("The table has the first 10,000 of 20,000 points")).wait_for()
    page.get_by_label("Horizontal axis").click()
    page.keyboard.type("File size")
    page.keyboard.press("Enter")
    page.locator(".st-key-frontier-chart .xtitle", has_text="File size, MB").wait_for()
    page = tab.open(f"{states}/?state=many&q=residual")
    page.get_by_text(re.compile("Only names with 'residual'")).wait_for()


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("", ".st-key-frontier-chart .main-svg"), ("techniques", ".st-key-plane-chart .main-svg"), ("launch", '[class*="st-key-sweep-"]'),
        ("point?run={2}", ".st-key-samples-chart .main-svg"), ("point?run={0}", "code"),
        ("compare?points={2},{3}", ".st-key-overlay-chart .main-svg"),
    ],
)  # fmt: skip
def test_markup_and_formulas_in_names_are_shown_as_they_were_written(states: str, tab: Any, path: str, shown: str) -> None:
    runs = [v.run_id for v in marked_up().frame]
    address = path.format(*runs)
    page = tab.open(f"{states}/{address}{'&' if '?' in address else '?'}state=markup")
    page.locator(shown).first.wait_for()
    page.wait_for_timeout(800)
    assert page.locator('img[src="x"], [href^="javascript:"], .katex').count() == 0
    body = page.locator("body").inner_text()
    assert NASTY in body or path in ("", "techniques")  # there names stand in boxes and tables, which are drawn as pictures
    if path == "":
        box = page.locator(POINTS).first.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        hover = page.locator(".hoverlayer .hovertext")
        hover.wait_for()
        assert "<img src=x onerror=alert(1)> **bold** $x^2$" in (hover.text_content() or "")
        assert page.locator(".hoverlayer image, .hoverlayer foreignObject").count() == 0


def test_a_store_that_can_not_be_read_is_said_on_every_page(states: str, tab: Any) -> None:
    for path in ("", "techniques", "compare", "search", "launch", "point?run=x&"):
        page = tab.open(f"{states}/{path}{'' if '?' in path else '?'}state=gone", wait=".st-key-empty")
        page.get_by_text("The tracking store x is not there any more. Put it back, or start again without it.").first.wait_for()


@pytest.fixture(scope="module")
def small(
    tmp_path_factory: pytest.TempPathFactory, serve_home: Callable[..., str], write_variant: Callable[..., str]
) -> tuple[str, Path]:
    """Pages over a real store with two points, and its database."""
    folder = tmp_path_factory.mktemp("small")
    spec, store = parse(SPEC), Store(folder / "home")
    sweep = store.open_sweep(spec)
    for recipe in spec.recipes:
        write_variant(store, sweep, recipe, folder)
    store.finish_sweep(sweep, status="FINISHED")
    return serve_home(folder / "home"), folder / "home" / "mlflow.db"


def test_a_store_that_goes_while_the_page_is_open_leaves_the_last_state_until_it_is_back(small: tuple[str, Path], tab: Any) -> None:
    url, database = small
    page = tab.open(url)
    count_points(page, 2)
    aside = database.with_name("aside.db")
    database.rename(aside)
    try:
        said = page.get_by_text(re.compile(r"is not there any more\. Put it back.* Shown is the state of \d\d:\d\d:\d\d\."))
        said.wait_for()
        count_points(page, 2)
        page.get_by_role("link", name="Techniques").first.click()
        said.wait_for()
    finally:
        aside.rename(database)
    said.wait_for(state="detached")
    count_points(tab.open(url), 2)


def test_a_page_that_is_opened_while_the_store_is_locked_comes_by_itself(small: tuple[str, Path], serve_home: Any, tab: Any) -> None:
    _, database = small
    url = serve_home(database.parent)  # another server, which has seen nothing of it yet
    writer = sqlite3.connect(database, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    try:
        page = tab.page
        page.goto(url)
        page.get_by_text("This can't be shown").first.wait_for()
        assert str(database) in page.locator('[class*="st-key-empty"]').first.inner_text()
    finally:
        writer.execute("ROLLBACK")
        writer.close()
    count_points(page, 2)
    page.get_by_text("This can't be shown").wait_for(state="detached")


def test_a_store_that_is_locked_leaves_the_last_state_until_it_is_free(small: tuple[str, Path], tab: Any) -> None:
    url, database = small
    page = tab.open(url)
    count_points(page, 2)
    writer = sqlite3.connect(database, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    try:
        said = page.get_by_text(re.compile(r"Shown is the state of \d\d:\d\d:\d\d\."))
        said.wait_for()
        assert str(database) in said.inner_text()
        count_points(page, 2)
    finally:
        writer.execute("ROLLBACK")
        writer.close()
    said.wait_for(state="detached")
