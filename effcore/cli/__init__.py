"""The command line: one file a group of commands, each of which imports what it needs only when it is called."""

from __future__ import annotations

import atexit
import errno
import gc
import logging
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

SELDOM = 50_000
"""New objects after which Python looks for garbage: with its own 700 a sixth of the time in which libraries are imported goes to that."""

_OF_THE_DISK = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT}
"""Errors of the system that a user can act on, wherever they come from."""


def entry() -> None:
    """Entry of `effcore` and of `python -m effcore`: as `main`, and gone as soon as it is done.

    Python would take every object apart before it ends, which takes seconds with all that a sweep loads. The last of what is to be done
    at the end, after all threads and what libraries registered, is to leave instead.
    """
    gc.set_threshold(SELDOM)
    code = 1  # of an error that nobody caught, which is printed before
    atexit.register(lambda: _leave(code))
    try:
        main()
        code = 0
    except SystemExit as end:
        code = 0 if end.code is None else end.code if isinstance(end.code, int) else 1
        raise


def _leave(code: int) -> None:
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # closed, or nobody reads it any more
            pass
    os._exit(code)


def main() -> None:
    """Run the command that the arguments name."""
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
