"""Latencies of sub-networks by a table that is measured here, unless it was before."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from effcore.analysis.latency_table import read_table
from effcore.cache import Cache, Entry
from effcore.catalogue import TASKS
from effcore.catalogue.elastic import Shape
from effcore.context import current_context
from effcore.host import host_lock
from effcore.measure.environment import current
from effcore.plan import Stage
from effcore.plan.screening import table_stage
from effcore.recipe import Recipe
from effcore.reports.proxies import choices_of
from effcore.stages import produce


def predicted_ms(recipe: Recipe, shapes: Sequence[Shape], *, home: Path) -> list[float]:
    """Predicted latency of each sub-network of a recipe's network, in ms.

    Args:
        recipe: Of the family elastic.
        shapes: Its sub-networks.
        home: The state folder, in whose cache the table is kept.

    Raises:
        MeasureError: A measuring process failed.
    """
    from effcore.models.elastic_parts import parts_of

    architecture = recipe.architecture.model_copy(update={"subnetwork": None})
    environment = current(threads=1, batch=1).key
    stage = table_stage(
        task=recipe.task, architecture=architecture, choices=choices_of(shapes), environment=environment, context=current_context()
    )
    table = read_table(json.loads((_made(stage, home).folder / "table.json").read_text()))
    task = TASKS[recipe.task]
    return [table.predict_ms([part.name for part in parts_of(task, architecture, shape)]) for shape in shapes]


def _made(stage: Stage, home: Path) -> Entry:
    cache = Cache(home)
    with cache.claim(stage.key):
        found = cache.find(stage.key)
        if found is not None:
            return found
        with host_lock(exclusive=True):
            return produce(stage, home=home, cache=cache)
