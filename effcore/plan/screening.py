"""The stages of a one-shot search: the table of latencies of parts, and the trying of sub-networks, each named by content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.elastic import ElasticStage
from effcore.plan import Context, Stage
from effcore.recipe import digest

NETWORKS = 24
"""Whole sub-networks that set a table right and judge it, half of them each."""

Choices = Sequence[Sequence[ElasticStage]]
"""What each of the three stages of a sub-network may be, the smallest first."""


def table_stage(*, task: str, architecture: Architecture, choices: Choices, environment: str, context: Context) -> Stage:
    """The stage that measures the parts of a space of sub-networks, alone on its host.

    Args:
        task: Name of the task, for the shape of the images.
        architecture: The whole network.
        choices: The space.
        environment: Key of the environment, with batch 1 and one thread.
        context: As for the plan.
    """
    config = {
        "task": task, "shape": list(TASKS[task].shape), "classes": len(TASKS[task].classes), "architecture": architecture.model_dump(mode="json"),
        "choices": _plain(choices), "networks": NETWORKS, "seed": 0, "environment": environment,
    }  # fmt: skip
    return _stage("table", config, (), context, exclusive=True)


def screen_stage(
    *, task: str, architecture: Architecture, choices: Choices, model: str, table: str, search: Mapping[str, Any], context: Context
) -> Stage:
    """The stage that tries sub-networks of a supernet.

    Args:
        task: Name of the task.
        architecture: The whole network.
        choices: The space.
        model: Key of the stage whose model is the supernet.
        table: Key of the stage with the latencies.
        search: screened, population, seed, images and data_fraction, see `effcore.stages.screen`.
        context: As for the plan.
    """
    config = {
        "task": task, "data": TASKS[task].fingerprint, "architecture": architecture.model_dump(mode="json"), "choices": _plain(choices),
        "threads": context.threads, **search,
    }  # fmt: skip
    return _stage("screen", config, (("model", model), ("table", table)), context, units=float(search["screened"]))


def _plain(choices: Choices) -> list[list[dict[str, Any]]]:
    return [[stage.model_dump(mode="json") for stage in stages] for stages in choices]


def _stage(
    kind: str, config: Mapping[str, Any], inputs: tuple[tuple[str, str], ...], context: Context, *, units: float = 1.0, exclusive: bool = False
) -> Stage:
    identity = {
        "kind": kind, "config": dict(config), "inputs": dict(inputs), "source": context.sources.get(kind, ""),
        "versions": dict(context.versions.get(kind, {})),
    }  # fmt: skip
    return Stage(kind, f"{kind}-{digest(identity)}", config, inputs, f"{kind} {config['task']}", units, exclusive=exclusive)
