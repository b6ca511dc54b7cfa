"""What the launch form asks beside the recipe: how the space is searched, how is measured, what it may take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.form import FieldSpec, field_help
from dashboard.form.sections import opens_with, placed_at, search_document, section_document, section_fields
from dashboard.screens.cards import show
from dashboard.screens.parts import note
from dashboard.views.cards import search_cards
from effcore.catalogue.search import STRATEGIES
from effcore.spec import KEYS

Places = dict[tuple[str, str], DeltaGenerator]

_IN_A_ROW = 3
_TITLES = {"search": "How the space is searched", "measure": "How long is measured, and how well", "limits": "What it may take"}


def sections(places: Places) -> dict[str, Any]:
    """Draw them and read them; of the spec only what differs from the defaults."""
    with st.expander(_TITLES["search"], key="section-search"):
        strategy = _strategy()
        search = search_document(strategy, _rows("search", section_fields("search", strategy=strategy), places))
    with st.expander(_TITLES["measure"], key="section-measure"):
        measure = section_document(_rows("measure", section_fields("measure", strategy=strategy), places))
    with st.expander(_TITLES["limits"], key="section-limits"):
        limits = section_document(_rows("limits", section_fields("limits", strategy=strategy), places))
    return _about(searches=strategy != "grid", places=places) | {"search": search, "measure": measure, "limits": limits}


def _strategy() -> str:
    chosen: str = st.selectbox(
        "Strategy", list(STRATEGIES), key="form-search-strategy", persist_state="session", help=KEYS["search"],
    )  # fmt: skip
    note(STRATEGIES[chosen].summary, key="strategy-card")
    with st.popover("What it costs, and when it does not help", type="tertiary"):
        for card in search_cards(chosen):
            show(card, key="card-strategy")
    return chosen


def _about(*, searches: bool, places: Places) -> dict[str, Any]:
    with st.expander("What it is to show", key="section-about"):
        description = st.text_area("Description", key="form-description", persist_state="session", max_chars=2000, help=KEYS["description"])
        places["description", ""] = st.container(gap=None)
        verdicts = not searches and st.toggle("Measure every parent too", key="form-verdicts", persist_state="session", help=KEYS["verdicts"])
        places["verdicts", ""] = st.container(gap=None)
    return {"description": (description or "").strip(), "verdicts": verdicts}


def _rows(section: str, shown: Sequence[FieldSpec], places: Places) -> dict[FieldSpec, str]:
    values = {}
    for first in range(0, len(shown), _IN_A_ROW):
        for field, column in zip(shown[first : first + _IN_A_ROW], st.columns(_IN_A_ROW, gap="medium"), strict=False):
            with column:
                values[field] = _field(section, field)
                place = st.container(gap=None)
            for name in placed_at(section, field):
                places.setdefault(name, place)
    return values


def _field(section: str, field: FieldSpec) -> str:
    label, key = field.label[0].upper() + field.label[1:], f"form-{section}-{field.name}"
    if field.options:
        options = list(field.options)
        chosen: str = st.selectbox(
            label, options, index=options.index(field.default), key=key, help=field_help(field, alternatives=False), persist_state="session"
        )
        return chosen
    return (
        st.text_input(
            label, opens_with(field), key=key, help=field_help(field, alternatives=False), placeholder=field.bounds, persist_state="session"
        )
        or ""
    )
