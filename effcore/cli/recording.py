"""`effcore record`: sweeps as one small file that opens anywhere."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from effcore.cli.options import Home, Json, Uri, open_store, print_json, require_place


def record(
    sweeps: Annotated[list[str], typer.Argument(metavar="SWEEP", help="Names or run ids of sweeps that have ended.")],
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="File to write, as study.jsonl.xz.")],
    home: Home = None,
    tracking_uri: Uri = None,
    as_json: Json = False,
) -> None:
    """Write sweeps into one small file that opens anywhere.

    With their curves, answers and latency samples, without their models; `effcore serve --recording FILE` opens it.
    """
    from effcore.tracking.recording import record as write

    header = write(open_store(home, tracking_uri), sweeps, require_place(to))
    if as_json:
        print_json({"file": str(to), "size_bytes": to.stat().st_size} | asdict(header))
    else:
        print(f"{to}: {header.runs} runs of {', '.join(header.sweeps)}, {to.stat().st_size / 1000:.0f} kB, measured on {header.machine}")
