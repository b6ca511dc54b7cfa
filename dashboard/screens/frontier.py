"""Frontier: what can be had for how much, and a way to every point."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import data, first_look, pictures, routes
from dashboard.charts.cloud import selected_place
from dashboard.charts.frontier import frontier_alt, selected_run
from dashboard.charts.layers import Layers
from dashboard.data import analysis, hidden
from dashboard.quantities import count
from dashboard.screens import still
from dashboard.screens.answers import answers
from dashboard.screens.below import below, left_out, then_below
from dashboard.screens.chart import show, told
from dashboard.screens.choose import SIDE_BY_SIDE, choose_environment, choose_source
from dashboard.screens.clock import clock
from dashboard.screens.export import export_menu
from dashboard.screens.facets import facets
from dashboard.screens.handing import hand_over
from dashboard.screens.lens import Lens, Seen, filter_controls, lens_controls, look_through
from dashboard.screens.parts import (
    IDLE_S,
    LIVE_S,
    aim,
    bound,
    current_look,
    empty,
    explained,
    heading,
    note,
)
from dashboard.screens.parts import (
    go as go_to,
)
from dashboard.screens.picking import picked_row
from dashboard.tables import Table, height, taken_away
from dashboard.tables.large import cloud_table
from dashboard.theme import DARK, LIGHT
from dashboard.views.answers import dominators
from dashboard.views.cloud import Cloud, within
from dashboard.views.filters import Part
from dashboard.views.frontier import FrontierView
from dashboard.views.large import MANY
from dashboard.views.news import news
from dashboard.views.queue import PATIENCE_S
from dashboard.views.records import environment_line
from dashboard.views.sources import Source
from dashboard.views.ties import ties_line
from effcore.errors import EffcoreError
from effcore.objectives import METRICS, metric
from effcore.tracking import SweepRecord

SHOWN = routes.HELD
"""Snapshot on the page, in the session: a newer one takes its place only when nothing is selected, or on a click."""

HERE = "frontier-here"
"""In the session: what the plot was of when a marker that stands for several points was clicked, and its place."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the controls are set to."""

    source: Source
    x: str
    y: str
    environment: str | None


@explained
def page() -> None:
    """The whole page."""
    found = data.all_sources(data.snapshot())
    if not found:
        empty(
            "Nothing has been measured yet",
            "A sweep builds variants of a model, measures the files that would be deployed, and shows what they cost.",
            command="effcore run experiments/quickstart.yaml",
            study=True,
        )
        return
    if routes.RUN in st.query_params:
        # Going to a point, Streamlit writes the point's parameters into this page's address first, and the browser's
        # way back leads to that.
        st.query_params.from_dict(st.session_state.get(routes.BACK, {}))
    with still.screenful():
        _drawn(found)


def warm() -> None:
    """Work out what the first visitor will most likely see; what goes wrong is shown to that one."""
    with suppress(EffcoreError):
        shown = data.snapshot()
        for source in (data.first_source(found, shown) for found in [data.all_sources(shown)] if found):
            choice = Choice(source=source, x="latency_ms", y="accuracy", environment=None)
            view = _view(shown, choice)
            for look in (LIGHT, DARK) if view.dots else ():
                drawing = pictures.drawing(shown, (choice, Lens()), view, look, layers=Layers(), over=None, selected=None)
                first_look.remember({}, look=look.name, version=shown.version, told=told(drawing, alt=frontier_alt(view), picks=True).content)


def _drawn(found: tuple[Source, ...]) -> None:
    title = st.container()
    whole, notes = _controls(found)
    with st.container(horizontal=True, gap="small", key="lens"):
        choice = replace(whole, source=filter_controls(whole.source, notes=notes))
        apart = choice.environment == SIDE_BY_SIDE
        lens = Lens() if apart else lens_controls(_view(data.snapshot(), choice), found, whole.source, notes=notes)
    with title:
        heading(f"{metric(choice.y).label} against {metric(choice.x).label.lower()}", key="title")
    if apart:
        facets(choice.source, x=choice.x, y=choice.y, open_point=_open)
        return
    if still.asked() is not None:
        still.show_still(_view(data.snapshot(), choice), lens, choice.source, found)
        return
    live = data.active(data.sweeps())
    clock(choice.source, live=live)
    st.fragment(run_every=LIVE_S if live else IDLE_S)(_live)(choice, lens, live, found)
    then_below()


def _controls(found: tuple[Source, ...]) -> tuple[Choice, DeltaGenerator]:
    labels = {name: m.label + (f" ({m.unit})" if m.unit else "") for name, m in METRICS.items()}
    columns, notes = st.columns([3, 2, 2, 3], gap="medium"), st.container()
    with columns[0]:
        source = choose_source(found, notes=notes)
    with columns[1]:
        y = bound("Vertical axis", list(METRICS), name=routes.AXIS_Y, default="accuracy", labels=labels, notes=notes)
    with columns[2]:
        x = bound("Horizontal axis", list(METRICS), name=routes.AXIS_X, default="latency_ms", labels=labels, notes=notes)
    environment = choose_environment(source, columns[3], notes=notes, side_by_side=True)
    return Choice(source=source, x=x, y=y, environment=environment), notes


