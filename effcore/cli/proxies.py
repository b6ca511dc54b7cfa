"""`effcore proxies`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from effcore.cli.options import Home, Json, SweepName, Uri, open_store, print_json
from effcore.home import find_home

if TYPE_CHECKING:
    from effcore.catalogue.elastic import Shape
    from effcore.recipe import Recipe


def proxies(
    sweep: SweepName = None,
    table: Annotated[
        bool, typer.Option("--table", help="Measure a table of the parts of sub-networks here and now, unless it is there, and judge it too.")
    ] = False,
    home: Home = None,
    tracking_uri: Uri = None,
    as_json: Json = False,
) -> None:
    """Show how well cheap figures rank what was measured.

    Parameters, MACs, size, early and supernet accuracy and, with --table, latencies from a table of parts, by rank correlation.
    """
    from effcore.reports.proxies import read_proxies

    store = open_store(home, tracking_uri)
    folder = find_home(home)

    def predict(recipe: Recipe, shapes: Sequence[Shape]) -> list[float]:
        from effcore.reports.tabled import predicted_ms

        return predicted_ms(recipe, shapes, home=folder)

    document = read_proxies(store, sweep=sweep, table=predict if table else None)
    if as_json:
        print_json(document)
    else:
        print_proxies(document)


def print_proxies(document: dict[str, Any]) -> None:
    """A table on stdout: a row for each proxy."""
    from rich.console import Console
    from rich.table import Table

    from effcore.analysis.ranking import FEWEST

    print(f"{document['sweep']} on {document['task']}: rank correlations over {document['networks']} float networks, with 95 % intervals\n")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("proxy", "ranks", "networks", "Kendall's tau", "Spearman's rho"):
        table.add_column(heading)
    for row in document["proxies"]:
        table.add_row(row["proxy"], row["truth"], str(row["count"]), _text(row["kendall"]), _text(row["spearman"]))
    if not document["proxies"]:
        print("No proxy: the sweep must hold finished networks in float, neither pruned nor quantized, with accuracy and latency.")
        return
    console = Console(width=None if Console().is_terminal else 160)
    console.print(table)
    if any(row["kendall"] is None for row in document["proxies"]):
        print(f"- fewer than {FEWEST} networks, or all with the same figure, which nothing can rank")
    error = document["table_error"]
    if error:
        shares = f"median error {error['median']:.1%}, largest {error['largest']:.1%}"
        print(f"\ntable of latencies: {shares}, over {error['structures']} measured structures")


def _text(found: dict[str, float] | None) -> str:
    return "-" if found is None else f"{found['value']:+.2f} ({found['low']:+.2f} to {found['high']:+.2f})"
