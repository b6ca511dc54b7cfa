"""The clock of a sweep that runs: how long it has been at work, in type that the last row can read."""

from __future__ import annotations

import streamlit as st

from dashboard import data, routes
from dashboard.data.places import STUDIES
from dashboard.screens.parts import note
from dashboard.views.sources import Source
from effcore.tracking import SweepRecord

TICK_S = 1.0
_REMEMBERED_MS = 300_000
"""How long after its end the time that a sweep took stands there."""
_AGAIN_MS = 600_000
"""After its first launch, when one that is at work was launched again."""
_AT_WORK = ("running", "cancelling", "waiting")


def clock(source: Source, *, live: bool) -> None:
    """A line over the plot while the sweep that is shown is at work, and for a while after it; nothing otherwise."""
    st.fragment(run_every=TICK_S if live else None)(_clock)(source)


def _clock(source: Source) -> None:
    for record in data.sweeps() if data.recorded() is None else ():
        said = clock_text(record, since_ms=_since(record), now_ms=data.now_ms()) if source.sweep == record.run_id else ""
        if said:
            with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="clock"):
                note(said, key="clock-lead", tone="lead", width="content")
                if record.name in STUDIES:
                    st.page_link(
                        routes.FRONTIER, label="The recorded one", icon=":material/history:", query_params={routes.STUDY: record.name}
                    )


def _since(record: SweepRecord) -> int:
    """When it began; of one that was launched again long after, when this session first saw it at work, since no one wrote down when."""
    if record.state not in _AT_WORK:
        seen = st.session_state.get(f"clock-{record.run_id}", record.started_ms)
    else:
        seen = st.session_state.setdefault(f"clock-{record.run_id}", data.now_ms())
    return record.started_ms if seen - record.started_ms < _AGAIN_MS else int(seen)


def clock_text(record: SweepRecord, *, since_ms: int, now_ms: int) -> str:
    """`0:23 · 3 of 6 measured` of one at work, `Done in 0:48` of one that has just ended; else empty."""
    if record.state in _AT_WORK:
        ended = record.done + record.failed
        of = f"{ended} of {record.total} measured" if record.total else "waiting" if record.state == "waiting" else "planning"
        return f"{_minutes(now_ms - since_ms)} · {of}"
    if record.ended_ms is not None and 0 <= now_ms - record.ended_ms < _REMEMBERED_MS:
        return f"{'Done' if record.state == 'done' else record.state.capitalize()} in {_minutes(record.ended_ms - since_ms)}"
    return ""


def _minutes(passed_ms: int) -> str:
    seconds = max(passed_ms, 0) // 1000
    return f"{seconds // 60}:{seconds % 60:02}"
