"""Guessing the effect of a step before it is shown: what is asked, and the truth with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.lessons.lesson import Guess, Truth
from effcore.analysis.comparison import accuracy_difference_of_intervals, ratio_of_intervals
from effcore.analysis.frontier import Variant
from effcore.recipe import canonical

PARTS = ("latency", "accuracy")
"""What is asked of a step, each a question of its own."""
STEP = "step-"
"""Before the run of a step in the names of its questions."""
FASTER = Guess(ask="How many times faster is it than before? Below 1 is slower.", unit="times", low=0.02, high=50.0, step=0, start=1.0)
POINTS = Guess(ask="How many points of accuracy does it gain? Below 0 it loses.", unit="points", low=-30.0, high=15.0, step=0.5, start=0.0)


@dataclass(frozen=True, kw_only=True)
class StepQuestion:
    """A step whose effect is guessed.

    Attributes:
        before: The point that the step starts from.
        after: Where it leads; nothing of it but its name and step may be shown before the answer.
    """

    before: Variant
    after: Variant

    @property
    def key(self) -> str:
        """The same for all who are asked."""
        return STEP + self.after.run_id


def step_question(variants: Sequence[Variant], run_id: str) -> StepQuestion | None:
    """The step to the variant of that run; None where its parent was not measured in the same environment."""
    after = next((v for v in variants if v.run_id == run_id and v.status == "FINISHED"), None)
    if after is None or after.parent is None:
        return None
    fits = [
        v for v in variants
        if v.recipe_key == after.parent and v.seed == after.seed and v.environment == after.environment and v.status == "FINISHED"
    ]  # fmt: skip
    fits = [v for v in fits if v.sweep == after.sweep] or fits
    known = fits and all(name in v.metrics for v in (fits[0], after) for name in ("accuracy", "latency_ms"))
    return StepQuestion(before=fits[0], after=after) if known else None


def questions(run_id: str) -> tuple[str, ...]:
    """Names of what is asked of the step to a point."""
    return tuple(f"{STEP}{run_id}-{part}" for part in PARTS)


def tells_of(variant: Variant, *, recipe: Mapping[str, Any], structure: str) -> bool:
    """Whether a variant tells what a step did: the same point, what was made of it or with more steps, or what shares its latency.

    Args:
        variant: One of any sweep, seed and environment.
        recipe: Of the point that the step leads to.
        structure: Of that point; empty where the step did not change it.
    """
    if structure and variant.structure == structure:
        return True
    own = [canonical(step) for step in variant.recipe.get("steps", ()) if "runtime" not in step]
    rest = iter(own)
    return variant.recipe.get("task") == recipe["task"] and all(canonical(step) in rest for step in recipe["steps"] if "runtime" not in step)


def faster_truth(question: StepQuestion) -> Truth:
    """How many times faster, with its interval."""
    found = ratio_of_intervals(_interval(question.before, "latency_ms"), _interval(question.after, "latency_ms"))
    low, high = found.low or found.ratio, found.high or found.ratio
    return Truth(value=found.ratio, low=low, high=high, text=f"{found.ratio:.2f} times as fast ({low:.2f} to {high:.2f}).")


def points_truth(question: StepQuestion) -> Truth:
    """How many points of accuracy, with the interval of test images that are drawn anew."""
    found = accuracy_difference_of_intervals(_interval(question.after, "accuracy"), _interval(question.before, "accuracy"))
    value, low, high = (100 * x for x in (found.difference, found.low, found.high))
    return Truth(value=value, low=low, high=high, text=f"{value:+.1f} points of accuracy ({low:+.1f} to {high:+.1f}).")


def _interval(variant: Variant, name: str) -> tuple[float, float, float]:
    value = variant.metrics[name]
    return value, variant.metrics.get(f"{name}_low", value), variant.metrics.get(f"{name}_high", value)
