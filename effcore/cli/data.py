"""`effcore data`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from effcore.cli.options import Home, Json, SweepName, Uri, left_out_lines, marks, open_store, print_json


def data(
    sweep: SweepName = None,
    target: Annotated[float, typer.Option("--target", metavar="SHARE", min=0.001, max=0.9999, help="Accuracy to reach, as 0.95.")] = 0.95,
    home: Home = None,
    tracking_uri: Uri = None,
    as_json: Json = False,
) -> None:
    """Show what images and seconds a target accuracy takes.

    A row for each recipe of a sweep over shares of the data, with a fitted law of the error over the number of training images.
    """
    from effcore.reports.data_efficiency import read_data_efficiency

    document = read_data_efficiency(open_store(home, tracking_uri), sweep=sweep, target=target)
    if as_json:
        print_json(document)
    else:
        print_data(document)


def print_data(document: dict[str, Any]) -> None:
    """A table on stdout: a row for each recipe, whatever its share of the data."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    origin = ", which is synthetic" if document["synthetic"] else ""
    print(f"{document['sweep']} on {document['task']}{origin}: what {document['target']:.1%} takes\n")
    table = Table(box=None, pad_edge=False, header_style="bold")
    headings = ("recipe", "images needed (95 % interval)", "error = a n^-b + c", "accuracy by images", "seconds to target")
    for heading in headings:
        table.add_column(heading)
    lacking = marks(row["reason"] for row in document["groups"] if row["images_needed"] is None)
    for row in document["groups"]:
        sizes = row["sizes"]
        accuracies = " ".join(f"{s['images']}:{s['accuracy']:.1%}" for s in sizes)
        needed = needed_text(row) if row["images_needed"] is not None else f"no law{lacking[row['reason']]}"
        table.add_row(Text(row["name"]), needed, law_text(row), accuracies, time_text(sizes))
    console = Console(width=None if Console().is_terminal else 200)
    if document["groups"]:
        console.print(table)
    else:
        print("No recipe: none of the variants has finished.")
    for reason, mark in lacking.items():
        console.print(Text(f"no law{mark}: {reason}"))
    for line in left_out_lines((entry["name"], entry["reason"]) for entry in document["left_out"]):
        console.print(Text(line))


def needed_text(row: dict[str, Any]) -> str:
    """Images with their interval, of a row that has a law."""
    needed = row["images_needed"]
    largest = row["sizes"][-1]["images"]
    low = f"{needed['low']:,.0f}" if needed["low"] is not None else "beyond"
    if needed["images"] is None:
        least = f"at least {low}" if needed["low"] is not None else "nothing is said beyond that"
        return f"not reached up to {2 * largest:,} ({least})"
    high = f"{needed['high']:,.0f}" if needed["high"] is not None else f"beyond {2 * largest:,}"
    mark = {"fewer": "at most ", "extrapolated": "extrapolated "}.get(needed["status"], "")
    return f"{mark}{needed['images']:,.0f} ({low} to {high})"


def law_text(row: dict[str, Any]) -> str:
    """The fitted numbers."""
    law = row["law"]
    return "-" if law is None else f"{law['a']['value']:.3g} n^-{law['b']['value']:.2f} + {law['c']['value']:.4f}"


def time_text(sizes: list[dict[str, Any]]) -> str:
    """Seconds to the target with the most images, mean over the seeds that reached it."""
    times = sizes[-1]["time_to_target_s"]
    reached = [t for t in times if t is not None]
    if not reached:
        return "not reached"
    some = f" ({len(reached)} of {len(times)} seeds)" if len(reached) < len(times) else ""
    return f"{sum(reached) / len(reached):.2f}{some}"
