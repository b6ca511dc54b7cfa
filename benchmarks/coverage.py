"""Do the intervals hold? Four artifacts, each measured twenty times by the default protocol, half of the times under load.

The truth is the grand median of the quiet measurements of the ratio to the reference. Prints one JSON document.

python benchmarks/coverage.py [TIMES]
"""

from __future__ import annotations

import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from effcore.catalogue import TASKS
from effcore.catalogue.architecture import Architecture
from effcore.host import host_lock
from effcore.measure.latency import measure_latency
from effcore.models import build
from effcore.runtimes import runtime_module

TASK = TASKS["mnist5k"]
NETWORKS = (
    Architecture(family="cnn", width=1.0),
    Architecture(family="residual", width=1.0, depth=2),
    Architecture(family="residual", width=2.0, depth=2),
    Architecture(family="residual", width=4.0, depth=3),
)
LOAD = "import numpy as np\na = np.random.rand(400, 400)\nwhile True: a @ a"


@contextlib.contextmanager
def load(threads: int) -> Iterator[None]:
    """Processes that multiply matrices, one a thread, until the block ends."""
    busy = [subprocess.Popen([sys.executable, "-c", LOAD], env={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}) for _ in range(threads)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def measure(path: Path) -> dict[str, Any]:
    found = measure_latency(path, runtime="onnxruntime", shape=TASK.shape, levels=TASK.levels)
    metrics = found.metrics()
    return {k: metrics[f"latency_ratio{k}"] for k in ("", "_low", "_high")} | {"noisy": found.noisy, "ms": metrics["latency_ms"]}


def summarise(name: str, quiet: list[dict[str, Any]], loaded: list[dict[str, Any]]) -> dict[str, Any]:
    truth = statistics.median(row[""] for row in quiet)
    held = [row["_low"] <= truth <= row["_high"] for row in (*quiet, *loaded)]
    marked = [row["noisy"] for row in (*quiet, *loaded)]
    return {
        "network": name, "latency_ms": round(statistics.median(row["ms"] for row in quiet), 3), "ratio": round(truth, 3),
        "quiet_covered": sum(held[: len(quiet)]), "quiet_marked": sum(marked[: len(quiet)]), "quiet": len(quiet),
        "loaded_covered": sum(held[len(quiet) :]), "loaded_marked": sum(marked[len(quiet) :]), "loaded": len(loaded),
        "quiet_deviations": [round(row[""] / truth - 1, 4) for row in quiet],
        "covered_or_marked": sum(h or m for h, m in zip(held, marked, strict=True)),
        "quiet_width": round(statistics.median((row["_high"] - row["_low"]) / row[""] for row in quiet), 4),
    }  # fmt: skip


def main(times: int) -> None:
    runtime = runtime_module("onnxruntime")
    rows = []
    with tempfile.TemporaryDirectory() as name, host_lock(exclusive=True):
        files = []
        for index, network in enumerate(NETWORKS):
            files.append(Path(name) / f"{index}.onnx")
            runtime.export(build(network, TASK, seed=0).eval(), files[-1], task=TASK)
        quiet: list[list[dict[str, Any]]] = [[] for _ in files]
        loaded: list[list[dict[str, Any]]] = [[] for _ in files]
        for _ in range(times // 2):  # in turns, so that a drift of the machine meets all of them
            for index, path in enumerate(files):
                quiet[index].append(measure(path))
            with load(2):
                for index, path in enumerate(files):
                    loaded[index].append(measure(path))
        for network, one, other in zip(NETWORKS, quiet, loaded, strict=True):
            rows.append(summarise(f"{network.family} x{network.width:g} d{network.depth}", one, other))
    print(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
