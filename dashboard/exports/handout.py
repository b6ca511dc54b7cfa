"""What a lecturer takes away of a view: figures for slides, the table behind them, the spec, and how it is made again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from dashboard.charts.slide import slide
from dashboard.exports import bundle, csv_text, html_text
from dashboard.exports.drawing import browser, drawn
from dashboard.quantities import count
from dashboard.theme import DARK, LIGHT, Look


@dataclass(frozen=True, kw_only=True)
class HandOut:
    """One view.

    Attributes:
        title: Over the figure.
        source: What it is of: sweep, machine, runtime, date.
        figure: The figure in a look.
        frame: The table behind it, with units in the names of its columns.
        address: Where the view is on the server that it was taken from.
        specs: YAML that makes it again, by the name of its file: one for each sweep that it is of.
        lost: Sweeps that it is of whose spec was not kept.
    """

    title: str
    source: str
    figure: Callable[[Look], go.Figure]
    frame: pd.DataFrame
    address: str
    specs: Mapping[str, str]
    lost: int = 0


def hand_out_files(taken: HandOut) -> dict[str, str | bytes]:
    """All files by name: pictures where a browser is there to draw them, pages that draw themselves where none is."""
    slides = {f"slide-{look.name}": slide(taken.figure(look), look, title=taken.title, source=taken.source) for look in (LIGHT, DARK)}
    files: dict[str, str | bytes] = {"points.csv": csv_text(taken.frame)}
    if browser() is not None:
        files |= drawn(slides)
    else:
        files |= {f"slide-{look.name}.html": html_text(taken.figure(look), title=taken.title, source=taken.source) for look in (LIGHT, DARK)}
    files |= taken.specs
    files["README.md"] = _readme(taken, sorted(files))
    return files


def hand_out_zip(taken: HandOut) -> bytes:
    """The files in one zip."""
    return bundle(hand_out_files(taken))


def _readme(taken: HandOut, names: list[str]) -> str:
    """Text of users stands indented, where Markdown reads it as it is."""
    again = [*(f"    effcore run {name}" for name in taken.specs), "    effcore serve", ""] if taken.specs else []
    pictures = [n for n in names if n.endswith((".svg", ".png"))]
    about = "The slides are 1280 x 720 (16 to 9), in light and in dark." if pictures else (
        "No Chrome or Chromium was there to draw pictures: the slides are pages. The camera in their corner saves them as SVG."
    )  # fmt: skip
    lines = [
        "# Hand-out", "", f"    {taken.title}", f"    {taken.source}", "", about, "",
        "`points.csv` is the table behind the figure; units stand in the names of its columns.", "", "The view:", "", f"    {taken.address}", "",
    ]  # fmt: skip
    several = f"It is of {len(taken.specs) + taken.lost} sweeps, each with a spec of its own. " if len(taken.specs) + taken.lost > 1 else ""
    lines += [f"{several}Made again, on another machine with other latencies, by", "", *again] if again else []
    lines += [f"Not with it: {count(taken.lost, 'spec')} that {'was' if taken.lost == 1 else 'were'} not kept.", ""] if taken.lost else []
    return "\n".join([*lines, "Files: " + ", ".join(f"`{n}`" for n in (*names, "README.md")), ""])
