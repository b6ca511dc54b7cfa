"""Latency of an artifact: short fresh processes, each in turns with the reference, until the interval is narrow enough.

The unit is the process: within one the same file hardly varies, between processes it does. What must be narrow is the
interval of the *ratio* to the reference, not that of the time. Measured on a 2-core virtual machine with four networks
from 0.006 to 1.7 ms, 5 to 7 processes a measuring: while other work used half of the machine, the interval of the ratio
held the grand median 30 times of 32 and that of the time 23 times; on the quiet machine 21 and 12 times of 24; with a
two-thread load beside 12 and 7 times of 16. From one measuring to the next the time of a small network moved by 0.5 to
1.7 %, the ratio by 0.1 to 0.6 %: all processes of one measuring share the speed that the machine has in those seconds,
and no number of them tells of another minute. Every measuring beside other work was marked as noisy.

Stopping as soon as the width is reached costs coverage, for it prefers samples that look quiet: by simulation of
log-normal processes with at most 30 of them, a 95 % interval then covers 95 % at a standard deviation of 3 %, 93 % at
7 % and 92 % at 10 %.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from effcore.measure import reference as reference_artifact
from effcore.measure.load import allowed_cores, idlest, read_ticks
from effcore.measure.noise import Quiet, quiet_of, reasons
from effcore.measure.process import SEED, Probe, Process, check_threads, probes, session_options
from effcore.statistics import BETWEEN_MEASURINGS, percentile_interval, process_interval, samples_for_percentile

KEEP = 400
"""Most samples kept of a process."""
LOOK_BEFORE_S = 0.1
"""How long the machine is watched before the first process."""
PERCENTILE_CONFIDENCE = 0.99


@dataclass(frozen=True, kw_only=True)
class Settings:
    """When to stop.

    Attributes:
        min_processes: Fewest processes, at least 3.
        width: Wished width of the 95 % interval of the ratio, high / low - 1.
        max_s: Seconds after which no further process is started once there are `min_processes`.
        budget_s: Seconds of counted predictions in one process, artifact and reference together.
    """

    min_processes: int = 5
    width: float = 0.10
    max_s: float = 8.0
    budget_s: float = 0.12

    def __post_init__(self) -> None:
        for name, least in (("min_processes", 3), ("width", 0.0), ("max_s", 0.0), ("budget_s", 0.001)):
            value = getattr(self, name)
            if not value >= least:
                raise ValueError(f"Settings.{name} must be at least {least:g}. Got {value!r}.")


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Latency of one structure in one environment.

    Attributes:
        processes: What each process saw.
        latency_ms, latency_low, latency_high: Geometric mean of the processes' medians with its 95 % interval.
        latency_ratio, ratio_low, ratio_high: The same of the ratio to the reference.
        latency_p90_ms, latency_p99_ms: Over all samples, (value, low, high) with the interval that their order
            statistics give; None where they are too few. It holds for the processes that were measured: what differs
            between processes is in the interval of the median.
        load_ms: Median over the processes.
        stopped_by: `width` reached, or `time` up.
        reasons: Why the measurement is noisy; empty where it is not.
        quiet: How quiet the machine was.
        others_before: Share of the machine that others used just before.
        load_average: Of the last minute, for the record: it still holds the sweep's own training; None where the
            system has none.
        settings, options: What it was measured with.
    """

    processes: tuple[Process, ...]
    latency_ms: float
    latency_low: float
    latency_high: float
    latency_ratio: float
    ratio_low: float
    ratio_high: float
    latency_p90_ms: tuple[float, float, float] | None
    latency_p99_ms: tuple[float, float, float] | None
    load_ms: float
    stopped_by: str
    reasons: tuple[str, ...]
    quiet: Quiet
    others_before: float
    load_average: float | None
    settings: Settings
    options: dict[str, Any]

    @property
    def noisy(self) -> bool:
        return bool(self.reasons)

    def metrics(self) -> dict[str, float]:
        """The figures by their names in `objectives.METRICS`; what could not be measured is absent."""
        values = {
            "latency_ms": self.latency_ms,
            "latency_ms_low": self.latency_low,
            "latency_ms_high": self.latency_high,
            "latency_ratio": self.latency_ratio,
            "latency_ratio_low": self.ratio_low,
            "latency_ratio_high": self.ratio_high,
            "load_ms": self.load_ms,
        }
        for name, found in (("latency_p90_ms", self.latency_p90_ms), ("latency_p99_ms", self.latency_p99_ms)):
            if found is not None:
                values |= {name: found[0], f"{name}_low": found[1], f"{name}_high": found[2]}
        return values

    def document(self) -> dict[str, Any]:
        """Everything that was seen, JSON-able."""
        return {
            "processes": [
                {"median_ms": p.median_ms, "reference_median_ms": p.reference_median_ms} | asdict(p)
                for p in self.processes
            ],
            "stopped_by": self.stopped_by,
            "noisy": self.noisy,
            "reasons": list(self.reasons),
            "quiet": self.quiet.document(),
            "others_before": self.others_before,
            "load_average": self.load_average,
            "settings": asdict(self.settings),
            "session_options": self.options,
            "reference_version": reference_artifact.VERSION,
        }


