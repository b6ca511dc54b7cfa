"""Trying sub-networks of a supernet: accuracy on validation and predicted latency of many, without training any."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from effcore.analysis.latency_table import LatencyTable, read_table
from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.elastic import ElasticStage, Shape, largest
from effcore.catalogue.elastic import shape as shape_of
from effcore.models import snapshot
from effcore.models.elastic import cut, depth_of, take_statistics
from effcore.models.elastic_parts import parts_of
from effcore.stages.table import read_choices
from effcore.tasks import Data, load
from effcore.training import evaluate

Judge = Callable[[Shape], dict[str, float]]
"""What a sub-network comes to: `val_accuracy`, `latency_ms` and more."""
STALE = 20
"""Proposals in a row that were tried before, until the search is over."""


def work(config: Mapping[str, Any], inputs: Mapping[str, Path], folder: Path) -> dict[str, Any]:
    """Search the sub-networks of a supernet by NSGA-II.

    Args:
        config: task, architecture, choices (for each stage what it may be), images (for statistics, of the training's share
            of the data), data_fraction, screened (sub-networks that are tried), population, seed, threads.
        inputs: `model`, the supernet; `table`, the latency of its parts.
        folder: Gets `screened.json`: every sub-network that was tried, in its order, with what it came to.

    Returns:
        Facts: how many were tried, and by what.
    """
    import optuna

    torch.set_num_threads(config["threads"])
    model = snapshot.rebuild(snapshot.load(inputs["model"] / "model.pt"))
    table = read_table(json.loads((inputs["table"] / "table.json").read_text()))
    data = load(config["task"]).fraction(config["data_fraction"])
    judge = _judge(model, data, table, config)
    choices = read_choices(config["choices"])
    rows = search(choices, judge, screened=config["screened"], population=config["population"], seed=config["seed"], depth=depth_of(model))
    (folder / "screened.json").write_text(json.dumps(rows, allow_nan=False))
    return {"screened": len(rows), "sampler": f"optuna {optuna.__version__} NSGAIISampler"}


def _judge(model: nn.Module, data: Data, table: LatencyTable, config: Mapping[str, Any]) -> Judge:
    task, architecture = TASKS[config["task"]], Architecture.model_validate(config["architecture"])
    images = torch.tensor(data.train.images[: config["images"]])

    def judge(shape: Shape) -> dict[str, float]:
        part = cut(model, shape)
        take_statistics(part, images)
        return {
            "val_accuracy": evaluate(part, data.validation),
            "latency_ms": table.predict_ms([p.name for p in parts_of(task, architecture, shape)]),
            "params": float(sum(p.numel() for p in part.parameters())),
        }

    return judge


def search(
    choices: Sequence[Sequence[ElasticStage]], judge: Judge, *, screened: int, population: int, seed: int, depth: int
) -> list[dict[str, Any]]:
    """Sub-networks that NSGA-II asks for, with what they came to, each once and without the whole network.

    The first two are the smallest and the largest of the space, between which all others lie.

    Args:
        choices: What each stage may be, the smallest first.
        judge: What a sub-network comes to; more `val_accuracy` and less `latency_ms` are wanted.
        screened: Most sub-networks that are judged.
        population: Of a generation.
        seed: Of the search.
        depth: Of the whole network.

    Source: Deb et al. 2002, https://doi.org/10.1109/4235.996017.
    """
    import optuna

    optuna.logging.set_verbosity(logging.WARNING)
    sampler = optuna.samplers.NSGAIISampler(seed=seed, population_size=population)
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
    for ends in ([0] * len(choices), [len(stages) - 1 for stages in choices]):
        study.enqueue_trial({f"stage_{i + 1}": end for i, end in enumerate(ends)})
    rows: dict[Shape, dict[str, Any]] = {}
    stale = 0
    while len(rows) < screened and stale < STALE * population:
        trial = study.ask()
        chosen = [stages[trial.suggest_int(f"stage_{i + 1}", 0, len(stages) - 1)] for i, stages in enumerate(choices)]
        shape = shape_of(chosen)
        stale = stale + 1 if shape in rows else 0
        if shape not in rows:
            rows[shape] = {"shape": shape.model_dump(mode="json")} | judge(shape)
        study.tell(trial, [rows[shape]["val_accuracy"], rows[shape]["latency_ms"]])
    return [row for shape, row in rows.items() if shape != largest(depth)]
