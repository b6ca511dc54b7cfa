"""When a latency is not to be believed: the reasons, from what the processes saw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from effcore.measure.process import Process

BUSY_CORE = 0.10
"""Share of the pinned core that others may use."""
BUSY_MACHINE = 0.15
"""Share of all cores that others may use: they share caches, memory and power."""
WAITED = 0.05
"""Part of the counted time in which a process may be without its core."""
SPREAD = 0.15
"""Standard deviation of the logarithm of the ratio between processes; from here on no width can be reached in the
time there is.
"""
SLOWED = 1.25
"""How far above its time in the best process the reference may run in the others; a machine that is slow all the while is not noticed."""


@dataclass(frozen=True, kw_only=True)
class Quiet:
    """How quiet the machine was while something was measured on it.

    Attributes:
        core: Share of the pinned core that others used, mean over the processes.
        machine: Share of all cores that others used, before or meanwhile.
        waited: Share of the counted time in which the measuring process was without its core.
        spread: Standard deviation of the logarithm of the ratio to the reference between processes.
        slowed: How many times the reference ran slower than in the best of these processes.
        restless, processes: In how many of the processes the warm-up did not settle, and how many there were.
    """

    core: float
    machine: float
    waited: float
    spread: float
    slowed: float
    restless: int
    processes: int

    @property
    def line(self) -> str:
        """For people, in one line."""
        state = "not quiet" if reasons(self) else "quiet"
        return (
            f"{state}: others used {self.core:.0%} of the core and {self.machine:.0%} of the machine, waited {self.waited:.0%}, "
            f"reference at {self.slowed:.2f} of its time in the best process, ratio spread {self.spread:.1%} over {self.processes} processes"
        )

    def document(self) -> dict[str, Any]:
        """JSON-able."""
        return {name: round(value, 4) for name, value in asdict(self).items()} | {"line": self.line}


def quiet_of(processes: Sequence[Process], *, others_before: float) -> Quiet:
    """How quiet it was, from what the processes saw.

    Args:
        processes: At least one.
        others_before: Share of all cores that others used just before.
    """
    medians = [p.reference_median_ms for p in processes]
    return Quiet(
        core=float(np.mean([p.others_core for p in processes])),
        machine=max(others_before, float(np.mean([p.others_machine for p in processes]))),
        waited=float(np.mean([p.waited_share for p in processes])),
        spread=float(np.std([math.log(p.ratio) for p in processes], ddof=1)) if len(processes) > 1 else 0.0,
        slowed=float(np.median(medians)) / min(medians),
        restless=sum(not p.settled for p in processes),
        processes=len(processes),
    )


def reasons(quiet: Quiet) -> tuple[str, ...]:
    """Why a measurement is noisy, in words; empty where it is not."""
    found = (
        (quiet.core > BUSY_CORE, f"other processes used {quiet.core:.0%} of the core that was measured on"),
        (quiet.machine > BUSY_MACHINE, f"other processes used {quiet.machine:.0%} of the machine"),
        (quiet.waited > WAITED, f"the measuring process was without its core for {quiet.waited:.0%} of the time"),
        (quiet.spread > SPREAD, f"the ratio to the reference varies by {quiet.spread:.0%} between processes"),
        (quiet.slowed > SLOWED, f"the reference ran {quiet.slowed:.2f} times slower than in the best process"),
        (quiet.restless > quiet.processes / 2, f"the warm-up did not settle in {quiet.restless} of {quiet.processes} processes"),
    )
    return tuple(text for is_so, text in found if is_so)
