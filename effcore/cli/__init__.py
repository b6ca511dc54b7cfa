"""The command line: one file a group of commands, each of which imports what it needs only when it is called."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import typer

from effcore.cli import check as checking
from effcore.cli import data, grading, interaction, keep, measuring, proxies, recording, reproductions, run, scan, search, serve, show, teaching
from effcore.errors import EffcoreError

app = typer.Typer(
    name="effcore",
    help="Which technique makes a model more efficient, how much, together with what, on this machine?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

_COMMANDS = (
    run.run, checking.check, show.frontier, show.describe, search.search, data.data, interaction.interactions, proxies.proxies, measuring.measure,
    measuring.bundle, measuring.profile, scan.sensitivity, keep.export, keep.forget, keep.clean, recording.record, grading.grade, teaching.worksheet,
    reproductions.reproduce, serve.serve, serve.worker, serve.runner,
)



def _until_enough(command: Callable[..., None]) -> Callable[..., None]:
    """A command that ends well when the reader of its output, as `head`, had enough."""

    @wraps(command)
    def ended(*args: Any, **options: Any) -> None:
        try:
            command(*args, **options)
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left in the buffer goes nowhere
            raise typer.Exit(0) from None

    return ended


for _command in _COMMANDS:
    app.command(hidden=_command is serve.runner)(_until_enough(_command))

_OF_THE_DISK = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT}
"""Errors of the system that a user can act on, wherever they come from."""


def main() -> None:
    """Entry of `effcore` and of `python -m effcore`."""
    try:
        app()
    except EffcoreError as error:
        print(f"effcore: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("\neffcore: stopped.", file=sys.stderr)
        sys.exit(130)
    except OSError as error:
        if error.errno not in _OF_THE_DISK:
            raise
        place = f" at {error.filename}" if error.filename else ""
        print(f"effcore: {error.strerror}{place}. Make room, give the rights, or give another place, as with --home.", file=sys.stderr)
        sys.exit(2)
