"""A class in real browsers: what who leads does from the panel, a challenge, and a step that nobody learns before it is released."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tabs import Watched, click_row, focus

from dashboard.views.predict import StepQuestion, step_question
from effcore.home import is_paused

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LONG = """name: long
task: digits
seeds: [0, 1, 2, 3, 4, 5]
recipe:
  - architecture: {family: cnn}
  - training: {epochs: 1000}
  - runtime: onnxruntime
"""


def join(tab: Watched, school: Any, name: str) -> Page:
    tab.page.goto(f"{school.url}/class")
    tab.page.get_by_label("Your name, or any other").fill(name)
    tab.page.get_by_role("button", name="Join").click()
    tab.page.get_by_text(f"You are {name}.").wait_for()
    return tab.page


def lead(tab: Watched, school: Any) -> Page:
    tab.page.goto(f"{school.url}/class")
    tab.page.get_by_label("Instructor's key").fill(school.key)
    tab.page.get_by_role("button", name="Show the controls").click()
    tab.page.get_by_text("you can now release").wait_for()
    return tab.page


def to(page: Page, name: str) -> None:
    """To another page of the same session."""
    page.get_by_role("link", name=name, exact=True).first.click()


def switch(page: Page, words: str, *, until: Any) -> None:
    """Press a toggle, and wait for what it brings about."""
    page.get_by_text(words).click()
    wait(page, until)


def press(page: Page, button: str, *, until: Any) -> None:
    """Press a button as a person does: again where it still stands there. Streamlit loses a click whose run is ended by another run."""
    for _ in range(3):
        page.locator(button).click()
        for _ in range(150):
            if until():
                return
            page.wait_for_timeout(100)
    raise AssertionError(f"nothing came of {button}")


def wait(page: Page, until: Any) -> None:
    """Until something holds."""
    for _ in range(300):
        if until():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not come about")


def saved(page: Page, button: str, folder: Path) -> list[list[str]]:
    """Rows of a CSV that a button gives."""
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    download.value.save_as(folder / download.value.suggested_filename)
    return list(csv.reader((folder / download.value.suggested_filename).read_text().splitlines()))


def test_the_panel_opens_with_the_key_alone(school: Any, open_tab: Any) -> None:
    tab = open_tab()
    tab.page.goto(f"{school.url}/class")
    tab.page.get_by_label("Instructor's key").fill("not the key of this class")
    tab.page.get_by_role("button", name="Show the controls").click()
    tab.page.get_by_text("That is not the key.").wait_for()
    assert tab.page.get_by_text("The queue is paused").count() == 0 and not tab.heard("sweeps are theirs")
    page = lead(tab, school)
    assert school.key not in page.url and not tab.heard(school.key)


def test_a_sweep_is_released_and_hidden_the_queue_paused_and_the_door_closed(school: Any, open_tab: Any) -> None:
    bob, teacher = open_tab(), lead(open_tab(), school)
    page = join(bob, school, "Bob")
    to(page, "Frontier")
    page.locator(".st-key-frontier-chart .main-svg").first.wait_for()
    assert not bob.heard("by Ada") and not bob.heard(school.adas)
    press(teacher, f".st-key-show-{school.adas} button", until=lambda: school.room.released(f"sweep-{school.adas}"))
    teacher.get_by_text("all may see it").wait_for()
    wait(page, lambda: bob.heard("by Ada"))  # the box with the sweeps has it without a reload
    press(teacher, f".st-key-hide-{school.adas} button", until=lambda: not school.room.released(f"sweep-{school.adas}"))
    teacher.locator(f".st-key-show-{school.adas} button").wait_for()

    switch(teacher, "The queue is paused", until=lambda: is_paused(school.home))
    to(page, "Launch")
    page.get_by_text("The queue is paused: what runs goes on").wait_for()
    switch(teacher, "The queue is paused", until=lambda: not is_paused(school.home))

    switch(teacher, "The door is closed", until=lambda: school.room.is_set("door closed"))
    late = open_tab().page
    late.goto(f"{school.url}/class")
    late.get_by_label("Your name, or any other").fill("Late")
    late.get_by_role("button", name="Join").click()
    late.get_by_text("The instructor has closed the door").wait_for()
    assert school.room.names() == ("Bob",)


def test_a_second_name_from_one_browser_is_refused_until_the_instructor_allows_it(school: Any, open_tab: Any) -> None:
    ada, teacher = open_tab(), lead(open_tab(), school)
    join(ada, school, "Ada")
    ada.page.goto(f"{school.url}/class")  # a new session of the same browser
    ada.page.get_by_label("Your name, or any other").fill("Ada again")
    ada.page.get_by_role("button", name="Join").click()
    ada.page.get_by_text("Somebody has joined from this browser already.").wait_for()
    switch(teacher, "A browser may join with a second name", until=lambda: school.room.is_set("more names"))
    ada.page.get_by_role("button", name="Join").click()
    ada.page.get_by_text("You are Ada again.").wait_for()


def test_what_is_exported_a_quota_that_is_kept_and_a_class_that_is_emptied(school: Any, open_tab: Any, tmp_path: Path) -> None:
    page, teacher = join(open_tab(), school, "Bob"), lead(open_tab(), school)
    to(page, "Launch")
    page.get_by_text("Paste a spec").click()
    page.locator(".st-key-pasted-spec textarea").fill(LONG)
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Submit 6 variants").click()  # that of the form may stand there yet
    page.get_by_text("Not submitted: It would take about").wait_for()
    page.get_by_text("0.5 of your 0.5 are left").wait_for()
    school.room.lock("lesson-frontier", school.room.come_back("Bob", word_of(school, "Bob")), 4.0)
    teacher.reload()
    teacher = lead_again(teacher, school)
    rows = saved(teacher, "All 1 guesses as CSV", tmp_path)
    assert rows[0] == ["question", "student", "guess", "at"] and rows[1][:3] == ["lesson-frontier", "Bob", "4.0"]
    rows = saved(teacher, "The students as CSV", tmp_path)
    assert rows[0][0] == "student" and rows[1][0] == "Bob" and len(rows) == 2
    switch(teacher, "The door is closed", until=lambda: school.room.is_set("door closed"))
    door = teacher.locator(".st-key-set-door input")
    assert door.is_checked()
    teacher.get_by_text("Start with an empty class").click()
    teacher.get_by_role("button", name="Forget the class").click()
    teacher.get_by_text("0 have joined").wait_for()
    wait(teacher, lambda: not door.is_checked())
    assert not school.room.is_set("door closed")
    to(page, "Class")
    page.get_by_label("Your name, or any other").wait_for()
    assert school.room.names() == ()


def word_of(school: Any, name: str) -> str:
    with school.room._open() as database:
        return str(database.execute("SELECT word FROM student WHERE name = ?", (name,)).fetchone()[0])


def lead_again(page: Page, school: Any) -> Page:
    """After the page was loaded anew, which is another session."""
    page.get_by_label("Instructor's key").fill(school.key)
    page.get_by_role("button", name="Show the controls").click()
    page.get_by_text("you can now release").wait_for()
    return page


def test_a_challenge_from_its_card_to_the_leaderboard_by_keyboard(school: Any, open_tab: Any) -> None:
    tab = open_tab()
    page = join(tab, school, "Ada")
    to(page, "Challenges")
    page.locator(".st-key-bound-card input").wait_for()
    page.goto(f"{school.url}/challenges?card=small")
    page.get_by_text("At most 200 kB, as accurate as you can.").wait_for()
    page.get_by_text("Join the class to hand in.").wait_for()  # a page that is loaded anew is another session
    page = come_back(page, school, "Ada")
    to(page, "Challenges")
    pick_card(page)
    page.get_by_text("Budgets: file size at most 0.2 MB").wait_for()
    page.get_by_text("Nobody has handed in yet.").wait_for()
    focus(page, ".st-key-pick-small input")
    page.keyboard.type("mlp x0.5")
    page.get_by_role("option", name="mlp x0.5").first.wait_for()
    page.keyboard.press("Enter")
    focus(page, ".st-key-hand-in button")
    page.keyboard.press("Enter")
    page.get_by_text("accepted, score").wait_for()
    page.get_by_text("Leaderboard", exact=True).wait_for()
    page.locator('[data-testid="stDataFrame"] canvas').first.wait_for()
    assert [h.student for h in school.room.handed_in("small")] == ["Ada"]
    bob = open_tab()
    other = join(bob, school, "Bob")
    to(other, "Challenges")
    pick_card(other)
    other.get_by_text("Leaderboard", exact=True).wait_for()
    assert not bob.heard("Ada") and not bob.heard("mlp x0.5 · prune")
    focus(page, "[class*='st-key-take-back-'] button")
    page.keyboard.press("Enter")
    page.get_by_text("Nobody has handed in yet.").wait_for()


def come_back(page: Page, school: Any, name: str) -> Page:
    page.goto(f"{school.url}/class")
    page.get_by_label("Your name from before").fill(name)
    page.get_by_label("The word you were shown").fill(word_of(school, name))
    page.get_by_role("button", name="Come back").click()
    page.get_by_text(f"You are {name}.").wait_for()
    return page


def pick_card(page: Page) -> None:
    """The card `small`, by keyboard."""
    focus(page, ".st-key-bound-card input")
    page.keyboard.type("small")
    page.get_by_role("option", name="small").first.wait_for()
    page.keyboard.press("Enter")
    page.get_by_text("At most 200 kB, as accurate as you can.").wait_for()


def test_no_page_and_no_message_tells_of_a_step_that_is_up(school: Any, open_tab: Any) -> None:
    teacher, ada, bob = open_tab(), open_tab(), open_tab()
    step = put_up(lead(teacher, school), school)
    before, after = step.before.run_id, step.after.run_id
    secret = told_by_it_alone(step, school)
    paths = ("/", f"/techniques?sweep={school.lecture}", f"/point?run={after}", f"/compare?points={before},{after}", f"/predict?run={after}",
             f"/?sweep={school.lecture}&x=size_mb", f"/search?sweep={school.lecture}", "/challenges", "/launch")  # fmt: skip
    for path in paths:
        ada.page.goto(school.url + path)
        ada.page.get_by_text("The class guesses a step: ").wait_for()
        ada.page.locator("[data-test-script-state=notRunning]").wait_for()
        ada.page.wait_for_timeout(1000)  # for what comes by itself after the page
    assert not [value for value in secret if ada.heard_number(value)]
    for tab, name, presses in ((ada, "Ada", 2), (bob, "Bob", 5)):
        guess_both(join(tab, school, name), step, presses)
    assert not [value for value in secret if bob.heard_number(value)] and not bob.heard("Ada")
    for part in ("latency", "accuracy"):
        assert not bob.page.get_by_role("link", name="The point").count()
        teacher.page.locator(f".st-key-release-step-{after}-{part} button").click()
        teacher.page.wait_for_timeout(1500)
    for tab in (ada, bob):
        tab.page.locator(".st-key-arrow .main-svg").first.wait_for()
        assert tab.page.get_by_text("2 guesses of the class").count() == 2
        tab.page.get_by_role("link", name="The point").click()
        tab.page.get_by_text("What its last step did").wait_for()
        wait(tab.page, lambda tab=tab: all(tab.heard_number(value) for value in secret))  # the same ears hear it once it is released


def told_by_it_alone(step: StepQuestion, school: Any) -> list[float]:
    """Figures of the point that no other point shows in the same digits."""
    def figures(variant: Any) -> list[float]:
        return [100 * variant.metrics["accuracy"], variant.metrics["latency_ms"], variant.metrics["size_mb"]]

    others = {f"{value:.3g}" for v in school.store.variants() if v.name != step.after.name for value in figures(v)}
    found = [value for value in figures(step.after) if f"{value:.3g}" not in others]
    assert len(found) >= 2
    return found


def put_up(page: Page, school: Any) -> StepQuestion:
    """Of the first point in the table of the lecture that has a step, by its page; which step that is."""
    variants = school.store.variants()
    for row in range(8):
        to(page, "Frontier")
        page.get_by_text("Accuracy against latency", exact=True).wait_for()
        click_row(page, "frontier-table", row=row)
        page.wait_for_url("**/point?run=*")
        page.get_by_text("Figures", exact=True).wait_for()
        if page.get_by_role("button", name="Let the class guess this step").count():
            found = step_question(variants, page.url.split("run=")[1][:32])
            assert found is not None
            page.get_by_role("button", name="Let the class guess this step").click()
            page.get_by_text("It is up: ").wait_for()
            return found
    raise AssertionError("no point has a step that can be guessed")


def guess_both(page: Page, step: StepQuestion, presses: int) -> None:
    """From the note that every page has, both parts by keyboard."""
    page.get_by_role("link", name="Guess it").click()
    page.get_by_text(f"What does this step do: {step.after.step}?").wait_for()
    for part in ("latency", "accuracy"):
        name = f"step-{step.after.run_id}-{part}"
        page.locator(f".st-key-slider-{name} input").focus()
        for _ in range(presses):
            page.keyboard.press("ArrowRight")
        page.locator(f".st-key-lock-{name} button").click()
        page.locator(f".st-key-locked-{name}-good-note").wait_for()