def _view(shown: data.Snapshot, choice: Choice) -> FrontierView:
    return data.frontier(shown, choice.source, x=choice.x, y=choice.y, environment=choice.environment)


@explained
def _live(choice: Choice, lens: Lens, live: bool, found: tuple[Source, ...]) -> None:
    """The part that fills by itself."""
    newest, records = data.snapshot(), data.sweeps()
    if data.active(records) != live or {s.key for s in data.all_sources(newest)} != {s.key for s in found}:
        st.rerun()
    selected = st.query_params.get(routes.SELECTED)
    held: data.Snapshot | None = st.session_state.get(SHOWN)
    unasked = held is not None and selected is None and len(held.variants) <= MANY  # very many points are not drawn anew unasked
    if held is None or unasked or not hidden.may_stay(held, newest):
        st.session_state[SHOWN] = newest
    shown: data.Snapshot = st.session_state[SHOWN]
    view = _view(shown, choice)
    if shown.version != newest.version:
        _announce(view, _view(newest, choice))
    _summary(view, choice, records)
    if view.dots:
        seen = look_through(lens, view, shown, choice.source, found)
        answers(lens, view)
        drawn = partial(pictures.drawing, shown, (choice, lens), seen.view, current_look(), layers=seen.layers, over=seen.over, selected=selected)
        _chart(drawn(), view, seen.view, (shown.version, choice, lens))
        table = _rows(shown, choice, view)
        _below_chart(partial(pictures.figure, *drawn.args, **drawn.keywords), seen, view, table, choice.source.sweep)
        hand_over(seen, shown, choice.source, lens, view, table)
        _ringed(view, selected)
        below(view, table, open_point=_open)
    else:
        _nothing(view, choice, records)
        left_out(view, open_point=_open)


def _announce(shown: FrontierView, current: FrontierView) -> None:
    """New results do not pull a selected point from under the reader: a button brings them."""
    fresh = news(shown, current)
    if fresh.new:
        st.button(f"{fresh.text}: show", icon=":material/refresh:", key="show-new", on_click=_take_newest)


def _take_newest() -> None:
    st.session_state.pop(SHOWN, None)


def _summary(view: FrontierView, choice: Choice, records: tuple[SweepRecord, ...]) -> None:
    if view.headline:
        note(view.headline, key="headline", tone="lead")
    machine = environment_line(data.environment(view.dots[0].run_id)) if view.dots else ""
    counts = [count(view.total, "point"), f"{view.front_total:,} on the frontier"] if view.dots else []
    noisy = sum(d.noisy for d in view.dots)
    counts += [f"{noisy} measured under noise"] if noisy else []
    counts += [f"{view.missing:,} left out"] if view.missing else []
    if isinstance(choice.source, Part):
        note(f"Only {choice.source.text}: the frontier is that of these alone.", key="filtered", tone="plain")
    note(" · ".join(p for p in (machine, *view.runtimes, *counts) if p), key="environment")
    if tied := ties_line(view):
        note(tied, key="ties")
    for record in records:
        if record.state in ("running", "pausing", "cancelling") and choice.source.holds(record.run_id):
            ended = record.done + record.failed
            st.progress(min(ended / record.total, 1.0) if record.total else 0.0, text=f"{ended} of {record.total} variants")


def _rows(shown: data.Snapshot, choice: Choice, view: FrontierView) -> Table:
    return pictures.table(shown, (choice,), view, marks={} if view.cloud is not None else analysis.marks())


def _chart(drawing: bytes, view: FrontierView, seen: FrontierView, asked: tuple[str, Choice, Lens]) -> None:
    """The plot; a click leads to the point, or where the marker stands for several, to all of them to choose from."""
    drawn = told(drawing, alt=frontier_alt(view), picks=True)
    event = show(drawn, key="frontier-chart")
    first_look.remember(st.query_params.to_dict(), look=current_look().name, version=asked[0], told=drawn.content)
    run_id = selected_run(event)
    if run_id is not None:
        _open(run_id)
    place = selected_place(event, view)
    if place is not None or event["cleared"]:
        st.session_state[HERE] = (asked, place)
    of, held = st.session_state.get(HERE, (None, None))
    if view.cloud is not None and of == asked and held is not None:
        _open_place(view, view.cloud, seen, held)


