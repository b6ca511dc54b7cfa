"""The charts of a page that is run without a browser, as they are sent."""

from __future__ import annotations

import json
from typing import Any

from streamlit.testing.v1 import AppTest


def charts(app: AppTest) -> list[dict[str, Any]]:
    """Each with its `figure` and with `alt`, the text that stands for it: those that stay in their place, then Streamlit's own."""
    assert not app.exception, app.exception
    staying = [json.loads(chart.proto.bytes) for chart in app.get("bidi_component")]
    return staying + [{"figure": json.loads(chart.proto.spec), "alt": chart.proto.alt} for chart in app.get("plotly_chart")]


def figures(app: AppTest) -> list[dict[str, Any]]:
    """The figures alone."""
    return [chart["figure"] for chart in charts(app)]
