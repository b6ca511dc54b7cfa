"""Beside a view: the hand-out in one click, a worksheet, and the view frozen, to be shared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlencode, urlsplit

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from dashboard import data, pictures, routes
from dashboard.audience import visitor
from dashboard.handout import HandOut, hand_out_zip
from dashboard.screens.lens import Lens, Seen
from dashboard.screens.parts import note
from dashboard.screens.still import address_of
from dashboard.theme import Look
from dashboard.views.frontier import FrontierView
from dashboard.views.records import environment_line
from dashboard.views.sources import Source
from effcore.errors import EffcoreError
from effcore.frontier import Variant
from effcore.tracking import Store
from effcore.worksheet import FEWEST, Worksheet, answers_text, make_worksheet, worksheet_text


def hand_over(seen: Seen, shown: data.Snapshot, source: Source, lens: Lens, view: FrontierView, table: tuple[pd.DataFrame, object]) -> None:
    """The buttons under the frontier."""
    selected = st.query_params.get(routes.SELECTED)
    drawn = {d.run_id for d in view.dots}
    of = [v for v in shown.variants if v.run_id in drawn]
    with st.container(horizontal=True, gap="small", key="hand-over"):
        hand_out_button(
            "frontier", title=f"{view.y.label} against {view.x.label.lower()}", figure=partial(_drawn, seen, shown, source, lens, selected),
            frame=_named(table[0], view), page="", query=st.query_params.to_dict(), of=of, source_name=source.label, runtimes=view.runtimes,
        )  # fmt: skip
        _for_class(source, shown, view)


def _drawn(seen: Seen, shown: data.Snapshot, source: Source, lens: Lens, selected: str | None, look: Look) -> go.Figure:
    asked = (source, seen.view.x.name, seen.view.y.name, seen.view.environment, lens)
    return pictures.figure(shown, asked, seen.view, look, layers=seen.layers, over=seen.over, selected=selected)


def _named(frame: pd.DataFrame, view: FrontierView) -> pd.DataFrame:
    ends = ("", "_interval")
    return frame.rename(columns={f"{axis}{end}": f"{which.name}{end}" for axis, which in (("x", view.x), ("y", view.y)) for end in ends})


def hand_out_button(
    key: str, *, title: str, figure: Callable[[Look], go.Figure], frame: pd.DataFrame, page: str, query: Mapping[str, str], of: list[Variant],
    source_name: str, runtimes: tuple[str, ...], spec: Callable[[], str] | None = None, spec_name: str = "spec.yaml",
) -> None:  # fmt: skip
    """The button that makes a hand-out when it is pressed.

    Args:
        key: Unique on the page.
        title: Over the figure.
        figure: In a look.
        frame: The table behind it.
        page, query: Where the view is; the frontier is the page without a name.
        of: The variants in it, which tell machine, date and spec.
        source_name: Sweep or task.
        runtimes: Of the points.
        spec: Text that makes it again; that of the sweep where it is None.
        spec_name: Its file.
    """
    address = f"{base_address()}/{page}" + (f"?{urlencode(query)}" if query else "")
    machine = environment_line(data.environment(of[0].run_id)) if of else ""
    measured = max((v.ended_ms or 0 for v in of), default=0)
    day = f"measured {datetime.fromtimestamp(measured / 1000, tz=UTC):%Y-%m-%d}" if measured else ""
    said = " · ".join(p for p in (source_name, machine, *runtimes, day) if p)
    told = spec or partial(_spec, data.store(), of[0].sweep if of else "")

    def made() -> bytes:
        return hand_out_zip(
            HandOut(title=title, source=said, figure=figure, frame=frame, address=address, spec=told(), spec_name=spec_name)
        )

    st.download_button(
        "Hand-out", made, f"effcore-hand-out-{key}.zip", "application/zip", key=f"hand-out-{key}", on_click="ignore", icon=":material/slideshow:",
        help="Slides in light and dark as SVG and PNG, the table, the address, the spec and how it is made again, in one zip",
    )  # fmt: skip


def _spec(store: Store, sweep: str) -> str:
    try:
        return store.spec_text(sweep) if sweep else ""
    except (EffcoreError, OSError):  # a sweep whose spec was not kept; the hand-out is then without
        return ""


def base_address() -> str:
    """Where this server is, as the browser calls it."""
    parts = urlsplit(st.context.url or "")
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else "http://127.0.0.1:8501"


def _for_class(source: Source, shown: data.Snapshot, view: FrontierView) -> None:
    """A worksheet and a frozen view; students get no answers."""
    with st.popover("For class", icon=":material/school:", key="popover-class"):
        if source.sweep is not None and view.total >= FEWEST:
            _worksheets(source, shown)
        note("This view as it is now, large and without anything that changes, to be shared:", key="still-says", tone="plain")
        query, until_ms = st.query_params.to_dict() | {routes.SWEEP: source.key}, max((v.ended_ms or 0 for v in shown.variants), default=0)
        st.code(base_address() + "/?" + address_of(query, until_ms=until_ms, hidden=True), language=None, wrap_lines=True)
        note("The same with its controls:", key="still-controls", tone="plain")
        st.code(base_address() + "/?" + address_of(query, until_ms=until_ms, hidden=False), language=None, wrap_lines=True)


def _worksheets(source: Source, shown: data.Snapshot) -> None:
    """Made when they are asked for."""

    def made(write: Callable[[Worksheet], str]) -> str:
        return write(make_worksheet(source.of(shown.variants), title=source.label))

    st.download_button(
        "Worksheet", partial(made, worksheet_text), "worksheet.md", "text/markdown", key="worksheet", on_click="ignore",
        icon=":material/assignment:", type="tertiary",
    )  # fmt: skip
    if visitor(data.home()).free:
        st.download_button(
            "Its answers", partial(made, answers_text), "worksheet-answers.md", "text/markdown", key="worksheet-answers", on_click="ignore",
            icon=":material/assignment_turned_in:", type="tertiary",
        )  # fmt: skip
