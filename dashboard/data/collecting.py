"""Streamlit walks over all objects of the process for garbage after every look; what is there to stay is taken out of that walk."""

from __future__ import annotations

import gc

import streamlit as st

_STEP = 1000
"""Variants by which the store must have grown before what was read of it is taken out too."""


@st.cache_resource(show_spinner=False, max_entries=1000)
def _settled(step: int) -> bool:
    gc.collect()
    gc.freeze()  # libraries and what was read of the store: only cycles among them, of which there are few, would stay for ever
    return True


def settle(variants: int) -> None:
    """Call it at the end of a look; does nothing but when the store has grown a lot since.

    Args:
        variants: How many have been read.
    """
    _settled(variants // _STEP)
