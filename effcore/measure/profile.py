"""Where the time of a prediction goes: shares of the operators, from the runtime's own profiler, and what is left over.

The profiler slows a small network down several times, so that its times are of use against each other only. The
runtime's overhead is what a prediction of the smallest model takes, one operator over one pixel, measured in turns with
the artifact, neither of them profiled. The operators share the rest as the profiler says, and all of it is scaled to the
latency that was measured without any of this.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from effcore.measure.process import SEED, Probe, one_of, session_options
from effcore.measure.reference import one_operator

OVERHEAD = "runtime overhead"
"""Row of what every prediction takes, however little there is to do: the call, its input and its output."""
BUDGET_S = 0.06
PROFILED = ("onnxruntime",)
"""Runtimes with a profiler that names the operators as they run."""


def measure_profile(
    artifact: Path,
    *,
    runtime: str,
    shape: tuple[int, int, int],
    levels: int,
    latency_ms: float,
    batch: int = 1,
    threads: int = 1,
    process: Probe | None = None,
) -> dict[str, Any] | None:
    """Time by operator; None for a runtime without a profiler.

    Args:
        artifact: The file that would be deployed.
        runtime: `onnxruntime` or `torch`.
        shape: Of one image of raw pixels, (C, H, W).
        levels: Largest pixel.
        latency_ms: Median that the shares are scaled to.
        batch: Images in one prediction.
        threads: Of the session.
        process: One that has this runtime loaded; a fresh one otherwise.

    Returns:
        As `time_document`.

    Raises:
        MeasureError: The profiling process failed.
    """
    if runtime not in PROFILED:
        return None
    request = {
        "artifact": str(artifact),
        "shape": (batch, *shape),
        "levels": levels,
        "seed": SEED,
        "options": session_options(threads=threads),
        "budget_s": BUDGET_S,
    }
    with (
        tempfile.TemporaryDirectory(prefix="effcore-") as folder,
        one_of(process, runtime=runtime, threads=threads) as used,
    ):
        path = Path(folder) / "one_operator.onnx"
        path.write_bytes(one_operator())
        used.send("profile", request | {"folder": folder, "one_operator": str(path)})
        answer = used.answer()
    return time_document(**{name: value for name, value in answer.items() if name != "cpu_s"}, latency_ms=latency_ms)


def time_document(
    *, nodes: Sequence[Mapping[str, Any]], plain_ns: float, smallest_ns: float, runs: int, latency_ms: float
) -> dict[str, Any]:
    """Shares and times by operator and by node, from what the profiler saw; pure, JSON-able.

    Args:
        nodes: In the order of execution, each with `operator`, `output` (shape) and `ns`.
        plain_ns: Typical time of a prediction without the profiler.
        smallest_ns: The same of the smallest model.
        runs: Profiled predictions.
        latency_ms: What the shares are scaled to.
    """
    rest = min(1.0, smallest_ns / plain_ns)
    profiled_ns = sum(node["ns"] for node in nodes)
    each = [(1 - rest) * (node["ns"] / profiled_ns if profiled_ns > 0 else 1 / len(nodes)) for node in nodes]
    rows = [
        {"operator": node["operator"], "output": list(node["output"]), **_part(share, latency_ms)}
        for node, share in zip(nodes, each, strict=True)
    ]
    overhead = {"operator": OVERHEAD, "nodes": 0, **_part(rest, latency_ms)}
    shares: dict[str, list[float]] = {}
    for node, share in zip(nodes, each, strict=True):
        shares.setdefault(node["operator"], []).append(share)
    largest_first = sorted(shares, key=lambda name: (-sum(shares[name]), name))
    operators = [
        {"operator": name, "nodes": len(shares[name]), **_part(sum(shares[name]), latency_ms)} for name in largest_first
    ]
    return {
        "latency_ms": latency_ms,
        "runs": runs,
        "plain_ms": plain_ns / 1e6,
        "smallest_ms": smallest_ns / 1e6,
        "operators": [*operators, overhead],
        "nodes": rows,
    }


def _part(share: float, latency_ms: float) -> dict[str, float]:
    return {"share": share, "ms": share * latency_ms}
