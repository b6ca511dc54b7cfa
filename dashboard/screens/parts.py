"""Parts that every page is laid out of.

Text that a user may have written goes through `st.text`, which reads neither Markdown nor HTML.
"""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any, Literal, NoReturn

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import data, routes, theme
from dashboard.data.places import DEMO
from dashboard.screens.refusal import refusal
from effcore.errors import EffcoreError, StoreGone, StoreLocked

LIVE_S, IDLE_S = 2.0, 5.0
"""How often a page looks for news while a sweep runs, and otherwise; a change from light to dark is seen no sooner."""

_STYLE = Path(__file__).resolve().parent / "style.css"
_TARGET = "page-to-go-to"
"""In the session: the page that was asked for, and the parameters of its address."""


def style() -> None:
    """Spacing and type of all pages."""
    st.html(_STYLE)


def go(page: Path, parameters: Mapping[str, str] | None = None) -> NoReturn:
    """To another page, from anywhere in a page, a part that fills by itself included.

    The page is changed by `follow` in a run of the whole script that has drawn nothing yet: changed within a run of a
    part, the browser now and then lost the first element of the new page, and with it all others.

    Args:
        page: One of `routes`.
        parameters: Of its address.
    """
    aim(page, parameters)
    st.rerun()


def aim(page: Path, parameters: Mapping[str, str] | None = None) -> None:
    """The same for callbacks: what they note is not lost, however busy the page is."""
    st.session_state[_TARGET] = page, dict(parameters or {})


def paste(text: str) -> None:
    """In a callback: to the launch page, with a spec in the field for pasted ones."""
    st.session_state[routes.PASTED] = text
    st.session_state[routes.LAUNCH_MODE] = routes.PASTE
    aim(routes.LAUNCH)


def follow() -> None:
    """Change to the page that `go` asked for; called before anything is drawn."""
    if _TARGET in st.session_state:
        page, parameters = st.session_state.pop(_TARGET)
        st.switch_page(page, query_params=parameters)


def current_look() -> theme.Look:
    """Light or dark, as the browser shows the page."""
    return theme.look(st.context.theme.type)


def heading(text: str, *, key: str = "title", below: str = "", help: str | None = None) -> None:
    """A title, with a quiet line below it; both may hold what a user wrote.

    Args:
        text: The title.
        key: Unique on the page; one that ends in `section` makes the title of a section.
        below: Empty for none.
        help: Behind a question mark; Markdown, and so never from a user.
    """
    with st.container(key=f"{key}-heading", gap=None, width="content" if help else "stretch"):
        st.text(text, help=help)
    if below:
        note(below, key=f"{key}-below")


def note(text: str, *, key: str, tone: str = "quiet", width: Literal["stretch", "content"] = "stretch") -> None:
    """A line of text; the tone `quiet`, `plain`, `strong`, `good`, `bad`, `busy` or `lead` sets its look."""
    with st.container(key=f"{key}-{tone}-note", width=width, gap=None):
        st.text(text)


def letter_chip(letter: str) -> None:
    """The letter of a point that is compared, on its colour; shape and letter tell without colour."""
    color = theme.contender(ord(letter) - ord("A")).color(current_look())
    # Letter and colour are our own constants; nothing that a user wrote is in this line.
    st.html(f'<span class="letter-chip" style="border-color:{color}">{letter}</span>', width="content")


def problem(text: str, *, key: str) -> None:
    """What is wrong with the field above it."""
    note(text, key=key, tone="bad")


def empty(
    title: str, text: str, *, command: str = "", icon: str = ":material/stairs_2:", launch: bool = True, study: bool = False
) -> None:
    """A page that has nothing to show yet: why, and what to do.

    Args:
        title, text: Our own words or a user's; shown as plain text.
        command: What to type.
        icon: One of Streamlit's.
        launch: Whether to lead to the launch page.
        study: Whether to lead to the recorded study that ships, where none is open.
    """
    with st.container(key="empty", horizontal_alignment="center", gap="small"):
        st.markdown(icon)
        heading(title, key="empty")
        note(text, key="empty")
        if command:
            st.code(command, language="bash", width="content")
        if launch:
            st.page_link(routes.LAUNCH, label="Launch a sweep", icon=":material/play_arrow:")
        if study and data.recorded() is None:
            st.page_link(routes.FRONTIER, label="Look at a recorded study", icon=":material/history:", query_params={routes.STUDY: DEMO})


