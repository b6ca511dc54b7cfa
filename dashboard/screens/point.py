"""Point: why a point is where it is, and how to have it."""

from __future__ import annotations

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import data, routes
from dashboard.charts.point import curve_figure, samples_figure
from dashboard.charts.profile import shares_figure
from dashboard.form import point_document
from dashboard.form.spec_yaml import to_yaml
from dashboard.quantities import file_size
from dashboard.screens import still
from dashboard.screens.again import again_button, again_said
from dashboard.screens.cards import show
from dashboard.screens.export import Kept, export_menu
from dashboard.screens.handing_point import hand_out_point
from dashboard.screens.marks import mark_buttons, mark_said
from dashboard.screens.parts import IDLE_S, aim, current_look, empty, explained, heading, note, paste
from dashboard.screens.posed import held_point, way_to_guess
from dashboard.screens.variation import change_one_step
from dashboard.tables import figures_table, tone_color
from dashboard.theme import mark, title
from dashboard.views.cards import cards_of
from dashboard.views.point import PointView, Relative, point_view
from dashboard.views.profile import profile_view
from dashboard.views.records import curve_view, environment_line, samples_view, stage_lines
from dashboard.views.verdict import VerdictView
from effcore.analysis.frontier import Variant


@explained
def page() -> None:
    """The whole page."""
    _way_back()
    st.fragment(run_every=IDLE_S)(_point)(st.query_params.get(routes.RUN, ""))


@explained
def _point(run_id: str) -> None:
    view = point_view(data.snapshot().variants, run_id, objectives=_objectives(run_id))
    if view is None and held_point(run_id):
        return
    if view is None:
        empty(
            "There is no such point",
            f"The address asks for the run {run_id[:60]!r}, which is not in the store.",
            icon=":material/search_off:",
            launch=False,
        )
        return
    _head(view)
    place, kept = _actions(view.variant), Kept()
    _last_step(data.verdict(data.snapshot(), run_id), run_id)
    if view.variant.error:
        note("What went wrong", key="error-title", tone="lead")
        st.code(view.variant.error, language=None, wrap_lines=True)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _figures(view, kept)
        _twins(view)
    with right:
        _recipe(view)
        if data.recorded() is None:
            change_one_step(view.variant, objectives=_objectives(run_id))
        _ancestry(view)
    _charts(view, kept)
    _profile(view.variant, kept)
    _stages(view.variant)
    left, right = st.columns(2, gap="large")
    with left:
        _files(view.variant)
        _take_away(view.variant)
    text = _spec_text(view.variant)
    with right:
        _rebuild(view.variant, text)
    with place, st.container(horizontal=True, gap="small", key="take-away"):
        still.share("point", {routes.RUN: run_id})
        source = " · ".join(part for part in (view.variant.runtime, environment_line(data.environment(run_id))) if part)
        export_menu("point", title=view.variant.name, source=source, figures=kept.figures, frames=kept.frames, spec=lambda: text)


def _objectives(run_id: str) -> tuple[str, ...]:
    """Those of the sweep that the run belongs to."""
    sweep = next((v.sweep for v in data.snapshot().variants if v.run_id == run_id), None)
    return next((tuple(r.objectives) for r in data.sweeps() if r.run_id == sweep), ("accuracy", "latency_ms"))


def _way_back() -> None:
    address: dict[str, str] = st.session_state.get(routes.BACK, {})
    st.page_link(routes.FRONTIER, label="Frontier", icon=":material/arrow_back:", query_params=address)


def _head(view: PointView) -> None:
    variant = view.variant
    heading(variant.name, key="title")
    note(view.verdict, key="verdict", tone="lead")
    machine = environment_line(data.environment(variant.run_id))
    sweep = next((r.name for r in data.sweeps() if r.run_id == variant.sweep), "")
    parts = [
        str(variant.recipe.get("task", "")),
        f"sweep {sweep}" if sweep else "",
        f"seed {variant.seed}",
        variant.runtime,
        machine,
    ]
    note(" · ".join(part for part in parts if part), key="environment")
    if variant.noisy:
        document = data.read_json(variant.run_id, "samples.json") or {}
        reasons = document.get("latency", {}).get("reasons", [])
        note(
            "Noisy measurement: " + ("; ".join(map(str, reasons)) or "the spread is larger than wished"),
            key="noisy",
            tone="bad",
        )


