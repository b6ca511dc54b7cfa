"""Very many points as traces that a browser draws in a moment: arrays in binary, by WebGL, each marker with its place."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashboard.charts.axes import escape, escape_all
from dashboard.theme import MARKS, Look, mark, title
from dashboard.views.cloud import MOST_DRAWN, Cells, Cloud, cells
from dashboard.views.frontier import FrontierView

_SIZE = 7
_OPACITY = {"light": 0.3, "dark": 0.4}


def cloud_traces(view: FrontierView, look: Look, *, shown: set[str]) -> list[go.Scattergl]:
    """`cloud_specs` as traces of a figure."""
    return [go.Scattergl(spec) for spec in cloud_specs(view, look, shown=shown)]


def in_binary(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A trace with its arrays as Plotly reads them in JSON."""
    return {name: _binary(value) if isinstance(value, np.ndarray) else value for name, value in spec.items()}


_DTYPES = {"float64": "f8", "int32": "i4"}


def _binary(values: NDArray[Any]) -> dict[str, str]:
    shape = {"shape": ", ".join(map(str, values.shape))} if values.ndim > 1 else {}
    return {"dtype": _DTYPES[str(values.dtype)], "bdata": b64encode(values.tobytes()).decode()} | shape


def cloud_specs(view: FrontierView, look: Look, *, shown: set[str]) -> list[dict[str, Any]]:
    """A trace for each technique; what a marker stands for is its place in the cloud, in `customdata`.

    Making a figure of 10,000 names takes longer than all else that a new axis asks of the server, so that what is sent goes without.

    Args:
        view: With a cloud.
        look: Light or dark.
        shown: Techniques that the legend has already.
    """
    cloud = view.cloud
    if cloud is None or not len(cloud):
        return []
    drawn = cells(cloud, x_log=view.x_log, y_log=view.y_log)
    codes = cloud.technique[drawn.first]
    order = {name: index for index, name in enumerate(MARKS)}
    names = cloud.techniques
    present = sorted(set(codes.tolist()), key=lambda code: (order.get(names[code], len(order)), names[code]))
    return [
        _trace(view, cloud, Cells(first=drawn.first[codes == code], count=drawn.count[codes == code]), look, shown=shown)
        for code in present
    ]


def _trace(view: FrontierView, cloud: Cloud, drawn: Cells, look: Look, *, shown: set[str]) -> dict[str, Any]:
    technique = cloud.techniques[int(cloud.technique[drawn.first[0]])]
    opacity = _OPACITY[look.name]
    return {
        "type": "scattergl",
        "x": cloud.x[drawn.first],
        "y": cloud.y[drawn.first],
        "mode": "markers",
        "marker": {"color": mark(technique).color(look), "symbol": mark(technique).symbol, "size": _SIZE, "opacity": opacity},
        "selected": {"marker": {"opacity": opacity}},
        "unselected": {"marker": {"opacity": opacity}},
        "name": title(technique),
        "legendgroup": technique,
        "legendrank": 100 + list(MARKS).index(technique) if technique in MARKS else 900,
        "showlegend": technique not in shown,
        **_said(view, cloud, drawn),
    }


def _said(view: FrontierView, cloud: Cloud, drawn: Cells) -> dict[str, Any]:
    """What stands under the pointer: the name where names can be sent, and how many points a marker stands for."""
    figures = "".join(
        f"<br>{escape(m.label)} %{{{axis}:.4~g}} {escape(m.unit)}" for m, axis in ((view.y, "y"), (view.x, "x"))
    )
    places = drawn.first.astype(np.int32)
    if len(cloud) <= MOST_DRAWN:
        names = escape_all(cloud.names(drawn.first))
        return {"customdata": places, "text": names, "hovertemplate": f"<b>%{{text}}</b>{figures}<extra></extra>"}
    both = np.column_stack([places, drawn.count.astype(np.int32)])
    return {"customdata": both, "hovertemplate": f"<b>%{{customdata[1]}} here</b>{figures}<br>click for their names<extra></extra>"}


def extent(view: FrontierView) -> tuple[list[float], list[float]]:
    """The ends of a cloud on both axes, for the range of the axes; empty where there is none."""
    if view.cloud is None or not len(view.cloud):
        return [], []
    x, y = view.cloud.x, view.cloud.y
    return [float(x.min()), float(x.max())], [float(y.min()), float(y.max())]


def selected_place(event: Any, view: FrontierView) -> int | None:
    """Place in the cloud of the marker that was clicked, out of what `st.plotly_chart` returns."""
    if view.cloud is None:
        return None
    for point in event.get("selection", {}).get("points", []) if event else []:
        data = point.get("customdata")
        if isinstance(data, dict):  # Streamlit hands a row of a binary array over as an object with numbers for keys
            data = data.get("0")
        place = data[0] if isinstance(data, list | tuple) and data else data
        if isinstance(place, int | float) and not isinstance(place, bool) and 0 <= place < len(view.cloud):
            return int(place)
    return None
