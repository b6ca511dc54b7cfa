"""Where the state is that the pages show."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard.routes import FROZEN, HELD, STUDY, UNTIL, WITH_CONTROLS, WITHOUT_CONTROLS
from effcore.own import know
from effcore.tracking.recording import ADDRESS

_RECORDINGS = Path(__file__).resolve().parents[1] / "recordings"
DEMO = "demo"
"""The recorded study that `effcore serve --demo` opens."""
STUDIES = {path.name.removesuffix(".jsonl.xz"): path for path in sorted(_RECORDINGS.glob("*.jsonl.xz"))}


def home() -> Path:
    """The folder that all state lives in."""
    return _resolved(os.environ.get("EFFCORE_HOME", "").strip() or ".effcore", os.getcwd())


@lru_cache(maxsize=16)
def _resolved(path: str, folder: str) -> Path:
    """A page asks about a hundred times for its home; each look at the disk for it took a fifth of a rerun together."""
    return Path(folder, path).resolve()


def tracking_uri() -> str | None:
    """Address of the tracking store, where it is not the one in the home folder."""
    name = study()
    return ADDRESS + str(STUDIES[name]) if name else os.environ.get("EFFCORE_TRACKING_URI", "").strip() or None


def study() -> str:
    """The recorded study that this session looks at; empty where it looks at the store."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return ""
    name = st.session_state.get(STUDY, "")
    return name if name in STUDIES else ""


def moment() -> int | None:
    """Unix time in milliseconds of the moment that a frozen view is of; None where the page lives, or the address has no good one."""
    if get_script_run_ctx(suppress_warning=True) is None or st.query_params.get(FROZEN) not in (WITHOUT_CONTROLS, WITH_CONTROLS):
        return None
    until = st.query_params.get(UNTIL, "")
    return int(until) if until.isdecimal() and len(until) <= 15 else None


def choose_study() -> None:
    """Look at the study that the address names, from now on; any other name leads back to the store."""
    if STUDY in st.query_params:
        asked = st.query_params[STUDY] if st.query_params[STUDY] in STUDIES else ""
        if asked != study():
            st.session_state.pop(HELD, None)
        st.session_state[STUDY] = asked


def know_own() -> None:
    """Have the catalogue hold what the operator named; costs a look at one file where nothing changed."""
    know(home())
