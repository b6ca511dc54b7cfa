"""When a latency is not to be believed: the reasons, from what the processes saw."""

from __future__ import annotations

import math
from collections.abc import Sequence

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
"""How far above its own best the reference may run."""


def reasons(
    processes: Sequence[Process], *, others_before: float, reference_best_ms: float | None = None
) -> tuple[str, ...]:
    """Why this measurement is noisy, in words; empty where it is not.

    Args:
        processes: At least one.
        others_before: Share of all cores that others used just before.
        reference_best_ms: Best median of the reference ever seen in this environment; that of these processes where
            it is None.
    """
    core = float(np.mean([p.others_core for p in processes]))
    machine = max(others_before, float(np.mean([p.others_machine for p in processes])))
    waited = float(np.mean([p.waited_share for p in processes]))
    spread = float(np.std([math.log(p.ratio) for p in processes], ddof=1)) if len(processes) > 1 else 0.0
    medians = [p.reference_median_ms for p in processes]
    best = min(medians) if reference_best_ms is None else min(*medians, reference_best_ms)
    slowed = float(np.median(medians)) / best
    restless = sum(not p.settled for p in processes)
    found = (
        (core > BUSY_CORE, f"other processes used {core:.0%} of the core that was measured on"),
        (machine > BUSY_MACHINE, f"other processes used {machine:.0%} of the machine"),
        (waited > WAITED, f"the measuring process was without its core for {waited:.0%} of the time"),
        (spread > SPREAD, f"the ratio to the reference varies by {spread:.0%} between processes"),
        (slowed > SLOWED, f"the reference ran {slowed:.2f} times slower than its own best"),
        (restless > len(processes) / 2, f"the warm-up did not settle in {restless} of {len(processes)} processes"),
    )
    return tuple(text for is_so, text in found if is_so)
