"""On the page of a point: one step changed, and that one variant submitted."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import data
from dashboard.form import FieldSpec, field_help
from dashboard.form.spec_yaml import to_yaml
from dashboard.quantities import duration
from dashboard.screens.parts import note, paste, problem
from dashboard.screens.submission import submit_button
from dashboard.views.variation import Change, Place, changed_document, others, places, suggested, without_use
from effcore.analysis.frontier import Variant
from effcore.errors import Problem, SpecError
from effcore.spec import Spec

LEFT_OUT = "leave it out"


def change_one_step(variant: Variant, *, objectives: Sequence[str]) -> None:
    """A part that opens with a change that can be submitted as it is; nothing is worked out before."""
    if variant.measures is not None:
        return
    box = st.expander("Change one step and launch it", icon=":material/tune:", key="variation", on_change="rerun")
    if not box.open:
        return
    with box:
        found = places(variant)
        if not found:
            note("Its recipe is of an older catalogue: nothing of it can be changed here.", key="no-variation")
            return
        change = _choose(variant, found)
        if change is not None:
            _offer(variant, change, objectives)


def _choose(variant: Variant, found: Sequence[Place]) -> Change | None:
    """Which step, which of its parameters, and to what."""
    labels = {place.key: place.label for place in found}
    chosen = st.selectbox("Step", list(labels), key=f"vary-step-{variant.run_id}", format_func=lambda key: labels[key])
    place = next(p for p in found if p.key == chosen)
    if place.new:
        note("With its defaults; its parameters can be changed from the page of the new point.", key="vary-new")
        return Change(place=place)
    asked = {field.name: field for field in place.fields}
    options = [*asked, *([LEFT_OUT] if place.removable else [])]
    left, right = st.columns(2, gap="small")
    with left:
        what = st.selectbox(
            "What", options, index=_first(place, asked), key=f"vary-what-{variant.run_id}-{place.key}",
            format_func=lambda name: _capital(asked[name].label if name in asked else name),
        )  # fmt: skip
    if what == LEFT_OUT:
        return Change(place=place)
    with right:
        text = _value(variant, place, asked[what])
    return Change(place=place, field=asked[what], text=text) if text else None


def _first(place: Place, asked: dict[str, FieldSpec]) -> int:
    """The first parameter that is a number with another value to suggest: what is varied most often."""
    ready = (i for i, f in enumerate(asked.values()) if f.kind in ("number", "integer") and suggested(place, f))
    return next(ready, 0)


def _value(variant: Variant, place: Place, field: FieldSpec) -> str:
    now, key = place.values[field.name], f"vary-value-{variant.run_id}-{place.key}-{field.name}"
    label = f"Instead of {now}"
    if field.options:
        return st.selectbox(label, others(field, now), key=key, help=field_help(field)) or ""
    start = suggested(place, field)
    return (st.text_input(label, start, key=key, help=field_help(field), placeholder=field.bounds) or "").strip()


def _offer(variant: Variant, change: Change, objectives: Sequence[str]) -> None:
    """What it would cost and the button, or what is wrong with it."""
    spec, problems, dropped = _spec(variant, change, objectives)
    for index, one in enumerate(problems):
        problem(f"{one.message[:1].upper()}{one.message[1:]} {one.hint}".strip(), key=f"vary-problem-{index}")
    if spec is None:
        return
    if len(spec.variants) > 1:
        problem("Must be one value: alternatives are for the launch page.", key="vary-several")
        return
    if spec.recipes[0].key == variant.recipe_key:
        note("That is what it is already.", key="vary-same")
        return
    if dropped:
        note(f"{', '.join(dropped)}: at the default again, since the new value has no use for what it was.", key="vary-dropped")
    cost = data.cost(spec)
    there = f"; {cost.stages_cached} of {cost.stages_distinct} stages are there already" if cost.stages_cached else ""
    note(f"{spec.recipes[0].name}: takes about {duration(cost.estimated_s)}{there}.", key="vary-cost", tone="plain")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="vary-buttons"):
        submit_button(spec, "Submit this variant")
        st.button("Change more", key="vary-more", type="tertiary", icon=":material/edit:", on_click=paste, args=(spec.text,))


def _spec(variant: Variant, change: Change, objectives: Sequence[str]) -> tuple[Spec | None, tuple[Problem, ...], tuple[str, ...]]:
    """The spec, its problems, and the parameters that went back to their defaults for it to be allowed."""
    document = changed_document(variant, change, objectives=objectives)
    try:
        return data.checked_spec(to_yaml(document)), (), ()
    except SpecError as error:
        less = without_use(document, change, [p.where for p in error.problems])
        if less is None:
            return None, error.problems, ()
    try:
        spec = data.checked_spec(to_yaml(less))
    except SpecError as error:
        return None, error.problems, ()
    before, after = (next(iter(d["recipe"][change.place.index].values())) for d in (document, less))
    return spec, (), tuple(name for name in before if name not in after)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
