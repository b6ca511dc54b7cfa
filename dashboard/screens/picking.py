"""Tables of which rows are picked, by what they are of and not by where they stood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

import pandas as pd
import streamlit as st


def picked_row(
    frame: pd.DataFrame, columns: Mapping[str, Any], *, key: str, of: Sequence[str], height: int | Literal["content"], alt: str
) -> int | None:
    """A table of which a click on any cell picks the row; returns its position once."""
    return picked_rows(frame, columns, key=key, of=of, height=height, alt=alt, several=False)[0]


def picked_rows(
    frame: pd.DataFrame,
    columns: Mapping[str, Any],
    *,
    key: str,
    of: Sequence[str],
    height: int | Literal["content"],
    alt: str,
    several: bool = True,
) -> tuple[int | None, tuple[int, ...]]:
    """A table of which a click on any cell picks the row, and boxes beside the rows pick several.

    A pick is over once it was told: the cell does not stay selected, so that another click on it is a pick again, and one
    that was made long ago does not come back in a later run. A browser tells positions: a click and a tick are kept as what
    they were of when the table was drawn, since by the next run other rows may stand there.

    Args:
        of: What each row is of, as a run; each once.

    Returns:
        Position of the row whose cell was clicked, once; positions of the rows whose boxes are ticked.
    """
    of = tuple(of)
    _move_ticks(key, of)
    picked = st.session_state.pop(f"{key}-picked", None)
    event = st.dataframe(
        frame,
        hide_index=True,
        key=key,
        on_select=partial(_pick, key, of),
        selection_mode=["multi-row", "single-cell"] if several else "single-cell",
        placeholder="",
        height=height,
        column_config=dict(columns),
        alt=alt,
    )
    chosen = event.get("selection", {})
    cell = of.index(picked) if picked in of else None
    return cell, tuple(int(row) for row in chosen.get("rows", []) if int(row) < len(frame))


def _move_ticks(key: str, of: tuple[str, ...]) -> None:
    """Take the ticks to where their rows are now; those of rows that are gone are gone."""
    before: tuple[str, ...] = st.session_state.get(f"{key}-of", of)
    st.session_state[f"{key}-of"] = of
    rows = st.session_state.get(key, {}).get("selection", {}).get("rows", []) if before != of else []
    if rows:
        places = {what: place for place, what in enumerate(of)}
        st.session_state[key] = _selection([places[before[row]] for row in rows if row < len(before) and before[row] in places])


def _pick(key: str, of: tuple[str, ...]) -> None:
    """In a callback: note the row of the cell that was clicked, and take the selection off it; ticked rows stay."""
    selection = st.session_state[key].get("selection", {})
    cells = selection.get("cells", [])
    if cells and int(cells[0][0]) < len(of):
        st.session_state[f"{key}-picked"] = of[int(cells[0][0])]
    if cells:
        st.session_state[key] = _selection(list(selection.get("rows", [])))


def _selection(rows: list[int]) -> dict[str, Any]:
    return {"selection": {"rows": rows, "columns": [], "cells": []}}
