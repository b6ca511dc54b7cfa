"""Measuring processes: fresh interpreters with one job, that answer in JSON; and what one saw."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from effcore.errors import MeasureError

PROBE = Path(__file__).with_name("probe.py")
SEED = 20261101
"""Of the random pixels that every artifact predicts."""
READY = "ready\n"
"""What a process says when its runtime is loaded."""
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


class Probe:
    """A fresh interpreter that has loaded a runtime, or is doing so, and waits for one job of `probe.py`.

    Several may be started at once, so that their imports share the cores; they use none while they wait.

    Args:
        runtime: What is imported before the job comes; nothing where it is empty.
        threads: Of the libraries in the process, set through the environment before they are loaded.
        timeout_s: After which the process is ended.
    """

    def __init__(self, *, runtime: str = "", threads: int = 1, timeout_s: float = TIMEOUT_S) -> None:
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        self._timeout_s, self._late, self._what = timeout_s, False, f"Starting {runtime or 'a process'}"
        # -I: neither the user's site nor PYTHON* variables change what is measured.
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(PROBE)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=os.environ | dict.fromkeys(names, str(threads)),
        )  # fmt: skip
        self._timer = threading.Timer(timeout_s, self._end)
        self._timer.daemon = True
        self._timer.start()
        self._write({"parent": os.getpid(), "runtime": runtime})

    def wait(self) -> None:
        """Return when the runtime is loaded.

        Raises:
            MeasureError: It could not be.
        """
        assert self._process.stdout is not None, "it is a pipe"
        for line in self._process.stdout:
            if line == READY:
                return
        self.answer()

    def send(self, do: str, request: Mapping[str, Any]) -> None:
        """Give it its job: the name and what the job needs, JSON-able."""
        self._what = f"Measuring {do} of {request.get('artifact', 'one operator')}"
        self._write({"do": do, **request})

    def answer(self) -> dict[str, Any]:
        """What it found.

        Raises:
            MeasureError: The process failed, hung, or did not answer.
        """
        output, errors = self._process.communicate()
        self._timer.cancel()
        if self._late:
            raise MeasureError(f"{self._what} did not end within {self._timeout_s:g} s and was stopped.")
        lines = [line for line in output.strip().splitlines() if line != READY.strip()]
        if self._process.returncode != 0 or not lines:
            raise MeasureError(f"{self._what} failed with exit code {self._process.returncode}: {_cause(errors)}")
        found: dict[str, Any] = json.loads(lines[-1])
        return found

    def close(self) -> None:
        """End it, whatever it does."""
        self._timer.cancel()
        self._process.kill()
        self._process.communicate()

    def _end(self) -> None:
        self._late = True
        self._process.kill()

    def _write(self, document: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None, "it is a pipe"
        try:
            self._process.stdin.write(json.dumps(document) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended; `answer` says why


def check_threads(threads: int) -> None:
    """Refuse more threads than this process may use cores: they would wait for each other, and the figures tell of that.

    Raises:
        MeasureError: There are too few cores.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if threads > cores:
        message = f"threads must be at most the number of cores that may be used here, {cores}. Got {threads}."
        raise MeasureError(f"{message} Leave it out of `measure: threads`.")


@contextmanager
def probes(count: int, *, runtime: str = "", threads: int = 1) -> Iterator[list[Probe]]:
    """Several processes that load the runtime at once; they are ended afterwards, whatever they do."""
    started: list[Probe] = []
    try:
        started += [Probe(runtime=runtime, threads=threads) for _ in range(count)]
        yield started
    finally:
        for probe in started:
            probe.close()


def run_probe(do: str, request: dict[str, Any], *, threads: int = 1, timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
    """Run one job of `probe.py` in a fresh interpreter and return its answer.

    Args:
        do: Name of the job.
        request: What the job needs, JSON-able.
        threads: Of the libraries in the process, set through the environment before they are loaded.
        timeout_s: After which the process is ended.

    Raises:
        MeasureError: The process failed, hung, or did not answer.
    """
    probe = Probe(threads=threads, timeout_s=timeout_s)
    probe.send(do, request)
    return probe.answer()


def _cause(stderr: str) -> str:
    """What a traceback says after its last line of code; some messages have several lines."""
    lines = stderr.strip().splitlines()
    code = [index for index, line in enumerate(lines) if line.startswith("    ")]
    said = " ".join(line.strip() for line in lines[code[-1] + 1 if code else 0 :])
    return said or "it wrote nothing"