def _actions(variant: Variant) -> DeltaGenerator:
    """What can be done with the point, in one row; returns the place of the first button."""
    changes = data.recorded() is None
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="actions"):
        place = st.container(key="export-place", width="content")
        if changes:
            mark_buttons(variant)
            again_button(variant)
    if changes:
        mark_said(variant.run_id)
        again_said(variant)
    return place


def _last_step(verdict: VerdictView | None, run_id: str) -> None:
    if verdict is None:
        return
    heading("What its last step did", key="last-step-section")
    note(verdict.line, key="last-step", tone="strong")
    way_to_guess(run_id)
    for index, line in enumerate(verdict.details):
        note(line, key=f"last-step-{index}")
    with st.popover("How a verdict comes about", type="tertiary"):
        for index, rule in enumerate(verdict.rules):
            note(rule, key=f"rule-{index}", tone="plain")


def _figures(view: PointView, kept: Kept) -> None:
    heading(
        "Figures",
        key="figures-section",
        below=view.parent_note or f"Against its parent, {view.parent.name if view.parent else ''}",
    )
    if not view.figures:
        note("Nothing was measured.", key="no-figures")
        return
    if view.parent is not None:
        both = f"{view.parent.run_id},{view.variant.run_id}"
        st.button(
            "Compare with its parent", key=f"compare-parent-{both}", type="tertiary", icon=":material/compare_arrows:", on_click=aim,
            args=(routes.COMPARE, {routes.POINTS: both}),
        )  # fmt: skip
    frame, columns = figures_table(view.figures, against=view.parent is not None)
    kept.frames["figures"] = frame
    styled = frame.style.map(
        lambda text: f"color: {tone_color(text, current_look())}", subset=["change"] if "change" in frame else []
    )
    st.dataframe(
        styled,
        hide_index=True,
        column_config=columns,
        key="figures",
        height="content",
        alt="Figures of the point",
    )


def _recipe(view: PointView) -> None:
    heading("Recipe", key="recipe-section")
    for index, step in enumerate(view.steps):
        color = mark(step.technique).color(current_look())
        with st.container(key=f"recipe-{index}", gap=None):
            # The colour is one of our own constants; nothing that a user wrote is in this line.
            st.html(f'<div class="step-bar" style="background:{color}"></div>')
            words = title(step.technique) + (f": {step.label}" if step.label and step.label != step.technique else "")
            note(words + ("   ← the step from its parent" if step.new else ""), key=f"recipe-{index}", tone="strong")
            note(step.parameters, key=f"recipe-parameters-{index}")
    _cards(view.variant)


def _cards(variant: Variant) -> None:
    cards = cards_of(variant.recipe)
    if not cards:
        return
    with st.expander("What these steps are", key="cards"):
        for index, card in enumerate(cards):
            show(card, key=f"card-{index}")


def _ancestry(view: PointView) -> None:
    _group("Parent", (view.parent,) if view.parent else (), key="parent")
    _group("Dominated by", view.dominators, key="dominators")
    _group("One step further", view.children, key="children")


def _twins(view: PointView) -> None:
    _group("Other seeds", view.seeds, key="seeds")
    _group("Measured in another environment", view.elsewhere, key="elsewhere")
    _group("Same structure, so the same latency and memory", view.shared_structure, key="structure")


def _group(title_text: str, relatives: tuple[Relative, ...], *, key: str) -> None:
    if relatives:
        heading(title_text, key=f"{key}-section")
        for index, relative in enumerate(relatives[:8]):
            _relative(relative, key=f"{key}-{index}")


def _relative(relative: Relative, *, key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"row-{key}"):
        run_id = relative.run_id  # in the key too: a click on the page before is none on what stands in that place now
        to = (routes.POINT, {routes.RUN: run_id})
        st.button("Open", key=f"open-{key}-{run_id}", type="tertiary", icon=":material/arrow_forward:", on_click=aim, args=to)
        note(relative.name + (f": {relative.text}" if relative.text else ""), key=f"relative-{key}", tone="plain")


