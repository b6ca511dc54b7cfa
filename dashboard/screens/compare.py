"""Compare: exactly what differs between two to six points, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st

from dashboard import data, routes
from dashboard.charts.compare import classes_figure, overlay_figure, parts_figure
from dashboard.data import analysis
from dashboard.screens import still
from dashboard.screens.export import Kept, export_menu
from dashboard.screens.parts import aim, bound, bound_now, current_look, distinct, empty, explained, heading, letter_chip, note
from dashboard.tables import rows_table
from dashboard.views.compare import FEWEST, MOST, CompareView, Contender, compare_view, compared_spec, read_points
from dashboard.views.disagreement import (
    MOST_IMAGES,
    class_rows,
    disagreement,
    largest_difference,
    pixels,
    shares_of_bytes,
    shares_of_time,
)
from dashboard.views.records import environment_line, samples_view
from effcore.analysis.frontier import Evidence
from effcore.errors import EffcoreError

_CHOSEN = "compare-points"
"""In the session: what the box with the points holds."""
_MOST_OPTIONS = 3000


@explained
def page() -> None:
    """The whole page."""
    heading("Compare", key="title", below="Two to six points beside each other: only what differs.")
    chosen, notes = _choose(), st.container()
    variants = data.snapshot().variants
    reference = bound_now({v.run_id for v in variants}, name=routes.REFERENCE, default="")  # the box that asks for it stands below what it decides
    with st.spinner("Reading results"):
        view = compare_view(variants, chosen, reference=reference, evidence=analysis.evidence)
    for index, line in enumerate(view.missing):
        with notes:
            note(f"Left out: {line}.", key=f"missing-{index}", tone="bad")
    if len(view.contenders) < FEWEST:
        empty(
            "Choose two points",
            "Here by name, on the frontier with the boxes beside its table, or on the page of a point.",
            icon=":material/compare_arrows:",
            launch=False,
        )
        return
    _head(view, notes)
    place = st.container(key="export-place")
    known = analysis.evidence_of([c.point for c in view.contenders])
    # Beside each other two columns of figures fit; with more points the tables take the whole width.
    places = st.columns(2, gap="large") if len(view.contenders) == FEWEST else [st.container(), st.container()]
    with places[0]:
        _figures(view)
    with places[1]:
        _steps(view)
    letters = [c.letter for c in view.contenders]
    kept = Kept(frames={name: rows_table(rows, letters, head=name)[0] for name, rows in (("figures", view.figures), ("recipes", view.steps)) if rows})
    if view.one_task:
        _answers(view, known, kept)
    _latencies(view, kept)
    _parts(view, kept)
    names = "; ".join(f"{c.letter}: {c.name}" for c in view.contenders)
    spec = partial(compared_spec, view) if view.one_task else None
    with place, st.container(horizontal=True, gap="small", key="take-away"):
        still.share("compare", st.query_params.to_dict())
        export_menu("compare", title="Points beside each other", source=names, figures=kept.figures, frames=kept.frames, spec=spec)


def _choose() -> tuple[str, ...]:
    """The points in the address, which a box with names can change."""
    asked = read_points(st.query_params.get(routes.POINTS, ""))
    variants = [v for v in data.snapshot().variants if v.status == "FINISHED" and v.measures is None]
    sweeps = {r.run_id: r.name for r in data.sweeps()}
    names = {v.run_id: f"{v.name} · {sweeps.get(v.sweep, '')}" + (f" · seed {v.seed}" if v.seed else "") for v in variants}
    names = distinct(names | {run: names.get(run, run[:12]) for run in asked})
    if st.session_state.get(f"{_CHOSEN}-seen") != asked:
        st.session_state[_CHOSEN] = list(asked[: MOST + 2])
    newest = [v.run_id for v in sorted(variants, key=lambda v: -(v.ended_ms or 0))[:_MOST_OPTIONS]]
    picked = st.multiselect(
        "Points", list(dict.fromkeys((*asked, *newest))), key=_CHOSEN, format_func=lambda run: names.get(run, run), max_selections=MOST + 2,
        placeholder="Type a part of a name",
    )  # fmt: skip
    if picked:
        st.query_params[routes.POINTS] = ",".join(picked)
    else:
        st.query_params.pop(routes.POINTS, None)
    st.session_state[f"{_CHOSEN}-seen"] = tuple(picked)
    return tuple(picked)


def _head(view: CompareView, notes: st.delta_generator.DeltaGenerator) -> None:
    """Who they are, and each against the reference in words."""
    left, _ = st.columns([2, 5])
    with left:
        options = {c.run_id: f"{c.letter} · {c.name}" for c in view.contenders}
        first = view.contenders[0].run_id
        bound("Against", list(options), name=routes.REFERENCE, default=first, labels=options, notes=notes)
    said = {c.letter: c for c in view.contrasts}
    for columns in _chunks(view.contenders, 3):
        for column, contender in zip(st.columns(3, gap="medium"), columns, strict=False):
            with column, st.container(border=True, key=f"card-{contender.letter}", gap="xsmall", height="stretch"):
                _card(contender, said.get(contender.letter), view)


def _chunks(contenders: tuple[Contender, ...], size: int) -> list[tuple[Contender, ...]]:
    return [contenders[start : start + size] for start in range(0, len(contenders), size)]


def _card(contender: Contender, contrast: Any, view: CompareView) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"row-card-{contender.letter}"):
        letter_chip(contender.letter)
        note(contender.name, key=f"name-{contender.letter}", tone="strong", width="content")
    if contrast is None:
        machine = environment_line(data.environment(contender.run_id))
        note("The reference: the others stand against it.", key=f"reference-{contender.letter}", tone="plain")
        note(" · ".join(part for part in (contender.task, contender.point.first.runtime, machine) if part), key=f"machine-{contender.letter}")
    else:
        for index, line in enumerate(contrast.lines):
            note(line[:1].upper() + line[1:], key=f"contrast-{contender.letter}-{index}", tone="plain")
        for index, line in enumerate(contrast.notes):
            note(line[:1].upper() + line[1:] + ".", key=f"caveat-{contender.letter}-{index}")
    run_id = contender.run_id
    st.button("Open", key=f"open-{run_id}", type="tertiary", icon=":material/arrow_forward:", on_click=aim, args=(routes.POINT, {routes.RUN: run_id}))


def _figures(view: CompareView) -> None:
    heading("Figures", key="figures-section", below=f"Those that differ, with the change against {view.reference}; ≈ where that may be none.")
    _table(view, view.figures, head="Figure", key="figures", none="No figure differs.")


def _steps(view: CompareView) -> None:
    heading("Recipes", key="steps-section", below="The parameters in which they differ.")
    _table(view, view.steps, head="Step and parameter", key="steps", none="The recipes are the same; what differs is the sweep or the seed.")


def _table(view: CompareView, rows: Any, *, head: str, key: str, none: str) -> None:
    if not rows:
        note(none, key=f"no-{key}")
        return
    frame, columns = rows_table(rows, [c.letter for c in view.contenders], head=head, reference=view.reference)
    st.dataframe(frame, hide_index=True, column_config=columns, key=f"{key}-table", height="content", alt=f"{head}, a column a point")


def _answers(view: CompareView, known: Evidence, kept: Kept) -> None:
    """By class, and the images themselves."""
    correct = known.correct.get("accuracy", {})
    answers = {c.letter: correct[c.point.key] for c in view.contenders if c.point.key in correct}
    if len(answers) < FEWEST or view.reference not in answers:
        return
    try:
        task = analysis.task_of(view.standard.task)
        rows = class_rows(list(answers.values()), task.labels, task.classes)
    except (EffcoreError, ValueError) as error:
        note(f"Answers by class can't be shown: {error}", key="no-classes", tone="bad")
        return
    letters = list(answers)
    left, right = st.columns(2, gap="large")
    with left:
        heading("By class", key="classes-section", below=largest_difference(rows, letters))
        alt = "Accuracy by class: " + "; ".join(
            f"{r.name}: " + ", ".join(f"{letter} {s:.1f} %" for letter, s in zip(letters, r.shares, strict=True)) for r in rows
        )
        kept.chart("classes", classes_figure(rows, letters, current_look()), alt=alt)
    with right:
        _images(view, answers, task)


def _images(view: CompareView, answers: Mapping[str, Any], task: analysis.TestImages) -> None:
    heading("Images on which they disagree", key="images-section")
    others = [letter for letter in answers if letter != view.reference]
    other = others[0] if len(others) == 1 else st.segmented_control(
        f"{view.reference} and", others, default=others[0], required=True, key="images-other"
    )  # fmt: skip
    found = disagreement(answers[view.reference], answers[other or others[0]])
    note(found.text(view.reference, other or others[0]), key="images-said", tone="plain")
    for letter, wrong, places in ((view.reference, other, found.only_first), (other, view.reference, found.only_second)):
        if places:
            note(f"Right in {letter}, wrong in {wrong}", key=f"images-{letter}", tone="strong")
            with st.container(horizontal=True, gap="small", key=f"images-row-{letter}"):
                for place in places[:MOST_IMAGES]:
                    name = task.classes[int(task.labels[place])]
                    # The name of a class may be a user's; as a caption Streamlit would read it as Markdown.
                    with st.container(width=84, gap=None, key=f"image-{letter}-{place}"):
                        st.image(pixels(task.images[place], task.levels), width=84)
                        note(name, key=f"image-name-{letter}-{place}")


def _latencies(view: CompareView, kept: Kept) -> None:
    found = {}
    for contender in view.contenders:
        document = data.read_json(contender.run_id, "samples.json")
        samples = samples_view(document) if isinstance(document, Mapping) else None
        if samples is not None:
            found[contender.letter] = samples
    if len(found) < FEWEST:
        return
    heading(
        "Latency samples over each other",
        key="samples-section",
        below="Box between the quartiles of all samples, whiskers to 5 and 95 percent; each mark is the median of a fresh process.",
    )
    machines = {c.point.first.environment for c in view.contenders}
    if len(machines) > 1:
        note("They were measured in different environments: these latencies don't compare.", key="mixed-environments", tone="bad")
    alt = "Latency: " + "; ".join(f"{letter} process medians {min(s.medians):.4g} to {max(s.medians):.4g} ms" for letter, s in found.items())
    kept.chart("overlay", overlay_figure(found, current_look()), alt=alt)


def _parts(view: CompareView, kept: Kept) -> None:
    documents = {c.letter: data.read_json(c.run_id, "profile.json") for c in view.contenders}
    kinds = (
        (shares_of_time(documents), "Where the time goes", "By operator", "ms", "time"),
        (shares_of_bytes(documents), "Where the bytes go", "By layer", "kB", "bytes"),
    )
    for column, (parts, name, head, unit, key) in zip(st.columns(2, gap="large"), kinds, strict=True):
        if len(parts) >= FEWEST:
            with column:
                heading(name, key=f"{key}-section")
                alt = f"{name}, {unit}: " + "; ".join(f"{letter} {sum(table.values()):.4g} in total" for letter, table in parts.items())
                kept.chart(key, parts_figure(parts, current_look(), unit=unit, heading=head), alt=alt)


if __name__ == "__main__":
    page()
