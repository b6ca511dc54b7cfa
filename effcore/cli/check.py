"""`effcore check`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from effcore.catalogue import TASKS
from effcore.cli.options import (
    Broken,
    Checkpoint,
    Data,
    Home,
    Json,
    Plugin,
    Resolution,
    SpecPath,
    brought,
    duration,
    open_home,
    print_json,
    read_text,
)
from effcore.errors import SpecError
from effcore.home import find_uri

if TYPE_CHECKING:
    from pathlib import Path

    from effcore.forecast import Forecast
    from effcore.plan import Find
    from effcore.spec import Spec


def check(
    spec: SpecPath,
    home: Home = None,
    data: Data = None,
    broken: Broken = "refuse",
    resolution: Resolution = None,
    plugin: Plugin = None,
    checkpoint: Checkpoint = None,
    as_json: Json = False,
) -> None:
    """Say what a sweep would cost; run nothing, write nothing."""
    from effcore.cli.fitting import require_fitting
    from effcore.forecast import forecast
    from effcore.own import refresh, to_stderr
    from effcore.spec import parse

    folder = open_home(home, brought(data, broken, resolution, plugin, checkpoint), make=False)
    try:
        parsed = parse(read_text(spec), source=str(spec))
        teachers = _teachers(parsed, folder)
        require_fitting(parsed, source=str(spec))
    except SpecError as error:
        if as_json:
            print_json({"problems": [{"where": p.where, "line": p.line, "message": p.message, "hint": p.hint} for p in error.problems]})
            raise typer.Exit(2) from None
        raise
    refresh(folder, parsed.task, keep=False, say=to_stderr)
    cost = forecast(parsed, home=folder, stored=teachers)
    if as_json:
        stages = {"total": cost.stages_total, "distinct": cost.stages_distinct, "cached": cost.stages_cached}
        print_json(
            {
                "variants": cost.variants, "stages": stages, "trainings": cost.trainings, "trainings_cached": cost.trainings_cached,
                "measurements": cost.measurements, "estimated_s": round(cost.estimated_s, 1), "problems": [],
                "warnings": list(parsed.warnings),
            }
        )  # fmt: skip
        return
    for warning in parsed.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print("\n".join(cost_lines(parsed, cost)))


def _teachers(spec: Spec, home: Path) -> Find:
    """What finds the stored teachers of a spec, each of which is there; no store is opened where it has none, and none is made.

    Raises:
        SpecError: A teacher is not there, or does not fit.
    """
    from effcore.plan import no_store
    from effcore.recipe import teachers

    if not any(teacher.point for recipe in spec.recipes for teacher in teachers(recipe)):
        return no_store
    from effcore.stored import StoredTeachers, require_teachers
    from effcore.tracking import Store
    from effcore.tracking.database import database

    uri = find_uri()
    find = StoredTeachers(Store(home, uri=uri) if uri is not None or database(home).exists() else None)
    require_teachers(spec.recipes, find, document=spec.document)
    return find


def cost_lines(spec: Spec, cost: Forecast) -> list[str]:
    """What `check` says of a spec without problems."""
    searches = spec.space is not None and spec.parts is None
    shared = cost.stages_total - cost.stages_distinct
    done = "" if searches else f"; {cost.trainings_cached} are there already"
    basis = "by what ran here before" if cost.learned else "a guess from another machine, since nothing has run here yet"
    cores = "1 idle core" if cost.slots == 1 else f"{cost.slots} idle cores"
    lines = _search_lines(spec, cost) if searches else [f"{spec.name}: {cost.variants} variants of {_task(spec)}{_origin(spec)}"]
    lines += [
        f"  stages        {cost.stages_distinct} to run once each; {shared} more are shared ({cost.stages_total} without sharing)",
        f"  trainings     {cost.trainings}, fine-tunings and teachers among them{done}",
        f"  measurements  {cost.measurements} different structure" + ("" if cost.measurements == 1 else "s"),
    ]
    if not searches:
        lines.append(f"  in the cache  {cost.stages_cached} of {cost.stages_distinct} stages")
    if not _by_time(spec, cost):
        lines.append(f"  time          about {duration(cost.estimated_s)} on {cores}; {basis}")
    return lines


def _search_lines(spec: Spec, cost: Forecast) -> list[str]:
    """When a search ends, and how many variants that is; since nobody knows which it will stop, the rest is for all of them."""
    search, budget = spec.search, spec.search.budget
    limits = [duration(budget.minutes * 60)] if budget.minutes else []
    limits += [f"{budget.core_s:,g} core-seconds"] if budget.core_s else []
    limits += [f"{spec.size:,} variants"] if budget.variants or not limits else []
    early = f"; {search.strategy} stops weak ones early or puts them off" if search.stopping != "none" or search.latency_first else ""
    if _by_time(spec, cost):
        many = f"about {cost.variants:,} fit into that when all are trained to the end{early}" + (", and so begins more" if early else "")
    else:
        many = f"at most {cost.variants:,}{early}"
    return [
        f"{spec.name}: a search by {search.strategy} on {_task(spec)}",
        f"  ends after    {', '.join(limits)}" + (", whichever comes first" if len(limits) > 1 else ""),
        f"  variants      {many}",
        f"{cost.variants:,} variants, all trained to the end, would take:",
    ]


def _by_time(spec: Spec, cost: Forecast) -> bool:
    """Whether the time of a search ends it, and not the number of its variants."""
    return spec.space is not None and spec.parts is None and cost.variants < spec.size


def _task(spec: Spec) -> str:
    return spec.task + (" (synthetic)" if TASKS[spec.task].synthetic else "")


def _origin(spec: Spec) -> str:
    if spec.parts is not None:
        return f": sub-networks of one supernet, the best of {spec.search.screened:,} that are tried"
    added = spec.parents * len(spec.seeds)
    return f", {added} of them parents that `verdicts` adds" if added else ""
