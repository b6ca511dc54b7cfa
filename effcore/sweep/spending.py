"""What a search has cost over all of its runs, and what is left of its budget."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from effcore.catalogue.search import Budget
from effcore.search.study import Study

KEEP_S = 3.0
"""Between two writings of what was spent; a kill forgets at most that."""

OVERRUN = 0.1
"""Share of the budget by which work that takes longer than it was forecast may overrun it, until it is ended."""

Clock = Callable[[], float]
"""Seconds since some moment."""


class Spending:
    """Time and core-seconds; a slot is charged whether it works or waits, since nobody else has it.

    Args:
        study: Where what was spent before is kept.
        budget: Of the search.
        slots: Cores that are held.
        clock: Seconds since some moment.
    """

    def __init__(self, study: Study, budget: Budget, *, slots: int, clock: Clock = time.monotonic) -> None:
        self._study, self._budget, self.slots = study, budget, slots
        before = study.facts
        self._before_s, self._before_core_s = float(before.get("elapsed_s", 0.0)), float(before.get("core_s", 0.0))
        self.choosing_s = float(before.get("choosing_s", 0.0))
        self._clock = clock
        self._started = self._kept = clock()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the search began, without those in which it did not run."""
        return self._before_s + self._clock() - self._started

    @property
    def core_s(self) -> float:
        """Core-seconds."""
        return self._before_core_s + (self._clock() - self._started) * self.slots

    @property
    def left_s(self) -> float | None:
        """Seconds until the budget is spent, negative afterwards; None where it has no such limit."""
        left = []
        if self._budget.minutes is not None:
            left.append(self._budget.minutes * 60 - self.elapsed_s)
        if self._budget.core_s is not None:
            left.append((self._budget.core_s - self.core_s) / self.slots)
        return min(left, default=None)

    @property
    def overdue(self) -> bool:
        """Whether the budget is overrun by so much that what is in work is ended."""
        left = self.left_s
        return left is not None and left < -OVERRUN * (self.elapsed_s + left)

    def fits(self, core_s: float, *, committed_s: float) -> bool:
        """Whether work fits into what is left beside the work that was begun.

        Args:
            core_s: Expected core-seconds of it; it keeps one core.
            committed_s: Expected core-seconds of what was begun.
        """
        left = self.left_s
        return left is None or left > max((committed_s + core_s) / self.slots, core_s)

    def remaining_s(self, begun: int, more: int | None, *, committed_s: float) -> float:
        """Expected seconds until the end: what is left of the time, or what as many candidates as may be begun took so far.

        Args:
            begun: Candidates that were begun.
            more: That may be begun yet; None where only time limits them.
            committed_s: Expected core-seconds of what is in work.
        """
        in_work_s, left_s = committed_s / self.slots, self.left_s
        by_count = [] if more is None or not begun else [self.elapsed_s / begun * more + in_work_s]
        return max(0.0, min([*by_count, *([] if left_s is None else [left_s])], default=in_work_s))

    def rebudget(self, budget: Budget) -> None:
        """Another budget from now on; what was spent stays."""
        self._budget = budget

    @contextmanager
    def choosing(self) -> Iterator[None]:
        """Charge what is inside to the search itself."""
        began = self._clock()
        yield
        self.choosing_s += self._clock() - began

    def keep(self, *, force: bool = False) -> None:
        """Write what was spent, now and then."""
        if force or self._clock() - self._kept >= KEEP_S:
            self._kept = self._clock()
            for name, value in (("elapsed_s", self.elapsed_s), ("core_s", self.core_s), ("choosing_s", self.choosing_s)):
                self._study.keep(name, round(value, 3))
