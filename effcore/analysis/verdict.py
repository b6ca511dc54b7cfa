"""What the last step of a recipe did: a point against its parent, as data and in words, by rules that are stated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from effcore.analysis.changes import (
    FACTOR,
    MEMORY_FACTOR,
    MEMORY_MB,
    Change,
    accuracy_change,
    latency_change,
    memory_change,
    points,
    size_change,
)
from effcore.analysis.comparison import MARGIN, SIGNIFICANCE
from effcore.analysis.frontier import Evidence, Frontier, Point, Variant, find_frontier
from effcore.analysis.payback import Payback, payback, training_cost
from effcore.analysis.reasons import best_rate, explain

Outcome = Literal["helped", "trade-off", "no effect shown", "hurt"]

NEEDED = ("accuracy", "latency_ms", "latency_ratio")
"""Metrics whose raw results a verdict is made from."""

RULES = (
    "helped: something is shown to be better, nothing is shown to be worse, and accuracy is better or has no loss",
    "trade-off: something is shown to be better, and something to be worse or a loss of accuracy is not ruled out",
    "hurt: something is shown to be worse and nothing to be better",
    "no effect shown: nothing is shown to be better or worse",
    f"accuracy is better or worse where p < {SIGNIFICANCE:.2f} (exact McNemar test for one seed); it has no loss where its "
    f"whole interval lies above {points(-MARGIN)} points",
    f"latency is, where the interval of the ratio excludes 1 and the factor is at least {FACTOR:.2f}, as far as two "
    "measurements of one file agree; it can't change where the structure of the file is the same",
    f"the file is, where the factor is at least {FACTOR:.2f}; memory, where it is at least {MEMORY_FACTOR:.2f} and {MEMORY_MB} MB",
    "training time is not judged: payback says when it is earned back",
)
"""How a verdict comes about, in words for users."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A point against its parent.

    The outcome follows `RULES`, in this order: *helped* where accuracy, latency, file or memory is shown to be better,
    none is shown to be worse, and accuracy is better or not inferior by half a point; *trade-off* where one is better
    and one is worse, or where a loss of accuracy is not ruled out; *hurt* where one is worse and none better; *no
    effect shown* where none is either. There is no outcome without a parent that was measured: a neighbour never
    stands in for it.

    Attributes:
        key: Recipe key of the point.
        parent: Recipe key of the parent; None where there is no step to undo.
        parent_name: Of the parent; empty where it was not measured.
        step: The step between the two.
        outcome: None where the two could not be compared.
        accuracy, latency, size, memory: None where one of the two has no such figure.
        payback: None where own training or latency is not known.
        training: Time that all its training took against that of its parent, in words; empty where not known.
        reasons: Why it did not do what people expect of it, as far as the data says.
        notes: What the reader must know of the figures.
    """

    key: str
    parent: str | None
    parent_name: str
    step: str
    outcome: Outcome | None
    accuracy: Change | None = None
    latency: Change | None = None
    size: Change | None = None
    memory: Change | None = None
    payback: Payback | None = None
    training: str = ""
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        """Those that could be compared."""
        return tuple(c for c in (self.latency, self.accuracy, self.size, self.memory) if c is not None)

    @property
    def text(self) -> str:
        """The verdict in one line, without reasons, notes and payback."""
        if self.outcome is None:
            return self.notes[0] if self.notes else "no verdict"
        return f"{self.outcome}: " + "; ".join(c.text for c in self.changes)

    @property
    def document(self) -> dict[str, Any]:
        """As plain data for JSON."""
        return {**asdict(self), "text": self.text}


def judge(
    child: Point, parent: Point | None, evidence: Evidence, *, rate: float | None = None, failed: str | None = None
) -> Verdict:
    """The verdict of a point.

    Args:
        child: Whose last step is judged.
        parent: The point that `child.first.parent` names, in the same environment; None where it was not measured.
        evidence: Raw results of both for the metrics `NEEDED`; where they are missing the stored intervals stand in.
        rate: Multiply-accumulates a millisecond that the machine is known to reach, for reasons; see `best_rate`.
        failed: Cause, where the parent was tried and failed.

    Raises:
        ValueError: The parent is another recipe, or was measured in another environment.
    """
    first = child.first
    bare = Verdict(key=child.key, parent=first.parent, parent_name="", step=first.step, outcome=None)
    if first.parent is None:
        return replace(bare, notes=("no parent: there is no step to undo",))
    if parent is None:
        why = f"failed: {failed}" if failed else "was not measured"
        return replace(bare, notes=(f"no verdict: its parent, the same recipe without `{first.step}`, {why}",))
    if (parent.key, parent.first.environment) != (first.parent, first.environment):
        raise ValueError(f"A point is judged against its own parent in its own environment. Got {parent.name!r} for {child.name!r}.")
    seeds = tuple(sorted(set(child.seeds) & set(parent.seeds)))
    if not seeds:
        return replace(bare, notes=(f"no verdict: its parent {parent.name} was measured with other seeds only",))
    accuracy = accuracy_change(child, parent, evidence, seeds=seeds)
    latency = latency_change(child, parent, evidence)
    found = replace(
        bare, parent_name=parent.name, accuracy=accuracy, latency=latency, size=size_change(child, parent), memory=memory_change(child, parent)
    )
    return replace(
        found,
        outcome=_outcome(found),
        payback=payback(child, parent, latency),
        training=training_cost(child, parent),
        reasons=explain(child, parent, accuracy=accuracy, latency=latency, size=found.size, did=evidence.did.get(child.key, {}), rate=rate),
        notes=_notes(child, parent, found, seeds),
    )


def _outcome(verdict: Verdict) -> Outcome | None:
    effects = [c.effect for c in verdict.changes]
    accuracy = verdict.accuracy
    no_loss = accuracy is not None and (accuracy.effect == "better" or accuracy.no_loss is True)
    if not effects:
        return None
    if "better" in effects:
        return "helped" if "worse" not in effects and no_loss else "trade-off"
    return "hurt" if "worse" in effects else "no effect shown"


def _notes(child: Point, parent: Point, verdict: Verdict, seeds: Sequence[int]) -> tuple[str, ...]:
    notes = []
    accuracy = verdict.accuracy
    if not verdict.changes:
        notes.append(f"no verdict: {child.name} and its parent have no figure in common")
    if accuracy is None:
        notes.append("accuracy could not be compared")
    elif accuracy.effect == "not shown" and not accuracy.no_loss and accuracy.low is not None:
        notes.append(f"a loss of up to {points(-accuracy.low, sign=False)} points is not ruled out")
    if verdict.latency is None:
        notes.append("latency could not be compared")
    elif verdict.latency.effect != "same" and any(v.noisy for p in (child, parent) for v in p.variants):
        notes.append("the machine was not quiet while latency was measured")
    if len(seeds) < max(len(child.seeds), len(parent.seeds)):
        notes.append(f"accuracy compares the seeds that both have: {', '.join(map(str, seeds))}")
    return tuple(notes)


def family(own: Sequence[Variant], everything: Sequence[Variant], *, environment: str) -> Frontier:
    """The points of a sweep and those parents of theirs that only other sweeps measured, all in one environment.

    Args:
        own: Variants of the sweep.
        everything: Variants of the store.
        environment: Key of the environment.

    Returns:
        With the objectives `NEEDED`, for reading the evidence; which points are marked says nothing here.
    """
    mine = [v for v in own if v.environment == environment and v.status == "FINISHED"]
    elsewhere = {v.parent for v in mine} - {v.recipe_key for v in mine}
    others = [v for v in everything if v.recipe_key in elsewhere and v.environment == environment and v.status == "FINISHED"]
    return replace(find_frontier([*mine, *others], ("accuracy",), environment=environment), objectives=NEEDED)


def judge_all(
    shown: Sequence[Point], relatives: Frontier, evidence: Evidence, *, failed: Mapping[str, str] | None = None
) -> dict[str, Verdict]:
    """The verdict of every point, by recipe key.

    Args:
        shown: The points.
        relatives: From `family`: where parents are looked up.
        evidence: Of the relatives.
        failed: Causes by recipe key, of recipes that failed.
    """
    by_key = {p.key: p for p in relatives.points}
    rate, causes = best_rate(relatives.points), failed or {}
    verdicts = {}
    for point in shown:
        parent = point.first.parent
        verdicts[point.key] = judge(
            by_key.get(point.key, point), by_key.get(parent or ""), evidence, rate=rate, failed=causes.get(parent or "")
        )
    return verdicts
