"""When the host is cleared to measure the structures that wait for it."""

from __future__ import annotations

from collections.abc import Collection

from effcore.forecast import Rates
from effcore.plan.planned import Stage

BATCH = 5
"""Structures that wait before the host is cleared to measure them: clearing it costs the end of a running stage a core."""


def is_due(waiting: Collection[object], running: Collection[Stage], *, slots: int, sent_off: int, rates: Rates, guided: bool) -> bool:
    """Whether the host is cleared now: for the first structure at once, so that the page fills, later for a batch.

    Where results decide what comes next, it is cleared as soon as that costs no more than measuring what waits.

    Args:
        waiting: What is to be measured.
        running: Stages that are in work.
        slots: Cores that are held.
        sent_off: Measurements that were sent off before.
        rates: How long stages take.
        guided: Whether results decide what comes next.
    """
    if not waiting:
        return False
    if len(waiting) >= BATCH or not running or sent_off == 0:
        return True
    # On average half of a running stage is left, and all other cores wait for the last of them.
    clearing_s = (slots - 1) * sum(rates.seconds(s) for s in running) / len(running) / 2
    return guided and clearing_s <= len(waiting) * rates.measuring_s * slots
