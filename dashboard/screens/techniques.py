"""Techniques: which one helps, how much, together with what, and at which dose."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import data, routes
from dashboard.charts.frontier import selected_run
from dashboard.charts.profile import shares_figure
from dashboard.charts.techniques import composition_figure, dose_figure, plane_figure, steps_figure
from dashboard.data import analysis
from dashboard.quantities import count
from dashboard.screens import still
from dashboard.screens.cards import show
from dashboard.screens.chart import chart
from dashboard.screens.choose import choose_environment, choose_source
from dashboard.screens.export import Kept, export_menu
from dashboard.screens.parts import bound, bound_now, current_look, empty, explained, go, heading, note, set_bound
from dashboard.screens.picking import picked_row
from dashboard.tables import dose_table, height, pairs_table, steps_table, techniques_table
from dashboard.theme import title
from dashboard.views.cards import technique_cards
from dashboard.views.composition import CompositionView, composition_view, dose_view, doses_of
from dashboard.views.records import environment_line
from dashboard.views.sensitivity import sensitivity_view
from dashboard.views.sources import Source
from dashboard.views.techniques import COSTS, TechniqueRow, TechniquesView
from effcore.catalogue import TECHNIQUES
from effcore.objectives import METRICS
from effcore.reports.interaction import KINDS


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the controls are set to."""

    source: Source
    cost: str
    environment: str | None


@explained
def page() -> None:
    """The whole page."""
    found = data.all_sources(data.snapshot())
    top = still.screenful()
    with top:
        heading("Techniques", key="title", below="What each step did, against the same recipe without it.")
    if not found:
        empty(
            "Nothing has been measured yet",
            "A technique is judged by points that differ in it alone; a sweep makes them.",
            command="effcore run experiments/quickstart.yaml",
            icon=":material/tune:",
            study=True,
        )
        return
    choice, notes = _controls(found)
    with st.spinner("Reading results"):
        view = analysis.techniques(data.snapshot(), choice.source, cost=choice.cost, environment=choice.environment)
    if not view.rows:
        empty(
            "No step can be judged here",
            "A step is judged against the same recipe without it. Put `none` beside it in the spec, so that both are built.",
            icon=":material/tune:",
        )
        return
    names = {row.technique: row.title for row in view.rows}
    widest = max(view.rows, key=lambda row: len(row.steps)).technique
    now = bound_now(list(names), name=routes.TECHNIQUE, default=widest)
    with top:
        _overview(view, now)
    place, kept = _table(view, now), Kept()
    heading("One technique", key="one-section")
    left, _ = st.columns([2, 5])
    with left:
        chosen = bound("Technique", list(names), name=routes.TECHNIQUE, default=widest, labels=names, notes=notes)
    row = view.row(chosen)
    assert row is not None
    _one(row, view, kept)
    _doses(view, kept, notes=notes)
    _together(choice, kept)
    with place, st.container(horizontal=True, gap="small", key="take-away"):
        _export(view, chosen, kept)
        still.share("techniques", st.query_params.to_dict() | {routes.SWEEP: choice.source.key, routes.TECHNIQUE: chosen})


def _controls(found: tuple[Source, ...]) -> tuple[Choice, DeltaGenerator]:
    columns, notes = st.columns([3, 2, 3, 2], gap="medium"), st.container()
    with columns[0]:
        source = choose_source(found, notes=notes)
    with columns[1]:
        labels = {name: f"{METRICS[name].label} ({METRICS[name].unit})" for name in COSTS}
        cost = bound("Accuracy against", list(COSTS), name=routes.AXIS_X, default=COSTS[0], labels=labels, notes=notes)
    return Choice(source=source, cost=cost, environment=choose_environment(source, columns[2], notes=notes)), notes


