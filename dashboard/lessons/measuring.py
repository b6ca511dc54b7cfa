"""Lesson: measure the same thing twice."""

from __future__ import annotations

import numpy as np

from dashboard.lessons.lesson import Guess, Lesson, Truth, exact
from dashboard.lessons.recorded import Recorded, Row
from effcore.statistics import process_interval


def measured(recorded: Recorded) -> tuple[Row, ...]:
    """The recorded networks, the most disagreeing processes first."""
    return tuple(sorted(recorded.rows(), key=lambda r: -spread(r)))


def spread(row: Row) -> float:
    """How much slower the slowest process was than the fastest, as a share."""
    return max(row.processes_ms) / min(row.processes_ms) - 1


def interval_of(row: Row, processes: int) -> tuple[float, float, float]:
    """Latency with its 95 % interval, had only the first processes been run; two at least."""
    return process_interval(row.processes_ms[:processes])


def _truth(recorded: Recorded) -> Truth:
    shares = [100 * spread(r) for r in recorded.rows()]
    middle, most = float(np.median(shares)), max(shares)
    return exact(round(middle, 1), f"{middle:.1f} % for half of the networks, up to {most:.0f} %: same file, same machine, the same minute.")


def _learned(recorded: Recorded) -> tuple[str, ...]:
    noisy = [r for r in recorded.rows() if r.document["noisy"]]
    return (
        "Within one process the times hardly differ, so that a thousand repeats look very sure. "
        "A fresh process has other addresses, another core, another moment.",
        "The unit of a measurement is the process. Its interval comes from the spread between processes, not from the number of repeats.",
        f"Where processes disagree too much, the measurement is marked as noisy: here {len(noisy) or 'none'} of {len(recorded.rows())}. "
        "A number without its doubt is not yet a result.",
    )


LESSON = Lesson(
    key="measuring", title="Measuring honestly", question="The same file, measured in five processes or more. Do they agree?",
    guess=Guess(ask="By how much is the slowest process slower than the fastest, for half of the networks?", unit="%",
                low=0, high=50, step=1),
    truth=_truth, learned=_learned,
)  # fmt: skip
