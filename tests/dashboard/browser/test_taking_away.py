"""What the export button gives, as files that a browser downloads."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from fake_store import NASTY

from dashboard.exports.drawing import browser as drawing_browser
from effcore.spec import parse

pytestmark = [pytest.mark.browser, pytest.mark.slow]
draws = pytest.mark.skipif(drawing_browser() is None, reason="no browser on this machine draws pictures")


def open_menu(tab: Any, url: str, *, chart: str) -> Any:
    """The page with its export menu open, once everything is drawn."""
    page = tab.open(url)
    page.locator(f"{chart} .main-svg").first.wait_for()
    page.locator('[data-testid="stDataFrame"]').first.wait_for()
    page.wait_for_timeout(1000)  # a click while tables are still being drawn goes to a button that is then another one
    page.get_by_role("button", name="Export").click()
    return page


def take(page: Any, label: str) -> tuple[str, bytes]:
    """Name and content of the file behind a button of the menu."""
    with page.expect_download(timeout=60_000) as taken:
        page.get_by_role("button", name=label, exact=True).click()
    return taken.value.suggested_filename, Path(taken.value.path()).read_bytes()


def test_tables_of_names_with_markup_hold_no_formula_and_the_page_no_image(states: str, tab: Any, browser: Any, tmp_path: Path) -> None:
    page = open_menu(tab, f"{states}/?state=markup", chart=".st-key-frontier-chart")
    name, content = take(page, "Table points as CSV")
    rows = list(csv.reader(io.StringIO(content.decode())))
    assert name == "effcore-points.csv" and rows[0][1] == "point" and len(rows) == 14
    assert all(row[1].startswith(f"'{NASTY}") for row in rows[1:])
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    name, content = take(page, "Table points for LaTeX")
    text = content.decode()
    assert name == "effcore-points.tex" and r"\textless{}img src=x onerror=alert(1)\textgreater{}" in text and r"\$x\textasciicircum{}2\$" in text
    name, content = take(page, "Chart frontier as a page")
    (tmp_path / name).write_bytes(content)
    alone = browser.new_page()
    said: list[str] = []
    alone.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    alone.goto((tmp_path / name).as_uri())
    alone.wait_for_selector(".scatterlayer .trace")
    found = alone.locator('img[src="x"]').count()
    alone.close()
    assert (found, said) == (0, [])


@draws
def test_a_chart_is_a_picture_for_a_slide(states: str, tab: Any) -> None:
    page = open_menu(tab, f"{states}/?state=done", chart=".st-key-frontier-chart")
    name, content = take(page, "Chart frontier as SVG")
    svg = content.decode()
    assert name == "effcore-frontier.svg" and svg.startswith("<svg") and "Accuracy against latency" in svg and "Latency, ms" in svg
    assert "AMD EPYC 7763" in svg and re.search(r'width="1280" height="720"', svg)
    name, content = take(page, "Chart frontier as PNG")
    assert name == "effcore-frontier.png" and content[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(content[16:20]), int.from_bytes(content[20:24])) == (2560, 1440)


def test_the_spec_of_a_view_is_that_of_its_sweep(states: str, tab: Any) -> None:
    page = open_menu(tab, f"{states}/?state=done", chart=".st-key-frontier-chart")
    name, content = take(page, "The spec")
    assert name == "effcore-spec.yaml" and parse(content.decode()).name == "quickstart"


@draws
@pytest.mark.parametrize(
    ("path", "chart", "names"),
    [
        ("?state=done", "frontier", {"frontier.html", "frontier.svg", "frontier.png", "points.csv", "points.tex", "spec.yaml"}),
        (
            "techniques?state=done", "plane",
            {"plane.html", "plane.svg", "plane.png", "steps.svg", "techniques.csv", "techniques.tex", "steps-pruning.csv", "pairs-accuracy.csv"},
        ),
        ("search?state=search", "growth", {"growth.svg", "moment.svg", "candidates.csv", "candidates.tex", "spec.yaml"}),
    ],
)  # fmt: skip
def test_all_of_a_page_is_taken_away_together(states: str, tab: Any, path: str, chart: str, names: set[str]) -> None:
    page = tab.open(f"{states}/{path}")
    page.locator(f".st-key-{chart}-chart .main-svg").first.wait_for()
    page.wait_for_timeout(2500)  # charts further down are drawn late, and are in the menu then
    page.get_by_role("button", name="Export").click()
    _, content = take(page, "All of it together")
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert names <= set(archive.namelist())
    assert all(archive.read(name).startswith(b"<svg") for name in archive.namelist() if name.endswith(".svg"))
