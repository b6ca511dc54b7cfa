"""A table of the latency of the parts that sub-networks are made of."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from effcore.analysis.latency_table import fit_table
from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.elastic import ElasticStage, Shape
from effcore.catalogue.elastic import shape as shape_of
from effcore.measure.environment import current
from effcore.measure.many import Small, measure_many
from effcore.models.elastic_parts import all_parts, network, parts_of
from effcore.runtimes.onnxpieces import nothing, piece


def work(config: Mapping[str, Any], inputs: Mapping[str, Path], folder: Path) -> dict[str, Any]:
    """Measure every part of a space of sub-networks, and some whole sub-networks by which the table is set right and judged.

    Args:
        config: task, architecture, choices (for each stage what it may be), networks (how many whole ones), seed.
        inputs: None.
        folder: Gets `table.json` (`LatencyTable`) and `measured.json`, every median of every process.

    Returns:
        Facts: parts, networks, the error of the table, and the environment.
    """
    task, architecture = TASKS[config["task"]], Architecture.model_validate(config["architecture"])
    choices = read_choices(config["choices"])
    parts = all_parts(task, architecture, choices)
    shapes = sample_shapes(choices, config["networks"], seed=config["seed"])
    files = [Small(data=nothing(), shape=(1, 1, 1))]
    files += [Small(data=piece(part.modules, *part.shape), shape=part.shape, levels=part.levels) for part in parts.values()]
    files += [Small(data=piece([network(task, architecture, s)], *task.shape), shape=task.shape, levels=task.levels) for s in shapes]
    seen = measure_many(files)
    call_ms, *rest = np.exp(np.log(seen).mean(0)).tolist()
    alone_ms = dict(zip(parts, rest[: len(parts)], strict=True))
    names = [[part.name for part in parts_of(task, architecture, shape)] for shape in shapes]
    table = fit_table(alone_ms, call_ms, list(zip(names, rest[len(parts) :], strict=True)))
    (folder / "table.json").write_text(json.dumps(table.document, allow_nan=False))
    measured = {
        "call_ms": call_ms, "parts_ms": alone_ms, "processes": seen.round(6).tolist(),
        "networks": [{"shape": s.model_dump(mode="json"), "latency_ms": t} for s, t in zip(shapes, rest[len(parts) :], strict=True)],
    }  # fmt: skip
    (folder / "measured.json").write_text(json.dumps(measured, allow_nan=False))
    return {"parts": len(parts), "networks": len(shapes), "error": dict(table.error), "environment": current().key}


def read_choices(document: Sequence[Sequence[Mapping[str, Any]]]) -> list[list[ElasticStage]]:
    """What each stage may be, from plain data."""
    return [[ElasticStage.model_validate(dict(stage)) for stage in stages] for stages in document]


def sample_shapes(choices: Sequence[Sequence[ElasticStage]], count: int, *, seed: int) -> list[Shape]:
    """Different sub-networks drawn evenly from a space; all of them where it has no more."""
    total = int(np.prod([len(stages) for stages in choices]))
    if total <= count:
        return [shape_of(list(stages)) for stages in itertools.product(*choices)]
    generator, found = random.Random(seed), dict[Shape, None]()
    while len(found) < count:
        found[shape_of([generator.choice(list(stages)) for stages in choices])] = None
    return list(found)
