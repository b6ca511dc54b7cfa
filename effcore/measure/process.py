"""Measuring processes: fresh interpreters with one job, that answer in JSON; and what one saw."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from effcore.errors import MeasureError
from effcore.measure.load import core_count

PROBE = Path(__file__).with_name("probe.py")
SEED = 20261101
"""Of the random pixels that every artifact predicts."""
READY = "ready"
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
    """A fresh interpreter that has loaded a runtime, or is doing so, and waits for jobs of `probe.py`.

    Several may be started at once, so that their imports share the cores; they use none while they wait.

    Args:
        runtime: What is imported before the job comes; nothing where it is empty.
        threads: Of the libraries in the process, set through the environment before they are loaded.
        timeout_s: After which the process is ended, for its start and for each job.
    """

    def __init__(self, *, runtime: str = "", threads: int = 1, timeout_s: float = TIMEOUT_S) -> None:
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        self._timeout_s, self._late, self._ready = timeout_s, False, False
        self._what = f"Starting {runtime or 'a process'}"
        self._errors = tempfile.TemporaryFile(mode="w+")  # a pipe that nobody reads would stop the process once full
        # -I: neither the user's site nor PYTHON* variables change what is measured.
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(PROBE)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True,
            env=os.environ | dict.fromkeys(names, str(threads)),
        )  # fmt: skip
        self._watch()
        self._write({"parent": os.getpid(), "runtime": runtime})

    def wait(self) -> None:
        """Return when the runtime is loaded.

        Raises:
            MeasureError: It could not be.
        """
        while not self._ready:
            self._ready = self._line() == READY
        self._timer.cancel()

    def send(self, do: str, request: Mapping[str, Any]) -> None:
        """Give it a job, once it is ready: the name and what the job needs, JSON-able.

        Raises:
            MeasureError: It could not start.
        """
        self.wait()
        self._what = f"Measuring {do} of {request.get('artifact', 'one operator')}"
        self._watch()
        self._write({"do": do, **request})

    def answer(self) -> dict[str, Any]:
        """What it found in its last job.

        Raises:
            MeasureError: The process failed, hung, or did not answer.
        """
        while not (line := self._line()).startswith("{"):
            pass  # a library may print
        self._timer.cancel()
        found: dict[str, Any] = json.loads(line)
        return found

    def close(self) -> None:
        """End it, whatever it does."""
        self._timer.cancel()
        if not self._errors.closed:
            self._process.kill()
            self._process.communicate()
            self._errors.close()

    def _line(self) -> str:
        """The next thing it says."""
        assert self._process.stdout is not None, "it is a pipe"
        line = self._process.stdout.readline()
        if line:
            return line.strip()
        self._process.wait()
        if self._late:
            raise MeasureError(f"{self._what} did not end within {self._timeout_s:g} s and was stopped.")
        self._errors.seek(0)
        raise MeasureError(f"{self._what} failed with exit code {self._process.returncode}: {_cause(self._errors.read())}")

    def _watch(self) -> None:
        self._timer = threading.Timer(self._timeout_s, self._end)
        self._timer.daemon = True
        self._timer.start()

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
    cores = core_count()
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


@contextmanager
def one_of(given: Probe | None, *, runtime: str, threads: int) -> Iterator[Probe]:
    """The process that is given, which goes on living, or a fresh one, which does not."""
    if given is not None:
        yield given
    else:
        with probes(1, runtime=runtime, threads=threads) as (fresh,):
            yield fresh


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
    with closing(Probe(threads=threads, timeout_s=timeout_s)) as probe:
        probe.send(do, request)
        return probe.answer()


def _cause(stderr: str) -> str:
    """What a traceback says after its last line of code; some messages have several lines."""
    lines = stderr.strip().splitlines()
    code = [index for index, line in enumerate(lines) if line.startswith("    ")]
    said = " ".join(line.strip() for line in lines[code[-1] + 1 if code else 0 :])
    return said or "it wrote nothing"
