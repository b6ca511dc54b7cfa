"""`effcore run`."""

from __future__ import annotations

import shlex
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
    Tls,
    Uri,
    brought,
    duration,
    open_home,
    print_json,
    read_text,
)
from effcore.errors import Cancelled, EffcoreError, Paused
from effcore.home import find_home, find_uri

if TYPE_CHECKING:
    from effcore.spec import Spec
    from effcore.sweep import Progress, SweepResult


def run(
    spec: Annotated[Path | None, typer.Argument(metavar="SPEC", help="YAML file, see experiments/.")] = None,
    home: Home = None,
    tracking_uri: Uri = None,
    slots: Annotated[
        int | None, typer.Option("--slots", metavar="N", min=1, help="Stages that run at once; all cores where it is not given.")
    ] = None,
    cluster: Annotated[str | None, typer.Option("--cluster", metavar="tls://HOST:PORT", help="Dask scheduler whose workers run the stages.")] = None,
    tls: Tls = None,
    run_id: Annotated[str | None, typer.Option("--run-id", hidden=True)] = None,
    data: Data = None,
    broken: Broken = "refuse",
    resolution: Resolution = None,
    plugin: Plugin = None,
    checkpoint: Checkpoint = None,
    as_json: Json = False,
) -> None:
    """Run a sweep, or go on with one that was interrupted.

    Ends with 0 when every variant is there, with 1 when some failed, with 2 when the spec has problems.
    """
    from effcore.spec import parse

    if (spec is None) == (run_id is None):
        raise typer.BadParameter("must be given, as `effcore run experiments/quickstart.yaml`.", param_hint="SPEC")
    if tls is not None and cluster is None:
        raise EffcoreError("--tls says how a cluster is reached. Give it together with --cluster.")
    given = brought(data, broken, resolution, plugin, checkpoint)
    open_home(home, given, make=given.anything)
    parsed = parse(read_text(spec), source=str(spec)) if spec is not None else None
    folder, uri = find_home(home), find_uri(tracking_uri)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        result = _sweep(parsed, folder, uri, slots, run_id, (cluster, tls) if cluster else None)
    except (Cancelled, KeyboardInterrupt) as error:
        again = shlex.join(["effcore", *sys.argv[1:]]) if spec is not None else "the launch button"
        text = str(error) or "Stopped. What had finished is kept."
        if isinstance(error, Paused):
            from effcore.runner import PAUSED

            print(f"\neffcore: {text}", file=sys.stderr)
            raise typer.Exit(PAUSED) from None
        print(f"\neffcore: {text} To go on: {again}", file=sys.stderr)
        raise typer.Exit(130) from None
    _print_result(result, folder, uri, as_json=as_json)
    raise typer.Exit(1 if result.failed else 0)


def _sweep(
    spec: Spec | None, home: Path, uri: str | None, slots: int | None, run_id: str | None, cluster: tuple[str, Path | None] | None
) -> SweepResult:
    from effcore.execution.cluster import Cluster
    from effcore.spec import parse
    from effcore.sweep import run_sweep
    from effcore.tracking import Store

    store = Store(home, uri=uri)
    if spec is None:
        assert run_id is not None, "a sweep is named by its spec or its run"
        spec = parse(store.spec_text(run_id), source=f"spec of run {run_id}")
    for warning in spec.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    remote = Cluster(cluster[0], cluster[1] or Path("tls")) if cluster else None
    with _bar(spec.name) as report:
        return run_sweep(spec, store=store, home=home, slots=slots, run_id=run_id, cluster=remote, report=report)


@contextmanager
def _bar(name: str) -> Iterator[Any]:
    """A progress bar on stderr; a line now and then where stderr is no terminal. What keeps a sweep waiting is a line of its own on both."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress
    from rich.table import Column

    console = Console(stderr=True)
    state = TextColumn("{task.fields[state]}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis"))
    columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=16), TimeElapsedColumn(), state)
    with RichProgress(*columns, console=console, disable=not console.is_terminal) as bar:
        task, lines = bar.add_task(name, total=None, state="starting"), Lines(name)

        def report(progress: Progress) -> None:
            bar.update(task, completed=progress.stages_done, total=progress.stages_total, state=describe_progress(progress))
            for line in lines.next(progress, now=time.monotonic(), terminal=console.is_terminal):
                bar.console.print(line, markup=False, highlight=False, soft_wrap=True)

        yield report


WAITING_S = 3.0
"""That a sweep stands still before it is said why: most waits for a measurement are shorter."""


class Lines:
    """Which lines tell of a sweep as it goes on.

    Args:
        name: Of the sweep.
    """

    def __init__(self, name: str) -> None:
        self._name, self._ended, self._told = name, -1, ""
        self._since: float | None = None

    def next(self, progress: Progress, *, now: float, terminal: bool) -> list[str]:
        """What is to be said now: on a terminal, which has a bar, only why it stands still.

        Args:
            progress: How far it is.
            now: Seconds since some moment.
            terminal: Whether it is told on one.
        """
        ended, waits = progress.variants_done + progress.failed, progress.standing.waits
        lines = []
        if ended != self._ended and not terminal:
            lines.append(f"{self._name}: {describe_progress(progress)}")
        self._ended = ended
        if not waits:
            self._since, self._told = None, ""
            return lines
        self._since = now if self._since is None else self._since
        if now - self._since >= WAITING_S and waits != self._told:
            self._told = waits
            lines.append(f"{self._name}: {waits}")
        return lines


def describe_progress(progress: Progress) -> str:
    """How far a sweep is, in a line."""
    failed = f", {progress.failed} failed" if progress.failed else ""
    left = f", about {duration(progress.remaining_s)} left" if progress.remaining_s > 0 else ""
    now = progress.standing.waits or progress.standing.doing
    far = f"{progress.variants_done} of {progress.variants_total} variants{failed}, stage {progress.stages_done} of {progress.stages_total}{left}"
    return f"{far}; {now}" if now else far


def _print_result(result: SweepResult, home: Path, uri: str | None, *, as_json: bool) -> None:
    if as_json:
        from effcore.search.analysis import fates

        print_json(
            {
                "sweep": result.name, "run_id": result.run_id, "variants": result.variants, "failed": result.failed,
                "stages": {"executed": result.executed, "reused": result.reused}, "elapsed_s": round(result.elapsed_s, 2),
                "errors": list(result.errors),
                **({} if result.history is None else {"search": fates(result.history)}),
            }
        )  # fmt: skip
        return
    from effcore.cli.show import print_frontier
    from effcore.reports.report import read_frontier
    from effcore.tracking import Store

    print_frontier(read_frontier(Store(home, uri=uri), sweep=result.run_id))
    print(
        f"{result.name}: {result.variants - result.failed} of {result.variants} variants in {duration(result.elapsed_s)}; "
        f"{result.executed} stages run, {result.reused} reused.",
        file=sys.stderr,
    )
    if result.history is not None:
        from effcore.cli.search import print_search

        print_search(result.history, state="done")
    for error in result.errors:
        print(f"failed: {error}", file=sys.stderr)
