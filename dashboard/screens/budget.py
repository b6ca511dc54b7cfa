"""The budget of a search, changed while it waits, runs or stands still."""

from __future__ import annotations

import streamlit as st

from dashboard import filing
from dashboard.form import fields_of, read_values
from dashboard.screens.parts import note, problem
from effcore.catalogue.search import Budget
from effcore.errors import EffcoreError, SpecError

_FIELDS = fields_of(Budget)
"""The limits that a search can have."""
_SAID = "budget-said"
"""In the session: the search whose budget was changed last, what came of it, and in which tone."""


def change_budget(run_id: str) -> None:
    """A part that opens with the limits as they are; nothing is read before."""
    box = st.expander("Budget", key=f"budget-{run_id}", on_change="rerun")
    if not box.open:
        return
    with box:
        try:
            now = filing.budget_of(run_id)
        except EffcoreError as error:
            problem(f"Its budget can't be read: {error}", key=f"budget-unread-{run_id}")
            return
        for field, column in zip(_FIELDS, st.columns(3, gap="medium"), strict=True):
            with column:
                start = f"{now[field.name]:g}" if field.name in now else ""
                st.text_input(
                    field.label[:1].upper() + field.label[1:], start, key=_key(run_id, field.name), placeholder="no limit",
                    help=f"{field.help} Allowed: {field.bounds}.", max_chars=12,
                )  # fmt: skip
        st.button("Set the budget", key=f"set-budget-{run_id}", icon=":material/check:", on_click=_set, args=(run_id,))
        said = st.session_state.get(_SAID)
        if said and said[0] == run_id:
            note(said[1], key=f"budget-said-{run_id}", tone=said[2])


def _key(run_id: str, name: str) -> str:
    return f"budget-{name}-{run_id}"


def _set(run_id: str) -> None:
    """Runs once a click, with the fields as they stand."""
    read = {f.name: read_values(f, (st.session_state.get(_key(run_id, f.name)) or "").strip()) for f in _FIELDS}
    budget = {name: values[0] if len(values) == 1 else values for name, values in read.items() if values}
    try:
        filing.set_budget(run_id, budget)
    except SpecError as error:
        st.session_state[_SAID] = (run_id, "; ".join(f"{p.where.removeprefix('search.budget.')} {p.message}" for p in error.problems), "bad")
    except EffcoreError as error:
        st.session_state[_SAID] = (run_id, str(error), "bad")
    else:
        st.session_state[_SAID] = (run_id, "Set. A search that runs hears of it within seconds.", "good")
