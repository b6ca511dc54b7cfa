"""What our sweeps say to what papers report: our figure, its interval over seeds, and a verdict by stated rules."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from effcore.analysis.changes import Change, accuracy_change, latency_change, points
from effcore.analysis.comparison import MARGIN
from effcore.analysis.frontier import Evidence, Point
from effcore.reports.reproductions.claims import Claim
from effcore.statistics import mean_and_interval

Verdict = Literal["reproduced", "not reproduced", "different", "open", "measured", "missing"]
TOLERANCE = 0.10
"""A ratio within so much of the paper's counts as the same, as does one whose interval holds the paper's."""
SEEDS = 3
"""Fewest that a verdict is given on."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """A claim beside what was found.

    Attributes:
        claim: What is claimed.
        verdict: By the rules of `judge`.
        words: The verdict in words.
        value: Our ratio, or our difference of accuracies as a share; None where it is missing.
        low, high: Interval of 95 %; equal to the value where nothing is in doubt.
        seeds: Trainings on each side; of a latency the interval is that of processes, since seeds share the structure.
        noisy: Whether a latency behind it is marked as noisy.
    """

    claim: Claim
    verdict: Verdict
    words: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    seeds: int = 0
    noisy: bool = False


def judge(claim: Claim, base: Point, changed: Point, evidence: Evidence) -> Result:
    """Holds two points against a claim.

    A ratio is reproduced where it is within 10 % of the paper's or its interval holds it, not reproduced where it says the
    opposite, and different otherwise. A gain is reproduced where it is shown, not where a loss is shown, and open between.
    No loss is reproduced where the whole interval is above minus half a point, not where a loss is shown, and open between.
    A difference is reproduced where it is shown and its interval holds the paper's.

    Args:
        claim: What is claimed.
        base, changed: Its two points.
        evidence: Raw answers and times of both.
    """
    seeds = [s for s in base.seeds if s in changed.seeds]
    if len(seeds) < SEEDS:
        return Result(claim=claim, verdict="missing", words=f"missing: {len(seeds)} seeds of the {SEEDS} that it takes", seeds=len(seeds))
    if claim.kind == "ratio":
        return _of_ratio(claim, base, changed, evidence, seeds)
    change = accuracy_change(changed, base, evidence, seeds=seeds)
    if change is None or change.low is None or change.high is None:
        return Result(claim=claim, verdict="missing", words="missing: the accuracy of one of the two", seeds=len(seeds))
    verdict, words = _of_accuracy(claim, change, change.low, change.high)
    return Result(claim=claim, verdict=verdict, words=words, value=change.change, low=change.low, high=change.high, seeds=len(seeds))


def _of_ratio(claim: Claim, base: Point, changed: Point, evidence: Evidence, seeds: Sequence[int]) -> Result:
    found = _times_less(claim.metric, claim.of_base or claim.metric, base, changed, evidence, seeds)
    divided = (1.0, 1.0, 1.0) if claim.over is None else _times_less(claim.over, claim.over, base, changed, evidence, seeds)
    if found is None or divided is None:
        return Result(claim=claim, verdict="missing", words=f"missing: {claim.over or claim.metric} of one of the two", seeds=len(seeds))
    value, low, high = found[0] / divided[0], found[1] / divided[2], found[2] / divided[1]
    verdict, words = _of_published(claim.published, value, low, high)
    noisy = "latency_ms" in (claim.metric, claim.over) and any(v.noisy for p in (base, changed) for v in p.variants)
    return Result(claim=claim, verdict=verdict, words=words, value=value, low=low, high=high, seeds=len(seeds), noisy=noisy)


def _times_less(
    metric: str, of_base: str, base: Point, changed: Point, evidence: Evidence, seeds: Sequence[int]
) -> tuple[float, float, float] | None:
    """Base over changed, with its interval: of a latency over processes, of all others over seeds."""
    if metric == "latency_ms":
        change = latency_change(changed, base, evidence)
        if change is None or change.low is None or change.high is None:
            return None
        return 1 / change.change, 1 / change.high, 1 / change.low
    before, after = ({v.seed: v.metrics.get(name, 0.0) for v in p.variants} for p, name in ((base, of_base), (changed, metric)))
    both = [(before[seed], after[seed]) for seed in seeds]
    if any(min(pair) <= 0 for pair in both):
        return None
    mean, low, high = mean_and_interval([math.log(more / less) for more, less in both])
    return math.exp(mean), math.exp(low), math.exp(high)


def _of_published(published: float | None, value: float, low: float, high: float) -> tuple[Verdict, str]:
    if published is None:
        return "measured", "measured; nothing to hold it against"
    if low <= published <= high or abs(value / published - 1) <= TOLERANCE:
        return "reproduced", "reproduced"
    if (value - 1) * (published - 1) < 0:
        return "not reproduced", "not reproduced: the opposite"
    return "different", f"different by x{value / published:.2f}"


def _of_accuracy(claim: Claim, change: Change, low: float, high: float) -> tuple[Verdict, str]:
    shown_gain, shown_loss = change.effect == "better", change.effect == "worse"
    if claim.kind == "no loss":
        if change.no_loss:
            return "reproduced", f"reproduced: no loss beyond {points(MARGIN, sign=False)} points"
        return ("not reproduced", "not reproduced: a loss is shown") if shown_loss else ("open", "open: neither a loss nor its absence is shown")
    if claim.kind == "gain":
        if shown_gain:
            return "reproduced", "reproduced: a gain is shown"
        return ("not reproduced", "not reproduced: a loss is shown") if shown_loss else ("open", "open: no gain is shown")
    assert claim.published is not None, "a difference is held against one"
    if not (shown_gain or shown_loss):
        return "open", "open: no difference is shown"
    if low <= claim.published <= high:
        return "reproduced", "reproduced"
    if change.change * claim.published < 0:
        return "not reproduced", "not reproduced: the opposite"
    return "different", f"different by {points(change.change - claim.published)} points"
