"""A chart that stays where it is: what changes is drawn into it.

`st.plotly_chart` with a selection takes a chart down and builds it anew whenever its figure changes, and draws each new one twice;
at 10,000 points that is most of what another axis costs. Here the figure is drawn by Plotly itself, from the package that made it.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from dashboard.assets import PLOTLY
from dashboard.theme import CHART_CONFIG

_SCRIPTS = [Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("drawing.js", "chart.js")]
_DRAWN = st.components.v2.component("effcore_chart", js="\n".join(_SCRIPTS), isolate_styles=False)


@dataclass(frozen=True)
class Told:
    """All that a chart is drawn from.

    Attributes:
        of: Tells its figure from others.
        content: JSON without any `<`, so that it may stand in a page.
    """

    of: int
    content: bytes


def told(figure: go.Figure | bytes, *, alt: str, picks: bool = False) -> Told:
    """What a chart is told.

    Args:
        figure: With a template and colours of its own, or its JSON.
        alt: What it shows, for those who can't see it.
        picks: Whether a click on a point means something.
    """
    drawing = figure if isinstance(figure, bytes) else str(figure.to_json()).encode()
    of = zlib.crc32(drawing)
    rest = json.dumps({"alt": alt, "config": CHART_CONFIG, "of": of, "picks": picks, "plotly": PLOTLY.lstrip("/")}).encode()
    return Told(of, (rest[:-1] + b', "figure": ' + drawing + b"}").replace(b"<", b"\\u003c"))


def chart(figure: go.Figure | bytes, *, key: str, alt: str, picks: bool = False) -> dict[str, Any]:
    """Draw a figure and tell what was clicked.

    Args:
        figure, alt, picks: As `told` takes them.
        key: Unique on the page.

    Returns:
        As `show`.
    """
    return show(told(figure, alt=alt, picks=picks), key=key)


def show(drawn: Told, *, key: str) -> dict[str, Any]:
    """Draw what was told and tell what was clicked.

    A click is a state that stays until it was told, not one of Streamlit's triggers: those are gone when their run is ended by another.

    Returns:
        What was clicked, once, in the form of `st.plotly_chart`; `cleared` says that a double click took it back.
    """
    clicked = _DRAWN(key=key, data=drawn.content, on_clicked_change=_stay).clicked
    heard = f"{key}-heard"
    if not isinstance(clicked, dict) or clicked.get("of") != drawn.of or clicked.get("at") == st.session_state.get(heard):
        return {"selection": {"points": []}, "cleared": False}  # nothing, or of the figure that was here before, or told already
    st.session_state[heard] = clicked.get("at")
    carried = clicked.get("carried")
    return {"selection": {"points": [{"customdata": carried}] if carried is not None else []}, "cleared": carried is None}


def _stay() -> None:
    """A callback is what makes a key a part of the result; there is nothing else for it to do."""
