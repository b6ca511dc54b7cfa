"""How busy the machine is with other work, from the kernel's counters."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

STAT = Path("/proc/stat")
MAX_FREQUENCY = "/sys/devices/system/cpu/cpu{}/cpufreq/cpuinfo_max_freq"


@dataclass(frozen=True)
class Ticks:
    """Counters of one moment.

    Attributes:
        cores: By core, (busy, all) in ticks since the system started; empty where the system has no such counters.
    """

    cores: dict[int, tuple[int, int]]

    def busy_since(self, earlier: Ticks) -> dict[int, float]:
        """Share of the time since then that each core was busy, 0 to 1; what a hypervisor took away counts as busy."""
        shares = {}
        for core, (busy, total) in self.cores.items():
            if core in earlier.cores:
                passed = total - earlier.cores[core][1]
                shares[core] = (busy - earlier.cores[core][0]) / passed if passed > 0 else 0.0
        return shares


def read_ticks(stat: Path = STAT) -> Ticks:
    """The counters now."""
    if not stat.exists():
        return Ticks({})
    cores = {}
    for line in stat.read_text().splitlines():
        name, *numbers = line.split()
        if name.startswith("cpu") and name[3:].isdigit():
            user, nice, system, idle, iowait, irq, softirq, steal = (int(n) for n in numbers[:8])
            busy = user + nice + system + irq + softirq + steal
            cores[int(name[3:])] = (busy, busy + idle + iowait)
    return Ticks(cores)


def core_count() -> int:
    """Cores that this process may use, whatever their kind."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def allowed_cores(least: int = 1) -> tuple[int, ...]:
    """Cores that this process may run on, of the fastest kind only where those are enough; empty where the system has no pinning.

    Args:
        least: How many there must be; where the fastest kind has fewer, those of all kinds count.
    """
    if not hasattr(os, "sched_getaffinity"):
        return ()
    cores = sorted(os.sched_getaffinity(0))
    speeds = {core: _max_frequency(core) for core in cores}
    fast = tuple(core for core in cores if speeds[core] == max(speeds.values()))
    return fast if len(fast) >= least else tuple(cores)


def _max_frequency(core: int) -> int:
    try:
        return int(Path(MAX_FREQUENCY.format(core)).read_text())
    except (OSError, ValueError):  # virtual machines show none: then all cores count as one kind
        return 0


def idlest(cores: Sequence[int], busy: dict[int, float], *, count: int, current: Sequence[int] = ()) -> tuple[int, ...]:
    """The cores that others used least; those in use already are kept unless another is clearly idler.

    Args:
        cores: To choose from.
        busy: Share of the time that others used, by core.
        count: How many.
        current: Cores in use.
    """
    clearly = 0.1  # below it is the grain of the kernel's counters: 10 ms ticks over some 200 ms
    return tuple(sorted(sorted(cores, key=lambda c: (busy.get(c, 0.0) - clearly * (c in current), c))[:count]))
