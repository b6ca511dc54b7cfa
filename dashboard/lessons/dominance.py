"""Lesson: which of these networks would nobody choose?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dashboard.lessons.lesson import Guess, Lesson, Truth, exact
from dashboard.lessons.recorded import Recorded, Row
from effcore.pareto import pareto_mask

EQUAL_POINTS = 0.5
"""Points of accuracy within which two networks count as equally good here."""
_FEWEST, _MOST = 40, 200
"""Steps of the budget's slider."""


@dataclass(frozen=True)
class Dominator:
    """A network that is better than another in both.

    Attributes:
        faster: How many times.
        points: Of accuracy that it is better by.
    """

    name: str
    faster: float
    points: float


def on_frontier(rows: tuple[Row, ...]) -> tuple[bool, ...]:
    """Which networks nothing dominates, by accuracy and latency."""
    values = np.array([[r.value("accuracy"), r.value("latency_ms")] for r in rows])
    return tuple(bool(x) for x in pareto_mask(values, maximise=(True, False)))


def dominators(rows: tuple[Row, ...], chosen: Row) -> tuple[Dominator, ...]:
    """The networks that are at least as good in both as the chosen one and better in one, the fastest first."""
    mine = chosen.value("accuracy"), chosen.value("latency_ms")
    found = []
    for row in rows:
        accuracy, latency = row.value("accuracy"), row.value("latency_ms")
        if accuracy >= mine[0] and latency <= mine[1] and (accuracy, latency) != mine:
            found.append(Dominator(row.name, mine[1] / latency, 100 * (accuracy - mine[0])))
    return tuple(sorted(found, key=lambda d: -d.faster))


def best_within(rows: tuple[Row, ...], budget_ms: float) -> Row | None:
    """The most accurate network that is fast enough; of equally accurate ones the fastest, which alone is on the frontier."""
    inside = [r for r in rows if r.value("latency_ms") <= budget_ms]
    return max(inside, key=lambda r: (r.value("accuracy"), -r.value("latency_ms")), default=None)


def budgets(rows: tuple[Row, ...]) -> tuple[float, ...]:
    """Milliseconds from the fastest network to the slowest, of three digits, evenly on a log scale.

    Two lie between neighbours of the frontier, so that each network of it is the best at one of them.
    """
    every = sorted(r.value("latency_ms") for r in rows)
    front = sorted(r.value("latency_ms") for r, on in zip(rows, on_frontier(rows), strict=True) if on)
    closest = min((b / a for a, b in zip(front, front[1:], strict=False)), default=2.0)
    steps = math.ceil(2 * math.log(every[-1] / every[0]) / math.log(closest)) if every[-1] > every[0] else 1
    return tuple(dict.fromkeys(_rounded_up(float(ms)) for ms in np.geomspace(every[0], every[-1], min(max(steps, _FEWEST), _MOST) + 1)))


def _rounded_up(value: float) -> float:
    unit = 10.0 ** (math.floor(math.log10(value)) - 2)
    return float(f"{math.ceil(value / unit) * unit:.3g}")


def equally_good(rows: tuple[Row, ...]) -> tuple[Row, Row] | None:
    """Two networks of nearly the same accuracy whose latencies are furthest apart: the slow one, then the fast one."""
    pairs = [
        (a, b) for a in rows for b in rows
        if a.value("latency_ms") > b.value("latency_ms") and 100 * abs(a.value("accuracy") - b.value("accuracy")) <= EQUAL_POINTS
    ]  # fmt: skip
    return max(pairs, key=lambda p: p[0].value("latency_ms") / p[1].value("latency_ms"), default=None)


def _truth(recorded: Recorded) -> Truth:
    rows = recorded.rows()
    count = sum(on_frontier(rows))
    return exact(count, f"{count} of {len(rows)}: for each of the other {len(rows) - count} another one is at least as accurate and as fast.")


def _learned(recorded: Recorded) -> tuple[str, ...]:
    found = equally_good(recorded.rows())
    said = ["A network is dominated if another one is at least as good in everything and better in something. What is left is the Pareto frontier."]
    if found:
        slow, fast = found
        times = slow.value("latency_ms") / fast.value("latency_ms")
        said.append(f"{slow.name} and {fast.name} are equally accurate within {EQUAL_POINTS} points; the second is {times:.1f} times as fast.")
    return (*said, "Along the frontier every gain has a price. Which point is right depends on the budget, not on the network.")


LESSON = Lesson(
    key="frontier", title="Dominance and the frontier",
    question="Thirty networks, two wishes: accurate and fast. Which of them would nobody choose?",
    guess=Guess(ask="How many of the networks are on the Pareto frontier of accuracy and latency?", unit="networks", low=1, high=30, step=1),
    truth=_truth, learned=_learned,
)  # fmt: skip
