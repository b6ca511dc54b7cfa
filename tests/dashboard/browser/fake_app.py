"""The real pages over stores in memory, each a state that is hard to bring about: the address says which, as `?state=many`."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

ROOT = Path(__file__).resolve().parents[3]
for folder in (str(ROOT), str(ROOT / "tests" / "dashboard")):
    if folder not in sys.path:
        sys.path.insert(0, folder)

import fake_store  # noqa: E402

from dashboard import data  # noqa: E402

STATE = "fake-state"
"""In the session: the state that it looks at."""


def state() -> str:
    return st.session_state.get(STATE, "done") if get_script_run_ctx(suppress_warning=True) else "done"


def store() -> fake_store.FakeStore:
    made = data.fake_stores
    if state() not in made:
        made[state()] = fake_store.STATES[state()]()
    return made[state()]


if not hasattr(data, "fake_stores"):
    data.fake_stores = {}
    data.store, data.tracking_uri = store, lambda: f"fake:{state()}"
if "state" in st.query_params:
    st.session_state[STATE] = st.query_params["state"]

runpy.run_path(str(ROOT / "dashboard" / "app.py"))