def _charts(view: PointView, kept: Kept) -> None:
    look, metrics = current_look(), view.variant.metrics
    left, right = st.columns(2, gap="large")
    document: Any = data.read_json(view.variant.run_id, "samples.json")
    samples = samples_view(document) if document else None
    if samples:
        with left:
            heading("Latency samples", key="samples-section", below=samples.note)
            figure = samples_figure(
                samples,
                look,
                value=metrics.get("latency_ms"),
                low=metrics.get("latency_ms_low"),
                high=metrics.get("latency_ms_high"),
            )
            kept.chart("samples", figure, alt=f"Latency: {samples.note}")
    curve = curve_view(data.read_json(view.variant.run_id, "curve.json") or [])
    if curve:
        with right:
            heading(
                "Learning curve",
                key="curve-section",
                below=f"{len(curve.epochs)} epochs, those of trainings that it shares among them",
            )
            kept.chart("curve", curve_figure(curve, look), alt=f"Validation accuracy over the epochs. {curve.said}")


def _profile(variant: Variant, kept: Kept) -> None:
    found = profile_view(data.read_json(variant.run_id, "profile.json"))
    if found is None:
        return
    left, right = st.columns(2, gap="large")
    parts = (
        (left, found.time, "Where the time goes", "Share of a prediction, by operator", found.time_note, "time"),
        (right, found.bytes, "Where the bytes go", "Share of the file, by layer", found.bytes_note, "bytes"),
    )
    for column, bars, name, above_bars, below, key in parts:
        if bars:
            with column:
                heading(name, key=f"{key}-section", below=below)
                figure = shares_figure(bars, current_look(), heading=above_bars)
                alt = f"{name}: " + "; ".join(f"{bar.name} {bar.text}" for bar in bars)
                kept.chart(key, figure, alt=alt)


def _stages(variant: Variant) -> None:
    lines = stage_lines(data.read_json(variant.run_id, "facts.json"))
    if not lines:
        return
    heading(
        "What each stage did",
        key="stages-section",
        below="In the order in which they were done; stages are shared with other variants.",
    )
    for index, line in enumerate(lines):
        with st.container(key=f"stage-{index}", gap=None):
            note(line.what + (f", {line.time}" if line.time else ""), key=f"stage-what-{index}", tone="strong")
            if line.said:
                note(line.said, key=f"stage-said-{index}")


def _files(variant: Variant) -> None:
    heading("Files", key="files-section")
    names = ((variant.artifact,) if variant.artifact else ()) + data.FILES
    found = [(name, path) for name in names if (path := data.run_file(variant.run_id, name)) is not None]
    if not found:
        note("The run holds no files.", key="no-files")
    for index, (name, path) in enumerate(found):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"file-{index}"):
            st.download_button(
                "Download", data=path.read_bytes, file_name=path.name, key=f"download-{name}", on_click="ignore",
                icon=":material/download:", type="primary" if index == 0 and variant.artifact else "secondary",
            )  # fmt: skip
            note(
                f"{name}, {file_size(path.stat().st_size)}"
                + (": the file to deploy" if name == variant.artifact else ""),
                key=f"file-{index}",
                tone="plain",
            )


def _take_away(variant: Variant) -> None:
    """The command that writes the file with an example that uses it."""
    if variant.artifact and data.run_file(variant.run_id, variant.artifact) is not None:
        note("With an example that uses it, into a folder:", key="take-away")
        st.code(f"effcore export {variant.run_id[:12]}", language="bash")


def _spec_text(variant: Variant) -> str:
    """The spec that builds the point again."""
    name = f"again {variant.run_id[:8]}"
    return to_yaml(point_document(variant.recipe, name=name, seed=variant.seed, objectives=_objectives(variant.run_id)))


def _rebuild(variant: Variant, text: str) -> None:
    heading("Build it again", key="rebuild-section")
    st.code(f"effcore run again-{variant.run_id[:8]}.yaml", language="bash")
    note("with this spec; what it shares with the sweep is reused:", key="rebuild")
    st.code(text, language="yaml", wrap_lines=True)
    with st.container(horizontal=True, gap="small", key="rebuild-buttons"):
        _rebuild_buttons(variant, text)
        hand_out_point(variant, text, spec_name=f"again-{variant.run_id[:8]}.yaml")


def _rebuild_buttons(variant: Variant, text: str) -> None:
    if data.recorded() is None:
        st.button("Change it and launch", key=f"edit-spec-{variant.run_id}", icon=":material/edit:", on_click=paste, args=(text,))
    st.download_button(
        "Download the spec",
        data=text,
        file_name=f"again-{variant.run_id[:8]}.yaml",
        key="download-spec",
        on_click="ignore",
        icon=":material/download:",
    )


if __name__ == "__main__":
    page()
