"""The whole way in a real browser: fill the form, submit, watch it finish, see its points; cancel another halfway."""

from __future__ import annotations

import re

import pytest
from homes import Home, wait_for
from playwright.sync_api import Locator, Page
from test_serve import Served

pytestmark = [pytest.mark.slow, pytest.mark.browser]

def type_into(page: Page, label: str, text: str) -> None:
    box = page.get_by_role("textbox", name=label, exact=True)
    box.fill(text)
    box.press("Enter")


def fill(page: Page, *, name: str, widths: str, epochs: str) -> None:
    """A sweep of cnn, which the form proposes, on digits."""
    type_into(page, "Name", name)
    page.get_by_role("combobox", name="Task").click()
    page.get_by_role("option", name="digits").click()
    type_into(page, "Width (x)", widths)
    type_into(page, "Epochs", epochs)


def row(page: Page, name: str) -> Locator:
    return page.locator('[class*="st-key-sweep-"]').filter(has_text=name)


def measured_again_from_its_page(page: Page, base: str, served: Served) -> None:
    before = next(v for v in served.store.variants())
    page.goto(f"{base}/point?run={before.run_id}")
    page.get_by_role("button", name="Measure again").click()
    wait_for(lambda: served.store.again(before.run_id).state == "measuring", served.command)
    wait_for(lambda: served.store.again(before.run_id).state != "measuring", served.command, every_s=0.1)
    assert served.store.again(before.run_id).error == ""
    page.get_by_role("button", name="Measure again").wait_for()
    after = next(v for v in served.store.variants() if v.run_id == before.run_id)
    assert (after.ended_ms or 0) > (before.ended_ms or 0)
    assert after.metrics["latency_ms"] != before.metrics["latency_ms"] and after.metrics["accuracy"] == before.metrics["accuracy"]


def test_a_sweep_from_the_form_to_its_points_and_another_cancelled_halfway(home: Home, page: Page) -> None:
    served = Served(home)
    base = f"http://127.0.0.1:{served.port}"
    page.goto(base)
    page.goto(f"{base}/launch")
    fill(page, name="by hand", widths="0.25, 0.5", epochs="1")
    page.get_by_role("button", name="Submit 2 variants").click()
    row(page, "by hand").get_by_text(re.compile("^done")).wait_for()
    page.goto(base)
    page.wait_for_selector(".js-plotly-plot .scatterlayer .point")
    page.get_by_text(re.compile("2 points")).wait_for()
    names = {v.name for v in served.store.variants()}
    assert len(names) == 2 and all(name.startswith("cnn x0.") for name in names)
    measured_again_from_its_page(page, base, served)

    page.goto(f"{base}/launch")
    fill(page, name="too long", widths="0.25, 0.5, 1", epochs="200")
    page.get_by_role("button", name="Submit 3 variants").click()
    wait_for(lambda: home.running("train"), served.command)
    row(page, "too long").get_by_role("button", name="Cancel").click()
    row(page, "too long").get_by_text(re.compile("^cancelled")).wait_for()
    (record,) = [s for s in served.store.sweeps() if s.name == "too long"]
    assert (record.state, record.done) == ("cancelled", 0)
    wait_for(lambda: home.server() is None, served.command)
