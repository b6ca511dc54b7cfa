"""Latency of many small files at once, for tables: less exact for each than a measurement of its own, and a hundred times quicker."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from effcore.measure.load import allowed_cores, idlest, read_ticks
from effcore.measure.process import SEED, probes, session_options

SCRIPT = Path(__file__).with_name("probe_many.py")
PROCESSES = 5
ROUNDS = 30
LOOK_BEFORE_S = 0.1


@dataclass(frozen=True, kw_only=True)
class Small:
    """A file to be measured.

    Attributes:
        data: The ONNX file.
        shape: Of what comes in, (C, H, W).
        levels: Largest pixel; 0 where numbers come in.
    """

    data: bytes
    shape: tuple[int, int, int]
    levels: int = 0


def measure_many(files: Sequence[Small], *, processes: int = PROCESSES, rounds: int = ROUNDS) -> np.ndarray:
    """Median latency of each file in each of several fresh, pinned processes, in ms: (processes, files).

    Args:
        files: Measured with batch 1 and one thread, all of them in every process in turns.
        processes: How many.
        rounds: Bursts of each file in a process.

    Raises:
        MeasureError: A measuring process failed.
    """
    with tempfile.TemporaryDirectory(prefix="effcore-") as folder:
        listed = []
        for index, file in enumerate(files):
            path = Path(folder) / f"{index}.onnx"
            path.write_bytes(file.data)
            listed.append({"path": str(path), "shape": (1, *file.shape), "levels": file.levels})
        request = {"script": str(SCRIPT), "files": listed, "options": session_options(), "rounds": rounds, "seed": SEED}
        rows = []
        before = read_ticks()
        time.sleep(LOOK_BEFORE_S)
        busy = read_ticks().busy_since(before)
        with probes(processes, runtime="onnxruntime", threads=1) as ready:
            for probe in ready:  # all of them, for one that still imports would disturb the first one that measures
                probe.wait()
            for probe in ready:
                probe.send("many", request | {"cores": idlest(allowed_cores(), busy, count=1, current=())})
                rows.append(probe.answer()["medians_ns"])
                probe.close()
    return np.array(rows) / 1e6
