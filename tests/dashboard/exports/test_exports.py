"""What can be taken away, by content."""

from __future__ import annotations

import io
import zipfile

import pandas as pd
import plotly.graph_objects as go

from dashboard import exports
from dashboard.tables import frontier_table, taken_away
from dashboard.theme import LIGHT, template
from dashboard.views.frontier import frontier_view
from effcore.analysis.frontier import Variant

FRAME = pd.DataFrame({"point": ["=1+1", "cnn x1 · int8", "50 % & more_"], "latency_ms": [0.12345, 2.0, float("nan")], "n": [1, 2, 3]})


def test_csv_holds_every_figure_and_no_formula() -> None:
    text = exports.csv_text(FRAME)
    assert text.splitlines()[:2] == ["point,latency_ms,n", "'=1+1,0.12345,1"]
    back = pd.read_csv(io.StringIO(text))
    assert back["latency_ms"][0] == 0.12345 and list(back["n"]) == [1, 2, 3]


def test_a_head_that_a_spreadsheet_would_run_is_made_plain_too() -> None:
    assert exports.csv_text(pd.DataFrame({"@SUM(A1)": [1.0]})).splitlines() == ["'@SUM(A1)", "1.0"]


def test_latex_escapes_what_means_something_to_it() -> None:
    text = exports.latex_text(FRAME, caption="100 % of #1")
    assert r"\caption{100 \% of \#1}" in text
    assert r"50 \% \& more\_ &  & 3 \\" in text and r"cnn x1 $\cdot$ int8 & 2 & 2 \\" in text
    assert text.count(r"\\") == 4 and r"\begin{tabular}{lll}" in text


def test_a_page_stands_alone_has_one_button_that_saves_and_none_that_uploads() -> None:
    figure = go.Figure(go.Scatter(x=[1, 2], y=[3, 4]), layout={"template": template(LIGHT)})
    text = exports.html_text(figure, title="A <b>title</b>", source="AMD & co")
    assert "<script src=" not in text and "cdn.plot.ly/" not in text.split("Plotly.newPlot")[-1]
    made = text.split("Plotly.newPlot")[-1]
    assert '"modeBarButtons": [["toImage"]]' in made and '"showSendToCloud": false' in made
    assert "&lt;b&gt;title" in made.replace("\\u0026", "&") and LIGHT.ink in made
    assert figure.layout.title.text is None  # the chart on the page stays as it was


def test_a_bundle_holds_everything_and_is_the_same_every_time() -> None:
    files = {"b.csv": "x\n1\n", "a.html": b"<p>"}
    archive = zipfile.ZipFile(io.BytesIO(exports.bundle(files)))
    assert archive.namelist() == ["a.html", "b.csv"] and archive.read("b.csv") == b"x\n1\n"
    assert exports.bundle(files) == exports.bundle(dict(reversed(files.items())))


def test_a_column_that_is_taken_away_has_its_unit_in_its_name(variants: list[Variant]) -> None:
    view = frontier_view(variants, x="latency_ms", y="accuracy")
    frame = taken_away(frontier_table(view)[0], view)
    assert {"latency_ms", "latency_ms_interval", "accuracy_percent", "accuracy_percent_interval"} <= set(frame.columns)
    assert 90 < frame["accuracy_percent"].min() < 100
