"""Lesson: multiply-accumulates are not milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from dashboard.lessons.lesson import Guess, Lesson, Truth, exact
from dashboard.lessons.recorded import Recorded, Row
from dashboard.quantities import percent


@dataclass(frozen=True)
class Pair:
    """Two networks of which the one with fewer products is the slower one.

    Attributes:
        fewer: How many times fewer products it has.
        slower: How many times longer it takes.
    """

    lean: Row
    rich: Row
    fewer: float
    slower: float


def share_in_order(rows: tuple[Row, ...]) -> float:
    """Share of pairs in which the network with fewer products is also the faster one."""
    pairs = [(a, b) for a, b in combinations(rows, 2) if a.value("macs") != b.value("macs")]
    right = sum((a.value("macs") < b.value("macs")) == (a.value("latency_ms") < b.value("latency_ms")) for a, b in pairs)
    return right / len(pairs)


def reversed_pairs(rows: tuple[Row, ...]) -> tuple[Pair, ...]:
    """Pairs in the wrong order, the most surprising first."""
    found = []
    for a, b in combinations(rows, 2):
        lean, rich = (a, b) if a.value("macs") < b.value("macs") else (b, a)
        slower = lean.value("latency_ms") / rich.value("latency_ms")
        if slower > 1 and lean.value("macs") < rich.value("macs"):
            found.append(Pair(lean, rich, rich.value("macs") / lean.value("macs"), slower))
    return tuple(sorted(found, key=lambda p: -p.fewer * p.slower))


def _truth(recorded: Recorded) -> Truth:
    share = share_in_order(recorded.rows())
    return exact(round(100 * share), f"In {percent(share)} of all pairs. A coin would be right in half of them.")


def _learned(recorded: Recorded) -> tuple[str, ...]:
    wrong = reversed_pairs(recorded.rows())
    said = [
        "Products are counted on paper. Milliseconds hold the memory that is moved, the calls of operators, and how well a kernel uses the processor."
    ]
    if wrong:
        pair = wrong[0]
        said.append(f"{pair.lean.name} has {pair.fewer:.1f} times fewer products than {pair.rich.name} and takes {pair.slower:.1f} times as long.")
    return (*said, "So the file that will be deployed is measured, on the machine that will run it.")


LESSON = Lesson(
    key="operations", title="Products are not milliseconds", question="Fewer multiply-accumulates: less time?",
    guess=Guess(ask="In what share of all pairs of networks is the one with fewer multiply-accumulates also the faster one?", unit="%",
                low=0, high=100, step=5),
    truth=_truth, learned=_learned,
)  # fmt: skip
