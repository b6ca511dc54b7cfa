"""The form of the launch page, made from the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.form import (
    FieldSpec,
    Inclusion,
    StepChoice,
    field_help,
    fields,
    is_default,
    read_values,
    spec_document,
    start_values,
)
from dashboard.quantities import count
from dashboard.screens.parts import heading, note
from dashboard.screens.sections import sections
from effcore.catalogue import TASKS, TECHNIQUES, Technique
from effcore.objectives import METRICS

_SHOWN = 3
"""Parameters of a step that stand open; the rest is one click away."""
_INCLUSION: Mapping[Inclusion, str] = {"without": "Leave out", "with": "Always", "both": "With and without"}


@dataclass(frozen=True)
class Filled:
    """What the form holds.

    Attributes:
        document: The spec as plain data.
        places: Where a problem is shown, by technique and field, or by key of the spec.
    """

    document: dict[str, Any]
    places: Mapping[tuple[str, str], DeltaGenerator]


def fill_form() -> Filled:
    """Draw the form and read it."""
    places: dict[tuple[str, str], DeltaGenerator] = {}
    general = _general(places)
    steps = [_step(technique, places) for technique in TECHNIQUES.values()]
    rest = sections(places)
    return Filled(spec_document(steps=steps, **general, **rest), places)


def _general(places: dict[tuple[str, str], DeltaGenerator]) -> dict[str, Any]:
    columns = st.columns([2, 1, 1], gap="medium")
    with columns[0]:
        name = st.text_input(
            "Name",
            "first look",
            key="form-name",
            persist_state="session",
            max_chars=64,
            help="Results are found under it.",
        )
        places["name", ""] = st.container(gap=None)
    with columns[1]:
        task = st.selectbox(
            "Task",
            list(TASKS),
            index=list(TASKS).index("mnist5k") if "mnist5k" in TASKS else 0,
            key="form-task",
            persist_state="session",
            help=" ".join(t.summary for t in TASKS.values()),
        )
        places["task", ""] = st.container(gap=None)
    if task in TASKS and TASKS[task].origin:
        note(TASKS[task].summary, key="own-data")
    with columns[2]:
        seeds = st.text_input(
            "Seeds",
            "0",
            key="form-seeds",
            persist_state="session",
            help="Whole numbers with commas; every recipe is built once for each.",
        )
        places["seeds", ""] = st.container(gap=None)
    objectives = st.multiselect(
        "Objectives", list(METRICS), ["accuracy", "latency_ms"], key="form-objectives", format_func=_metric_label,
        persist_state="session", max_selections=5, help="What the frontier of the sweep is judged by.",
    )  # fmt: skip
    places["objectives", ""] = st.container(gap=None)
    whole = FieldSpec(
        path=("seeds",),
        kind="integer",
        options=(),
        default="0",
        required=True,
        unit="",
        bounds="",
        help="",
        nullable=False,
    )
    return {"name": name or "", "task": task, "seeds": read_values(whole, seeds or ""), "objectives": objectives}


def _metric_label(name: str) -> str:
    return METRICS[name].label


def _step(technique: Technique, places: dict[tuple[str, str], DeltaGenerator]) -> StepChoice:
    with st.container(border=True, key=f"step-{technique.name}", gap="small"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            heading(technique.title, key=f"{technique.name}-step", help=technique.summary)
            inclusion = _inclusion(technique)
        values = _parameters(technique, places) if inclusion != "without" else {}
        places[technique.name, ""] = st.container(gap=None)
    return StepChoice(technique=technique.name, inclusion=inclusion, values=values)


def _inclusion(technique: Technique) -> Inclusion:
    if not technique.optional:
        return "with"
    chosen: Inclusion = st.segmented_control(
        technique.title, list(_INCLUSION), default="without", required=True, format_func=lambda k: _INCLUSION[k],
        key=f"form-{technique.name}", label_visibility="collapsed", persist_state="session",
    ) or "without"  # fmt: skip
    return chosen


def _parameters(
    technique: Technique, places: dict[tuple[str, str], DeltaGenerator]
) -> dict[tuple[str, ...], Sequence[Any]]:
    open_fields = [f for f in fields(technique) if not f.fixed]
    fixed = [f for f in fields(technique) if f.fixed]
    values = _row(technique, open_fields[:_SHOWN], places)
    if open_fields[_SHOWN:]:
        with st.expander(count(len(open_fields) - _SHOWN, "more parameter"), key=f"more-{technique.name}"):
            for start in range(_SHOWN, len(open_fields), _SHOWN):
                values |= _row(technique, open_fields[start : start + _SHOWN], places)
    if fixed:
        st.caption("Only one choice so far: " + ", ".join(f"{f.label} {f.options[0]}" for f in fixed))
    return {
        f.path: values[f.path]
        for f in open_fields
        if not is_default(f, values[f.path]) or f.name == technique.shorthand
    }


def _row(
    technique: Technique, shown: Sequence[FieldSpec], places: dict[tuple[str, str], DeltaGenerator]
) -> dict[tuple[str, ...], list[Any]]:
    values = {}
    for field, column in zip(shown, st.columns(_SHOWN, gap="medium"), strict=False):
        with column:
            values[field.path] = _field(technique, field)
            places[technique.name, field.name] = st.container(gap=None)
    return values


def _field(technique: Technique, field: FieldSpec) -> list[Any]:
    key = f"form-{technique.name}-{field.name}"
    start = start_values(technique.name, field)
    label = field.label[0].upper() + field.label[1:]
    if field.options:
        chosen = st.pills(
            label,
            field.options,
            selection_mode="multi",
            default=list(start),
            key=key,
            help=field_help(field),
            persist_state="session",
            wrap=True,
        )
        return read_values(field, list(chosen or ()))
    given = st.text_input(
        label, ", ".join(start), key=key, help=field_help(field), placeholder=field.bounds, persist_state="session"
    )
    return read_values(field, given or "")
