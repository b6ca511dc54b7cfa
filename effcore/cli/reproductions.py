"""`effcore reproduce`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from effcore.cli.options import Home, Json, Uri, open_store, print_json

if TYPE_CHECKING:
    from effcore.reports.reproductions import Result

MARKS = ("reproductions", "bits")
"""Between which the two tables stand in a file, as `<!-- bits -->`."""


def reproduce(
    write: Annotated[
        Path | None,
        typer.Option(
            "--write", metavar="FILE", help="Markdown file to put the tables into, between <!-- reproductions --> and <!-- bits --> and their ends."
        ),
    ] = None,
    home: Home = None,
    tracking_uri: Uri = None,
    as_json: Json = False,
) -> None:
    """Hold what papers report against what was found here.

    By the sweeps of experiments/ that were run; and a table of what fewer bits do to a file.
    """
    from effcore.reports.reproductions import claims_table, document, read_results, read_sizes, sizes_table, written_between

    store = open_store(home, tracking_uri)
    results, rows = read_results(store), read_sizes(store)
    if write is not None:
        for mark, body in zip(MARKS, (claims_table(results), sizes_table(rows)), strict=True):
            written_between(write, mark, body)
    if as_json:
        print_json(document(results, rows))
        return
    print(f"{claims_table(results)}\n\n{sizes_table(rows)}")
    for command in missing(results):
        print(f"missing: {command}")


def missing(results: Sequence[Result]) -> tuple[str, ...]:
    """The commands that would make what is missing, each once."""
    return tuple(dict.fromkeys(f"effcore run experiments/{r.claim.spec}" for r in results if r.verdict == "missing"))
