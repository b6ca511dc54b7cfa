"""Parts that the acts share."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from dashboard import routes
from dashboard.charts.slide import enlarged
from dashboard.screens.chart import chart as draw

_HEIGHT = 450
"""Of a figure that says none, in pixels; Plotly's own."""


def chart(figure: go.Figure, *, key: str, alt: str) -> None:
    """A figure, with what it says in words for those who can't see it; on the projector in type for the last row."""
    if st.query_params.get(routes.PROJECTOR) == "1":
        figure = enlarged(figure, height=figure.layout.height or _HEIGHT)
    with st.container(key=f"{key}-chart"):
        draw(figure, key=key, alt=alt)
        with st.container(key=f"{key}-alt"):
            st.caption(alt)


def picture(image: NDArray[Any], *, caption: str = "", scale: int = 5, width: int = 140) -> None:
    """A small image with its pixels visible."""
    st.image(np.kron(image, np.ones((scale, scale), np.uint8)), caption=caption or None, width=width)
