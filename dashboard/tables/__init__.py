"""Views to tables: a frame with how each column is shown. Cells are plain text or numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pandas as pd
import streamlit as st

from dashboard.theme import Look, title
from dashboard.views.answers import Exchange
from dashboard.views.compare import Row
from dashboard.views.composition import CompositionView, DoseView
from dashboard.views.frontier import FrontierView
from dashboard.views.point import Figure
from dashboard.views.search import SearchView
from dashboard.views.techniques import TechniqueRow, TechniquesView
from dashboard.views.ties import listed
from effcore.analysis.frontier import LeftOut
from effcore.objectives import Metric, searched
from effcore.search.history import in_words
from effcore.tracking.marks import Mark

_ROW, _MOST_ROWS = 35, 30
_CERTAIN = "Share of resamples of the measurements in which no other point is better on both"

_TIED = "Points that can't be told apart from it on either axis, one of the two on the frontier: paired tests, as `effcore frontier` makes them"

_LOST = (
    "Share of the area between the frontier and the worst point, in accuracy and {cost}, that is lost when every point with "
    "this technique is taken away; both axes scaled from the worst to the best point"
)


Table = tuple[pd.DataFrame, dict[str, Any]]
"""Rows, and how each column is shown."""


def height(rows: int) -> int | Literal["content"]:
    """Height of a table: all of it, or that of so many rows as are shown before it scrolls, in pixels."""
    return "content" if rows <= _MOST_ROWS else 3 + _ROW * (1 + _MOST_ROWS)


def head_of(metric: Metric) -> str:
    """Head of a column: what it is, and its unit."""
    return f"{metric.label}, {metric.unit}" if metric.unit else metric.label


def column_of(metric: Metric) -> str:
    """Name of a column that is taken away, with the unit in it: shares stand in percent there."""
    return f"{metric.name}_percent" if metric.percent else metric.name


def taken_away(frame: pd.DataFrame, view: FrontierView) -> pd.DataFrame:
    """A table of the points of a view with its axes by the names and units of their metrics."""
    axes = (("x", view.x), ("y", view.y))
    return frame.rename(columns={f"{axis}{end}": f"{column_of(which)}{end}" for axis, which in axes for end in ("", "_interval")})


def format_of(metric: Metric, values: Sequence[float]) -> str:
    """One printf format for a column, so that its decimals stand under each other."""
    if metric.percent:
        return "%.1f"
    if metric.unit == "":
        return "compact"
    smallest = min((abs(v) for v in values if v), default=1.0)
    return "%.4f" if smallest < 0.01 else "%.3f" if smallest < 1 else "%.2f" if smallest < 10 else "%.1f"


def frontier_table(view: FrontierView, marks: Mapping[str, Mark] | None = None) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The points in the order of the view, a row a point, and the configuration of the columns."""
    column = st.column_config
    frame = pd.DataFrame(
        {
            "#": pd.array([d.number for d in view.dots], dtype="Int64"),
            "point": [d.name for d in view.dots],
            "y": [d.y.value for d in view.dots],
            "y_interval": [d.y.bare_interval for d in view.dots],
            "x": [d.x.value for d in view.dots],
            "x_interval": [d.x.bare_interval for d in view.dots],
            "certain": [None if math.isnan(d.probability) else round(100 * d.probability) for d in view.dots],
            "tied": [listed(d.tied_with, most=2) for d in view.dots],
            "step": [title(d.technique) for d in view.dots],
            "parent": [d.against_parent.removeprefix("against its parent: ") for d in view.dots],
            "note": [_note(d.noisy, marks.get(d.run_id) if marks else None) for d in view.dots],
        }
    )
    unused = ["certain"] if frame["certain"].isna().all() else []
    unused += [name for name in ("tied", "note") if not frame[name].any()]
    config = {
        "#": column.NumberColumn(width=40, help="Place along the frontier, as in the chart"),
        "point": column.TextColumn("Point", width=245),
        "y": column.NumberColumn(head_of(view.y), format=format_of(view.y, [d.y.value for d in view.dots]), width=95),
        "y_interval": column.TextColumn("95 % interval", width=105),
        "x": column.NumberColumn(head_of(view.x), format=format_of(view.x, [d.x.value for d in view.dots]), width=95),
        "x_interval": column.TextColumn("95 % interval", width=130),
        "certain": column.NumberColumn("On frontier, %", width=105, format="%d", help=_CERTAIN),
        "tied": column.TextColumn("Tied with", width=200, help=_TIED),
        "step": column.TextColumn("Last step", width=130),
        "parent": column.TextColumn("Against its parent", width=255),
        "note": column.TextColumn("Note", width=130),
    }
    return frame.drop(columns=unused), config


