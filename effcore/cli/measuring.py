"""`effcore measure`, `effcore bundle` and `effcore profile`."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from effcore.cli.options import Home, Json, Sweep, Uri, open_store, print_json
from effcore.errors import EffcoreError
from effcore.home import find_home

if TYPE_CHECKING:
    from effcore.analysis.frontier import Variant
    from effcore.spec import Measure
    from effcore.tracking import Store

_ALL = "Run id, recipe key or name of a point; every point of the sweep where it is not given."
_FROM_SWEEP = "as in the sweep where it is not given"

Point = Annotated[str | None, typer.Argument(metavar="POINT", help=_ALL)]
Width = Annotated[
    float | None, typer.Option("--width", metavar="SHARE", min=0.001, max=1, help=f"Wished width of the interval, as a share; {_FROM_SWEEP}.")
]
MaxS = Annotated[
    float | None, typer.Option("--max-s", metavar="SECONDS", min=1, help=f"Longest time for one structure, in seconds; {_FROM_SWEEP}.")
]
BatchSizes = Annotated[
    list[int] | None, typer.Option("--batch-size", metavar="N", help=f"Images in one prediction; may be given several times; {_FROM_SWEEP}.")
]
Threads = Annotated[
    list[int] | None, typer.Option("--threads", metavar="N", help=f"Threads of a prediction; may be given several times; {_FROM_SWEEP}.")
]


def measure(
    point: Point = None,
    sweep: Sweep = None,
    width: Width = None,
    max_s: MaxS = None,
    batch_size: BatchSizes = None,
    threads: Threads = None,
    results: Annotated[
        Path | None, typer.Option("--import", metavar="FILE", help="results.json of a bundle, measured elsewhere; nothing is measured here.")
    ] = None,
    home: Home = None,
    tracking_uri: Uri = None,
    as_json: Json = False,
) -> None:
    """Measure points again, or take in what a bundle measured.

    Figures of another machine, batch size or number of threads stand beside those that are there; those of the same are replaced.
    """
    store = open_store(home, tracking_uri)
    folder = find_home(home)
    if results is not None:
        from effcore.remeasure.imported import import_results

        if point is not None or sweep is not None:
            raise EffcoreError("--import takes no point and no --sweep: the file says which points it is of.")
        if any(given is not None for given in (width, max_s, batch_size, threads)):
            raise EffcoreError("--import takes no --width, --max-s, --batch-size and --threads: the file says how it was measured.")
        written = import_results(results, store=store)
    else:
        from effcore.remeasure import remeasure

        variants = _variants(store, point, sweep)
        own = _own(store, variants)
        settings = _settings(own, width=width, max_s=max_s, batch_sizes=batch_size, threads=threads)
        report = partial(print, file=sys.stderr)
        written = remeasure(variants, store=store, home=folder, settings=settings, kept_as=own, report=report)
    if as_json:
        print_json({"measured": written})
    else:
        print(f"{'Measured again' if results is None else 'Imported'}: figures of {len(written)} runs.")


def bundle(
    point: Point = None,
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Folder to write; it must be empty or not there yet.")] = Path("effcore-bundle"),
    sweep: Sweep = None,
    width: Width = None,
    max_s: MaxS = None,
    batch_size: BatchSizes = None,
    threads: Threads = None,
    home: Home = None,
    tracking_uri: Uri = None,
    as_json: Json = False,
) -> None:
    """Write a folder that measures points on another machine.

    It needs a runtime there and not effcore; `effcore measure --import` brings its results back.
    """
    from effcore.own import restore, to_stderr
    from effcore.remeasure.bundle import write_bundle

    store = open_store(home, tracking_uri)
    variants = _variants(store, point, sweep)
    for task in sorted({str(v.recipe.get("task", "")) for v in variants}):
        restore(find_home(home), task, say=to_stderr)
    settings = _settings(_own(store, variants), width=width, max_s=max_s, batch_sizes=batch_size, threads=threads)
    files = write_bundle(variants, store=store, folder=to, settings=settings)
    if as_json:
        print_json({"folder": str(to), "files": [str(f) for f in files], "size_bytes": sum(f.stat().st_size for f in files)})
    else:
        print(f"Wrote {len(files)} files, {sum(f.stat().st_size for f in files) / 1e6:.1f} MB, to {to}. On the other machine:")
        print("  pip install -r requirements.txt && python measure.py\nand back here:\n  effcore measure --import results.json")


def profile(
    point: Annotated[str, typer.Argument(metavar="POINT", help="Run id, recipe key or name of a point, as `effcore frontier` shows it.")],
    sweep: Sweep = None,
    home: Home = None,
    tracking_uri: Uri = None,
    as_json: Json = False,
) -> None:
    """Show where the time of a prediction and the bytes go."""
    import json

    from effcore.stored import find_variant

    store = open_store(home, tracking_uri)
    variant = find_variant(store, point, sweep=sweep)
    document = json.loads(store.file(variant.run_id, "profile.json").read_text())
    if as_json:
        print_json({"run_id": variant.run_id, "name": variant.name, "environment": variant.environment} | document)
    else:
        print(variant.name)
        print_profile(document)


def print_profile(document: dict[str, Any]) -> None:
    """Two tables on stdout: time by operator, and bytes, parameters and products by layer."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if Console().is_terminal else 120)
    time, layers = document["time"], document["layers"]
    if time is None:
        console.print("Time by operator is not known: the runtime has no profiler that names operators, or it was measured elsewhere.")
    else:
        table = _table(Table(box=None, pad_edge=False, header_style="bold"), ("operator", "nodes", "share", "ms"))
        for row in time["operators"]:
            table.add_row(row["operator"], str(row["nodes"] or ""), f"{row['share']:.1%}", f"{row['ms']:.3g}")
        table.add_row("a prediction", str(len(time["nodes"])), "100.0%", f"{time['latency_ms']:.3g}")
        console.print(table)
    table = _table(Table(box=None, pad_edge=False, header_style="bold"), ("layer", "bytes", "share", "params", "non-zero", "macs"))
    whole = document["file_bytes"]
    for row in layers:
        numbers = (row["bytes"], row["bytes"] / whole, row["params"], row["nonzero_params"], row["macs"])
        table.add_row(row["name"], *(f"{n:.1%}" if isinstance(n, float) else f"{n:,}" for n in numbers))
    rest = whole - sum(row["bytes"] for row in layers)
    table.add_row("graph and the rest", f"{rest:,}", f"{rest / whole:.1%}", "", "", "")
    console.print()
    console.print(table)


