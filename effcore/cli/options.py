"""Options that several commands share, and how a result is printed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from effcore.errors import EffcoreError, closest
from effcore.home import find_home, find_uri, require_home

if TYPE_CHECKING:
    from effcore.own import Brought
    from effcore.tracking import Store

Home = Annotated[Path | None, typer.Option("--home", metavar="FOLDER", help="State folder; EFFCORE_HOME or ./.effcore where it is not given.")]
Uri = Annotated[
    str | None, typer.Option("--tracking-uri", metavar="URI", help="MLflow tracking URI; the store in the state folder where it is not given.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Sweep = Annotated[str | None, typer.Option("--sweep", metavar="SWEEP", help="Name or run id of a sweep; the newest where it is not given.")]
SweepName = Annotated[str | None, typer.Argument(metavar="SWEEP", help="Name or run id of a sweep; the newest where it is not given.")]
Tls = Annotated[Path | None, typer.Option("--tls", metavar="FOLDER", help="Folder with ca.pem, cert.pem and key.pem of the cluster.")]
Data = Annotated[list[str] | None, typer.Option(
    "--data", metavar="NAME=PATH", help="Make a task of a folder of images, an .npz file or a saved dataset; run, serve and worker remember it. "
    "Repeatable.",
)]  # fmt: skip
Broken = Annotated[Literal["refuse", "skip"], typer.Option("--broken", help="What is done with files of --data that can't be read.")]
Resolution = Annotated[int | None, typer.Option(
    "--resolution", metavar="PIXELS", help="Side of the images of --data in pixels; decided by the data where it is not given.",
)]  # fmt: skip
Plugin = Annotated[
    list[Path] | None, typer.Option("--plugin", metavar="FILE", help="Python file that adds to the catalogue, see docs/plugins.md. Repeatable.")
]
Checkpoint = Annotated[list[str] | None, typer.Option(
    "--checkpoint", metavar="NAME=PATH", help="Weights for `training: {checkpoint: NAME}`, of torch or safetensors. Repeatable.",
)]  # fmt: skip
SpecPath = Annotated[Path, typer.Argument(metavar="SPEC", help="YAML file, see experiments/.")]


SHOWN = 8
"""Files of a folder that are named where it was given for one of them."""


def print_json(document: Any) -> None:
    """One JSON document on stdout."""
    print(json.dumps(document, indent=2, allow_nan=False))


def duration(seconds: float) -> str:
    """A time in words: seconds up to a minute and a half, then minutes.

    Example:
        >>> duration(59.6), duration(170)
        ('60 s', '3 min')
    """
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def marks(reasons: Iterable[str]) -> dict[str, str]:
    """What stands in a table in the place of each reason, which is said once below it: nothing where there is only one, else its number.

    Example:
        >>> marks(["too few", "too few"]), marks(["too few", "too slow", "too few"])
        ({'too few': ''}, {'too few': ' (1)', 'too slow': ' (2)'})
    """
    different = list(dict.fromkeys(reasons))
    return {reason: f" ({number})" if len(different) > 1 else "" for number, reason in enumerate(different, start=1)}


def left_out_lines(entries: Iterable[tuple[str, str]]) -> list[str]:
    """A line for each reason, with all that it keeps out.

    Args:
        entries: Name and reason of each.

    Example:
        >>> left_out_lines([("a", "failed"), ("b", "slow"), ("c", "failed")])
        ['left out: a, c: failed', 'left out: b: slow']
    """
    names: dict[str, list[str]] = {}
    for name, reason in entries:
        names.setdefault(reason, []).append(name)
    return [f"left out: {', '.join(dict.fromkeys(some))}: {reason}" for reason, some in names.items()]


def open_home(path: Path | None, brought: Brought | None = None, *, make: bool = True) -> Path:
    """The state folder, with all that the operator named known to this process.

    Args:
        path: What the user asked for.
        brought: What the command names beside what is known already.
        make: Whether to make the folder, and to keep in it what is brought.
    """
    from effcore.own import Brought, bring, to_stderr

    home = find_home(path, make=make)
    bring(home, brought or Brought(), keep=make, say=to_stderr)
    return home


def open_store(path: Path | None, uri: str | None) -> Store:
    """The tracking store that a command reads; nothing is made where none is.

    Args:
        path: The state folder that the user asked for.
        uri: The tracking URI that the user asked for.

    Raises:
        EffcoreError: There is no state folder.
    """
    from effcore.tracking import Store

    require_home(path, uri)
    return Store(open_home(path), uri=find_uri(uri))


def brought(
    data: list[str] | None, broken: Literal["refuse", "skip"], resolution: int | None, plugin: list[Path] | None, checkpoint: list[str] | None
) -> Brought:
    """What the options of a command name."""
    from effcore.own import Brought

    return Brought(data=data or (), broken=broken, resolution=resolution, plugins=plugin or (), checkpoints=checkpoint or ())


def read_text(path: Path) -> str:
    """Text of a file that the user named.

    Raises:
        EffcoreError: It is not there, is a folder, is too large or is no text.
    """
    try:
        if path.stat().st_size > 10_000_000:
            raise EffcoreError(f"{path} must be a spec in YAML. It has {path.stat().st_size:,} bytes.")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise EffcoreError(f"{path} must be a YAML text in UTF-8. Byte {error.start} is not.") from error
    except IsADirectoryError as error:
        inside = sorted(p.name for p in path.iterdir() if p.suffix in (".yaml", ".yml"))
        some = f" In it: {', '.join(inside[:SHOWN])}{' and more' if len(inside) > SHOWN else ''}." if inside else ""
        raise EffcoreError(f"{path} must be a file. It is a folder.{some}") from error
    except OSError as error:
        there = [p.name for p in path.parent.iterdir()] if isinstance(error, FileNotFoundError) and path.parent.is_dir() else []
        hint = closest(path.name, there)
        raise EffcoreError(f"{path} can't be read: {error.strerror}.{' ' if hint else ''}{hint}") from error


def require_place(path: Path) -> Path:
    """A file that is to be written, where there is a folder for it.

    Raises:
        EffcoreError: There is none, or a folder has its name.
    """
    if path.is_dir() or not path.parent.is_dir():
        got = "It is a folder" if path.is_dir() else f"There is no folder {path.parent}"
        raise EffcoreError(f"{path} must be a file in a folder that is there. {got}. Choose another one with --to.")
    return path
