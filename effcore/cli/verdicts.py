"""How `effcore frontier` prints verdicts, ties and devices."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from effcore.cli.options import left_out_lines, read_text
from effcore.errors import EffcoreError

if TYPE_CHECKING:
    from effcore.analysis.frontier import Frontier
    from effcore.analysis.verdict import Verdict
    from effcore.catalogue.devices import Device


def chosen_device(name: str | None, file: Path | None) -> Device | None:
    """The device that the options name; None where they name none.

    Raises:
        EffcoreError: There is none of that name, or a file of devices is given and no name.
        SpecError: The file has problems.
    """
    from effcore.analysis.devices import find_device, read_devices
    from effcore.catalogue.devices import DEVICES

    devices = DEVICES if file is None else DEVICES | read_devices(read_text(file), source=str(file))
    if name is None:
        if file is not None:
            raise EffcoreError(f"--devices needs --device NAME too. Known: {', '.join(sorted(devices))}.")
        return None
    return find_device(name, devices)


def print_ties(frontier: Frontier) -> None:
    """A line on stdout for every point of the frontier that others can't be told apart from."""
    from effcore.analysis.ties import tie_groups

    for name, *others in tie_groups(frontier):
        print(f"tie: {name} can't be told apart from {', '.join(others)}")


def print_verdicts(frontier: Frontier, verdicts: Mapping[str, Verdict]) -> None:
    """Every point against its parent, in words, with the rules below, and what is left out and why."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from effcore.analysis.verdict import RULES

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 1, 0))
    for heading in ("point", "verdict of its last step"):
        table.add_column(heading, ratio=1 if heading == "point" else 3)
    for point in frontier.points:
        table.add_row(Text(point.name), Text("\n".join(_lines(verdicts[point.key]))))
    console = Console(width=None if Console().is_terminal else 160)
    if frontier.points:
        console.print(table)
        console.print(Text("How a verdict comes about:"))
        for rule in RULES:
            console.print(Text(f"  {rule}"))
    else:
        console.print(Text("No point to show."))
    for line in left_out_lines((entry.name, entry.reason) for entry in frontier.left_out):
        console.print(Text(line))


def _lines(verdict: Verdict) -> list[str]:
    rest = [n for n in verdict.notes if n != verdict.text]
    earned = [f"training: {verdict.training}"] if verdict.training else []
    earned += [f"payback: {verdict.payback.text}"] if verdict.payback else []
    return [verdict.text, *(f"why: {r}" for r in verdict.reasons), *(f"note: {n}" for n in rest), *earned]
