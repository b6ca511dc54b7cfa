"""Launching from a point, from a preset and from an earlier sweep; what can be asked of the queue; stars and notes."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from effcore.spec import parse
from effcore.tracking.rows import PREFIX

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser
SEARCH = """name: a search
task: digits
recipe:
  - architecture: {family: mlp, width: {low: 0.25, high: 1.0}}
  - training: {epochs: 1}
  - runtime: onnxruntime
search: {strategy: tpe, budget: {minutes: 1}}
"""


def row_of(page: Page, name: str) -> Locator:
    return page.locator('[class*="st-key-sweep-"]').filter(has_text=name)


def run_of(site: Any, name: str) -> Any:
    return next(s for s in site.store.sweeps() if s.name.startswith(name))


def test_one_step_of_a_point_is_changed_and_submitted_in_two_clicks(site: Any, visit: Any) -> None:
    run_id = next(v.run_id for v in site.store.variants() if v.status == "FINISHED" and v.technique == "pruning")
    page = visit.open(f"{site.url}/point?run={run_id}")
    page.get_by_text("Change one step and launch it").click()
    page.get_by_role("button", name="Submit this variant").click()
    page.get_by_text("In the queue.").wait_for()
    sweep = run_of(site, "pruning amount 0.25")
    (recipe,) = parse(site.store.spec_text(sweep.run_id)).recipes
    assert (sweep.state, sweep.origin) == ("waiting", "page")
    assert next(s.config.amount for s in recipe.steps if s.technique == "pruning") == 0.25  # type: ignore[attr-defined]


def test_a_change_is_made_with_the_keyboard_alone(site: Any, visit: Any) -> None:
    run_id = next(v.run_id for v in site.store.variants() if v.status == "FINISHED" and v.technique == "pruning")
    page = visit.open(f"{site.url}/point?run={run_id}")
    page.locator(".st-key-variation summary").focus()
    page.keyboard.press("Enter")
    field = page.get_by_role("textbox", name=re.compile("^Instead of"))
    field.wait_for()
    for _ in range(6):
        page.keyboard.press("Tab")
        if field.evaluate("field => field === document.activeElement"):
            break
    page.keyboard.press("Control+A")
    page.keyboard.type("7e9")
    page.keyboard.press("Enter")
    page.locator('[class*="vary-problem-0"]').first.wait_for()
    page.get_by_role("button", name="Submit this variant").wait_for(state="detached")  # drawn later than the problem


def test_a_preset_waits_in_the_queue_stands_still_and_goes_on(site: Any, visit: Any) -> None:
    page = visit.open(f"{site.url}/launch")
    page.get_by_text("Take a preset", exact=True).click()
    page.locator(".st-key-preset-families").get_by_role("button", name="Take it").click()
    page.get_by_role("button", name="Submit 8 variants").click()
    row = row_of(page, "families")
    row.get_by_text("waiting").wait_for()
    row.get_by_role("button", name="Pause").click()
    row.get_by_text("paused", exact=True).wait_for()
    assert run_of(site, "families").state == "paused"
    row.get_by_role("button", name="Resume").click()
    row.get_by_text("waiting", exact=True).wait_for()
    assert run_of(site, "families").state == "waiting"
    row.get_by_role("button", name="Clone").click()
    field = page.get_by_role("textbox", name="Spec in YAML")
    field.fill(field.input_value().replace("name: families", "name: fewer families").replace(", residual, mobile", ""))
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Submit 4 variants").click()
    row_of(page, "fewer families").get_by_text("waiting").wait_for()


def test_a_clone_leads_from_the_form_to_the_field_for_pasted_specs_which_holds_it(site: Any, visit: Any) -> None:
    page = visit.open(f"{site.url}/launch")
    page.locator('[class*="st-key-form-architecture"]').first.wait_for()
    assert page.get_by_role("textbox", name="Spec in YAML").count() == 0
    page.locator(f".st-key-clone-{site.sweep}").get_by_role("button", name="Clone").click()
    field = page.get_by_role("textbox", name="Spec in YAML")
    field.wait_for()
    page.wait_for_function("document.querySelector('.st-key-pasted-spec textarea').value !== ''")
    assert field.input_value() == site.store.spec_text(site.sweep)
    page.get_by_role("button", name="Submit 8 variants").wait_for()


def test_the_log_of_a_sweep_grows_while_it_is_looked_at(site: Any, visit: Any) -> None:
    log = site.store.home / "logs" / f"sweep-{site.sweep}.log"
    log.parent.mkdir(exist_ok=True)
    log.write_text("small: 1 of 8 variants\n")
    page = visit.open(f"{site.url}/launch")
    row = row_of(page, "small")
    row.get_by_text("Log", exact=True).click()
    row.get_by_text("small: 1 of 8 variants").wait_for()
    with log.open("a") as file:
        file.write("small: 2 of 8 variants <b>\n")
    row.get_by_text("small: 2 of 8 variants <b>").wait_for()


def test_a_search_gets_another_budget_while_it_waits(site: Any, visit: Any) -> None:
    run_id = site.store.schedule(SEARCH)
    page = visit.open(f"{site.url}/launch")
    row = row_of(page, "a search")
    row.get_by_text("Budget", exact=True).click()
    field = row.get_by_role("textbox", name="Minutes")
    field.fill("2.5")
    field.press("Enter")
    row.get_by_role("button", name="Set the budget").click()
    row.get_by_text("Set. A search that runs hears of it within seconds.").wait_for()
    assert parse(site.store.spec_text(run_id)).search.budget.minutes == 2.5


def test_a_star_and_a_note_are_tags_in_mlflow_and_stand_on_the_frontier(site: Any, visit: Any) -> None:
    run_id = site.logged[2]
    page = visit.open(f"{site.url}/point?run={run_id}")
    page.get_by_role("button", name="Give it a star").click()
    page.get_by_role("button", name="Take the star away").wait_for()
    page.get_by_role("button", name="Note").click()
    page.get_by_role("textbox", name="What you want to remember of it").fill("**mine** <b>\n$x$")
    page.get_by_role("button", name="Keep").click()
    page.locator('[class*="reader-note"]').get_by_text("**mine** <b>").wait_for()
    tags = site.store._run(run_id).data.tags
    assert (tags[f"{PREFIX}star"], tags[f"{PREFIX}note"]) == ("1", "**mine** <b>\n$x$")
    page = visit.open(f"{site.url}/?starred=1")
    page.get_by_text("Only starred points").wait_for()
    page.wait_for_function("document.querySelectorAll('.st-key-frontier-chart .scatterlayer .trace .points path').length === 1")


def test_a_row_of_techniques_is_picked_again_after_the_box_chose_another(two_techniques: str, browser: Any, visit: Any) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    visit = type(visit)(page, [], [])
    visit.open(f"{two_techniques}/techniques?tech=pruning")
    page.locator(".st-key-steps-chart .scatterlayer .trace").first.wait_for()
    chosen = []
    for row in (0, 1, 0):
        visit.click_row("techniques-table", row=row)
        page.wait_for_timeout(2500)
        chosen.append(page.locator(".st-key-bound-tech input").input_value())
    assert chosen[0] == chosen[2] != chosen[1]
    page.get_by_role("combobox", name="Technique").click()
    page.get_by_role("option", name=chosen[1]).click()
    page.wait_for_function(f"document.querySelector('.st-key-bound-tech input').value === {chosen[1]!r}")
    page.wait_for_timeout(1500)
    visit.click_row("techniques-table", row=0)  # which was picked last, before the box chose another
    page.wait_for_function(f"document.querySelector('.st-key-bound-tech input').value === {chosen[0]!r}")
    page.close()


def test_all_of_compare_is_taken_away_together(site: Any, visit: Any, tmp_path: Path) -> None:
    page = visit.open(f"{site.url}/compare?points={site.logged[3]},{site.logged[4]}")
    page.locator(".st-key-overlay-chart .boxlayer .trace").first.wait_for()
    page.wait_for_timeout(1000)
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as taken:
        page.get_by_role("button", name="All of it together").click()
    taken.value.save_as(tmp_path / "all.zip")
    archive = zipfile.ZipFile(io.BytesIO((tmp_path / "all.zip").read_bytes()))
    assert {"figures.csv", "figures.tex", "recipes.csv", "overlay.html", "spec.yaml"} <= set(archive.namelist())
    assert len(parse(archive.read("spec.yaml").decode()).recipes) == 2

