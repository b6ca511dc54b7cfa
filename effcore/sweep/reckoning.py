"""What a sweep cost: core-seconds of the stages that it ran, and what its variants would have taken had they shared nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from effcore.execution.worker import Outcome
from effcore.tracking.bill import Bill


class Reckoning:
    """Adds up over one run of a sweep, on top of what its runs before cost.

    Args:
        before: The bill up to now.
        slots: Cores that are held; a stage that needs the host to itself is charged all of them.
        clock: Seconds since some moment.
    """

    def __init__(self, before: Bill, *, slots: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._before, self._slots, self._clock = before, slots, clock
        self._began = clock()
        self._estimated_s = before.estimated_s
        self._core_s = self._alone_s = 0.0

    def expect(self, seconds: float) -> None:
        """Say what it is expected to take, before its first stage; a sweep that is gone on with keeps what was said at its start."""
        if self._estimated_s is None:
            self._estimated_s = seconds

    def ran(self, outcome: Outcome) -> None:
        """A stage has come."""
        self._core_s += 0.0 if outcome.reused else self._seconds(outcome)

    def written(self, outcomes: Iterable[Outcome]) -> None:
        """A variant has been written; what all of its stages took, whoever ran them."""
        self._alone_s += sum(self._seconds(outcome) for outcome in outcomes)

    def _seconds(self, outcome: Outcome) -> float:
        return outcome.entry.seconds * (self._slots if outcome.stage.exclusive else 1)

    @property
    def bill(self) -> Bill:
        """As it stands now."""
        return replace(
            self._before, estimated_s=self._estimated_s, took_s=self._before.took_s + self._clock() - self._began,
            core_s=self._before.core_s + self._core_s, alone_s=max(self._alone_s, self._before.alone_s),
        )  # fmt: skip