def _export(view: TechniquesView, chosen: str, kept: Kept) -> None:
    machine = environment_line(data.environment(view.points[0].run_id)) if view.points else ""
    frames = {"techniques": techniques_table(view)[0]} | {f"steps-{r.technique}": steps_table(r, view)[0] for r in view.rows if r.steps}
    figures = {"plane": plane_figure(view, current_look(), chosen=chosen)} | kept.figures
    export_menu("techniques", title="What each technique did", source=machine, figures=figures, frames=frames | kept.frames)


def _overview(view: TechniquesView, chosen: str) -> None:
    """All techniques in a chart."""
    if view.headline:
        note(view.headline, key="headline", tone="lead")
    machine = environment_line(data.environment(view.points[0].run_id)) if view.points else ""
    steps = sum(len(row.steps) for row in view.rows)
    raw = "" if view.from_raw else "changes from the stored intervals, since there are too many points to read each"
    note(" · ".join(part for part in (machine, count(steps, "step"), raw) if part), key="environment")
    _plane(view, chosen)
    note(
        "A small mark is one point against the same recipe without its last step; a line ends at the middle of a technique's steps. "
        "The number beside a name counts them.",
        key="plane-legend",
    )


def _plane(view: TechniquesView, chosen: str) -> None:
    figure = plane_figure(view, current_look(), chosen=chosen)
    if still.asked() is not None:
        still.drawn(figure, key="plane-chart", alt=_plane_alt(view), fills=True)
        return
    event = chart(figure, key="plane-chart", alt=_plane_alt(view), picks=True)
    run_id = selected_run(event)
    if run_id is not None:
        go(routes.POINT, {routes.RUN: run_id})


def _table(view: TechniquesView, chosen: str) -> DeltaGenerator:
    """All techniques in a table; the place for what can be taken away, which is known when all is drawn."""
    frame, columns = techniques_table(view)
    place = st.container(key="export-place")
    alt, of = f"{count(len(frame), 'technique')} and what they did", [row.technique for row in view.rows]
    row = picked_row(frame, columns, key="techniques-table", of=of, height="content", alt=alt)
    if row is not None and view.rows[row].technique != chosen:
        set_bound(routes.TECHNIQUE, view.rows[row].technique)
        st.query_params[routes.TECHNIQUE] = view.rows[row].technique
        st.rerun()
    return place


def _plane_alt(view: TechniquesView) -> str:
    said = "; ".join(f"{row.title}: {view.cost.label.lower()} {row.cost_text}, accuracy {row.accuracy_text}" for row in view.rows)
    return f"Change of accuracy against change of {view.cost.label.lower()} for every step. {said}"


def _one(row: TechniqueRow, view: TechniquesView, kept: Kept) -> None:
    left, right = st.columns([3, 2], gap="large")
    with left:
        if row.steps:
            kept.chart(
                "steps", steps_figure(row, view, current_look()),
                alt=f"Arrows from parent to point for {count(len(row.steps), 'step')} of {row.title.lower()}: {row.outcomes}",
            )  # fmt: skip
        else:
            note("Its steps have no figure in common with their parents on these axes.", key="no-steps")
    with right:
        _card(row)
        with st.popover("How a verdict comes about", type="tertiary"):
            for index, rule in enumerate(view.rules):
                note(rule, key=f"rule-{index}", tone="plain")
    if row.steps:
        frame, columns = steps_table(row, view)
        alt = f"Every step of {row.title.lower()} with its verdict"
        picked = picked_row(frame, columns, key="steps-table", of=[s.run_id for s in row.steps], height=height(len(frame)), alt=alt)
        if picked is not None:
            go(routes.POINT, {routes.RUN: row.steps[picked].run_id})
    _sensitivity(row, view, kept)


def _card(row: TechniqueRow) -> None:
    cards = technique_cards(TECHNIQUES[row.technique]) if row.technique in TECHNIQUES else ()
    for index, card in enumerate(cards[:1]):
        show(card, key=f"card-{index}")
    if cards[1:]:
        with st.expander(f"Its {count(len(cards) - 1, 'way')}", key="ways"):
            for index, card in enumerate(cards[1:], start=1):
                show(card, key=f"card-{index}")


