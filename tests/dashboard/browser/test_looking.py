"""How the frontier is looked at: filters, words, layers, several machines; addresses that tell all of it, and addresses that tell nonsense."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from fake_store import filled

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
POINTS = ".st-key-frontier-chart .scatterlayer .trace .points path"
CHART = ".st-key-frontier-chart .main-svg"


def drawn(page: Page, selector: str = POINTS) -> int:
    """How many points there are once their number stands still."""
    before = now = -1
    while now <= 0 or now != before:
        page.locator(selector).first.wait_for()
        before, now = now, page.locator(selector).count()
        page.wait_for_timeout(600)
    return now


def test_words_and_techniques_leave_a_part_which_stands_in_the_address(states: str, tab: Any) -> None:
    page = tab.open(f"{states}/?state=done")
    every = drawn(page)
    page.get_by_role("button", name="Filter").click()
    field = page.get_by_role("textbox", name="Words in the name")
    field.fill("cnn prune")
    field.press("Enter")
    page.get_by_text("Only names with 'cnn prune': the frontier is that of these alone.").wait_for()
    page.wait_for_url(re.compile(r"q=cnn(\+|%20)prune"))
    pruned = drawn(page)
    page.get_by_role("button", name="Quantization", exact=True).click()
    page.get_by_text("Only names with 'cnn prune', recipes with quantization: the frontier is that of these alone.").wait_for()
    page.wait_for_url(re.compile("with=quantization"))
    assert every == 62 and pruned == 8 and drawn(page) == 4
    page = tab.open(f"{page.url}&state=done")
    page.get_by_text("Only names with 'cnn prune', recipes with quantization: the frontier is that of these alone.").wait_for()
    assert drawn(page) == 4


def test_choosing_on_validation_accuracy_sets_the_box_of_the_axis_and_the_title(states: str, tab: Any) -> None:
    page = tab.open(f"{states}/?state=done")
    drawn(page)
    box = page.locator(".st-key-bound-y input")
    assert (box.input_value(), page.locator('[class*="st-key-title-heading"]').inner_text()) == ("Accuracy (%)", "Accuracy against latency")
    page.get_by_role("button", name="Choose on validation accuracy").click()
    page.wait_for_function("document.querySelector('.st-key-bound-y input').value === 'Validation accuracy (%)'")
    page.get_by_text("Validation accuracy against latency", exact=True).wait_for()
    page.wait_for_url(re.compile("y=val_accuracy"))
    page.locator(".st-key-fairness").wait_for(state="detached")
    page.get_by_role("combobox", name="Vertical axis").click()
    page.keyboard.press("ArrowDown")  # where the first click only brought the focus
    page.get_by_role("option", name="Accuracy (%)", exact=True).click()
    page.get_by_role("button", name="Choose on validation accuracy").click()  # the reader has used the box before
    page.wait_for_function("document.querySelector('.st-key-bound-y input').value === 'Validation accuracy (%)'")


def test_a_copied_link_shows_the_same_to_someone_else(states: str, tab: Any, browser: Any) -> None:
    run = next(v.run_id for v in filled().frame if v.name == "cnn x1")
    address = f"{states}/?state=done&x=size_mb&y=val_accuracy&with=pruning&bx=0.5&third=latency_ms&arrows=quantization&knee=1&base={run}"
    page = tab.open(address.replace(f"&base={run}", ""))
    for key in ("title-heading", "filtered", "answer-0", "lens-0"):
        page.locator(f'[class*="st-key-{key}"]').first.wait_for()
    here, points, link = said(page), drawn(page), page.url
    other = browser.new_context(viewport={"width": 1280, "height": 900})
    try:
        there = other.new_page()
        there.goto(link if "state=" in link else f"{link}&state=done")
        there.locator('[class*="st-key-lens-0"]').first.wait_for()
        assert (said(there), drawn(there)) == (here, points)
    finally:
        other.close()
    assert here[0] == "Validation accuracy against file size" and "recipes with pruning" in here[1] and "at most 0.5 MB" in here[2]


def said(page: Page) -> list[str]:
    """What the page says of the view."""
    keys = ("title-heading", "filtered", "answer-0", "headline", "lens-0", "lens-1")
    return [page.locator(f'[class*="st-key-{key}"]').first.inner_text() for key in keys]


def test_relative_axes_and_another_sweep_are_drawn(states: str, tab: Any) -> None:
    run = next(v.run_id for v in filled().frame if v.name == "cnn x1 · int8")
    page = tab.open(f"{states}/?state=done&base={run}")
    page.get_by_text(re.compile(r"Against cnn x1 · int8: \d\d\.\d % at 0\.\d+ ms\.")).wait_for()
    page.locator(".st-key-frontier-chart .xtitle", has_text="times").wait_for()
    assert drawn(page) == 62


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("?x=flops", "The address asks for x 'flops', which is not there. Shown is Latency (ms)."),
        ("?sweep=%3Cb%3E", "The address asks for sweep '<b>', which is not there. Shown is quickstart · mnist5k."),
        ("?env=moon", "The address asks for env 'moon', which is not there."),
        ("?bx=cheap", "At most, latency (ms) must be a number. Got 'cheap'; no limit is set."),
        ("?with=magic", "The address filters by techniques that are not there: magic."),
        ("?base=nobody", "The address asks for base 'nobody', which is not there."),
        ("?third=beauty", "The address asks for third 'beauty', which is not there."),
        ("?arrows=up", "The address asks for arrows 'up', which is not there."),
        ("?sel=nobody", "The address rings a point that is not in this plot."),
        ("techniques?tech=magic", "The address asks for tech 'magic', which is not there."),
        ("techniques?dose=tea", "The address asks for dose 'tea', which is not there."),
        ("compare?points=a,b", "Left out:"),
        ("search?sweep=nobody", "The address asks for sweep 'nobody', which is not there."),
    ],
)  # fmt: skip
def test_an_address_that_asks_for_what_is_not_there_falls_back_with_a_note(states: str, tab: Any, address: str, told: str) -> None:
    page = tab.open(f"{states}/{address}&state={'search' if address.startswith('search') else 'done'}")
    page.get_by_text(told).first.wait_for()
    page.locator(".main-svg, .st-key-empty").first.wait_for()


def test_machines_stand_beside_each_other_and_a_point_leads_to_its_page(states: str, tab: Any) -> None:
    page = tab.open(f"{states}/?state=machines")
    page.get_by_label("Environment").click()
    page.get_by_role("option", name="All, side by side").click()
    page.wait_for_url("**env=side-by-side*")
    for index in (0, 1):
        assert drawn(page, f".st-key-facet-chart-{index} .scatterlayer .trace .points path") == 16
    page.get_by_text(re.compile("Apple M2")).first.wait_for()
    ranges = page.evaluate(
        "[0, 1].map(i => { const layout = document.querySelector(`.st-key-facet-chart-${i} .js-plotly-plot`)._fullLayout;"
        " return [layout.xaxis.range, layout.yaxis.range]; })"
    )
    assert ranges[0] == ranges[1]
    box = page.locator(".st-key-facet-chart-1 .scatterlayer .trace .points path").last.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url("**/point?run=*")


def test_data_health_opens_in_place(states: str, tab: Any) -> None:
    page = tab.open(f"{states}/?state=done")
    drawn(page)
    page.locator(".st-key-health summary").click()
    page.get_by_text("Left out: 2 of 64 failed; prune (2)").wait_for()
    page.get_by_text(re.compile("^Environments?: ")).wait_for()


@pytest.mark.parametrize(
    "path", ["?state=done", "techniques?state=done", "search?state=search", "point?run={}&state=done", "compare?points={},{}&state=done"]
)
def test_every_chart_and_table_says_in_words_what_it_shows(states: str, tab: Any, path: str) -> None:
    runs = [v.run_id for v in filled().frame if v.status == "FINISHED"][3:5]
    page = tab.open(f"{states}/{path.format(*runs)}")
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    page.wait_for_timeout(2000)
    unsaid = page.evaluate(
        "[...document.querySelectorAll('.js-plotly-plot, [data-testid=stDataFrame]')]"
        ".filter(e => { const n = e.matches('[aria-label]') ? e : e.querySelector('[aria-label]') || e.closest('[aria-label]');"
        " return !n || n.getAttribute('aria-label').length < 10; }).map(e => e.closest('[class*=st-key-]')?.className)"
    )
    assert page.locator(".js-plotly-plot").count() > 0 and unsaid == []


def test_the_search_is_replayed_with_the_keyboard_and_offers_its_gap(states: str, tab: Any) -> None:
    page = tab.open(f"{states}/search?state=search")
    page.locator(".st-key-growth-chart .main-svg").first.wait_for()
    page.get_by_text(re.compile("3 candidates finished")).wait_for()
    page.get_by_role("slider").focus()
    page.keyboard.press("ArrowLeft")
    page.get_by_text(re.compile("2 candidates finished")).wait_for()
    page.get_by_role("button", name="Fill the launch form with a search in the gap").click()
    page.wait_for_url("**/launch*")
    spec = page.locator(".st-key-pasted-spec textarea")
    spec.wait_for()
    assert "constraints:" in spec.input_value() and "latency_ms" in spec.input_value()
    page.get_by_role("button", name="Submit the search").wait_for()


def test_another_sweep_of_the_task_is_laid_over(states: str, tab: Any) -> None:
    page = tab.open(f"{states}/?state=two&over=sweep1")
    page.locator(".st-key-frontier-chart .legendtext", has_text="Frontier of the other sweep").wait_for()
    assert drawn(page) == 25, "sixteen points, and the nine of the other frontier"


def test_a_marker_that_stands_for_several_points_lists_them_and_a_row_leads_to_one(states: str, tab: Any) -> None:
    page = tab.open(f"{states}/?state=many")
    place = page.wait_for_function(
        """() => {
            const chart = document.querySelector('.st-key-frontier-chart .js-plotly-plot');
            for (const [index, trace] of (chart?._fullData ?? []).entries()) {
                const row = trace.type === 'scattergl' ? [...(trace.customdata ?? [])].findIndex(d => d?.length === 2 && d[1] > 1) : -1;
                if (row < 0) continue;
                const { xaxis, yaxis, _size } = chart._fullLayout, box = chart.getBoundingClientRect();
                return { x: box.x + _size.l + xaxis.d2p(trace.x[row]), y: box.y + _size.t + yaxis.d2p(trace.y[row]) };
            }
        }"""
    ).json_value()
    page.wait_for_timeout(1500)
    page.mouse.move(place["x"], place["y"])
    page.wait_for_timeout(300)
    page.mouse.click(place["x"], place["y"])
    page.get_by_text(re.compile(r"^\d+ points lie there\.$")).wait_for()
    tab.click_row(next(key for key in page.evaluate("[...document.querySelectorAll('[class*=st-key-here-]')].map(e => e.className)")
                       for key in re.findall(r"st-key-(here-\d+)", key)))
    page.wait_for_url("**/point?run=r*")


def test_the_whole_way_to_another_page_and_axis_by_keyboard(states: str, tab: Any) -> None:
    page = tab.open(f"{states}/?state=done")
    drawn(page)
    page.get_by_role("combobox", name="Horizontal axis").focus()
    page.keyboard.type("File size")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("x=size_mb"))
    page.get_by_text("Accuracy against file size").wait_for()
    page.get_by_role("link", name="Techniques").first.focus()
    page.keyboard.press("Enter")
    page.locator(".st-key-plane-chart .main-svg").first.wait_for()
