"""A frozen view: what was there at one moment, large, the same for everybody who opens its address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import plotly.graph_objects as go
import streamlit as st

from dashboard import data, routes
from dashboard.charts.frontier import frontier_alt, frontier_figure
from dashboard.charts.layers import with_layers
from dashboard.charts.slide import enlarged
from dashboard.data.places import moment, study
from dashboard.screens.answers import answers
from dashboard.screens.chart import chart
from dashboard.screens.hand_out import base_address, opens_here_only
from dashboard.screens.lens import Lens, look_through
from dashboard.screens.parts import current_look, empty, note
from dashboard.theme import CHART_CONFIG
from dashboard.views.frontier import FrontierView
from dashboard.views.records import environment_line
from dashboard.views.sources import Source

HIDDEN, SHOWN = routes.WITHOUT_CONTROLS, routes.WITH_CONTROLS
PAGES = ("", "techniques", "compare", "search", "point")
"""Addresses of the pages whose whole view stands in the address; the frontier has none."""
_STYLE = Path(__file__).resolve().parent / "still.css"
_TYPE, _MOST_PX, _LEAST_PX, _LEGEND_PX = 1.5, 560, 320, 110


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
    """What the address asks for; None where the page is to live. A moment that is none is now."""
    kind, until = st.query_params.get(routes.FROZEN, ""), moment()
    if kind not in (HIDDEN, SHOWN):
        return None
    return Still(data.now_ms() if until is None else until, kind == HIDDEN)


def address_of(query: Mapping[str, str], *, until_ms: int, hidden: bool) -> str:
    """The parameters of a frozen view.

    Args:
        query: Those of the view as it is.
        until_ms: End of the last variant that is in it.
        hidden: Whether it has no controls.
    """
    kept = {k: v for k, v in query.items() if k not in (routes.FROZEN, routes.UNTIL, routes.SELECTED)}
    return urlencode(kept | {routes.FROZEN: HIDDEN if hidden else SHOWN, routes.UNTIL: str(until_ms)})


def share(page: str, query: Mapping[str, str], *, before: Callable[[], None] | None = None) -> None:
    """A button with the addresses of this view frozen; nothing where it is frozen already.

    Args:
        page: As in `PAGES`.
        query: Parameters of the view, those written out that would change with what comes later.
        before: Draws what else there is for a class.
    """
    if asked() is not None:
        return
    until_ms = max((v.ended_ms or 0 for v in data.snapshot().variants), default=0)
    query = dict(query) | ({routes.STUDY: study()} if study() else {})  # which a session knows, and whoever opens the address does not
    with st.popover("For class", icon=":material/school:", key="popover-class"):
        if before is not None:
            before()
        if opens_here_only():  # before them, as what follows may lie below the edge of the window
            said = "Only this machine opens the addresses below. `effcore serve --address` lets a class reach the page: see docs/lecture.md."
            note(said, key="still-here-only", tone="busy")
        for hidden, key, said in (
            (True, "still-says", "This view as it is now, large and without anything that changes, to be shared:"),
            (False, "still-controls", "The same with its controls:"),
        ):
            note(said, key=key, tone="plain")
            st.code(f"{base_address()}/{page}?{address_of(query, until_ms=until_ms, hidden=hidden)}", language=None, wrap_lines=True)


def dress(page: str) -> None:
    """The look of a frozen view without controls, where the address asks for one.

    Args:
        page: Its address.
    """
    still = asked()
    if still is not None and still.hidden and page in PAGES:
        st.html(_STYLE)


def sign(page: str) -> None:
    """Of which moment the view is, under it."""
    still = asked()
    if still is not None and page in PAGES:
        header = data.recorded()
        of = f", a recorded study of {header.recorded}, measured on {header.machine or 'a machine it does not name'}" if header else ""
        note(f"As of {datetime.fromtimestamp(still.until_ms / 1000, tz=UTC):%Y-%m-%d %H:%M} UTC{of}.", key="still-moment")


def screenful() -> AbstractContextManager[object]:
    """What is to be seen at once, its chart taking the room that the rest leaves; only in a frozen view without controls."""
    still = asked()
    return st.container(key="screenful") if still is not None and still.hidden else nullcontext()


def drawn(figure: go.Figure, *, key: str, alt: str, fills: bool = False) -> None:
    """A chart as large as a frozen view has it, where one is asked for.

    Args:
        figure: As a page has it.
        key: Unique on the page.
        alt: What it shows, for those who can't see it.
        fills: Whether it takes the room of a `screenful`.
    """
    still = asked()
    if still is None or not still.hidden:
        chart(figure, key=key, alt=alt)
        return
    height = min(_MOST_PX, max(_LEAST_PX, round(1.2 * (figure.layout.height or _LEAST_PX))))
    wide, narrow = enlarged(figure, height=height, times=_TYPE), go.Figure(figure)
    if fills:
        wide.layout.height = narrow.layout.height = None
        if figure.layout.showlegend is not False and len(figure.data) > 1:  # which would lie over the title of the axis in a low figure
            wide.update_layout(legend={"yref": "container", "y": 0, "yanchor": "bottom"}, margin={"b": _LEGEND_PX})
    for which, drawn_as in (("wide", wide), ("narrow", narrow)):  # which of the two is seen, the width of the screen decides
        with st.container(key=f"{'stage' if fills else 'still'}-{which}-{key}", height="stretch" if fills else "content", gap=None):
            st.plotly_chart(
                drawn_as, theme=None, key=key if which == "wide" else f"{key}-narrow", config=CHART_CONFIG, alt=alt,
                height="stretch" if fills else "content",
            )  # fmt: skip


def show_still(view: FrontierView, lens: Lens, source: Source, found: tuple[Source, ...]) -> None:
    """The frontier of that moment, with nothing that fills by itself."""
    st.query_params[routes.SWEEP] = source.key  # the newest sweep may be another one when the address is opened again
    if not view.dots:
        empty("Nothing had been measured then", "The address freezes a moment before the first point.", launch=False)
        return
    if view.headline:
        note(view.headline, key="headline", tone="lead")
    seen = look_through(lens, view, data.snapshot(), source, found)
    answers(lens, view)
    look = current_look()
    figure = with_layers(frontier_figure(seen.view, look), seen.view, look, seen.layers, over=seen.over)
    drawn(figure, key="still-chart", alt=frontier_alt(view), fills=True)
    for index, line in enumerate(seen.notes):
        note(line, key=f"lens-{index}")
    note(" · ".join(p for p in (environment_line(data.environment(view.dots[0].run_id)), *view.runtimes) if p), key="environment")
