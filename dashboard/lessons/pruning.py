"""Lesson: which weights does a network not need, and does it get faster without them?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dashboard.lessons.lesson import Guess, Lesson, Truth, exact
from dashboard.lessons.network import Floats, Tried, tried, weights
from dashboard.lessons.recorded import Recorded, Row
from dashboard.quantities import percent

SHARES = tuple(x / 100 for x in range(0, 100, 5))
ALLOWED_POINTS = 1.0


@dataclass(frozen=True)
class Zeroed:
    """The smallest weights of each tensor set to zero."""

    share: float

    def __call__(self, values: Floats) -> Floats:
        count = round(self.share * values.size)
        if count == 0:
            return values
        limit = np.partition(np.abs(values).ravel(), count - 1)[count - 1]
        return np.where(np.abs(values) <= limit, np.float32(0), values)


def at_share(network: bytes, share: float) -> Tried:
    """The network with that share of its weights at zero, tried on real images; nothing is trained again."""
    return tried(network, Zeroed(share))


def filters(network: bytes, share: float, *, count: int = 8) -> Floats:
    """The first filters of the first convolution after pruning, (count, height, width)."""
    first = next(w for w in weights(network).values() if w.ndim == 4)
    return Zeroed(share)(first)[:count, 0]


def largest_share(network: bytes) -> float:
    """Up to which share, in steps of 5 %, at most `ALLOWED_POINTS` are lost."""
    whole, last = at_share(network, 0.0).accuracy, 0.0
    for share in SHARES:
        if 100 * (whole - at_share(network, share).accuracy) > ALLOWED_POINTS:
            break
        last = share
    return last


def pruned(recorded: Recorded, structure: str) -> tuple[Row, ...]:
    """The recorded networks that were pruned in that way and trained on, the least pruned first."""
    found = [r for r in recorded.rows() if r.step("pruning").get("structure") == structure]
    return tuple(sorted(found, key=lambda r: float(r.step("pruning")["amount"])))


def unpruned(recorded: Recorded) -> Row:
    """The network that they come from."""
    parents = {r.document["parent"] for r in recorded.rows() if r.step("pruning")}
    return next(r for r in recorded.whole() if r.document["key"] in parents)


def _truth(recorded: Recorded) -> Truth:
    share = largest_share(recorded.network)
    said = f"{percent(share)}: with more of them at zero this network loses more than {ALLOWED_POINTS:g} point without training on."
    return exact(100 * share, said)


def _learned(recorded: Recorded) -> tuple[str, ...]:
    whole, zeros, channels = unpruned(recorded), pruned(recorded, "weights")[-1], pruned(recorded, "channels")[-1]

    def said(row: Row) -> str:
        times = whole.value("latency_ms") / row.value("latency_ms")
        size, right = percent(row.value("size_mb") / whole.value("size_mb")), percent(row.value("accuracy"), places=1)
        return f"{times:.2f} times the speed, {size} of the file, {right} right"

    return (
        f"Zeros alone save nothing on dense kernels: {zeros.name}: {said(zeros)}. They pay only once the file is compressed.",
        f"Channels that are really gone save: {channels.name}: {said(channels)}.",
        "After a deep cut a network has to be trained on; the recorded ones were, for one epoch.",
    )


LESSON = Lesson(
    key="pruning", title="Pruning", question="Which weights does a network not need, and does it get faster without them?",
    guess=Guess(ask="What share of its weights can be set to zero, without training on, before more than one point is lost?", unit="%",
                low=0, high=95, step=5),
    truth=_truth, learned=_learned,
)  # fmt: skip
