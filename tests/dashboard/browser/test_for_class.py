"""What a lecturer takes from the frontier, in a real browser: the hand-out, a frozen view, a recorded study, a challenge."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from dashboard.drawing import browser as drawing_browser

pytestmark = pytest.mark.browser
POINTS = ".st-key-frontier-chart .scatterlayer .trace .points path"


def count_points(page: Any, number: int) -> None:
    page.wait_for_function(f"document.querySelectorAll({POINTS!r}).length === {number}")


@pytest.mark.skipif(drawing_browser() is None, reason="no browser on this machine draws pictures")
def test_one_click_gives_the_hand_out(site: Any, visit: Any, tmp_path: Path) -> None:
    page = visit.open(f"{site.url}/?bx=0.5")
    count_points(page, 5)
    page.wait_for_timeout(4000)  # a click while the page is still being drawn goes to a button that is then another one
    with page.expect_download(timeout=120_000) as download:  # a browser draws four pictures
        page.get_by_role("button", name="Hand-out").click()
    download.value.save_as(tmp_path / "hand-out.zip")
    archive = zipfile.ZipFile(tmp_path / "hand-out.zip")
    pictures = {f"slide-{look}.{kind}" for look in ("light", "dark") for kind in ("svg", "png")}
    assert set(archive.namelist()) == pictures | {"points.csv", "spec.yaml", "README.md"}
    assert archive.read("spec.yaml").decode().startswith("name: small")
    readme = archive.read("README.md").decode()
    assert f"{site.url}/?bx=0.5" in readme and "measured 20" in readme and "effcore run spec.yaml" in readme
    svg = archive.read("slide-light.svg").decode()
    assert "Accuracy against latency" in svg and "Latency, ms" in svg
    header = archive.read("points.csv").decode().splitlines()[0]
    assert "latency_ms" in header and "accuracy" in header


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


def test_the_recorded_study_is_one_click_away_and_back(site: Any, visit: Any) -> None:
    page = visit.open(f"{site.url}/?study=demo")
    page.get_by_text("A recorded study of").wait_for()
    page.locator(".st-key-frontier-chart .main-svg").first.wait_for()
    page.get_by_role("link", name="Techniques").first.click()
    page.get_by_text("A recorded study of").wait_for()
    page.get_by_role("link", name="Back to what runs here").click()
    page.wait_for_function("!document.body.innerText.includes('A recorded study of')")
    count_points(page, len(site.logged) - 1)
