"""On every page: what keeps the data from being new or whole, and a strip that says how healthy it is."""

from __future__ import annotations

import time
from contextlib import suppress

import streamlit as st

from dashboard import data, routes
from dashboard.data import condition
from dashboard.data.places import study
from dashboard.screens.parts import LIVE_S, TOLD, note
from effcore.errors import EffcoreError

OWN = "effcore serve"
"""What opens a store that can be added to."""


def banner(*, of_store: bool = True) -> None:
    """What has to be known before anything on the page is read: a recorded study, or a store that can't be read now.

    Args:
        of_store: Whether the page shows what is in the store.
    """
    try:
        header = data.recorded()
        data.snapshot()
    except EffcoreError:  # the page itself says so, with what can be done
        return
    if header is not None and of_store:
        note(
            f"A recorded study of {header.recorded}, measured on {header.machine or 'a machine it does not name'}. It can be looked at, "
            f"not added to{'.' if study() else f'; {OWN} opens your own.'}", key="recorded", tone="plain",
        )  # fmt: skip
        if study():
            st.page_link(routes.FRONTIER, label="Back to what runs here", icon=":material/arrow_back:", query_params={routes.STUDY: "none"})
    st.session_state[TOLD] = data.trouble() is not None
    if st.session_state[TOLD]:
        st.fragment(run_every=LIVE_S)(_trouble)()


def _trouble() -> None:
    """What is wrong with the store, until it is well again."""
    with suppress(EffcoreError):
        data.snapshot()
    trouble = data.trouble()
    if trouble is None:
        st.rerun()
    shown = time.strftime("%H:%M:%S", time.localtime(trouble.since_s))
    note(f"{trouble.text} Shown is the state of {shown}.", key="trouble", tone="bad")


def strip() -> None:
    """The health of the data of the sweep in the address, else of the newest, in one line that opens."""
    try:
        shown = data.snapshot()
        found = data.all_sources(shown)
        if not found:
            return
        asked = st.query_params.get(routes.SWEEP)
        source = next((s for s in found if s.key == asked), None) or data.first_source(found, shown)
        view = condition.health(source, shown)
    except EffcoreError:  # the page itself says so, with what can be done
        return
    icon = ":material/health_and_safety:" if not view.concerns else ":material/info:"
    with st.expander(f"Data health: {view.summary.replace('[', '(').replace(']', ')')}", icon=icon, key="health"):
        note(f"Of {source.label}", key="health-of")
        for index, line in enumerate(view.lines):
            note(f"{line.what}: {line.found}", key=f"health-{index}", tone="plain" if line.concern else "quiet")
