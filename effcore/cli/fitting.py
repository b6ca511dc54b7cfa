"""Whether the networks and weights that an operator brought fit a spec, tried in a process of its own, since that takes torch."""

from __future__ import annotations

import json
import multiprocessing
import random
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from effcore.catalogue import FAMILIES, TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.training import Training
from effcore.errors import EffcoreError, Problem, SpecError
from effcore.recipe import Recipe
from effcore.spec.document import read

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from effcore.spec import Spec

DRAWN = 20
"""Recipes of a search that are tried, since it may choose any."""

Wanted = tuple[Architecture, str | None]


def require_fitting(spec: Spec, *, source: str) -> None:
    """Refuse a spec whose own networks can't be built for its task, or whose checkpoints don't fit them.

    Args:
        spec: What is checked.
        source: Its name for error texts.

    Raises:
        SpecError: With every problem.
    """
    wanted = list(dict.fromkeys(pair for recipe in _recipes(spec) for pair in _brought(recipe)))
    if not wanted:
        return
    found = _tried(wanted, spec.task)
    document = read(spec.text, source=source)
    problems = []
    for index, cause in found:
        architecture, checkpoint = wanted[index]
        where = _place(document.data, *(("training", checkpoint, "checkpoint") if checkpoint else ("architecture", architecture.family, "family")))
        problems.append(Problem(where=where, message=cause, line=document.line(where)))
    if problems:
        raise SpecError(list(dict.fromkeys(problems)), source=source)


def _recipes(spec: Spec) -> Iterable[Recipe]:
    if spec.space is None:
        return spec.recipes
    generator = random.Random(spec.search.seed)
    drawn = [spec.space.recipe(spec.space.draw(generator)) for _ in range(DRAWN)]
    return [recipe for recipe in drawn if isinstance(recipe, Recipe)]


def _brought(recipe: Recipe) -> list[Wanted]:
    """What of a recipe only a network that was built can tell."""
    checkpoints = [s.config.checkpoint for s in recipe.steps if isinstance(s.config, Training) and s.config.checkpoint]
    own = FAMILIES[recipe.architecture.family].origin
    return [(recipe.architecture, name) for name in checkpoints] or ([(recipe.architecture, None)] if own else [])


def _tried(wanted: Sequence[Wanted], task: str) -> list[tuple[int, str]]:
    """What does not fit; the process knows what this one knows, of which nothing may be written yet."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    sys.stdout.flush()
    process = context.Process(target=_try, args=(theirs, wanted, task), daemon=True)
    process.start()
    theirs.close()
    try:
        found: list[tuple[int, str]] = ours.recv()
    except EOFError:
        process.join()
        families = ", ".join(dict.fromkeys(architecture.family for architecture, _ in wanted))
        raise EffcoreError(f"Building {families} ended its process with exit code {process.exitcode}. Look into its code.") from None
    process.join()
    return found


def _try(answer: Connection, wanted: Sequence[Wanted], task: str) -> None:
    from effcore.models.fits import misfits

    answer.send(misfits(wanted, TASKS[task]))


def _place(document: Any, technique: str, name: str, field: str) -> str:
    """Where a spec first says a name in a step of a technique, as `recipe[1].training.checkpoint`."""
    lists = [("recipe", document.get("recipe", []))] + [(f"recipes[{i}]", part) for i, part in enumerate(document.get("recipes", []))]
    for path, steps in lists:
        for index, step in enumerate(steps):
            if technique in step and json.dumps(name) in json.dumps(step[technique]):
                return f"{path}[{index}].{technique}.{field}"
    return technique