def _table(table: Any, headings: tuple[str, ...]) -> Any:
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="right" if index else "left")
    return table


def _variants(store: Store, point: str | None, sweep: str | None) -> list[Variant]:
    """Every variant of a sweep, or every seed of one point in its sweep."""
    from effcore.stored import find_variant

    if point is None:
        return store.variants(sweep=store.sweep(sweep).run_id)
    found = find_variant(store, point, sweep=sweep)
    return [v for v in store.variants(sweep=found.sweep) if v.recipe_key == found.recipe_key]


def _own(store: Store, variants: list[Variant]) -> Measure:
    """How the sweep of the variants measures."""
    from effcore.spec import Measure, parse

    return parse(store.spec_text(variants[0].sweep), source="the spec of the sweep").measure if variants else Measure()


def _settings(own: Measure, *, width: float | None, max_s: float | None, batch_sizes: list[int] | None, threads: list[int] | None) -> Measure:
    """Those of the sweep, where no others are given."""
    from pydantic import ValidationError

    from effcore.errors import SpecError
    from effcore.spec import Measure
    from effcore.spec.space import problem_of

    given = {"width": width, "max_s": max_s, "batch_sizes": batch_sizes or None, "threads": threads or None}
    try:
        return Measure.model_validate(own.model_dump() | {name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise SpecError([problem_of(e, Measure, "measure") for e in error.errors(include_url=False)], source="the options") from None
