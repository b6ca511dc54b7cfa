"""What only a real browser can tell."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
POINTS = ".st-key-frontier-chart .scatterlayer .trace .points path"


def count_points(page: Page, number: int) -> None:
    page.wait_for_function(f"document.querySelectorAll({POINTS!r}).length === {number}")


def middle(page: Page, index: int) -> tuple[float, float]:
    box = page.locator(POINTS).nth(index).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def text(page: Page, key: str) -> str:
    return page.locator(f'[class*="{key}"]').first.inner_text()


def test_frontier_is_drawn_and_a_point_tells_of_itself_and_leads_to_its_page(site: Any, visit: Any) -> None:
    page = visit.open(site.url)
    count_points(page, 5)
    page.mouse.move(*middle(page, 4))
    hover = page.locator(".hoverlayer .hovertext")
    hover.wait_for()
    said = hover.text_content() or ""
    assert re.search(r"Accuracy \d\d\.\d %", said) and re.search(r"Latency 0\.\d+ ms \(", said)
    assert re.search(r"on it in \d+ % of resamples", said)
    page.mouse.click(*middle(page, 4))
    page.wait_for_url("**/point?run=*")
    run_id = page.url.split("run=")[1]
    assert run_id in site.logged[1:]
    page.get_by_text("Build it again").wait_for()


def test_the_way_back_leads_to_the_same_view_with_the_point_ringed(site: Any, visit: Any) -> None:
    page = visit.open(f"{site.url}/?x=size_mb")
    count_points(page, 5)
    page.mouse.click(*middle(page, 2))
    page.wait_for_url("**/point?run=*")
    page.locator('[class*="title-heading"]').wait_for()
    page.go_back()
    page.wait_for_url(re.compile(r"\?x=size_mb&sel="))
    page.get_by_text("Take the ring off").wait_for()
    assert text(page, "title-heading") == "Accuracy against file size"
    count_points(page, 6)
    page.get_by_text("Take the ring off").click()
    count_points(page, 5)
    page.wait_for_url(re.compile(r"\?x=size_mb$"))


def test_a_row_of_the_table_leads_to_its_point(site: Any, visit: Any) -> None:
    page = visit.open(site.url)
    count_points(page, 5)
    table = page.locator(".st-key-frontier-table canvas").first
    table.scroll_into_view_if_needed()
    page.wait_for_timeout(500)  # until it has stopped scrolling
    box = table.bounding_box()
    page.mouse.click(box["x"] + 200, box["y"] + 35 + 17)
    page.wait_for_url("**/point?run=*")
    page.get_by_text("Latency samples").wait_for()
    page.wait_for_function("document.querySelectorAll('.st-key-samples-chart .boxlayer .trace.boxes').length === 5")


def test_axes_stand_in_the_address_and_a_bad_one_falls_back_with_a_note(site: Any, visit: Any) -> None:
    page = visit.open(f"{site.url}/?y=flops")
    assert "The address asks for y 'flops', which is not there. Shown is Accuracy (%)." in text(page, "fallback-y")
    page.get_by_label("Horizontal axis").click()
    page.keyboard.type("Peak memory")
    page.keyboard.press("Enter")
    page.wait_for_url("**?x=peak_ram_mb")
    page.get_by_text("Accuracy against peak memory").wait_for()


def test_another_axis_is_drawn_into_the_same_chart(site: Any, visit: Any) -> None:
    page = visit.open(site.url)
    count_points(page, 5)
    chart = page.get_by_role("figure", name=re.compile("^Accuracy against latency of 5 points"))
    chart.evaluate("chart => chart.id = 'as-before'")
    page.get_by_role("combobox", name="Horizontal axis").click()
    page.keyboard.type("File size")
    page.keyboard.press("Enter")
    page.get_by_role("figure", name=re.compile("^Accuracy against file size of 5 points")).wait_for()
    page.locator("#as-before .xtitle", has_text="File size").wait_for()
    count_points(page, 5)
    page.set_viewport_size({"width": 700, "height": 900})
    page.wait_for_function("document.querySelector('#as-before .main-svg').getBoundingClientRect().width < 680")
    page.mouse.click(*middle(page, 1))
    page.wait_for_url("**/point?run=*")


def test_a_cause_with_markup_is_shown_as_it_was_written(site: Any, visit: Any) -> None:
    page = visit.open(f"{site.url}/point?run={site.logged[0]}")
    page.get_by_text("What went wrong").wait_for()
    assert (
        "<img src=x onerror=alert(1)> **bold** :smile: every channel would go"
        in page.locator("code").first.inner_text()
    )
    assert page.locator('img[src="x"]').count() == 0


def test_the_page_fills_by_itself_and_never_under_a_ringed_point(site: Any, visit: Any) -> None:
    page = visit.open(site.url)
    count_points(page, 5)
    site.log_next()
    count_points(page, 6)
    page = visit.open(f"{site.url}/?sel={site.logged[2]}")
    count_points(page, 7)
    site.log_next()
    button = page.get_by_role("button", name=re.compile("1 new result.*: show"))
    button.wait_for()
    count_points(page, 7)
    button.click()
    count_points(page, 8)
    site.store.finish_sweep(site.sweep, status="FINISHED")


def test_a_step_of_a_technique_leads_to_its_point_and_the_dose_stands_in_the_address(site: Any, visit: Any) -> None:
    page = visit.open(f"{site.url}/techniques")
    marks = page.locator(".st-key-plane-chart .scatterlayer .trace .points path")
    marks.first.wait_for()
    page.locator(".st-key-steps-chart .scatterlayer .trace").first.wait_for()
    page.get_by_role("combobox", name="Dose").click()
    page.keyboard.type("width")
    page.keyboard.press("Enter")
    page.wait_for_url("**dose=architecture.width*")
    page.locator(".st-key-dose-accuracy-chart .xtitle", has_text="Architecture width, x").wait_for()
    page = visit.open(page.url)
    page.locator(".st-key-dose-accuracy-chart .xtitle", has_text="Architecture width, x").wait_for()
    visit.click_row("steps-table")
    page.wait_for_url("**/point?run=*")
    assert page.url.split("run=")[1] in site.logged


def test_boxes_beside_the_table_lead_to_points_beside_each_other(site: Any, visit: Any) -> None:
    page = visit.open(site.url)
    page.wait_for_selector(POINTS)
    visit.click_row("frontier-table", row=0, x=18)
    page.get_by_role("button", name="Compare 1 point").wait_for()
    visit.click_row("frontier-table", row=1, x=18)
    page.get_by_role("button", name="Compare 2 points").click()
    page.wait_for_url("**/compare?points=*")
    first, second = page.url.split("points=")[1].replace("%2C", ",").split(",")
    assert {first, second} <= set(site.logged[1:])
    page.get_by_text("The reference: the others stand against it.").wait_for()
    page.wait_for_function("document.querySelectorAll('.st-key-overlay-chart .boxlayer .trace.boxes').length === 2")
    page.get_by_role("combobox", name="Against").click()
    page.keyboard.type("B ·")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**ref={second}*")


def test_a_budget_is_set_with_the_keyboard_answered_in_words_and_kept_in_the_address(site: Any, visit: Any) -> None:
    page = visit.open(site.url)
    page.wait_for_selector(POINTS)
    page.get_by_role("button", name="Budget").focus()
    page.keyboard.press("Enter")
    field = page.get_by_role("textbox", name="At most, latency (ms)")
    field.fill("0.06")
    field.press("Enter")
    page.wait_for_url("**bx=0.06*")
    page.get_by_text("Best with at most 0.06 ms latency").wait_for()
    page.wait_for_function("document.querySelectorAll('.st-key-frontier-chart .shapelayer path').length === 1")
    page = visit.open(page.url)
    page.get_by_text("Best with at most 0.06 ms latency").wait_for()


def test_a_chart_is_taken_away_as_a_page_that_stands_alone(site: Any, visit: Any, browser: Any, tmp_path: Path) -> None:
    page = visit.open(site.url)
    page.wait_for_selector(POINTS)
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as taken:
        page.get_by_role("button", name="Chart frontier as a page").click()
    path = tmp_path / taken.value.suggested_filename
    taken.value.save_as(path)
    assert path.name == "effcore-frontier.html"
    alone = browser.new_page()
    asked: list[str] = []
    alone.on("request", lambda r: asked.append(r.url) if r.url.startswith("http") else None)
    alone.goto(path.as_uri())
    alone.wait_for_selector(".scatterlayer .trace")
    buttons = alone.locator(".modebar-btn").evaluate_all("all => all.map(b => b.dataset.title)")
    alone.close()
    assert buttons == ["Download plot"] and asked == []


def test_launch_submits_once_however_often_it_is_clicked_and_cancels(site: Any, visit: Any) -> None:
    page = visit.open(f"{site.url}/launch")
    name = page.get_by_role("textbox", name="Name", exact=True)
    name.fill("from the browser")
    name.press("Enter")
    page.locator(".st-key-form-pruning").get_by_text("With and without").click()
    page.get_by_role("button", name="Submit 2 variants").dblclick()
    page.get_by_text("Watch it on the frontier").wait_for()
    row = page.locator('[class*="st-key-sweep-"]').filter(has_text="from the browser")
    row.get_by_text("waiting").wait_for()
    found = [s for s in site.store.sweeps() if s.name == "from the browser"]
    assert [(s.state, s.origin) for s in found] == [("waiting", "page")]
    assert "- pruning: [none, {}]" in site.store.spec_text(found[0].run_id)
    row.get_by_role("button", name="Cancel").click()
    row.get_by_text("cancelled").wait_for()
    assert [s.state for s in site.store.sweeps() if s.name == "from the browser"] == ["cancelled"]


def test_problems_stand_in_place_while_typing_is_all_that_happened(site: Any, visit: Any) -> None:
    page = visit.open(f"{site.url}/launch")
    width = page.get_by_role("textbox", name="Width (x)", exact=True)
    width.fill("<b>9</b>")
    width.press("Enter")
    page.locator('[class*="problem-architecture-width"]').get_by_text("Must be a number. Got '<b>9</b>'.").wait_for()
    page.get_by_role("button", name=re.compile("^Submit")).wait_for(state="detached")  # drawn later than the problem


@pytest.mark.parametrize(
    ("visit", "paper"),
    [({"color_scheme": "light"}, "rgb(255, 255, 255)"), ({"color_scheme": "dark"}, "rgb(18, 22, 28)")],
    indirect=["visit"],
)
def test_page_and_figure_share_their_paper_in_both_looks(site: Any, visit: Any, paper: str) -> None:
    page = visit.open(site.url)
    page.wait_for_selector(POINTS)
    page.wait_for_function(
        f"getComputedStyle(document.querySelector('.st-key-frontier-chart .main-svg')).backgroundColor === {paper!r}"
    )
    assert page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor") == paper


@pytest.mark.parametrize("visit", [{"viewport": {"width": w, "height": 900}} for w in (400, 1280, 1920)], indirect=True)
@pytest.mark.parametrize("path", ["/", "/techniques", "/compare?points={},{}", "/search", "/launch", "/point?run={}"])
def test_nothing_runs_over_the_edge(site: Any, visit: Any, path: str) -> None:
    page = visit.open(site.url + path.format(site.logged[3], site.logged[4]))
    page.wait_for_timeout(1500)
    wide = page.evaluate(
        "document.querySelector('.stMain').scrollWidth - document.querySelector('.stMain').clientWidth"
    )
    assert wide <= 0


def test_no_clutter_of_the_framework(site: Any, visit: Any) -> None:
    page = visit.open(site.url)
    page.wait_for_selector(POINTS)
    assert page.get_by_text(re.compile("Deploy|Made with")).count() == 0
    assert page.locator("footer, [data-testid='stDecoration'], .modebar-btn").count() == 0


def test_the_process_listens_on_this_machine_only_and_has_no_torch(site: Any, visit: Any) -> None:
    for path in ("/", "/techniques", f"/compare?points={site.logged[3]},{site.logged[4]}", "/launch", f"/point?run={site.logged[3]}"):
        visit.open(site.url + path)
    time.sleep(1)
    sockets = [
        line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    ]
    listening = {s[1] for s in sockets if s[3] == "0A" and int(s[1].split(":")[1], 16) == site.port}
    assert listening == {f"0100007F:{site.port:04X}"}
    assert "libtorch" not in Path(f"/proc/{site.process.pid}/maps").read_text()
