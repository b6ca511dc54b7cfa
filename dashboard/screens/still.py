"""A frozen frontier: what was there at one moment, large, the same for everybody who opens its address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

import streamlit as st

from dashboard import data, routes
from dashboard.charts.frontier import frontier_alt, frontier_figure
from dashboard.charts.layers import with_layers
from dashboard.charts.slide import enlarged
from dashboard.screens.answers import answers
from dashboard.screens.lens import Lens, look_through
from dashboard.screens.parts import current_look, empty, note
from dashboard.theme import CHART_CONFIG
from dashboard.views.frontier import FrontierView
from dashboard.views.records import environment_line
from dashboard.views.sources import Source
from effcore.columns import Columns

HIDDEN, SHOWN = "1", "controls"
_HEIGHT, _TYPE = 500, 1.6
_LARGE = "html { font-size: 23px; } header[data-testid='stHeader'] { display: none; } .stMainBlockContainer { padding-top: 1.5rem; }"
_BARE = ".st-key-lens, [data-testid='stHorizontalBlock']:has(.st-key-bound-sweep), [class*='st-key-health'] { display: none; }"


@dataclass(frozen=True)
class Still:
    """A frozen view that an address asks for.

    Attributes:
        until_ms: Unix time; what ended later is not in it.
        hidden: Whether it has no controls.
    """

    until_ms: int
    hidden: bool


def asked() -> Still | None:
    """What the address asks for; None where the page is to live."""
    kind, until = st.query_params.get(routes.FROZEN, ""), st.query_params.get(routes.UNTIL, "")
    if kind not in (HIDDEN, SHOWN):
        return None
    digits = until.isdecimal() and len(until) <= 15
    return Still(int(until) if digits else data.now_ms(), kind == HIDDEN)


def address_of(query: Mapping[str, str], *, until_ms: int, hidden: bool) -> str:
    """The parameters of a frozen view.

    Args:
        query: Those of the view as it is.
        until_ms: End of the last variant that is in it.
        hidden: Whether it has no controls.
    """
    kept = {k: v for k, v in query.items() if k not in (routes.FROZEN, routes.UNTIL, routes.SELECTED)}
    return urlencode(kept | {routes.FROZEN: HIDDEN if hidden else SHOWN, routes.UNTIL: str(until_ms)})


@st.cache_resource(show_spinner=False, max_entries=16)
def _until(home: str, uri: str | None, version: str, until_ms: int, _shown: data.Snapshot) -> data.Snapshot:
    kept = tuple(v for v in _shown.variants if v.ended_ms is not None and v.ended_ms <= until_ms)
    return data.Snapshot(f"{version}-until-{until_ms}", kept, Columns(kept))


def show_still(still: Still, view_of: Callable[[data.Snapshot], FrontierView], lens: Lens, source: Source, found: tuple[Source, ...]) -> None:
    """The frontier of that moment, with nothing that fills by itself."""
    st.query_params[routes.SWEEP] = source.key  # the newest sweep may be another one when the address is opened again
    st.html(f"<style>{_LARGE if still.hidden else ''} {_BARE if still.hidden else ''}</style>")
    newest = data.snapshot()
    shown = _until(str(data.home()), data.tracking_uri(), newest.version, still.until_ms, newest)
    view = view_of(shown)
    if not view.dots:
        empty("Nothing had been measured then", "The address freezes a moment before the first point.", launch=False)
        return
    if view.headline:
        note(view.headline, key="headline", tone="lead")
    seen = look_through(lens, view, shown, source, found)
    answers(lens, view)
    look = current_look()
    figure = with_layers(frontier_figure(seen.view, look), seen.view, look, seen.layers, over=seen.over)
    st.plotly_chart(enlarged(figure, height=_HEIGHT, times=_TYPE), theme=None, key="still-chart", config=CHART_CONFIG, alt=frontier_alt(view))
    for index, line in enumerate(seen.notes):
        note(line, key=f"lens-{index}")
    moment = f"as of {datetime.fromtimestamp(still.until_ms / 1000, tz=UTC):%Y-%m-%d %H:%M} UTC"
    note(" · ".join(p for p in (environment_line(data.environment(view.dots[0].run_id)), *view.runtimes, moment) if p), key="environment")
