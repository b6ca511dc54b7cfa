"""Points and their raw results, made up for tests of what compares them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from effcore.analysis.frontier import Evidence, Point, Variant

FIGURES = {
    "accuracy": 0.95, "accuracy_low": 0.93, "accuracy_high": 0.96, "latency_ms": 1.0, "latency_ms_low": 0.98, "latency_ms_high": 1.02,
    "size_mb": 4.0, "model_ram_mb": 8.0, "params": 1e6, "nonzero_params": 1e6, "macs": 1e8, "train_s": 0.0,
}  # fmt: skip


def point(name: str, *, parent: str | None = None, seeds: tuple[int, ...] = (0,), metrics: dict[str, float] | None = None, **changes: Any) -> Point:
    """A point named by a letter: its key is `key-<name>`, its structure its own."""
    figures = FIGURES | (metrics or {})
    base = Variant(
        run_id=f"run-{name}", sweep="sweep", recipe_key=f"key-{name}", name=name, seed=0, recipe={"task": "digits", "steps": []},
        parent=None if parent is None else f"key-{parent}", technique="pruning" if parent else "architecture",
        step="prune 50%" if parent else "", runtime="onnxruntime 1.32.0", environment="here", structure=f"structure-{name}",
        status="FINISHED", error=None, noisy=False, metrics=figures, artifact="model.onnx", started_ms=0, ended_ms=1,
    )  # fmt: skip
    base = replace(base, **changes)
    variants = tuple(replace(base, seed=s, run_id=f"{base.run_id}-{s}") for s in seeds)
    return Point(variants=variants, metrics=figures)


def hits(*, wrong: range, total: int = 1000) -> np.ndarray:
    """Right everywhere but on a range of examples."""
    right = np.ones(total, dtype=bool)
    right[list(wrong)] = False
    return right


def evidence(
    correct: dict[str, np.ndarray] | None = None, latency: dict[str, list[float]] | None = None, did: dict[str, Any] | None = None
) -> Evidence:
    """Raw results by name of point; latencies against the reference."""
    return Evidence(
        correct={"accuracy": {f"key-{k}": v for k, v in (correct or {}).items()}},
        processes={"latency_ratio": {f"key-{k}": v for k, v in (latency or {}).items()}},
        did={f"key-{k}": v for k, v in (did or {}).items()},
    )
