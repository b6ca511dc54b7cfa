"""`effcore grade`: hand-ins of a challenge, measured and judged."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from effcore.cli.options import Home, Json, open_home, print_json, read_text


def grade(
    card: Annotated[Path, typer.Argument(metavar="CARD", help="YAML file of the challenge, see experiments/challenges/.")],
    submissions: Annotated[Path, typer.Argument(metavar="SUBMISSIONS", help="Folder with one folder a hand-in, as `effcore export` writes it.")],
    received: Annotated[
        Path | None, typer.Option("--received", metavar="FILE", help="CSV of student and received; the age of the files tells without it.")
    ] = None,
    rebuild: Annotated[bool, typer.Option("--rebuild/--no-rebuild", help="Run each recipe again, to see that it makes the file.")] = True,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Measure hand-ins of a challenge again, judge and rank them."""
    from effcore.challenge.card import read_card
    from effcore.challenge.hand_in import read_received
    from effcore.grade import grade as judge_all
    from effcore.grade import grade_document

    folder = open_home(home)  # before the card is read, which may name what an operator brought
    challenge = read_card(read_text(card), source=str(card))
    times = read_received(read_text(received), source=str(received)) if received else None
    grades = judge_all(challenge, submissions, home=folder, received=times, rebuild=rebuild, report=lambda line: print(line, file=sys.stderr))
    document = grade_document(challenge, grades)
    if as_json:
        print_json(document)
    else:
        _print(document)
    if not all(g.accepted for g in grades):
        raise typer.Exit(1)


def _print(document: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if Console().is_terminal else 160)
    table = Table(box=None, pad_edge=False, header_style="bold")
    shown = list(dict.fromkeys([*document["challenge"]["limits"], "accuracy"]))
    for heading in ("", "student", "score", *shown, "verdict"):
        table.add_column(heading, justify="right" if heading in (*shown, "score") else "left")
    for rank, row in enumerate(document["grades"], start=1):
        figures = [f"{row['metrics'][name]:.4g}" if name in row["metrics"] else "" for name in shown]
        verdict = "accepted" if row["accepted"] else " ".join(f["text"] for f in row["findings"])
        score = f"{row['score']:.4g}" if row["score"] is not None else ""
        table.add_row(str(rank) if row["accepted"] else "", Text(row["student"]), score, *figures, Text(verdict))
    console.print(Text(document["challenge"]["question"]))
    console.print(table)
