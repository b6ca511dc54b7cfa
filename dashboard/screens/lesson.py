"""A lesson: guess, see, learn. Page down goes on, page up goes back, as the buttons of a presenter do."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboard import routes
from dashboard.lessons import LESSONS, recorded
from dashboard.lessons.lesson import Lesson
from dashboard.lessons.recorded import Recorded
from dashboard.screens.acts import (
    architectures,
    augmentation,
    distillation,
    frontier,
    measuring,
    operations,
    pruning,
    quantization,
    search,
    separable,
)
from dashboard.screens.guessing import Asked, ask, instruct, may_see, reveal
from dashboard.screens.parts import aim, explained, heading, note

ACTS: dict[str, Callable[[Recorded], None]] = {
    "frontier": frontier.act, "measuring": measuring.act, "operations": operations.act, "quantization": quantization.act, "pruning": pruning.act,
    "distillation": distillation.act, "augmentation": augmentation.act, "search": search.act, "architectures": architectures.act,
    "separable": separable.act,
}  # fmt: skip
STEPS = ("Guess", "See", "Learned")


@explained
def page() -> None:
    """The step of the lesson that the address names."""
    lesson, step = _chosen()
    projector = st.query_params.get(routes.PROJECTOR) == "1"
    if projector:
        st.html("<style>html { font-size: 23px; } header[data-testid='stHeader'] { display: none; } "
                ".stMainBlockContainer { padding-top: 1.5rem; }</style>")  # fmt: skip
    number = list(LESSONS).index(lesson.key) + 1
    heading(lesson.question, below=f"Lesson {number} of {len(LESSONS)}  ·  {lesson.title}  ·  {STEPS[step]} ({step + 1} of {len(STEPS)})")
    data = recorded.read()
    body = st.container()
    _steps(lesson, step, projector=projector)  # before what may take seconds to be worked out: until then the buttons of the last step stood there
    with body:
        (_guess, _see, _learned)[step](lesson, data)
    note(data.source, key="source")


def _chosen() -> tuple[Lesson, int]:
    key, step = st.query_params.get(routes.LESSON_KEY, ""), st.query_params.get(routes.STEP, "0")
    if key not in LESSONS and key:
        note(f"There is no lesson {key[:40]!r}. Shown is the first one.", key="no-lesson", tone="bad")
    lesson = LESSONS.get(key, next(iter(LESSONS.values())))
    return lesson, int(step) if step in ("0", "1", "2") else 0


def _asked_of(lesson: Lesson) -> Asked:
    return Asked(key=f"lesson-{lesson.key}", guess=lesson.guess)


def _guess(lesson: Lesson, data: Recorded) -> None:
    del data  # what is shown before the guess must not come from the answer
    ask(_asked_of(lesson))
    instruct(_asked_of(lesson))


def _see(lesson: Lesson, data: Recorded) -> None:
    instruct(_asked_of(lesson))
    if may_see(_asked_of(lesson)):
        reveal(_asked_of(lesson), lesson.truth(data))
        ACTS[lesson.key](data)


def _learned(lesson: Lesson, data: Recorded) -> None:
    for index, sentence in enumerate(lesson.learned(data) if may_see(_asked_of(lesson)) else ()):
        note(sentence, key=f"learned-{index}", tone="lead")


def _steps(lesson: Lesson, step: int, *, projector: bool) -> None:
    """Back, on, and out of the lesson."""
    keys = list(LESSONS)
    place = keys.index(lesson.key)
    before = (lesson.key, step - 1) if step else (keys[place - 1], 2) if place else None
    after = (lesson.key, step + 1) if step < 2 else (keys[place + 1], 0) if place + 1 < len(keys) else None
    words = "See the answer" if step == 0 else "What was learned" if step == 1 else "Next lesson"
    with st.container(horizontal=True, key="steps"):
        _step("Back", "back", before, projector=projector, icon="arrow_back", shortcut="pageup")
        _step(words, "next", after, projector=projector, icon="arrow_forward", shortcut="pagedown", primary=True)
        st.button("All lessons", key="all", icon=":material/apps:", on_click=aim, args=(routes.LESSONS,))
        words = "Leave the projector" if projector else "Projector"
        _step(words, "projector", (lesson.key, step), projector=not projector, icon="co_present", shortcut="p")


def _step(
    words: str, key: str, to: tuple[str, int] | None, *, projector: bool, icon: str, shortcut: str, primary: bool = False
) -> None:
    """A button to a step of a lesson; one that leads nowhere can't be pressed."""
    lesson, step = to or ("", 0)
    query = {routes.LESSON_KEY: lesson, routes.STEP: str(step)} | ({routes.PROJECTOR: "1"} if projector else {})
    st.button(
        words, key=key, icon=f":material/{icon}:", shortcut=shortcut, type="primary" if primary else "secondary", disabled=to is None,
        on_click=aim, args=(routes.LESSON, query),
    )  # fmt: skip


page()
