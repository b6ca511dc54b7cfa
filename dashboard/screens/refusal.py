"""What a click asked for and could not be done, said where the click was."""

from __future__ import annotations

import time
from collections.abc import Callable

import streamlit as st

from effcore.errors import EffcoreError

_REFUSED = "refused"
"""In the session: why, until when that is said, and which part of a page says it."""
_SAID_S = 20.0
"""A part that fills by itself is drawn anew before anybody has read it."""


def attempt(what: Callable[..., object], *args: object) -> None:
    """In a callback: do it, or have the page say why it could not be done."""
    st.session_state.pop(_REFUSED, None)
    try:
        what(*args)
    except EffcoreError as error:
        st.session_state[_REFUSED] = {"why": str(error), "until_s": time.time() + _SAID_S, "part": ""}


def refusal(part: str) -> str:
    """Why the last click came to nothing, for the first part that asks and for that alone; empty where there is nothing to say."""
    said = st.session_state.get(_REFUSED)
    if said is None or time.time() > said["until_s"] or said["part"] not in ("", part):
        return ""
    said["part"] = part
    return str(said["why"])
