"""How fast and how large in memory the deployed file is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from effcore.catalogue import RUNTIMES, TASKS
from effcore.measure.environment import current
from effcore.measure.latency import Settings, measure_latency
from effcore.measure.memory import measure_memory


def work(config: Mapping[str, Any], inputs: Mapping[str, Path], folder: Path) -> dict[str, Any]:
    """Measure latency and memory over fresh processes.

    Args:
        config: task, runtime, settings.
        inputs: `artifact`.
        folder: Gets `samples.json`, every sample that was taken.

    Returns:
        Facts: figures with their intervals, environment, whether the measurement is noisy and why.
    """
    task, runtime = TASKS[config["task"]], config["runtime"]
    path = inputs["artifact"] / f"model{RUNTIMES[runtime].suffix}"
    settings = Settings(min_processes=config["settings"]["processes"], width=config["settings"]["width"], max_s=config["settings"]["max_s"])
    latency = measure_latency(path, runtime=runtime, shape=task.shape, levels=task.levels, settings=settings)
    memory = measure_memory(path, runtime=runtime, shape=task.shape, levels=task.levels)
    environment = current()
    samples = {"latency": latency.document(), "memory": memory.document(), "environment": environment.document}
    (folder / "samples.json").write_text(json.dumps(samples, allow_nan=False))
    return {
        "metrics": latency.metrics() | memory.metrics(), "environment": environment.key,
        "noisy": latency.noisy, "reasons": list(latency.reasons), "stopped_by": latency.stopped_by,
    }  # fmt: skip
