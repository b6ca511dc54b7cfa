"""Measuring processes: fresh interpreters with one job, that answer in JSON; and what one saw."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from effcore.errors import MeasureError

PROBE = Path(__file__).with_name("probe.py")
SEED = 20261101
"""Of the random pixels that every artifact predicts."""
TIMEOUT_S = 300.0
"""Far above any honest measurement; only a process that hangs gets there."""


@dataclass(frozen=True, kw_only=True)
class Process:
    """What one measuring process saw; times in ms.

    Attributes:
        samples_ms, reference_samples_ms: Single predictions, in the order they were made.
        load_ms: From the file to a session that is ready, the runtime being started already.
        settled: Whether the warm-up came to rest in the time it is given.
        waited_share: Part of the counted time in which the process did not have its core.
        cores: Where it was pinned; empty where the system has no pinning.
        others_core, others_machine: Share of those cores, and of all cores, that other processes used meanwhile.
        seconds: From start to end of the process.
    """

    samples_ms: tuple[float, ...]
    reference_samples_ms: tuple[float, ...]
    load_ms: float
    settled: bool
    waited_share: float
    cores: tuple[int, ...]
    others_core: float
    others_machine: float
    seconds: float

    @property
    def median_ms(self) -> float:
        return float(np.median(self.samples_ms))

    @property
    def reference_median_ms(self) -> float:
        return float(np.median(self.reference_samples_ms))

    @property
    def ratio(self) -> float:
        return self.median_ms / self.reference_median_ms


def session_options(*, threads: int = 1) -> dict[str, Any]:
    """The options that every session is made with, in measuring as in deployment; they stand in every result.

    Graph optimization and everything else is left at the runtime's default.
    """
    return {
        "intra_op_num_threads": threads,
        "inter_op_num_threads": 1,
        "execution_mode": "ORT_SEQUENTIAL",
        "providers": ["CPUExecutionProvider"],
    }


def run_probe(do: str, request: dict[str, Any], *, threads: int = 1, timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
    """Run one job of `probe.py` in a fresh interpreter and return its answer.

    Args:
        do: Name of the job.
        request: What the job needs, JSON-able.
        threads: Of the libraries in the process, set through the environment before they are loaded.

    Raises:
        MeasureError: The process failed, hung, or did not answer.
    """
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = os.environ | dict.fromkeys(names, str(threads))
    text = json.dumps({"do": do, "parent": os.getpid(), **request})
    what = f"Measuring {do} of {request.get('artifact', 'one operator')}"
    try:
        # -I: neither the user's site nor PYTHON* variables change what is measured.
        done = subprocess.run(
            [sys.executable, "-I", str(PROBE)],
            input=text,
            capture_output=True,
            text=True,
            env=environment,
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired:
        raise MeasureError(f"{what} did not end within {timeout_s:g} s and was stopped.") from None
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines:
        raise MeasureError(f"{what} failed with exit code {done.returncode}: {_cause(done.stderr)}")
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer


def _cause(stderr: str) -> str:
    """What a traceback says after its last line of code; some messages have several lines."""
    lines = stderr.strip().splitlines()
    code = [index for index, line in enumerate(lines) if line.startswith("    ")]
    said = " ".join(line.strip() for line in lines[code[-1] + 1 if code else 0 :])
    return said or "it wrote nothing"
