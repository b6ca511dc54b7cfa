"""Tables of very many points: numbers and names only, built from arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from dashboard.tables import format_of, head_of
from dashboard.theme import title
from dashboard.views.cloud import Cloud
from dashboard.views.frontier import FrontierView

MOST_ROWS = 10_000
"""Rows that are sent to a browser: each takes about 70 bytes."""


def large_table(view: FrontierView) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The points on the frontier, then the others, best first: the rows of `FrontierView.run_at`."""
    assert view.cloud is not None, "a view without a cloud has a table of its own"
    places = range(min(len(view.cloud), max(0, MOST_ROWS - len(view.dots))))
    rest = _columns(view.cloud, np.arange(len(places)))
    front: dict[str, list[Any]] = {
        "point": [d.name for d in view.dots], "y": [d.y.value for d in view.dots], "x": [d.x.value for d in view.dots],
        "step": [title(d.technique) for d in view.dots],
    }  # fmt: skip
    frame = pd.DataFrame({name: [*front[name], *rest[name]] for name in front})
    frame.insert(0, "#", pd.Series([d.number for d in view.dots] + [None] * len(places), dtype="Int64"))
    return frame, _config(view, frame)


def cloud_table(view: FrontierView, places: Sequence[int]) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Some points of the cloud."""
    assert view.cloud is not None, "there is nothing to choose from"
    frame = pd.DataFrame(_columns(view.cloud, np.asarray(places, dtype=np.int64)))
    return frame, _config(view, frame)


def _columns(cloud: Cloud, places: np.ndarray[Any, np.dtype[np.int64]]) -> dict[str, list[Any]]:
    titles = [title(name) for name in cloud.techniques]
    return {
        "point": cloud.names(places), "y": cloud.y[places].tolist(), "x": cloud.x[places].tolist(),
        "step": [titles[code] for code in cloud.technique[places].tolist()],
    }  # fmt: skip


def _config(view: FrontierView, frame: pd.DataFrame) -> dict[str, Any]:
    column = st.column_config
    return {
        "#": column.NumberColumn(width=40, help="Place along the frontier, as in the chart"),
        "point": column.TextColumn("Point", width=420),
        "y": column.NumberColumn(head_of(view.y), format=format_of(view.y, frame["y"].tolist()), width=120),
        "x": column.NumberColumn(head_of(view.x), format=format_of(view.x, frame["x"].tolist()), width=120),
        "step": column.TextColumn("Last step", width=160),
    }
