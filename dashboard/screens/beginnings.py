"""Sweeps to begin with, by category: a click puts one into the field for pasted specs, where it can be changed and submitted."""

from __future__ import annotations

import streamlit as st

from dashboard import routes
from dashboard.form.presets import CATEGORIES, PRESETS, Preset
from dashboard.screens.parts import heading, note


def presets() -> None:
    """Every preset, the categories beside each other."""
    for column, (category, title) in zip(st.columns(len(CATEGORIES), gap="medium"), CATEGORIES.items(), strict=True):
        with column:
            heading(title, key=f"presets-{category}-section")
            for preset in PRESETS:
                if preset.category == category:
                    _preset(preset)


def _preset(preset: Preset) -> None:
    with st.container(border=True, gap="xsmall", key=f"preset-{preset.name.replace(' ', '-')}"):
        note(preset.name[:1].upper() + preset.name[1:], key=f"preset-name-{preset.name}", tone="strong")
        note(preset.question, key=f"preset-question-{preset.name}", tone="plain")
        st.button(
            "Take it", key=f"take-{preset.name}", type="tertiary", icon=":material/arrow_forward:", help="Shows its spec and what it costs",
            on_click=_take, args=(preset.text,),
        )  # fmt: skip


def _take(text: str) -> None:
    st.session_state[routes.PASTED] = text
    st.session_state[routes.LAUNCH_MODE] = routes.PASTE
