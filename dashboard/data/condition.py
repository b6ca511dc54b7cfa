"""How healthy the data is, kept as long as nothing changed."""

from __future__ import annotations

import streamlit as st

from dashboard import data
from dashboard.views.health import HealthView, health_view
from dashboard.views.sources import Source


@st.cache_data(show_spinner=False, ttl=60.0, max_entries=4)
def _store_size(home_folder: str, uri: str | None) -> int | None:
    return data.store().size_bytes()


@st.cache_resource(show_spinner=False, max_entries=32)
def _health(home_folder: str, uri: str | None, version: str, source: Source, size_bytes: int | None, _shown: data.Snapshot) -> HealthView:
    return health_view(_shown.columns, source.among(_shown.columns), size_bytes=size_bytes)


def health(source: Source, shown: data.Snapshot) -> HealthView:
    """What is to be known of the data of a source before it is believed."""
    key = str(data.home()), data.tracking_uri()
    return _health(*key, shown.version, source, _store_size(*key), shown)
