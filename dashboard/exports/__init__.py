"""Charts and tables to take away: as CSV, a page of its own, a LaTeX table, and all of it together."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dashboard import plotly_script

_RISKY = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings of a cell that a spreadsheet would take for a formula."""

_CAMERA = {
    "displaylogo": False,
    "showSendToCloud": False,
    "displayModeBar": True,
    "modeBarButtons": [["toImage"]],
    "toImageButtonOptions": {"format": "svg", "filename": "effcore"},
}
"""Of a page that was taken away: one button, which saves the chart as SVG in the browser; none that uploads."""

def csv_text(frame: pd.DataFrame) -> str:
    """A table as CSV; text that a spreadsheet would run as a formula is made plain by an apostrophe."""
    return _plain(frame).to_csv(index=False)


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    def cell(value: Any) -> Any:
        return f"'{value}" if isinstance(value, str) and value.startswith(_RISKY) else value

    return frame.map(cell).rename(columns=cell)


def latex_text(frame: pd.DataFrame, *, caption: str) -> str:
    """A table for LaTeX with the package booktabs; everything that means something to LaTeX is escaped.

    Args:
        frame: The table; figures have three significant digits.
        caption: Above it.
    """
    shown = frame.map(lambda v: "" if pd.isna(v) else f"{v:.3g}" if isinstance(v, float) else str(v))
    rows = [_row(list(map(str, shown.columns))), r"\midrule", *(_row(list(row)) for row in shown.itertuples(index=False, name=None))]
    body = "\n".join([r"\toprule", *rows, r"\bottomrule"])
    return (
        f"\\begin{{table}}\n\\caption{{{_escaped(caption)}}}\n\\begin{{tabular}}{{{'l' * len(shown.columns)}}}\n{body}\n"
        "\\end{tabular}\n\\end{table}\n"
    )


def _row(cells: list[str]) -> str:
    return " & ".join(_escaped(c) for c in cells) + r" \\"


_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "×": r"$\times$", "÷": r"$\div$", "−": "$-$", "·": r"$\cdot$", "≈": r"$\approx$",
    "★": r"$\star$", "→": r"$\rightarrow$", "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(sign, sign) for sign in text)


def html_text(figure: go.Figure, *, title: str, source: str) -> str:
    """A chart as a page of its own that opens without a network, 1.5 MB with what draws it.

    Args:
        figure: With a template and colours of its own.
        title: Above the chart.
        source: What it is of, and where it was measured; under the title.
    """
    framed = go.Figure(figure)
    head = {"text": _html(title), "x": 0, "xanchor": "left", "font": {"size": 22}, "subtitle": {"text": _html(source), "font": {"size": 13}}}
    framed.update_layout(title=head, margin={"t": 130}, height=None, autosize=True)
    page = str(framed.to_html(include_plotlyjs=False, full_html=True, config=_CAMERA, default_height="95vh"))
    return page.replace("<head>", f"<head><script>{plotly_script.script()}</script>", 1)


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def bundle(files: Mapping[str, str | bytes]) -> bytes:
    """All of them in one zip, always the same bytes for the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            content = files[name]
            data = content.encode() if isinstance(content, str) else content
            archive.writestr(zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
