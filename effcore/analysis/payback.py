"""After how many predictions a variant has earned its extra training back."""

from __future__ import annotations

import math
from dataclasses import dataclass

from effcore.analysis.changes import Change
from effcore.analysis.frontier import Point


@dataclass(frozen=True, kw_only=True)
class Payback:
    """When extra training is earned back.

    Attributes:
        predictions: One at a time; None for never.
        low, high: From the interval of the latency ratio; None for never or not known.
        saved_ms: Time that one prediction saves; 0 where it is not shown to save any.
        train_s: Extra training, of this variant's own.
        text: In words.
    """

    predictions: int | None
    low: int | None
    high: int | None
    saved_ms: float
    train_s: float
    text: str

    @property
    def never(self) -> bool:
        """Whether it is not earned back."""
        return self.predictions is None


def payback(child: Point, parent: Point, latency: Change | None) -> Payback | None:
    """After how many predictions the lower latency has saved as much time as the variant's own training took.

    Own training is `train_s`: what the variant needs beyond its parent. Only a latency that is shown to be lower
    (interval of the ratio below one) earns anything.

    Args:
        child, parent: The points.
        latency: The change between the two; None where it is not known.

    Returns:
        None where latency or own training is not known.
    """
    train_s = child.metrics.get("train_s", math.nan)
    if latency is None or not math.isfinite(train_s) or train_s < 0:
        return None
    if latency.high is None or latency.high >= 1 or latency.low is None:
        why = "it is not shown to be faster than its parent"
        return Payback(predictions=None, low=None, high=None, saved_ms=0.0, train_s=train_s, text=f"never, since {why}")
    saved_ms = latency.parent * (1 - latency.change)
    if train_s == 0:
        return Payback(predictions=0, low=0, high=0, saved_ms=saved_ms, train_s=0.0, text="at once, since it needs no training of its own")
    middle, low, high = (math.ceil(1000 * train_s / (latency.parent * (1 - r))) for r in (latency.change, latency.low, latency.high))
    text = f"after {_count(middle)} predictions ({_count(low)} to {_count(high)}) for {train_s:.3g} s of training"
    return Payback(predictions=middle, low=low, high=high, saved_ms=saved_ms, train_s=train_s, text=text)


def training_cost(child: Point, parent: Point) -> str:
    """Time that all training of a point took against that of its parent, in words; empty where one of the two is not known.

    It is `train_total_s`, which charges teachers and shared parents in full, so that it also tells what a step adds that shapes the training itself.
    """
    took, before = (point.metrics.get("train_total_s", math.nan) for point in (child, parent))
    if not (math.isfinite(took) and before > 0):
        return ""
    if abs(took / before - 1) < 0.005:
        return f"{took:.3g} s in all, as long as its parent"
    return f"{took:.3g} s in all, {took - before:+.2g} s ({took / before - 1:+.0%}) against its parent"


def _count(number: int) -> str:
    """With three significant digits, as 43,200."""
    digits = max(len(str(number)) - 3, 0)
    return f"{round(number, -digits):,}"
