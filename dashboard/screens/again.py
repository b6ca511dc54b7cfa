"""A point measured again: the button, and where the request stands."""

from __future__ import annotations

import streamlit as st

from dashboard import data, filing
from dashboard.data import analysis
from dashboard.screens.parts import note
from dashboard.screens.refusal import attempt
from effcore.analysis.frontier import Variant

_SAID = {
    "measuring": "It is being measured again; new figures take the place of these.",
    "waiting": "Waits to be measured again, as soon as the runner is free: effcore serve.",
}


def _can(variant: Variant) -> bool:
    return variant.status == "FINISHED" and variant.measures is None and bool(variant.structure)


def again_button(variant: Variant) -> None:
    """A button that has the point measured again; nothing where that is under way, or not this visitor's to ask."""
    if _can(variant) and analysis.again(variant.run_id).state not in _SAID and data.may_touch(variant.sweep):
        st.button(
            "Measure again", key=f"measure-again-{variant.run_id}", type="tertiary", icon=":material/speed:",
            on_click=attempt, args=(filing.measure_again, variant.run_id),
        )  # fmt: skip


def again_said(variant: Variant) -> None:
    """Where the request stands, and why the last one came to nothing."""
    if not _can(variant):
        return
    request = analysis.again(variant.run_id)
    if request.state in _SAID:
        note(_SAID[request.state], key="again")
    if request.error:
        note(f"It could not be measured again: {request.error}", key="again-failed", tone="bad")
