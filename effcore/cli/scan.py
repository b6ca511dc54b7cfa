"""`effcore sensitivity`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from effcore.cli.options import Home, Json, Sweep, Uri, open_store, print_json
from effcore.errors import EffcoreError
from effcore.home import find_home

if TYPE_CHECKING:
    from effcore.analysis.frontier import Variant


def sensitivity(
    point: Annotated[str, typer.Argument(metavar="POINT", help="Run id, recipe key or name of a point, as `effcore frontier` shows it.")],
    structure: Annotated[
        str, typer.Option("--structure", metavar="weights|channels", help="What is taken of a layer: weights or channels.")
    ] = "weights",
    amount: Annotated[
        list[float] | None, typer.Option("--amount", metavar="SHARE", help="A share of a layer, as 0.5; may be given several times.")
    ] = None,
    sweep: Sweep = None,
    home: Home = None,
    tracking_uri: Uri = None,
    as_json: Json = False,
) -> None:
    """Show what pruning each layer alone costs in accuracy.

    On validation, without training afterwards; what was found is kept beside the point.
    """
    if structure not in ("weights", "channels"):
        raise EffcoreError(f"--structure must be weights or channels. Got {structure!r}.")
    from effcore.own import restore, to_stderr
    from effcore.reports.scan import scan_point
    from effcore.stored import find_variant
    from effcore.techniques.pruning.sensitivity import AMOUNTS

    store = open_store(home, tracking_uri)
    variant = find_variant(store, point, sweep=sweep)
    restore(find_home(home), str(variant.recipe.get("task", "")), say=to_stderr)
    found = scan_point(variant, store=store, structure=structure, amounts=amount or AMOUNTS)  # type: ignore[arg-type]  # checked
    if as_json:
        print_json({"run_id": variant.run_id, "name": variant.name, "seed": variant.seed} | found)
    else:
        print_scan(variant, found)


def print_scan(variant: Variant, found: dict[str, Any]) -> None:
    """A row for each layer, the one that loses most first, with the accuracy for each amount."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("layer", found["structure"], *(f"-{amount:.0%}" for amount in found["amounts"])):
        table.add_column(heading, justify="left" if heading == "layer" else "right")
    for name, layer in sorted(found["layers"].items(), key=lambda entry: sum(entry[1]["accuracy"])):
        table.add_row(name, f"{layer['size']:,}", *(f"{100 * accuracy:.1f}" for accuracy in layer["accuracy"]))
    console = Console(width=None if Console().is_terminal else 120)
    console.print(
        f"{variant.name}, seed {variant.seed}: {100 * found['accuracy']:.1f} % right of {found['images']:,} validation images as it is; "
        "with one layer alone pruned, without training afterwards:"
    )
    console.print(table)