def measure_latency(
    artifact: Path,
    *,
    runtime: str,
    shape: tuple[int, int, int],
    levels: int,
    settings: Settings | None = None,
    batch: int = 1,
    threads: int = 1,
    ready: Sequence[Probe] = (),
) -> Latency:
    """Measure until the interval of the ratio is as narrow as wished, or the time is up.

    Each process is pinned to the core that other processes used least, and chosen anew between processes.

    Args:
        artifact: The file that would be deployed.
        runtime: `onnxruntime` or `torch`; the reference runs in ONNX Runtime beside either.
        shape: Of one image of raw pixels, (C, H, W).
        levels: Largest pixel.
        settings: When to stop.
        batch: Images in one prediction.
        threads: Of the session, and cores that the process is pinned to.
        ready: Processes that have loaded this runtime and wait, as many as `settings` want at first; they are ended.

    Raises:
        MeasureError: A measuring process failed, or there are fewer cores than threads.
    """
    check_threads(threads)
    chosen = settings or Settings()
    options = session_options(threads=threads)
    request = {
        "artifact": str(artifact),
        "runtime": runtime,
        "shape": (batch, *shape),
        "levels": levels,
        "seed": SEED,
        "reference_shape": reference_artifact.SHAPE,
        "options": options,
        "budget_s": chosen.budget_s,
        "keep": KEEP,
    }
    with tempfile.TemporaryDirectory(prefix="effcore-") as folder:
        path = Path(folder) / "reference.onnx"
        path.write_bytes(reference_artifact.reference())
        before = read_ticks()
        time.sleep(LOOK_BEFORE_S)
        busy = read_ticks().busy_since(before)
        processes, stopped_by = _processes(request | {"reference": str(path)}, chosen, ready, busy=busy, threads=threads)
    return summarise(
        processes,
        stopped_by=stopped_by,
        settings=chosen,
        options=options,
        others_before=_mean(busy.values()),
    )


def _processes(
    request: dict[str, Any], settings: Settings, waiting: Sequence[Probe] = (), *, busy: dict[int, float], threads: int
) -> tuple[list[Process], str]:
    processes: list[Process] = []
    cores: tuple[int, ...] = ()
    deadline = time.monotonic() + settings.max_s
    while True:
        missing = 0 if waiting else max(1, settings.min_processes - len(processes))
        with probes(missing, runtime=request["runtime"], threads=threads) as fresh:
            ready, waiting = [*waiting, *fresh], ()
            for probe in ready:  # all of them, for one that still imports would disturb the first one that measures
                probe.wait()
            for probe in ready:
                cores = idlest(allowed_cores(threads), busy, count=threads, current=cores)
                process, busy = _run(probe, request, cores=cores)
                processes.append(process)
        _, low, high = process_interval([p.ratio for p in processes])
        if high / low - 1 <= settings.width:
            return processes, "width"
        if time.monotonic() >= deadline:
            return processes, "time"


def _run(probe: Probe, request: dict[str, Any], *, cores: tuple[int, ...]) -> tuple[Process, dict[int, float]]:
    """What one process measures, and the share of each core that others used meanwhile."""
    ticks, start = read_ticks(), time.monotonic()
    probe.send("latency", request | {"cores": cores})
    answer = probe.answer()
    probe.close()  # threads of a session that has run go on spinning for a while
    seconds = time.monotonic() - start
    busy = read_ticks().busy_since(ticks)
    own = answer["cpu_s"] / seconds
    machine = max(0.0, sum(busy.values()) - own) / len(busy) if busy else 0.0
    for core in cores:
        busy[core] = max(0.0, busy.get(core, 0.0) - own / len(cores))
    process = Process(
        samples_ms=_ms(answer["samples_ns"]),
        reference_samples_ms=_ms(answer["reference_samples_ns"]),
        load_ms=answer["load_ns"] / 1e6,
        settled=answer["settled"],
        waited_share=answer["waited_share"],
        cores=cores,
        others_core=_mean([busy[c] for c in cores]),
        others_machine=round(machine, 3),
        seconds=round(seconds, 3),
    )
    return process, busy


def _ms(samples_ns: Sequence[int]) -> tuple[float, ...]:
    return tuple(ns / 1e6 for ns in samples_ns[:KEEP])


def _mean(values: Any) -> float:
    shares = list(values)
    return round(sum(shares) / len(shares), 3) if shares else 0.0


def summarise(
    processes: Sequence[Process],
    *,
    stopped_by: str,
    settings: Settings,
    options: dict[str, Any],
    others_before: float,
) -> Latency:
    """Figures, intervals and doubts from what the processes saw; pure."""
    center, low, high = process_interval([p.median_ms for p in processes], between=BETWEEN_MEASURINGS)
    ratio, ratio_low, ratio_high = process_interval([p.ratio for p in processes], between=BETWEEN_MEASURINGS)
    samples = [sample for p in processes for sample in p.samples_ms]
    quiet = quiet_of(processes, others_before=others_before)
    return Latency(
        processes=tuple(processes),
        latency_ms=center,
        latency_low=low,
        latency_high=high,
        latency_ratio=ratio,
        ratio_low=ratio_low,
        ratio_high=ratio_high,
        latency_p90_ms=percentile(samples, 90),
        latency_p99_ms=percentile(samples, 99),
        load_ms=float(np.median([p.load_ms for p in processes])),
        stopped_by=stopped_by,
        reasons=reasons(quiet),
        quiet=quiet,
        others_before=others_before,
        load_average=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        settings=settings,
        options=options,
    )


def percentile(samples_ms: Sequence[float], which: float) -> tuple[float, float, float] | None:
    """The percentile with its interval, or None where so few samples can't hold it: p90 needs 44, p99 needs 459."""
    if len(samples_ms) < samples_for_percentile(which, confidence=PERCENTILE_CONFIDENCE):
        return None
    return percentile_interval(samples_ms, which)
