"""`effcore frontier` and `effcore describe`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from effcore.cli.options import (
    Broken,
    Checkpoint,
    Data,
    Home,
    Json,
    Plugin,
    Resolution,
    Sweep,
    Uri,
    brought,
    left_out_lines,
    open_home,
    open_store,
    print_json,
)
from effcore.errors import EffcoreError, nearest
from effcore.objectives import METRICS, metric

if TYPE_CHECKING:
    from effcore.analysis.frontier import Frontier
    from effcore.catalogue.devices import Device


def frontier(
    sweep: Sweep = None,
    environment: Annotated[
        str | None, typer.Option("--environment", metavar="KEY", help="Key of an environment; the most frequent one otherwise.")
    ] = None,
    objective: Annotated[list[str] | None, typer.Option("--objective", metavar="METRIC", help="A metric; may be given several times.")] = None,
    at_most: Annotated[list[str] | None, typer.Option("--max", metavar="METRIC=VALUE", help="Budget, as latency_ms=1.")] = None,
    at_least: Annotated[list[str] | None, typer.Option("--min", metavar="METRIC=VALUE", help="Demand, as accuracy=0.97.")] = None,
    device: Annotated[
        str | None, typer.Option("--device", metavar="DEVICE", help="Say of every point whether it fits a device, see `effcore describe`.")
    ] = None,
    devices: Annotated[Path | None, typer.Option("--devices", metavar="FILE", help="YAML file of further devices.")] = None,
    verdicts: Annotated[bool, typer.Option("--verdicts", help="Judge every point against its parent, in words.")] = False,
    home: Home = None,
    tracking_uri: Uri = None,
    as_json: Json = False,
) -> None:
    """Show the points of a sweep and which no other dominates."""
    budgets = {name: value for text in at_most or [] for name, value in [_budget(text, maximise=False)]}
    budgets |= {name: value for text in at_least or [] for name, value in [_budget(text, maximise=True)]}
    from effcore.cli.verdicts import chosen_device, print_ties, print_verdicts

    target = chosen_device(device, devices)
    if verdicts and target is not None and not as_json:
        raise EffcoreError("--verdicts judges the step that led to a point, --device its file: give one of them, or both with --json.")
    from effcore.reports.report import frontier_document, read_frontier, read_verdicts

    store = open_store(home, tracking_uri)
    found = read_frontier(store, sweep=sweep, objectives=objective or (), environment=environment, budgets=budgets)
    judged = read_verdicts(store, found, sweep=sweep) if as_json or verdicts else {}
    if as_json:
        print_json(frontier_document(found, store.variants(sweep=store.sweep(sweep).run_id), verdicts=judged, device=target))
        return
    if not found.points and not found.left_out:
        record = store.sweep(sweep)
        print(f"No point yet: of {record.name!r}, which is {record.state}, no variant has come to its end. Another sweep: --sweep NAME.")
        return
    if verdicts:
        print_verdicts(found, judged)
    else:
        print_frontier(found, device=target)
    print_ties(found)


def _budget(text: str, *, maximise: bool) -> tuple[str, float]:
    """The metric and the limit of `latency_ms=1`, checked against the metric's direction."""
    name, _, value = text.partition("=")
    try:
        limit = float(value)
    except ValueError:
        limit = math.nan
    if not math.isfinite(limit):
        raise EffcoreError(f"A budget must be METRIC=NUMBER, as latency_ms=1. Got {text!r}.")
    if metric(name).percent and not 0 <= limit <= 1:
        raise EffcoreError(f"{name} is a share from 0 to 1. Got {text!r}. For {limit:g} % give {name}={limit / 100:g}.")
    if metric(name).maximise != maximise:
        other = "--min" if metric(name).maximise else "--max"
        raise EffcoreError(f"More {name} is {'better' if metric(name).maximise else 'worse'}: use {other} {text}.")
    return name, limit


