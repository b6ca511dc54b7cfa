"""Launch: a sweep out of a form or a pasted spec, what it would cost, and the queue."""

from __future__ import annotations

import streamlit as st

from dashboard import data, routes
from dashboard.form import problems_by_field
from dashboard.form.spec_yaml import to_yaml
from dashboard.quantities import count, duration
from dashboard.screens.beginnings import presets
from dashboard.screens.fields import Filled, fill_form
from dashboard.screens.parts import IDLE_S, LIVE_S, explained, heading, note, problem
from dashboard.screens.queue import queue
from dashboard.screens.submission import submit_button
from dashboard.views.queue import expectation
from effcore.errors import Problem, SpecError
from effcore.spec import Spec

_MOST_PLANNED = 3000
"""Variants up to which the cost is worked out: planning them takes about a second."""


@explained
def page() -> None:
    """The whole page."""
    runs = data.recorded() is None
    below = "A runner takes the sweep from the queue below." if runs else "What it would cost is worked out here; it is run elsewhere."
    heading("Launch a sweep" if runs else "Make a spec", key="title", below=f"Every combination of alternatives becomes one variant. {below}")
    st.segmented_control(
        "How",
        [routes.FORM, routes.PRESET, routes.PASTE],
        key=routes.LAUNCH_MODE,
        default=routes.FORM,
        required=True,
        label_visibility="collapsed",
        persist_state="session",
    )
    if st.session_state[routes.LAUNCH_MODE] == routes.PRESET:
        presets()
    else:
        _spec()
    st.space("medium")
    live = data.active(data.sweeps())
    st.fragment(run_every=LIVE_S if live else IDLE_S)(queue)()


def _spec() -> None:
    """The form or the text at the left, what it would cost at the right."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        filled = fill_form() if st.session_state[routes.LAUNCH_MODE] != routes.PASTE else None
        text = to_yaml(filled.document) if filled else _pasted()
    spec, problems = _read(text)
    _place(problems, filled)
    with right, st.container(key="ticket"):
        _ticket(spec, problems, text, shown=filled is not None)


def _pasted() -> str:
    text: str = st.text_area(
        "Spec in YAML",
        key=routes.PASTED,
        height=420,
        placeholder="name: ...",
        persist_state="session",
        help="The format of experiments/*.yaml",
    )
    return text


def _read(text: str) -> tuple[Spec | None, tuple[Problem, ...]]:
    if not text.strip():
        return None, ()
    try:
        return data.checked_spec(text), ()
    except SpecError as error:
        return None, error.problems


def _place(problems: tuple[Problem, ...], filled: Filled | None) -> None:
    """Every problem under the field it is of; those of no field stand beside the spec."""
    if filled is None:
        return
    for place, found in problems_by_field(problems, filled.document).items():
        if place in filled.places:
            with filled.places[place]:
                for index, one in enumerate(found):
                    problem(one.message[0].upper() + one.message[1:], key=f"problem-{'-'.join(place)}-{index}")


def _ticket(spec: Spec | None, problems: tuple[Problem, ...], text: str, *, shown: bool) -> None:
    """What will be done, what it costs, and the button."""
    if spec is not None:
        _cost(spec)
        submit_button(spec, f"Submit {count(spec.size, 'variant')}" if spec.space is None else "Submit the search")
    elif problems:
        note(count(len(problems), "problem") + " to solve before it can run", key="problems", tone="lead")
        for index, one in enumerate(problems):
            problem(str(one), key=f"ticket-{index}")
    else:
        note("A spec is shown here with what it would cost, before it is submitted.", key="ticket-empty")
    if shown:
        note("The spec that will be submitted" if data.recorded() is None else "The spec", key="yaml")
        st.code(text, language="yaml", wrap_lines=True)


def _cost(spec: Spec) -> None:
    if spec.space is None and spec.size > _MOST_PLANNED:
        note(
            f"{count(spec.size, 'variant')}: too many to work out the cost of. Take alternatives out.",
            key="cost",
            tone="bad",
        )
        return
    cost = data.cost(spec)
    with st.container(horizontal=True, gap="large", key="cost-figures"):
        for label, value in (
            ("Variants", f"{cost.variants:,}"),
            ("Trainings", f"{cost.trainings - cost.trainings_cached:,}"),
            ("Takes about", duration(cost.estimated_s)),
        ):
            st.metric(label, value, width="content")
    said = expectation(cost.estimated_s, data.sweeps())
    if said:
        note(said, key="cost-error")
    shared = cost.stages_total - cost.stages_distinct
    lines = [
        f"{cost.stages_distinct:,} stages",
        f"{shared:,} more are shared" if shared else "",
        f"{cost.stages_cached:,} are there already" if cost.stages_cached else "",
    ]
    lines += [
        f"{cost.trainings_cached:,} of {count(cost.trainings, 'training')} there already"
        if cost.trainings_cached
        else ""
    ]
    note(", ".join(line for line in lines if line), key="cost-stages")


if __name__ == "__main__":
    page()
