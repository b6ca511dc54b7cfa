"""The chart that comes with the page in a real browser: there before the page is, taken over by it, gone where it shows something else."""

from __future__ import annotations

import re
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PAGE = "**/static/js/index.*.js"
"""The script without which there is no page."""
FIRST, TAKEN = "#first-look .drawn-chart .main-svg", ".st-key-frontier-chart .drawn-chart .main-svg"


def test_the_chart_is_there_before_the_page_which_takes_it_over(two_techniques: str, tab: Any) -> None:
    tab.open(two_techniques, wait=TAKEN)
    held: list[Any] = []
    tab.page.route(PAGE, lambda route: held.append(route), times=1)
    tab.page.goto(two_techniques, wait_until="commit")
    tab.page.locator(FIRST).first.wait_for()
    assert tab.page.locator("[data-testid=stApp]").count() == 0
    tab.page.evaluate("window.firstBox = document.querySelector('#first-look .drawn-chart')")
    held[0].continue_()
    tab.page.locator(TAKEN).first.wait_for()
    assert tab.page.evaluate("document.querySelector('.st-key-frontier-chart .drawn-chart') === window.firstBox")
    assert tab.page.locator("#first-look").count() == 0 and tab.page.locator(".drawn-chart").count() == 1
    tab.page.locator(".st-key-frontier-chart .points path").first.click(force=True)
    tab.page.wait_for_url(re.compile("/point"))


@pytest.mark.parametrize("tab", [{"color_scheme": "dark"}], indirect=True)
def test_a_dark_page_has_a_dark_chart_as_soon_as_the_browser_has_said_so(two_techniques: str, tab: Any) -> None:
    held: list[Any] = []
    tab.page.route(PAGE, lambda route: held.append(route), times=1)
    tab.page.goto(two_techniques, wait_until="commit")
    tab.page.wait_for_function("window.Plotly")
    assert tab.page.locator("#first-look").count() == 0, "drawn in light it would be, which the page is not"
    held[0].continue_()
    tab.page.locator(TAKEN).first.wait_for()
    tab.page.goto(two_techniques, wait_until="commit")
    tab.page.locator(FIRST).first.wait_for()
    paper = "getComputedStyle(document.querySelector('#first-look .main-svg')).backgroundColor"
    assert tab.page.evaluate(paper) == tab.page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(18, 22, 28)"
    tab.page.locator(TAKEN).first.wait_for()


def test_it_goes_where_the_page_shows_something_else(two_techniques: str, tab: Any) -> None:
    tab.open(two_techniques, wait=TAKEN)
    tab.page.wait_for_timeout(500)
    held: list[Any] = []
    tab.page.route(PAGE, lambda route: held.append(route), times=1)
    tab.page.goto(two_techniques, wait_until="commit")
    tab.page.locator(FIRST).first.wait_for()
    tab.page.evaluate("history.replaceState(null, '', '/launch')")  # what Streamlit reads when it comes
    held[0].continue_()
    tab.page.get_by_text("Launch a sweep").first.wait_for()
    tab.page.wait_for_function("!document.querySelector('#first-look')")
