"""Lessons in a real browser: by keyboard alone, at projector and phone size, and a class in which nobody sees too early."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tabs import Watched, focus

from dashboard.classroom import KEY_FILE
from dashboard.lessons import LESSONS, recorded

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
KEY = "the key of this class"


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory, serve_home: Callable[[Path], str]) -> str:
    """The pages over an empty store with a class; their address."""
    home = tmp_path_factory.mktemp("school") / "home"
    home.mkdir()
    (home / KEY_FILE).write_text(KEY)
    return serve_home(home)


def walk(page: Page, key: str) -> None:
    """A lesson from its question to its end and on to the next one by keyboard alone."""
    lesson, data = LESSONS[key], recorded.read()
    page.get_by_text(lesson.question, exact=True).wait_for()
    focus(page, 'input[type="range"]')
    page.keyboard.press("ArrowRight")
    focus(page, f".st-key-lock-lesson-{key} button")
    page.keyboard.press("Enter")
    page.get_by_text("Locked: ").wait_for()
    page.keyboard.press("PageDown")
    page.get_by_text(lesson.truth(data).text, exact=True).wait_for()
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1"), "nothing sticks out to the side"
    page.keyboard.press("PageDown")
    page.get_by_text(lesson.learned(data)[0], exact=True).wait_for()
    assert page.get_by_text("Traceback").count() == 0
    keys = list(LESSONS)
    if key != keys[-1]:
        page.keyboard.press("PageDown")
        page.get_by_text(LESSONS[keys[keys.index(key) + 1]].question, exact=True).wait_for()


@pytest.mark.slow
@pytest.mark.parametrize("key", LESSONS)
def test_every_lesson_on_a_phone_by_its_address(site: Any, open_tab: Any, key: str) -> None:
    page = open_tab(viewport={"width": 400, "height": 800}).page
    page.goto(f"{site.url}/lesson?lesson={key}")
    walk(page, key)


@pytest.mark.slow
def test_all_lessons_on_a_projector_one_after_the_other(site: Any, open_tab: Any) -> None:
    page = open_tab(viewport={"width": 1280, "height": 720}).page
    page.goto(f"{site.url}/lesson?lesson={next(iter(LESSONS))}&projector=1")
    for key in LESSONS:
        walk(page, key)
        assert "projector=1" in page.url


def joined(tab: Watched, url: str, name: str) -> None:
    """Join the class and go to the lesson within the same session."""
    tab.page.goto(f"{url}/class")
    tab.page.get_by_label("Your name, or any other").fill(name)
    tab.page.get_by_role("button", name="Join").click()
    tab.page.get_by_text(f"You are {name}.").wait_for()
    to_the_lesson(tab.page)


def to_the_lesson(page: Page) -> None:
    page.get_by_role("link", name="Lessons").first.click()
    page.locator(".st-key-open-frontier button").first.click()
    page.get_by_text(LESSONS["frontier"].question, exact=True).wait_for()


def lock(page: Page, steps: int) -> None:
    page.locator('input[type="range"]').focus()
    for _ in range(steps):
        page.keyboard.press("ArrowRight")
    page.get_by_text(f"{1 + steps} networks").first.wait_for()
    page.locator(".st-key-lock-lesson-frontier button").click()
    page.get_by_text(f"Locked: {1 + steps} networks.").wait_for()


@pytest.mark.slow
def test_nobody_sees_the_answer_or_a_guess_before_the_instructor_releases_it(school: str, open_tab: Any) -> None:
    truth = LESSONS["frontier"].truth(recorded.read())
    ada, bob, teacher = open_tab(), open_tab(), open_tab()
    joined(ada, school, "Ada")
    joined(bob, school, "Bob")
    lock(ada.page, 3)
    lock(bob.page, 16)
    for tab in (ada, bob):
        tab.page.locator(".st-key-next button").click()
        tab.page.get_by_text("2 of 2 have locked a guess.").wait_for()
        assert not tab.heard(truth.text) and tab.page.locator(".js-plotly-plot").count() == 0
    assert not ada.heard("17 networks") and not bob.heard("Locked: 4 networks")
    teacher.page.goto(f"{school}/class")
    teacher.page.get_by_label("Instructor's key").fill(KEY)
    teacher.page.get_by_role("button", name="Show the controls").click()
    teacher.page.get_by_text("you can now release").wait_for()
    to_the_lesson(teacher.page)
    teacher.page.locator(".st-key-release-lesson-frontier button").click()
    for tab, own in ((ada, 4), (bob, 17)):
        tab.page.get_by_text(truth.text, exact=True).wait_for()
        tab.page.get_by_text(f"You guessed {own} networks").wait_for()
        tab.page.get_by_text("2 guesses of the class").wait_for()
        assert not tab.heard(KEY)
    assert KEY not in teacher.page.url and not ada.heard("Bob") and not bob.heard("Ada")


def test_the_projector_is_large_and_goes_on_and_back_by_key(site: Any, open_tab: Any) -> None:
    page, lesson = open_tab(viewport={"width": 1920, "height": 1080}).page, LESSONS["measuring"]

    def large() -> tuple[str, bool]:
        return page.evaluate("getComputedStyle(document.documentElement).fontSize"), page.locator("header[data-testid='stHeader']").is_hidden()

    page.goto(f"{site.url}/lesson?lesson=measuring")
    page.get_by_text(lesson.question, exact=True).wait_for()
    assert large() == ("17.5px", False)
    page.get_by_role("button", name="Projector").wait_for()  # before it is there it has no key
    page.keyboard.press("p")
    page.get_by_role("button", name="Leave the projector").wait_for()
    page.wait_for_function("getComputedStyle(document.documentElement).fontSize === '23px'")
    assert large() == ("23px", True)
    onward, now = {1: "See the answer", 2: "What was learned", 3: "Next lesson"}, 1
    for key, number, words in (("PageDown", 2, "See"), ("PageDown", 3, "Learned"), ("PageUp", 2, "See"), ("PageUp", 1, "Guess")):
        page.get_by_role("button", name=onward[now]).wait_for()  # the button of this step has the key
        page.wait_for_timeout(500)
        page.keyboard.press(key)
        now = number
        page.get_by_text(f"{words} ({number} of 3)").wait_for()
        assert "projector=1" in page.url and f"step={number - 1}" in page.url
    page.wait_for_timeout(500)
    page.keyboard.press("p")
    page.wait_for_function("getComputedStyle(document.documentElement).fontSize === '17.5px'")


def test_the_list_of_lessons_is_drawn(site: Any, open_tab: Any, tmp_path: Path) -> None:
    page = open_tab().page
    page.goto(f"{site.url}/lessons")
    for lesson in LESSONS.values():
        page.get_by_text(lesson.question, exact=True).wait_for()
    page.screenshot(path=tmp_path / "lessons.png")
    assert (tmp_path / "lessons.png").stat().st_size > 10_000
