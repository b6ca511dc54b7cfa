"""What a lecturer takes from the frontier, in a real browser: the hand-out, a frozen view, a recorded study, a challenge."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fake_store import MACHINE
from PIL import Image

from dashboard.exports.drawing import browser as drawing_browser

pytestmark = pytest.mark.browser
POINTS = ".st-key-frontier-chart .scatterlayer .trace .points path"


def count_points(page: Any, number: int) -> None:
    page.wait_for_function(f"document.querySelectorAll({POINTS!r}).length === {number}")


@pytest.mark.skipif(drawing_browser() is None, reason="no browser on this machine draws pictures")
def test_one_click_gives_the_hand_out(site: Any, visit: Any, tmp_path: Path) -> None:
    page = visit.page
    page.set_default_timeout(90_000)
    page.goto(f"{site.url}/?bx=0.5")
    with page.expect_download(timeout=120_000) as download:  # a browser draws four pictures
        page.get_by_role("button", name="Hand-out").click()  # as soon as it is there, while the rest is still being drawn
    assert download.value.suggested_filename == "effcore-hand-out-frontier.zip"
    download.value.save_as(tmp_path / "hand-out.zip")
    archive = zipfile.ZipFile(tmp_path / "hand-out.zip")
    pictures = {f"slide-{look}.{kind}" for look in ("light", "dark") for kind in ("svg", "png")}
    assert set(archive.namelist()) == pictures | {"points.csv", "spec.yaml", "README.md"}
    assert archive.read("spec.yaml").decode().startswith("name: small")
    readme = archive.read("README.md").decode()
    assert f"{site.url}/?bx=0.5" in readme and "measured 20" in readme and "effcore run spec.yaml" in readme
    svg = archive.read("slide-light.svg").decode()
    assert "Accuracy against latency" in svg and "Latency, ms" in svg and "Accuracy, %" in svg
    view = site.store.variants()[0]
    assert MACHINE["machine"] in svg and f"measured {datetime.fromtimestamp((view.ended_ms or 0) / 1000, tz=UTC):%Y-%m-%d}" in svg
    for look in ("light", "dark"):
        width, height = Image.open(io.BytesIO(archive.read(f"slide-{look}.png"))).size
        assert width * 9 == height * 16 and width >= 1280
        assert 'width="1280"' in archive.read(f"slide-{look}.svg").decode().split(">", 1)[0]
    header = archive.read("points.csv").decode().splitlines()[0]
    assert "latency_ms" in header and "accuracy" in header
    page.get_by_role("button", name="Save it again").wait_for()


@pytest.mark.slow
@pytest.mark.skipif(drawing_browser() is None, reason="no browser on this machine draws pictures")
def test_no_click_on_the_hand_out_is_lost(site: Any, visit: Any) -> None:
    """At any moment while a page is drawn, again and again."""
    visit.page.set_default_timeout(90_000)
    for wait_ms in (0, 500, 1000, 2500):
        visit.page.goto(f"{site.url}/?bx=0.{wait_ms + 1}")
        button = visit.page.get_by_role("button", name="Hand-out")
        button.wait_for()
        visit.page.wait_for_timeout(wait_ms)
        with visit.page.expect_download(timeout=120_000):
            button.click()
        visit.page.wait_for_timeout(3000)


def test_a_frozen_view_has_no_controls_and_stays_as_it_is(site: Any, visit: Any) -> None:
    page = visit.open(site.url)
    count_points(page, 5)
    page.get_by_role("button", name="For class").click()
    address = page.locator('[data-testid="stPopoverBody"] code').first.inner_text()
    assert address.startswith(f"{site.url}/?") and "frozen=1" in address and f"sweep={site.sweep}" in address
    page = visit.open(address, wait=".st-key-still-chart .main-svg")
    still = POINTS.replace("frontier-chart", "still-chart")
    page.wait_for_function(f"document.querySelectorAll({still!r}).length === 5")
    for hidden in (".st-key-lens", ".st-key-bound-sweep", "header[data-testid='stHeader']", ".st-key-hand-over", ".st-key-health"):
        assert page.locator(hidden).first.is_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")
    site.log_next()
    page.wait_for_timeout(6000)
    assert page.locator(still).count() == 5
    page.reload()
    page.wait_for_function(f"document.querySelectorAll({still!r}).length === 5")


SIZES = ((1280, 720), (400, 800))


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}")
def test_a_frozen_view_shows_its_chart_at_once_and_controls_where_they_are_asked_for(two_techniques: str, open_tab: Any, size: Any) -> None:
    page = open_tab(viewport={"width": size[0], "height": size[1]}).page
    page.set_default_timeout(90_000)
    page.goto(f"{two_techniques}/")
    page.locator(".st-key-frontier-chart .main-svg").first.wait_for()
    runs = page.evaluate("[...document.querySelectorAll('.js-plotly-plot')][0].data.flatMap(t => t.customdata || []).flat()")
    views = {"": "still-chart", "techniques": "plane-chart"}
    views |= {f"compare?points={runs[0]},{runs[1]}": "overlay-chart", f"point?run={runs[0]}": "samples-chart"}
    for view, chart in views.items():
        page.goto(f"{two_techniques}/{view}")
        page.get_by_role("button", name="For class").click()
        page.locator('[data-testid="stPopoverBody"] code').nth(1).wait_for()
        addresses = page.locator('[data-testid="stPopoverBody"] code').all_inner_texts()
        for address, bare in zip(addresses[-2:], (True, False), strict=True):
            page.goto(address)
            page.get_by_text("As of 20").wait_for()
            seen = f".st-key-{chart}-narrow" if bare and size[0] <= 640 else f".st-key-{chart}"
            page.locator(f"{seen} .main-svg").first.wait_for()
            controls = page.locator('[data-testid="stSelectbox"], [data-testid="stMultiSelect"], [data-testid="stPopover"], [data-testid="stButton"]')
            assert any(one.is_visible() for one in controls.all()) is not bare
            if bare:
                page.wait_for_timeout(1500)
                box = page.locator(f"{seen} .js-plotly-plot").first.bounding_box()
                fits = box["height"] <= size[1] - 20 if "run" in view or "points" in view else box["y"] + box["height"] <= size[1]
                assert fits and box["height"] >= 240, (view, box)
                assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")


def test_the_recorded_study_is_one_click_away_and_back(site: Any, visit: Any) -> None:
    page = visit.open(f"{site.url}/?study=demo")
    page.get_by_text("A recorded study of").wait_for()
    page.locator(".st-key-frontier-chart .main-svg").first.wait_for()
    page.get_by_role("link", name="Techniques").first.click()
    page.get_by_text("A recorded study of").wait_for()
    page.get_by_role("link", name="Back to what runs here").click()
    page.wait_for_function("!document.body.innerText.includes('A recorded study of')")
    count_points(page, len(site.logged) - 1)