def techniques_table(view: TechniquesView) -> tuple[pd.DataFrame, dict[str, Any]]:
    """What each technique did over all its steps, a row a technique."""
    frame = pd.DataFrame(
        {
            "technique": [row.title for row in view.rows],
            "pairs": [len(row.steps) for row in view.rows],
            "cost": [row.cost_text for row in view.rows],
            "accuracy": [row.accuracy_text for row in view.rows],
            "outcomes": [row.outcomes for row in view.rows],
            "lost": pd.array([row.lost for row in view.rows], dtype="Float64"),
        }
    )
    column = st.column_config
    config = {
        "technique": column.TextColumn("Technique", width=150),
        "pairs": column.NumberColumn("Pairs", width=60, help="Points that have a parent to stand against"),
        "cost": column.TextColumn(f"{view.cost.label}, middle (quartiles)", width=220),
        "accuracy": column.TextColumn("Accuracy, middle (quartiles)", width=240),
        "outcomes": column.TextColumn("Verdicts", width=330),
        "lost": column.NumberColumn("Lost without it, %", width=140, format="%.1f", help=_LOST.format(cost=view.cost.label.lower())),
    }
    return frame, config


def steps_table(row: TechniqueRow, view: TechniquesView) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Every step of a technique with its verdict, a row a step."""
    frame = pd.DataFrame(
        {
            "point": [s.name for s in row.steps],
            "step": [s.step for s in row.steps],
            "verdict": [s.outcome for s in row.steps],
            "cost": [s.cost_text for s in row.steps],
            "accuracy": [s.accuracy_text for s in row.steps],
            "why": [s.why for s in row.steps],
        }
    )
    column = st.column_config
    config = {
        "point": column.TextColumn("Point", width=240),
        "step": column.TextColumn("Its step", width=110),
        "verdict": column.TextColumn("Verdict", width=120),
        "cost": column.TextColumn(view.cost.label, width=230),
        "accuracy": column.TextColumn("Accuracy", width=330),
        "why": column.TextColumn("Why, and what to know", width=400),
    }
    return frame, config


def exchange_table(steps: Sequence[Exchange]) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Steps along the frontier, the cheapest first."""
    frame = pd.DataFrame(
        {
            "from": [f"{s.start.number}  {s.start.name}" for s in steps],
            "to": [f"{s.end.number}  {s.end.name}" for s in steps],
            "text": [s.text for s in steps],
            "sure": ["intervals apart" if s.sure else "intervals overlap" for s in steps],
        }
    )
    column = st.column_config
    return frame, {
        "from": column.TextColumn("From", width=240),
        "to": column.TextColumn("To", width=240),
        "text": column.TextColumn("What it buys", width=480),
        "sure": column.TextColumn("How sure", width=130),
    }


def tried_table(view: SearchView) -> pd.DataFrame:
    """Every candidate of a search, in the order in which they were asked for, with what was decided of it, in words."""
    names = [searched(name).name for name in view.history.objectives]
    rows = [
        {"number": t.number, "candidate": t.name, "fate": t.fate}
        | {name: None if t.values is None else t.values[i] for i, name in enumerate(names)}
        | {"core_s": t.core_s, "rungs": len(t.rungs), "reason": t.reason}
        | in_words(view.history.space, t.assignment)
        for t in view.history.tried
    ]
    return pd.DataFrame(rows)


