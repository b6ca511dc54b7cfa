"""`effcore export` and `effcore clean`."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from effcore.cli.options import Home, Json, Sweep, Uri, open_home, open_store, print_json
from effcore.errors import BusyError
from effcore.home import find_home, held_sweeps


def export(
    point: Annotated[str, typer.Argument(metavar="POINT", help="Run id, recipe key or name of a point, as `effcore frontier` shows it.")],
    to: Annotated[Path | None, typer.Option("--to", metavar="FOLDER", help="Folder; one with the name of the point where it is not given.")] = None,
    sweep: Sweep = None,
    home: Home = None,
    tracking_uri: Uri = None,
    as_json: Json = False,
) -> None:
    """Write the file of a point with an example that uses it."""
    from effcore.stored import find_variant
    from effcore.takeaway import take_away

    store = open_store(home, tracking_uri)
    variant = find_variant(store, point, sweep=sweep)
    files = take_away(variant, store=store, folder=to or Path(folder_name(variant.name)))
    if as_json:
        print_json({"run_id": variant.run_id, "files": [str(f) for f in files]})
    else:
        print("\n".join(str(f) for f in files))
        print(f"Try it: python {next(f for f in files if f.suffix == '.py')}", file=sys.stderr)


def folder_name(point: str) -> str:
    """A name for a folder, of letters, digits and dots, as `cnn-x1-int8` for `cnn x1 · int8`."""
    return re.sub(r"[^\w.]+", "-", point, flags=re.ASCII).strip("-.") or "point"


def forget(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of data or weights, or the file of a plug-in.")],
    home: Home = None,
) -> None:
    """Take out data, weights or a plug-in that was named.

    That is, with --data, --checkpoint or --plugin. Its files and all results stay where they are.
    """
    from effcore.own import forget as take_out

    take_out(find_home(home), name)
    print(f"{name} is not known any more.")


def clean(
    older_than: Annotated[float | None, typer.Option("--older-than", min=0, metavar="DAYS", help="Free what was not used for so many days.")] = None,
    keep_mb: Annotated[
        float | None, typer.Option("--keep-mb", metavar="MB", min=0, help="Free the longest unused until the cache is no larger than this.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be freed.")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Free space in the cache of stages; results stay.

    Without --older-than and --keep-mb it says how large the cache is. While a sweep runs nothing is freed.
    """
    from effcore.cache import Cache

    folder = open_home(home)
    frees = not dry_run and (older_than is not None or keep_mb is not None)
    if frees and (running := held_sweeps(folder)):
        many = f"{len(running)} sweeps are" if len(running) > 1 else "1 sweep is"
        raise BusyError(f"Nothing can be freed while sweeps run, which need what they have built. {many} running on {folder}. Wait, or end it.")
    cache = Cache(folder)
    usage = cache.usage()
    total = sum(u.size_bytes for u in usage)
    limit_s = None if older_than is None else time.time() - older_than * 86_400
    kept, gone = total, []
    for entry in usage:
        too_old = limit_s is not None and entry.used < limit_s
        too_much = keep_mb is not None and kept > keep_mb * 1e6
        if too_old or too_much:
            gone.append(entry)
            kept -= entry.size_bytes
    if frees:
        for entry in gone:
            cache.remove(entry.key)
        cache.sweep_aside()
    freed = total - kept
    if as_json:
        print_json({"entries": len(usage), "size_bytes": total, "freed_entries": len(gone), "freed_bytes": freed, "dry_run": dry_run})
    elif older_than is None and keep_mb is None:
        print(f"The cache holds {len(usage)} stages, {total / 1e6:.1f} MB. Say what to free with --older-than DAYS or --keep-mb MB.")
    else:
        verb = "Would free" if dry_run else "Freed"
        print(f"{verb} {len(gone)} of {len(usage)} stages, {freed / 1e6:.1f} of {total / 1e6:.1f} MB. They are built again when a sweep needs them.")
