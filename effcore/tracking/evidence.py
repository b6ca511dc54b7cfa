"""The raw results behind the figures of points: which test images were right, and one median a measuring process."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from effcore.analysis.frontier import Evidence, Frontier, Point
from effcore.errors import StoreError

AGAIN_S = 60.0
"""How long after a file could not be read it is not looked for."""
_SPLITS = {"accuracy": "test", "val_accuracy": "validation"}


class EvidenceReader:
    """Reads the files of runs once; a run that was written again has another end time and is read again.

    Args:
        file: (run id, name) -> local path.
    """

    def __init__(self, file: Callable[[str, str], Path]) -> None:
        self._file = file
        self._known: dict[tuple[str, int | None, str], Any] = {}
        self._absent: dict[tuple[str, int | None, str], float] = {}

    def of(self, frontier: Frontier, *, did: bool = False) -> Evidence:
        """The evidence for the objectives of a frontier; points without files are left to their intervals.

        Args:
            frontier: Its points and objectives.
            did: Whether to read what the techniques did too.
        """
        correct: dict[str, dict[str, NDArray[np.bool_]]] = {}
        processes: dict[str, dict[str, list[float]]] = {}
        for name in frontier.objectives:
            if name in _SPLITS:
                found = {p.key: self._correct(p, _SPLITS[name]) for p in frontier.points}
                correct[name] = {key: value for key, value in found.items() if value is not None}
            elif name in ("latency_ms", "latency_ratio"):
                medians = {p.key: self._medians(p, ratio=name == "latency_ratio") for p in frontier.points}
                processes[name] = {key: value for key, value in medians.items() if value}
        return Evidence(correct=correct, processes=processes, did={p.key: self._did(p) for p in frontier.points} if did else {})

    def _did(self, point: Point) -> dict[str, Any]:
        """By technique; of the export only, whose facts are named by technique."""
        stages = self._json(point.run_id, point.first.ended_ms, "facts.json") or []
        return {k: v for stage in stages if stage.get("kind") == "export" for k, v in stage["facts"].get("did", {}).items()}

    def _correct(self, point: Point, split: str) -> NDArray[np.bool_] | None:
        """Shape (seeds, images); None where a seed has no file or another number of images."""
        rows = [(self._json(v.run_id, v.ended_ms, "correct.json") or {}).get(split) for v in point.variants]
        lengths = {len(row) if row is not None else 0 for row in rows}
        return np.array(rows, dtype=bool) if len(lengths) == 1 and 0 not in lengths else None

    def _medians(self, point: Point, *, ratio: bool) -> list[float]:
        """One a measuring process; none where seeds came to several structures, of which one measuring says nothing."""
        if len(point.variants) > 1 and not point.structure:
            return []
        document = self._json(point.run_id, point.first.ended_ms, "samples.json") or {}
        rows = document.get("latency", {}).get("processes", [])
        return [row["median_ms"] / (row["reference_median_ms"] if ratio else 1.0) for row in rows]

    def _json(self, run_id: str, ended_ms: int | None, name: str) -> Any:
        key = (run_id, ended_ms, name)
        if key not in self._known and time.monotonic() >= self._absent.get(key, 0.0):
            try:
                self._known[key] = json.loads(self._file(run_id, name).read_text())
            except (StoreError, OSError, ValueError):  # without the file the interval that was stored stands in; the store may only be busy
                self._absent[key] = time.monotonic() + AGAIN_S
        return self._known.get(key)
