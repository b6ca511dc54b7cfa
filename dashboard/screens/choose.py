"""The choices that several pages share: which sweep, and which environment."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import data, routes
from dashboard.screens.parts import bound
from dashboard.views.records import environment_line
from dashboard.views.sources import Source


def choose_source(found: tuple[Source, ...], *, notes: DeltaGenerator) -> Source:
    """A box with every sweep, and all sweeps of a task together."""
    names = {s.key: s.label for s in found}
    default = data.first_source(found, data.snapshot()).key
    chosen = bound("Sweep", list(names), name=routes.SWEEP, default=default, labels=names, notes=notes)
    return next(s for s in found if s.key == chosen)


SIDE_BY_SIDE = "side-by-side"
"""In the address, in place of an environment: all of them, each in a plot of its own."""


def choose_environment(source: Source, column: DeltaGenerator, *, notes: DeltaGenerator, side_by_side: bool = False) -> str | None:
    """A box where a source was measured in several environments: latencies compare only within one.

    Args:
        source: Of what.
        column: Where the box goes.
        notes: Where a note on a bad address goes.
        side_by_side: Whether all of them may be chosen.
    """
    known = data.environments_of(source, data.snapshot())
    wrong, _ = st.session_state.get(f"fell-back-{routes.ENVIRONMENT}", ("", ""))
    if not known or (len(known) < 2 and routes.ENVIRONMENT not in st.query_params and not wrong):
        return None  # one that the address asks for stays there until something was measured
    lines = {key: environment_line(data.environment(run_id)) or key for key, run_id in known.items()}
    if side_by_side and len(known) > 1:
        lines[SIDE_BY_SIDE] = "All, side by side"
    with column:
        default = next(iter(known), "")
        return bound("Environment", list(lines), name=routes.ENVIRONMENT, default=default, labels=lines, notes=notes) or None
