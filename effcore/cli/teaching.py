"""`effcore worksheet`: questions made from a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from effcore.cli.options import Home, SweepName, Uri, open_store, require_place
from effcore.errors import EffcoreError


def worksheet(
    sweep: SweepName = None,
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="Markdown file of the questions.")] = Path("worksheet.md"),
    home: Home = None,
    tracking_uri: Uri = None,
) -> None:
    """Write questions about a sweep, and their answers.

    The answers go into a file beside that of the questions, with `-answers` in its name.
    """
    from effcore.worksheet import answers_text, make_worksheet, worksheet_text

    require_place(to)
    store = open_store(home, tracking_uri)
    record = store.sweep(sweep)
    sheet = make_worksheet(store.variants(sweep=record.run_id), title=record.name)
    answers = to.with_name(f"{to.stem}-answers{to.suffix or '.md'}")
    there = [str(p) for p in (to, answers) if p.exists()]
    if there:
        raise EffcoreError(f"{', '.join(there)} must not be there already. Choose another file with --to.")
    to.write_text(worksheet_text(sheet), encoding="utf-8")
    answers.write_text(answers_text(sheet), encoding="utf-8")
    print(f"{to}: {len(sheet.questions)} questions about {len(sheet.points)} points of {record.name}; answers in {answers}")
