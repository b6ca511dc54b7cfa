"""How fast and how large in memory the deployed file is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from effcore.catalogue import RUNTIMES, TASKS
from effcore.measure.environment import Environment, current
from effcore.measure.latency import Latency, Settings, measure_latency
from effcore.measure.memory import Memory, measure_memory
from effcore.measure.process import check_threads, probes
from effcore.measure.profile import measure_profile

SLOW_TO_START = ("torch",)
"""Runtimes whose import takes some twenty times as long as what is measured after it."""


def work(config: Mapping[str, Any], inputs: Mapping[str, Path], folder: Path) -> dict[str, Any]:
    """Measure latency and memory over fresh processes.

    Args:
        config: task, runtime, settings, batch, threads.
        inputs: `artifact`.
        folder: Gets `samples.json`, every sample that was taken, and `time.json`, where the time goes.

    Returns:
        Facts: figures with their intervals, environment, whether the measurement is noisy and why.
    """
    batch, threads = config["batch"], config["threads"]
    task, runtime = TASKS[config["task"]], config["runtime"]
    path = inputs["artifact"] / f"model{RUNTIMES[runtime].suffix}"
    processes = fewest_processes(config["settings"]["processes"], runtime=runtime)
    settings = Settings(min_processes=processes, width=config["settings"]["width"], max_s=config["settings"]["max_s"])
    how: dict[str, Any] = {"runtime": runtime, "shape": task.shape, "levels": task.levels, "batch": batch, "threads": threads}
    check_threads(threads)
    with probes(processes + 1, runtime=runtime, threads=threads) as (last, *rest):  # their imports share the cores
        for probe in (last, *rest):
            probe.wait()
        latency = measure_latency(path, **how, settings=settings, ready=rest)
        memory = measure_memory(path, **how, process=last)
        where = measure_profile(path, **how, latency_ms=latency.latency_ms, process=last)
    (folder / "time.json").write_text(json.dumps(where, allow_nan=False))
    environment = current(threads=threads, batch=batch)
    samples = {"latency": latency.document(), "memory": memory.document(), "environment": environment.document}
    (folder / "samples.json").write_text(json.dumps(samples, allow_nan=False))
    return facts(latency, memory, environment)


def fewest_processes(asked: int, *, runtime: str) -> int:
    """Processes before the first look at the interval: all that are asked for, two fewer where each takes seconds to start.

    Three hold what they claim as five do, with a wider interval; where that is too wide, more are started as always.
    """
    return max(3, asked - 2) if runtime in SLOW_TO_START else asked


def facts(latency: Latency, memory: Memory, environment: Environment) -> dict[str, Any]:
    """The figures of one structure in one environment, wherever they were measured."""
    return {
        "metrics": latency.metrics() | memory.metrics() | throughput(latency, batch=environment.batch),
        "environment": environment.key, "batch": environment.batch, "threads": environment.threads,
        "noisy": latency.noisy, "reasons": list(latency.reasons), "quiet": latency.quiet.line, "stopped_by": latency.stopped_by,
    }  # fmt: skip


def throughput(latency: Latency, *, batch: int) -> dict[str, float]:
    """Predictions a second, one batch after the other, with their interval; of single images it says no more than latency."""
    if batch == 1:
        return {}
    times = {"": latency.latency_ms, "_low": latency.latency_high, "_high": latency.latency_low}
    return {f"throughput_per_s{end}": batch * 1000 / time_ms for end, time_ms in times.items()}