def _below_chart(figure: Callable[[], go.Figure], seen: Seen, view: FrontierView, table: Table, sweep: str | None) -> None:
    """Of several sweeps together no spec is that of the view."""
    for index, line in enumerate(seen.notes):
        note(line, key=f"lens-{index}")
    _export(figure, view, table, sweep)
    if "accuracy" in (view.x.name, view.y.name):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="fairness"):
            note("A choice from this plot is a choice on the test images.", key="fairness", width="content")
            axis = routes.AXIS_Y if view.y.name == "accuracy" else routes.AXIS_X
            st.button(
                "Choose on validation accuracy",
                type="tertiary",
                key="use-validation",
                on_click=_use_validation,
                args=(axis,),
            )


def _export(figure: Callable[[], go.Figure], view: FrontierView, table: Table, sweep: str | None) -> None:
    machine = environment_line(data.environment(view.dots[0].run_id))
    export_menu(
        "frontier", title=f"{view.y.label} against {view.x.label.lower()}", source=" · ".join(p for p in (machine, *view.runtimes) if p),
        figures={"frontier": figure}, frames={"points": taken_away(table[0], view)}, spec=partial(data.store().spec_text, sweep) if sweep else None,
    )  # fmt: skip


def _open_place(view: FrontierView, cloud: Cloud, seen: FrontierView, place: int) -> None:
    """To the point that a marker stands for; where it stands for several on the axes as they are drawn, all of them to choose from."""
    places = within(seen.cloud or cloud, place, x_log=seen.x_log, y_log=seen.y_log)
    if len(places) == 1:
        st.session_state.pop(HERE)
        _open(cloud.variant(place).run_id)
    note(f"{len(places):,} points lie there.", key="here", tone="plain")
    frame, columns = cloud_table(view, places)
    runs = [cloud.variant(one).run_id for one in places]
    row = picked_row(frame, columns, key=f"here-{place}", of=runs, height=height(len(frame)), alt="The points of the marker that was clicked")
    if row is not None:
        st.session_state.pop(HERE)
        _open(runs[row])


def _ringed(view: FrontierView, selected: str | None) -> None:
    """Which point has the ring, and a way to take it off: while it is there the page does not fill by itself."""
    dot = view.dot(selected)
    if selected is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="row-ringed"):
        said = f"Ringed: {dot.name}" if dot else "The address rings a point that is not in this plot."
        note(said, key="ringed", tone="plain", width="content")
        if dot:
            st.button("Open", key="open-ringed", type="tertiary", icon=":material/arrow_forward:", on_click=_aim_at, args=(dot.run_id,))
        st.button("Take the ring off", key="clear-ring", type="tertiary", icon=":material/close:", on_click=_clear_ring)
    for index, line in enumerate(dominators(view, dot) if dot and not dot.on_frontier else ()):
        note(f"Dominated by {line}", key=f"ringed-dominator-{index}")


def _clear_ring() -> None:
    st.query_params.pop(routes.SELECTED, None)


def _use_validation(axis: str) -> None:
    """In a callback of the part that fills by itself: a box outside of it hears of an address only."""
    aim(routes.FRONTIER, st.query_params.to_dict() | {axis: "val_accuracy"})


def _nothing(view: FrontierView, choice: Choice, records: tuple[SweepRecord, ...]) -> None:
    """No point: because nothing has come yet, all failed, or nothing has these two figures."""
    states = {r.state for r in records if choice.source.holds(r.run_id)}
    failed = [e for e in view.left_out if e.reason.startswith("failed")]
    if failed and len(failed) == len(view.left_out):
        empty(
            "Every variant failed",
            "The cause of each stands below; a row leads to the variant.",
            icon=":material/report:",
        )
    elif view.left_out:
        names = " and ".join(dict.fromkeys((view.y.label, view.x.label)))
        empty(
            f"No point has {names}",
            "Choose other axes; below is why each variant is left out.",
            icon=":material/tune:",
            launch=False,
        )
    elif "running" in states:
        empty(
            "Measuring",
            "The first points come within a minute; the page fills by itself.",
            icon=":material/hourglass_top:",
            launch=False,
        )
    elif "waiting" in states:
        since_ms = max(r.started_ms for r in records if choice.source.holds(r.run_id))
        if data.now_ms() - since_ms < 1000 * PATIENCE_S or data.busy():
            said = "It begins as soon as the runner is free; the page fills by itself."
            empty("In the queue", said, icon=":material/schedule:", launch=False)
        else:
            empty("In the queue", "The sweep waits for a runner.", command="effcore serve", icon=":material/schedule:")
    else:
        empty("This sweep has no results", "It was stopped before the first variant ended; run it again to go on.")


def _open(run_id: str) -> None:
    """To the page of a point; the way back leads to this view with the point ringed."""
    _remember(run_id)
    go_to(routes.POINT, {routes.RUN: run_id})


def _aim_at(run_id: str) -> None:
    """The same for callbacks."""
    _remember(run_id)
    aim(routes.POINT, {routes.RUN: run_id})


def _remember(run_id: str) -> None:
    st.session_state[routes.BACK] = {**st.query_params.to_dict(), routes.SELECTED: run_id}


if __name__ == "__main__":
    page()
