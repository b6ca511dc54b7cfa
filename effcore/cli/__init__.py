"""The command line: one file a group of commands, each of which imports what it needs only when it is called."""

from __future__ import annotations

import sys

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

for _command in _COMMANDS:
    app.command(hidden=_command is serve.runner)(_command)


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
    except BrokenPipeError:  # the reader of the output, as `head`, had enough
        sys.stderr.close()
        sys.exit(0)
