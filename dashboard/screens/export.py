"""The button with everything that can be taken away from a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from dashboard.charts.slide import slide
from dashboard.exports import bundle, csv_text, html_text, latex_text
from dashboard.exports.drawing import browser
from dashboard.exports.drawing import drawn as pictures_of
from dashboard.screens.parts import current_look, note
from dashboard.screens.still import drawn
from dashboard.theme import Look


@dataclass
class Kept:
    """Charts and tables of a page by name, gathered while they are drawn, so that every one of them can be taken away."""

    figures: dict[str, go.Figure] = field(default_factory=dict)
    frames: dict[str, pd.DataFrame] = field(default_factory=dict)

    def chart(self, name: str, figure: go.Figure, *, alt: str, fills: bool = False) -> None:
        """Draw a chart and keep it.

        Args:
            name: Unique on the page; files are named by it.
            figure: With a template and colours of its own.
            alt: What it shows, for those who can't see it.
            fills: As `still.drawn`.
        """
        self.figures[name] = figure
        drawn(figure, key=f"{name}-chart", alt=alt, fills=fills)


Made: TypeAlias = go.Figure | Callable[[], go.Figure]
"""A figure, or what makes it when it is taken away."""


def _figure(made: Made) -> go.Figure:
    return made if isinstance(made, go.Figure) else made()


def export_menu(
    key: str, *, title: str, source: str, figures: Mapping[str, Made], frames: Mapping[str, pd.DataFrame], spec: Callable[[], str] | None = None
) -> None:
    """A popover with a button for each form; nothing is made before it is pressed.

    Args:
        key: Unique on the page; files are named by it.
        title: Above the chart.
        source: What it is of, and where it was measured.
        figures, frames: By name.
        spec: The YAML behind it; None where there is none.
    """
    draws, look = browser() is not None, current_look()
    with st.popover("Export", icon=":material/download:", key=f"popover-export-{key}"):
        for name, frame in frames.items():
            _button(f"Table {name} as CSV", f"effcore-{name}.csv", partial(csv_text, frame), key=f"{key}-csv-{name}")
            _button(f"Table {name} for LaTeX", f"effcore-{name}.tex", partial(latex_text, frame, caption=title), key=f"{key}-tex-{name}")
        for name, figure in figures.items():
            page = partial(_page, figure, title=title, source=source)
            _button(f"Chart {name} as a page", f"effcore-{name}.html", page, key=f"{key}-html-{name}")
            for kind in ("svg", "png") if draws else ():
                made = partial(_picture, figure, look, title=title, source=source, kind=kind)
                _button(f"Chart {name} as {kind.upper()}", f"effcore-{name}.{kind}", made, key=f"{key}-{kind}-{name}")
        if spec is not None:
            _button("The spec", "effcore-spec.yaml", spec, key=f"{key}-spec")
        everything = partial(_everything, look if draws else None, title=title, source=source, figures=figures, frames=frames, spec=spec)
        _button("All of it together", f"effcore-{key}.zip", everything, key=f"{key}-zip")
        if not draws and figures:
            note(
                "SVG and PNG from here need Chrome or Chromium on the machine of the server, and none is there. "
                "The camera in the corner of the page that a chart is saved as makes an SVG.",
                key=f"{key}-no-picture",
            )


def _button(label: str, name: str, make: Callable[[], str | bytes], *, key: str) -> None:
    st.download_button(label, data=make, file_name=name, key=f"export-{key}", on_click="ignore", type="tertiary")


def _page(figure: Made, *, title: str, source: str) -> str:
    return html_text(_figure(figure), title=title, source=source)


def _pictures(figures: Mapping[str, Made], look: Look, *, title: str, source: str) -> dict[str, bytes]:
    return pictures_of({name: slide(_figure(figure), look, title=title, source=source) for name, figure in figures.items()})


def _picture(figure: Made, look: Look, *, title: str, source: str, kind: str) -> bytes:
    return _pictures({"chart": figure}, look, title=title, source=source)[f"chart.{kind}"]


def _everything(
    look: Look | None, *, title: str, source: str, figures: Mapping[str, Made], frames: Mapping[str, pd.DataFrame],
    spec: Callable[[], str] | None,
) -> bytes:  # fmt: skip
    """All files in one zip; pictures among them where a look is given to draw them in."""
    files: dict[str, str | bytes] = {f"{name}.html": _page(figure, title=title, source=source) for name, figure in figures.items()}
    files |= {f"{name}.csv": csv_text(frame) for name, frame in frames.items()}
    files |= {f"{name}.tex": latex_text(frame, caption=title) for name, frame in frames.items()}
    if look is not None and figures:
        files |= _pictures(figures, look, title=title, source=source)
    if spec is not None:
        files["spec.yaml"] = spec()
    return bundle(files)
