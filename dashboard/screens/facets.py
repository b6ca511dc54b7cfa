"""Several environments beside each other: latencies compare within one only, so that each has a plot and a frontier of its own."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboard import data, pictures
from dashboard.charts.cloud import selected_place
from dashboard.charts.frontier import frontier_alt, selected_run
from dashboard.quantities import count
from dashboard.screens.chart import chart
from dashboard.screens.parts import current_look, empty, explained, heading, note
from dashboard.views.frontier import FrontierView
from dashboard.views.records import environment_line
from dashboard.views.sources import Source

MOST = 6
"""Facets on a page: each of very many points takes a drawing context of the browser, which has few."""


@explained
def facets(source: Source, *, x: str, y: str, open_point: Callable[[str], None]) -> None:
    """A plot for each environment, those with most points first.

    Args:
        source: Of what, filtered.
        x, y: Names of metrics.
        open_point: To the page of a run.
    """
    shown = data.snapshot()
    known = data.environments_of(source, shown)
    views = {key: data.frontier(shown, source, x=x, y=y, environment=key) for key in list(known)[:MOST]}
    filled = {key: view for key, view in views.items() if view.dots}
    note("Each environment has a frontier of its own; the axes are the same, so that places can be compared.", key="facets-hint")
    if not filled:
        empty("No point has both figures", "Choose other axes.", icon=":material/tune:", launch=False)
        return
    look = current_look()
    figures = pictures.facets(shown, (source, x, y), list(filled.values()), look)
    columns = st.columns(2, gap="large") if len(filled) > 1 else [st.container()]
    for index, (key, figure) in enumerate(zip(filled, figures, strict=True)):
        with columns[index % len(columns)]:
            heading(environment_line(data.environment(known[key])) or key, key=f"facet-{index}-section", below=_said(filled[key]))
            event = chart(figure, key=f"facet-chart-{index}", alt=frontier_alt(filled[key]), picks=True)
            _follow(event, filled[key], open_point)
    left = len(known) - len(filled)
    if left:
        note(f"{count(left, 'environment')} more, without a point on these axes or beyond the first {MOST}.", key="facets-left")


def _said(view: FrontierView) -> str:
    return f"{count(view.total, 'point')}, {view.front_total:,} on the frontier. {view.headline}"


def _follow(event: object, view: FrontierView, open_point: Callable[[str], None]) -> None:
    run_id, place = selected_run(event), selected_place(event, view)
    if run_id is None and place is not None and view.cloud is not None:
        run_id = view.cloud.variant(place).run_id
    if run_id is not None:
        open_point(run_id)