def print_frontier(frontier: Frontier, *, device: Device | None = None) -> None:
    """A table on stdout: a star before each point of the frontier, and below what is left out and why.

    Args:
        frontier: What is shown.
        device: Whether a point fits it becomes a column.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    names = list(dict.fromkeys([*frontier.objectives, "accuracy", "latency_ms", "size_mb"]))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", "point", *(f"{name}, %" if METRICS[name].percent else name for name in names), "on frontier"):
        table.add_column(heading, justify="left" if heading in ("", "point") else "right")
    if device is not None:
        from effcore.analysis.devices import fit

        table.add_column(device.name, overflow="fold")
    for point in frontier.points:
        cells = [format_metric(name, point.metrics) for name in names]
        chance = "" if math.isnan(point.probability) else f"{point.probability:.0%}"
        style = "" if point.on_frontier else "dim"
        fits = [fit(point, device).text] if device is not None else []
        table.add_row("*" if point.on_frontier else "", Text(point.name), *cells, chance, *fits, style=style)
    console = Console(width=None if Console().is_terminal else 160)
    if frontier.points:
        console.print(table)
        console.print(Text("* no other point is better in everything; on frontier: how probable that is, given the doubt of the figures"))
    else:
        console.print(Text("No point to show."))
    for line in left_out_lines((entry.name, entry.reason) for entry in frontier.left_out):
        console.print(Text(line))


def format_metric(name: str, metrics: Any) -> str:
    """A figure with its interval, as 0.412 (0.40 to 0.43)."""
    if name not in metrics:
        return "-"
    factor, digits = (100.0, "{:.1f}") if METRICS[name].percent else (1.0, "{:.3g}")
    text = digits.format(metrics[name] * factor)
    if f"{name}_low" in metrics:
        low, high = (digits.format(metrics[f"{name}_{end}"] * factor) for end in ("low", "high"))
        text += f" ({low} to {high})"
    return text


def describe(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A technique, a way of one, a task, block, family, runtime or metric; else all.")
    ] = None,
    home: Home = None,
    data: Data = None,
    broken: Broken = "refuse",
    resolution: Resolution = None,
    plugin: Plugin = None,
    checkpoint: Checkpoint = None,
    whole: Annotated[bool, typer.Option("--all", help="Everything of everything, not a line each.")] = False,
    as_json: Json = False,
) -> None:
    """Show what there is: techniques, tasks, families, metrics.

    Of one, all is told: parameters with bounds and units, ways, formula, cost, paper.
    """
    from effcore.description import describe_all

    open_home(home, brought(data, broken, resolution, plugin, checkpoint), make=False)
    everything = describe_all()
    if name is not None:
        everything = _called(name, everything)
    if as_json:
        print_json(everything)
        return
    short = name is None and not whole
    for kind, group in everything.items():
        print(f"\n{kind.upper()}")
        for key, entry in group.items():
            if short:
                print(f"  {key:<22} {_first_sentence(entry)}")
            else:
                _print_entry(key, entry)
    if short:
        print("\n`effcore describe NAME` tells all of one, `--all` of each, `--json` of each as plain data.")


def _first_sentence(entry: dict[str, Any]) -> str:
    text = str(entry.get("summary") or entry.get("help") or "")
    return text.split(". ")[0].rstrip(".")


def _called(name: str, everything: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What has that name, by kind; a way of a technique stands under both of their names."""
    ways = {f"{technique}/{card['name']}": card for technique, entry in everything["techniques"].items() for card in entry["cards"]}
    found = {kind: {name: group[name]} for kind, group in everything.items() if name in group}
    if chosen := {way: card for way, card in ways.items() if name in (way, card["name"])}:
        found["ways"] = chosen
    if not found:
        known = [*(n for group in everything.values() for n in group), *(card["name"] for card in ways.values())]
        raise EffcoreError(f"There is no {name!r} in the catalogue. {nearest(name, known)}")
    return found


TOLD = (("summary", ""), ("formula", ""), ("cost", "Costs and gives: "), ("unhelpful", "Does not help: "), ("figure", "Reported: "))
"""Fields of a card in the order in which they are read, each with its heading."""


def _print_card(card: dict[str, Any], *, indent: int) -> None:
    import textwrap

    texts = [heading + card[field] for field, heading in TOLD if card.get(field)]
    texts += [", ".join(card[field] for field in ("source", "link") if card.get(field))]
    for text in texts:
        for line in textwrap.wrap(text, 104 - indent, break_long_words=False, break_on_hyphens=False):
            print(" " * indent + line)


def _print_entry(key: str, entry: dict[str, Any]) -> None:
    from effcore.catalogue.ways import ALLOWED

    kind = entry.get("category") or ("synthetic" if entry.get("synthetic") else "")
    title = f"{key} ({kind})" if kind else key
    print(f"\n  {title}")
    _print_card(entry, indent=4)
    if entry.get("origin"):
        print(f"    origin: {entry['origin']}")
    if "example" in entry:
        e = entry["example"]
        print(f"    {e['inputs']} to {e['outputs']} on {e['height']}x{e['width']} pixels: {e['parameters']:,} parameters, {e['macs']:,} MACs")
    if "followed_by" in entry:
        print(f"    may be followed by: {', '.join(n for n, reason in entry['followed_by'].items() if not reason) or 'nothing'}")
    for way, reason in entry.get("ways", {}).items():
        if reason != ALLOWED:
            print(f"    not with {way}: {reason}")
    by_block = {block: [way for way, reason in ways.items() if reason != ALLOWED] for block, ways in entry.get("ways_by_block", {}).items()}
    for block, refused in by_block.items():
        own = [way for way in refused if not all(way in others for others in by_block.values())]
        print(f"    with stages of {block} " + (f"not {', '.join(own)}" if own else "every other way"))
    for card in entry.get("cards", []):
        print(f"      {card['name']}")
        _print_card(card, indent=8)
    for parameter in entry.get("parameters", []):
        print(f"      {parameter['name']}: {parameter['allowed']}, {parameter['default']}. {parameter['help']}")
