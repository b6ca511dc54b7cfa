"""Two techniques together against the sum of their effects, as a matrix; and how points answer to a dose."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.quantities import count
from dashboard.views.frontier import Coordinate, coordinate
from dashboard.views.techniques import factor, signed
from effcore.analysis.dose import Dose, responses
from effcore.analysis.frontier import Evidence, Point
from effcore.objectives import Metric, metric
from effcore.reports.interaction import KINDS, row_of, squares

MOST_SQUARES = 150
"""Each is a bootstrap of 4,000 draws, about 5 ms."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Two steps together.

    Attributes:
        first, second: The steps, in the order of the matrix.
        value: Middle of the interactions: points of accuracy, or the natural logarithm of a factor.
        text: `+0.4 points` or `×1.10`.
        shown: 1 where it is shown to be better than the sum of its parts, -1 worse, 0 neither or both.
        lines: Where it was seen, a line each.
    """

    first: str
    second: str
    value: float
    text: str
    shown: int
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CompositionView:
    """The matrix of one metric.

    Attributes:
        steps: Labels of rows and columns.
        headline: How often parts add up.
    """

    metric: Metric
    steps: tuple[str, ...]
    cells: tuple[Cell, ...]
    headline: str


def square_rows(points: Sequence[Point], evidence: Evidence) -> tuple[Mapping[str, Any], ...]:
    """Effects and interactions of every two steps whose four combinations are there, at most `MOST_SQUARES`."""
    return tuple(row_of(square, evidence) for square, _ in zip(squares(points), range(MOST_SQUARES), strict=False))


def composition_view(rows: Sequence[Mapping[str, Any]], name: str) -> CompositionView | None:
    """The matrix of a metric, one of `interaction.KINDS`; None where no four points make a square.

    Args:
        rows: From `square_rows`.
    """
    assert name in KINDS
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        if row[name] is not None:
            groups[row["first"], row["second"]].append(row)
    if not groups:
        return None
    steps = tuple(dict.fromkeys(label for pair in groups for label in pair))
    cells = tuple(_cell(pair, found, name) for pair, found in groups.items())
    return CompositionView(metric=metric(name), steps=steps, cells=cells, headline=_headline(cells))


def _cell(pair: tuple[str, str], rows: Sequence[Mapping[str, Any]], name: str) -> Cell:
    found = [row[name] for row in rows]
    middle = statistics.median(f["interaction"] for f in found)
    verdicts = {_shown(f, name) for f in found} - {0}
    return Cell(
        first=pair[0],
        second=pair[1],
        value=100 * middle if name == "accuracy" else middle,
        text=_text(middle, name),
        shown=verdicts.pop() if len(verdicts) == 1 else 0,
        lines=tuple(f"on {row['on']}: {_text(f['interaction'], name)}, {f['text']}" for row, f in zip(rows, found, strict=True)),
    )


def _shown(found: Mapping[str, Any], name: str) -> int:
    low, high = found["low"], found["high"]
    if low is None or high is None or low <= 0 <= high:
        return 0
    return 1 if (found["interaction"] > 0) == metric(name).maximise else -1


def _text(value: float, name: str) -> str:
    return f"{signed(100 * value)} points" if name == "accuracy" else factor(math.exp(value))


def _headline(cells: Sequence[Cell]) -> str:
    better, worse = (sum(c.shown == sign for c in cells) for sign in (1, -1))
    rest = len(cells) - better - worse
    parts = [f"{better} better than the sum of their parts"] if better else []
    parts += [f"{worse} worse"] if worse else []
    parts += [f"{rest} as the sum, as far as can be told"] if rest else []
    return f"{count(len(cells), 'pair')}: {', '.join(parts)}."


@dataclass(frozen=True, kw_only=True)
class DosePoint:
    """One point of a response."""

    dose: float
    run_id: str
    name: str
    y: Coordinate


@dataclass(frozen=True, kw_only=True)
class DoseLine:
    """Points that differ in the dose alone, lowest dose first."""

    name: str
    points: tuple[DosePoint, ...]


@dataclass(frozen=True, kw_only=True)
class DoseView:
    """The answer to one dose on one metric.

    Attributes:
        label: Dose with its unit.
        log: Whether doses are drawn on a logarithmic axis, as powers of two are.
        more: Series that are not among the lines.
    """

    label: str
    help: str
    metric: Metric
    lines: tuple[DoseLine, ...]
    log: bool
    more: int


MOST_LINES = 6
"""Series of a chart: more can't be told apart."""


def doses_of(points: Sequence[Point]) -> dict[str, Dose]:
    """Doses that were varied while all else stayed the same, by their name in the address, as `pruning.amount`."""
    return {f"{d.technique}.{d.field}": d for d in responses(points)}


def dose_view(points: Sequence[Point], dose: Dose, name: str) -> DoseView | None:
    """The answer of a metric to a dose; None where no series has it on two points."""
    lines = []
    for series in responses(points).get(dose, ()):
        drawn = tuple(
            DosePoint(dose=value, run_id=p.run_id, name=p.name, y=coordinate(metric(name), p.metrics))
            for value, p in series.points
            if name in p.metrics
        )
        if len(drawn) > 1:
            lines.append(DoseLine(name=series.name, points=drawn))
    if not lines:
        return None
    values = {p.dose for line in lines for p in line.points}
    words = f"{dose.technique} {dose.field.replace('.', ' ').replace('_', ' ')}"
    return DoseView(
        label=f"{words[0].upper()}{words[1:]}" + (f", {dose.unit}" if dose.unit else ""),
        help=dose.help,
        metric=metric(name),
        lines=tuple(lines[:MOST_LINES]),
        log=min(values) > 0 and max(values) / min(values) >= 8,
        more=len(lines) - len(lines[:MOST_LINES]),
    )