def explained(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with our own errors shown as a designed page; others are bugs and stay visible as such."""
    part = f"{function.__code__.co_filename} {function.__name__}"

    @wraps(function)
    def wrapper(*args: Any, **options: Any) -> Any:
        try:
            if _TARGET in st.session_state:  # a callback of a part that fills by itself asked for another page
                st.rerun()
            if why := refusal(part):
                note(why, key=f"refused-{function.__name__}", tone="bad")
            data.know_own()
            found = function(*args, **options)
            _tell_trouble()
            return found
        except EffcoreError as error:
            empty("This can't be shown", str(error), icon=":material/report:", launch=False)
            if isinstance(error, StoreLocked | StoreGone):
                st.fragment(run_every=LIVE_S)(_once_it_is_back)(time.monotonic())
            return None

    return wrapper


def _once_it_is_back(drawn_s: float) -> None:
    """Draw the whole page anew once the store can be read: nothing else does where it never could."""
    if time.monotonic() - drawn_s > LIVE_S / 2:  # not within the run that has just failed
        with suppress(EffcoreError):
            data.snapshot()
            st.rerun()


TOLD = "trouble-told"
"""In the session: whether the page says at its head that the store can't be read now."""


def _tell_trouble() -> None:
    """Draw the whole page anew where a part that fills by itself finds the store in trouble, or out of it."""
    if TOLD in st.session_state and st.session_state[TOLD] != (data.trouble() is not None):
        st.rerun()


def distinct(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels by key, told apart by their keys where several are the same: a box knows its options by their labels."""
    counts = Counter(labels.values())
    return {key: f"{label} · {key[:12]}" if counts[label] > 1 else label for key, label in labels.items()}


def bound_now(options: Collection[str], *, name: str, default: str) -> str:
    """What `bound` with that name will return in this run: what the reader has just chosen, else what the address says.

    For parts of a page that are drawn before the box.

    Args:
        options: What may be chosen.
        name: Query parameter.
        default: What stands for an address without the parameter.
    """
    held, given = st.session_state.get(f"bound-{name}"), st.query_params.get(name)
    if held in options and given == st.session_state.get(f"seen-{name}"):
        return str(held)
    return given if given is not None and given in options else default


def bound(
    label: str, options: Sequence[str], *, name: str, default: str, labels: Mapping[str, str], notes: DeltaGenerator
) -> str:
    """A selectbox whose choice stands in the address; one that asks for what is not there falls back, with a note.

    Streamlit can tie a widget to the address itself, but writes the label there and drops what it doesn't know quietly.

    Args:
        label: Over the box.
        options: What may be chosen, as it stands in the address; not empty.
        name: Query parameter.
        default: What stands for an address without the parameter.
        labels: What is shown for each option.
        notes: Where the note goes.
    """
    key, seen = f"bound-{name}", f"seen-{name}"
    given = st.query_params.get(name)
    if key not in st.session_state or given != st.session_state.get(seen) or st.session_state[key] not in options:
        st.session_state[key] = given if given in options else default
        wrong = f"The address asks for {name} {given[:40]!r}, which is not there." if given is not None and given not in options else ""
        st.session_state[f"fell-back-{name}"] = (wrong, default)
    shown = distinct(labels)
    # The place too: of a run that ends before the browser has drawn it, the value in the session never gets there.
    value: str = st.selectbox(
        label, options, index=list(options).index(st.session_state[key]), key=key, format_func=lambda option: shown.get(option, option)
    )
    wrong, instead = st.session_state.get(f"fell-back-{name}", ("", default))
    if wrong and value == instead:  # until the reader chooses: the address is put right at once
        with notes:
            note(f"{wrong} Shown is {labels[value]}.", key=f"fallback-{name}", tone="bad")
    _to_address(name, value if value != default else "")
    return value


def bound_text(label: str, *, name: str, placeholder: str = "", limit: int = 80) -> str:
    """A text field whose content stands in the address.

    Args:
        label: Over the field.
        name: Query parameter.
        placeholder: An example.
        limit: Characters; what is longer in an address is cut.
    """
    key, seen = f"bound-{name}", f"seen-{name}"
    given = st.query_params.get(name)
    if key not in st.session_state or given != st.session_state.get(seen):
        st.session_state[key] = (given or "")[:limit]
    value = (st.text_input(label, st.session_state[key], key=key, placeholder=placeholder, max_chars=limit) or "").strip()
    _to_address(name, value)
    return value


def bound_number(label: str, *, name: str, notes: DeltaGenerator, help: str | None = None) -> float | None:
    """A field for a number that stands in the address; one that is no number falls back to none, with a note.

    Args:
        label: Over the field.
        name: Query parameter.
        notes: Where the note goes.
        help: Behind a question mark.
    """
    key, seen = f"bound-{name}", f"seen-{name}"
    given = st.query_params.get(name)
    if key not in st.session_state or given != st.session_state.get(seen):
        st.session_state[key] = given or ""
    text = (st.text_input(label, st.session_state[key], key=key, max_chars=24, help=help, placeholder="no limit") or "").strip()
    value = _number(text)
    if text and value is None:
        with notes:
            hint = " Leave the commas out." if _THOUSANDS.fullmatch(text) else ""
            note(f"{label} must be a number. Got {text[:40]!r}; no limit is set.{hint}", key=f"fallback-{name}", tone="bad")
    _to_address(name, f"{value:.12g}" if value is not None else "")
    return value


_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?")
"""Of `1,500` nobody can tell whether it is one and a half or fifteen hundred."""


def _number(text: str) -> float | None:
    if _THOUSANDS.fullmatch(text):
        return None
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _to_address(name: str, value: str) -> None:
    if value:
        st.query_params[name] = value
    elif name in st.query_params:
        del st.query_params[name]
    st.session_state[f"seen-{name}"] = st.query_params.get(name)


def set_bound(name: str, value: str) -> None:
    """Choose for the reader, beside the address: a box that the reader used before does not follow the address alone."""
    st.session_state[f"bound-{name}"] = value
