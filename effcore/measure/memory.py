"""Memory of an artifact: the kernel's high-water mark, in processes of their own."""

from __future__ import annotations

import functools
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from effcore.errors import MeasureError
from effcore.measure import probe
from effcore.measure import reference as reference_artifact
from effcore.measure.process import SEED, Probe, one_of, run_probe, session_options

PREDICTIONS = 10
KB_PER_MB = 1000 / 1.024
"""The kernel counts in units of 1,024 bytes; MB are 1,000,000 bytes, as for sizes."""
CLEAR_REFS = Path("/proc/self/clear_refs")
STATUS = Path("/proc/self/status")
MEMINFO = Path("/proc/meminfo")
CONTROL_GROUPS = Path("/sys/fs/cgroup")
OF_VERSION_1 = ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat")


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Megabytes of 1,000,000 bytes; None where the system can't tell.

    Attributes:
        peak_ram_mb: High-water mark of a process that starts the runtime with the smallest model, loads the artifact
            and predicts.
        model_ram_mb: What of it the artifact adds to the runtime that has run that model.
        mark: Why figures are missing; empty where they are not.
    """

    peak_ram_mb: float | None
    model_ram_mb: float | None
    mark: str = ""

    def metrics(self) -> dict[str, float]:
        """The figures by their names in `objectives.METRICS`; what could not be measured is absent."""
        values = {"peak_ram_mb": self.peak_ram_mb, "model_ram_mb": self.model_ram_mb}
        return {name: value for name, value in values.items() if value is not None}

    def document(self) -> dict[str, Any]:
        """JSON-able."""
        return self.metrics() | ({"mark": self.mark} if self.mark else {})


def measure_memory(
    artifact: Path,
    *,
    runtime: str,
    shape: tuple[int, int, int],
    levels: int,
    batch: int = 1,
    threads: int = 1,
    process: Probe | None = None,
) -> Memory:
    """Memory that predicting with the artifact takes.

    Once, in one process: over eight repeats `model_ram_mb` moved by 0.004 MB and `peak_ram_mb` by 0.3 MB (2-core virtual
    machine). The smallest model, which starts the runtime, adds at most 0.8 MB to the peak, of 67 to 79 MB in ONNX Runtime
    and 336 to 342 MB in PyTorch. The latency processes can't tell, for they hold the reference too.

    Args:
        artifact: The file that would be deployed.
        runtime: `onnxruntime` or `torch`.
        shape: Of one image of raw pixels, (C, H, W).
        levels: Largest pixel.
        batch: Images in one prediction.
        threads: Of the session.
        process: One that has this runtime loaded and has done nothing; a fresh one otherwise.

    Raises:
        MeasureError: A measuring process failed.
    """
    if not CLEAR_REFS.exists():
        mark = f"peak memory needs {CLEAR_REFS} of Linux; this system ({sys.platform}) has none"
        return Memory(peak_ram_mb=None, model_ram_mb=None, mark=mark)
    request = {
        "artifact": str(artifact),
        "runtime": runtime,
        "shape": (batch, *shape),
        "levels": levels,
        "seed": SEED,
        "options": session_options(threads=threads),
        "predictions": PREDICTIONS,
    }
    with tempfile.TemporaryDirectory(prefix="effcore-") as folder, one_of(process, runtime=runtime, threads=threads) as used:
        path = Path(folder) / "one_operator"
        path.write_bytes(_one_operator(runtime))
        used.send("memory", request | {"one_operator": str(path)})
        seen = used.answer()
    added_kb = seen["after_kb"] - seen["before_kb"]
    if added_kb < 0 or seen["peak_kb"] <= 0:
        raise MeasureError(f"Memory of {artifact} can't be believed: {added_kb} kB over the runtime.")
    return Memory(peak_ram_mb=seen["peak_kb"] / KB_PER_MB, model_ram_mb=added_kb / KB_PER_MB)


@functools.cache
def _one_operator(runtime: str) -> bytes:
    """The smallest file that the runtime can load.

    PyTorch's is written in a process of its own unless this one has imported torch already: it must not because of that.
    """
    if runtime == "onnxruntime":
        return reference_artifact.one_operator()
    with tempfile.TemporaryDirectory(prefix="effcore-") as folder:
        path = Path(folder) / "one_operator.pt2"
        if "torch" in sys.modules:  # as in the children of a sweep, for whom the exporter is warm
            probe.one_operator({"path": str(path)})
        else:
            run_probe("one_operator", {"path": str(path)})
        return path.read_bytes()


class PeakMemory:
    """High-water mark of this process while a `with` block runs, over what was resident before it.

    Attributes:
        over_baseline_mb: Set at the end of the block; None where the system can't tell.

    Example:
        >>> with PeakMemory() as memory:
        ...     block = bytearray(50_000_000)
        >>> memory.over_baseline_mb is None or memory.over_baseline_mb > 45
        True
    """

    over_baseline_mb: float | None = None
    _before_kb: int = 0

    def __enter__(self) -> PeakMemory:
        if CLEAR_REFS.exists():
            probe.give_back_freed_memory()
            CLEAR_REFS.write_text("5")  # sets the high-water mark to what is resident now; man 5 proc
            self._before_kb = _high_water_kb()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if CLEAR_REFS.exists():
            self.over_baseline_mb = (_high_water_kb() - self._before_kb) / KB_PER_MB


def available_ram_mb(*, meminfo: Path = MEMINFO, control_groups: Path = CONTROL_GROUPS) -> float | None:
    """Megabytes that this process can still have: of the machine, or of its control group where that allows less.

    Args:
        meminfo: The kernel's account of the machine.
        control_groups: Folder of the control group, as it is seen from inside of it, of version 2 or 1.

    Returns:
        None where the system can't tell.
    """
    found = []
    if meminfo.exists():
        lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines() if ":" in line)
        if "MemAvailable" in lines:
            found.append(int(lines["MemAvailable"].split()[0]) / KB_PER_MB)
    for names in (("memory.max", "memory.current", "memory.stat"), OF_VERSION_1):
        limit, used, stat = (control_groups / name for name in names)
        if limit.exists() and used.exists() and limit.read_text().strip() != "max":
            left = int(limit.read_text()) - int(used.read_text()) + _idle_cache_bytes(stat)
            found.append(max(0.0, left / 1e6))
    return min(found, default=None)


def _idle_cache_bytes(stat: Path) -> int:
    """What of a control group's memory holds files that the kernel drops when it needs room."""
    lines = [line.split() for line in stat.read_text().splitlines()] if stat.exists() else []
    values = {line[0]: int(line[1]) for line in lines if len(line) == 2 and line[1].isdigit()}
    return values.get("total_inactive_file", values.get("inactive_file", 0))


def _high_water_kb() -> int:
    lines = STATUS.read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