def _sensitivity(row: TechniqueRow, view: TechniquesView, kept: Kept) -> None:
    """Why: which layers mind it, where a step scanned them."""
    scanned = []
    for step in row.steps:
        point = next((p for p in view.points if p.run_id == step.run_id), None)
        bars = sensitivity_view(analysis.did(point, row.technique)) if point else None
        if bars:
            scanned.append((step, bars))
    if not scanned:
        return
    heading(
        "Which layers mind it",
        key="sensitivity-section",
        below="Noise in the logits when that layer alone is treated, as a share of the largest; most sensitive first.",
    )
    for index, (step, bars) in enumerate(scanned[:2]):
        alt = f"{step.name}: " + "; ".join(f"{bar.name} {bar.text}" for bar in bars)
        figure = shares_figure(bars, current_look(), heading=step.name, rest=False)
        kept.chart(f"sensitivity-{index}", figure, alt=alt)


def _doses(view: TechniquesView, kept: Kept, *, notes: DeltaGenerator) -> None:
    found = doses_of(view.points)
    if not found:
        return
    heading("Answer to the dose", key="dose-section", below="Points that differ in one number alone, with their 95 % intervals.")
    labels = {name: f"{title(d.technique)}: {d.field.replace('.', ' ').replace('_', ' ')}" for name, d in found.items()}
    default = next((n for n in found if not n.startswith(("training.", "architecture."))), next(iter(found)))
    left, _ = st.columns([2, 5])
    with left:
        chosen = bound("Dose", list(found), name=routes.DOSE, default=default, labels=labels, notes=notes)
    if found[chosen].help:
        note(found[chosen].help, key="dose-help")
    for column, metric_name in zip(st.columns(2, gap="large"), ("accuracy", view.cost.name), strict=True):
        answer = dose_view(view.points, found[chosen], metric_name)
        with column:
            if answer is None:
                note(f"No two of these points have {METRICS[metric_name].label.lower()}.", key=f"no-dose-{metric_name}")
                continue
            alt = f"{answer.metric.label} over {answer.label}: " + "; ".join(
                f"{line.name}: " + ", ".join(f"{p.y.text} at {p.dose:g}" for p in line.points) for line in answer.lines
            )
            kept.chart(f"dose-{metric_name}", dose_figure(answer, current_look()), alt=alt)
            kept.frames[f"dose-{metric_name}"] = dose_table(answer)
            if answer.more:
                note(f"{count(answer.more, 'shorter series', 'shorter series')} not drawn.", key=f"dose-more-{metric_name}")


def _together(choice: Choice, kept: Kept) -> None:
    rows = analysis.pairs(data.snapshot(), choice.source, environment=choice.environment)
    views = {name: view for name in KINDS if (view := composition_view(rows, name)) is not None}
    heading(
        "Two techniques together",
        key="together-section",
        below="How far the pair is from the sum of its parts, in the middle over all recipes that hold both. "
        "▲ shown to be better than the sum, ▼ shown to be worse, no sign: as the sum, as far as can be told.",
    )
    if not views:
        note("No two steps were built with both, with each alone, and with neither.", key="no-pairs")
        return
    for name, view in views.items():
        _matrix(name, view, kept)


def _matrix(name: str, view: CompositionView, kept: Kept) -> None:
    note(f"{view.metric.label}. {view.headline}", key=f"pairs-{name}", tone="strong")
    said = "; ".join(f"{cell.first} with {cell.second} {cell.text}" for cell in view.cells)
    kept.chart(f"pairs-{name}", composition_figure(view, current_look()), alt=f"{view.metric.label}, pair against the sum of its parts: {said}")
    kept.frames[f"pairs-{name}"] = pairs_table(view)


if __name__ == "__main__":
    page()
