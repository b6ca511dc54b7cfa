"""`effcore interactions`."""

from __future__ import annotations

import math
from typing import Any

from effcore.cli.options import Home, Json, SweepName, Uri, open_store, print_json


def interactions(
    sweep: SweepName = None,
    home: Home = None,
    tracking_uri: Uri = None,
    as_json: Json = False,
) -> None:
    """Show what two techniques do together, against their sum.

    Accuracy in points, latency and size as factors, each with its interval.
    """
    from effcore.reports.interaction import read_interactions

    document = read_interactions(open_store(home, tracking_uri), sweep=sweep)
    if as_json:
        print_json(document)
    else:
        print_interactions(document)


def print_interactions(document: dict[str, Any]) -> None:
    """A table on stdout: three rows for each pair."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    print(f"{document['sweep']} on {document['task']}: two steps together against the sum of their effects\n")
    if not document["pairs"]:
        print("No pair: the sweep must hold, for two optional steps, the points with both, with each and with neither.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("pair", "on", "metric", "first", "second", "sum", "pair", "interaction (95 % interval)", ""):
        table.add_column(heading)
    for row in document["pairs"]:
        names = (f"{row['first']} + {row['second']}", row["on"])
        for metric in ("accuracy", "latency_ms", "size_mb"):
            if row[metric] is not None:
                table.add_row(*(Text(t) for t in (*names, metric, *cells(metric, row[metric]))))
                names = ("", "")
    Console(width=None if Console().is_terminal else 220).print(table)


def cells(metric: str, effects: dict[str, Any]) -> tuple[str, ...]:
    """Effects in points for accuracy, as factors for the others."""
    shown = [effect_text(metric, effects[name]) for name in ("first", "second", "sum", "pair", "interaction")]
    if effects["low"] is not None and effects["high"] != effects["low"]:
        shown[-1] += f" ({effect_text(metric, effects['low'])} to {effect_text(metric, effects['high'])})"
    return (*shown, effects["text"])


def effect_text(metric: str, value: float) -> str:
    """A difference of shares in points, a logarithm as a factor.

    Example:
        >>> effect_text("accuracy", 0.012), effect_text("latency_ms", math.log(0.5))
        ('+1.2', 'x0.500')
    """
    if metric == "accuracy":
        return f"{100 * value:+.1f}"
    return f"x{math.exp(value):.3g}" if abs(value) > 1 else f"x{math.exp(value):.3f}"
