"""Figures and tables that are the same for all readers of a view, made once and then only sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
import streamlit as st

from dashboard import data
from dashboard.charts.facets import facet_figures
from dashboard.charts.frontier import as_sent, frontier_figure
from dashboard.charts.layers import Layers, with_layers
from dashboard.tables import Table, frontier_table
from dashboard.tables.large import large_table
from dashboard.theme import DARK, LIGHT, Look
from dashboard.views.frontier import FrontierView
from effcore.tracking.marks import Mark

Asked = tuple[object, ...]
"""All that a picture depends on beside the state of the store: frozen values, as the source, the axes and the lens."""


@st.cache_resource(show_spinner=False, max_entries=48)
def _figure(
    home_folder: str, uri: str | None, version: str, asked: Asked, selected: str | None, look: str,
    _view: FrontierView, _layers: Layers, _over: FrontierView | None,
) -> go.Figure:  # fmt: skip
    drawn = DARK if look == DARK.name else LIGHT
    return with_layers(frontier_figure(_view, drawn, selected=selected), _view, drawn, _layers, over=_over)


def figure(
    shown: data.Snapshot, asked: Asked, view: FrontierView, look: Look, *, layers: Layers, over: FrontierView | None, selected: str | None
) -> go.Figure:
    """The frontier with what is laid over it; readers share it, so that nobody may change it.

    Args:
        shown: The moment.
        asked: What view, layers and `over` follow from.
        view: What is drawn.
        look: Light or dark.
        layers: What is laid over it.
        over: Another frontier.
        selected: Run of the point that is ringed.
    """
    return _figure(str(data.home()), data.tracking_uri(), shown.version, asked, selected, look.name, view, layers, over)


@st.cache_resource(show_spinner=False, max_entries=48)
def _drawing(
    home_folder: str, uri: str | None, version: str, asked: Asked, selected: str | None, look: str,
    _view: FrontierView, _layers: Layers, _over: FrontierView | None,
) -> bytes:  # fmt: skip
    drawn = DARK if look == DARK.name else LIGHT
    figure = with_layers(frontier_figure(_view, drawn, selected=selected, whole=False), _view, drawn, _layers, over=_over)
    return as_sent(figure, _view, drawn)


def drawing(
    shown: data.Snapshot, asked: Asked, view: FrontierView, look: Look, *, layers: Layers, over: FrontierView | None, selected: str | None
) -> bytes:
    """What `figure` shows, as a browser takes it; a look at a new axis needs this alone, and it is made in half the time."""
    return _drawing(str(data.home()), data.tracking_uri(), shown.version, asked, selected, look.name, view, layers, over)


@st.cache_resource(show_spinner=False, max_entries=24)
def _table(home_folder: str, uri: str | None, version: str, asked: Asked, marked: tuple[tuple[str, Mark], ...], _view: FrontierView) -> Table:
    return frontier_table(_view, dict(marked)) if _view.cloud is None else large_table(_view)


def table(shown: data.Snapshot, asked: Asked, view: FrontierView, *, marks: Mapping[str, Mark]) -> Table:
    """The points as a table; readers share it, so that nobody may change it.

    Args:
        shown: The moment.
        asked: What the view follows from.
        view: What it is of.
        marks: Stars and notes by run, for a table that has room for them.
    """
    return _table(str(data.home()), data.tracking_uri(), shown.version, asked, tuple(sorted(marks.items(), key=lambda m: m[0])), view)


@st.cache_resource(show_spinner=False, max_entries=12)
def _facets(home_folder: str, uri: str | None, version: str, asked: Asked, look: str, _views: Sequence[FrontierView]) -> list[go.Figure]:
    return facet_figures(_views, DARK if look == DARK.name else LIGHT)


def facets(shown: data.Snapshot, asked: Asked, views: Sequence[FrontierView], look: Look) -> list[go.Figure]:
    """A figure for each environment; readers share them, so that nobody may change them."""
    return _facets(str(data.home()), data.tracking_uri(), shown.version, asked, look.name, views)
