"""How a card is laid out, on every page that shows one."""

from __future__ import annotations

import streamlit as st

from dashboard.screens.parts import note
from dashboard.views.cards import CardView


def show(card: CardView, *, key: str) -> None:
    """Its title, each thing to know below its label, and where to read on.

    Args:
        card: What is shown; an operator's own text may stand in it.
        key: Unique on the page.
    """
    with st.container(key=key, gap="xsmall"):
        note(card.title, key=f"{key}-title", tone="strong")
        for number, (label, text) in enumerate(card.lines):
            with st.container(key=f"{key}-line-{number}", gap=None):
                if label:
                    note(label, key=f"{key}-label-{number}")
                note(_together(text), key=f"{key}-text-{number}", tone="plain")
        read = ", ".join(text for text in (card.source, card.link) if text)
        if read:
            note(read, key=f"{key}-source")


def _together(text: str) -> str:
    """The same with no line that ends between a number and its per cent sign."""
    return text.replace(" %", "\u00a0%")