def dose_table(view: DoseView) -> pd.DataFrame:
    """The answer to a dose, a row a point."""
    return pd.DataFrame(
        [
            {"series": line.name, "dose": p.dose, "point": p.name, column_of(view.metric): p.y.value, "low": p.y.low, "high": p.y.high}
            for line in view.lines
            for p in line.points
        ]
    )


def pairs_table(view: CompositionView) -> pd.DataFrame:
    """Two steps together against the sum of their effects, a row a pair."""
    words = {1: "better than the sum", -1: "worse than the sum", 0: "as the sum, as far as can be told"}
    return pd.DataFrame([{"first": c.first, "second": c.second, "difference": c.text, "verdict": words[c.shown]} for c in view.cells])


def rows_table(rows: Sequence[Row], letters: Sequence[str], *, head: str, reference: str = "") -> tuple[pd.DataFrame, dict[str, Any]]:
    """Rows of what differs, a column a point.

    Args:
        rows: From `views.compare`.
        letters: Of the points.
        head: Of the first column.
        reference: Letter whose column says that the others stand against it; empty for none.
    """
    frame = pd.DataFrame({"label": [r.label for r in rows]} | {letter: [r.values[i] for r in rows] for i, letter in enumerate(letters)})
    column = st.column_config
    config = {"label": column.TextColumn(head, width=220, pinned=True)}
    config |= {letter: column.TextColumn(f"{letter}, reference" if letter == reference else letter, width=170) for letter in letters}
    return frame, config


def _note(noisy: bool, mark: Mark | None) -> str:
    """A star, what readers noted, and whether the machine was not quiet."""
    said = [("★ " if mark.star else "") + " ".join(mark.note.split())[:120]] if mark else []
    return "; ".join(part.strip() for part in (*said, "noisy" if noisy else "") if part.strip())


def left_out_table(entries: Sequence[LeftOut]) -> tuple[pd.DataFrame, dict[str, Any]]:
    """What is not among the points, and why."""
    frame = pd.DataFrame({"name": [e.name for e in entries], "reason": [e.reason for e in entries]})
    column = st.column_config
    return frame, {
        "name": column.TextColumn("Variant", width=300),
        "reason": column.TextColumn("Reason", width="large"),
    }


def figures_table(figures: Sequence[Figure], *, against: bool) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The figures of a point, a row a figure; the change carries an arrow, so that colour is not needed to tell it.

    Args:
        figures: What was measured.
        against: Whether there is a parent to stand beside.
    """
    frame = pd.DataFrame(
        {
            "label": [f.label for f in figures],
            "value": [f.value for f in figures],
            "interval": [f.interval for f in figures],
            "parent": [f.parent for f in figures],
            "change": [f.change + {True: "  better", False: "  worse", None: ""}[f.better] for f in figures],
        }
    )
    column = st.column_config
    config = {
        "label": column.TextColumn("Figure", width=172),
        "value": column.TextColumn("Here", width=80, alignment="right"),
        "interval": column.TextColumn("95 % interval", width=140, alignment="right"),
        "parent": column.TextColumn("Parent", width=80, alignment="right"),
        "change": column.TextColumn("Change", width=205),
    }
    return (frame, config) if against else (frame.drop(columns=["parent", "change"]), config)


def capital_heads(frame: pd.DataFrame) -> dict[str, str]:
    """The name of each column with a capital, as every other table has them."""
    return {str(name): str(name)[:1].upper() + str(name)[1:] for name in frame.columns}


def tone_color(text: str, look: Look) -> str:
    """Colour of a change; the word says the same."""
    return look.good if text.endswith("better") else look.bad if text.endswith("worse") else look.quiet
