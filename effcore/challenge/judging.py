"""The rules by which a hand-in is judged: pure, from what it claims and what was measured of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np

from effcore.challenge.card import Challenge
from effcore.errors import EffcoreError
from effcore.objectives import metric
from effcore.recipe import Recipe

Kind = Literal["broken", "late", "not_allowed", "over_budget", "too_costly", "claim", "swapped", "by_heart"]

SUSPICION = 0.001
"""Chance at which a hand-in that did nothing wrong would be suspected by one test; of 30 hand-ins and two tests, 6 %."""
CLAIM_POINTS = 0.5
"""Points of accuracy that a claim may be off: integer arithmetic differs between processors."""
ALWAYS = ("architecture", "training", "runtime")


@dataclass(frozen=True, kw_only=True)
class HandIn:
    """What a student handed in.

    Attributes:
        student: Name of the folder.
        recipe: How the model is said to have been made.
        seed: Of that training.
        claimed: Metrics that the hand-in tells of itself.
        sha256_claimed, sha256: Of the file, as it says and as it is; the first is empty where it says nothing.
        received: When it was handed in.
    """

    student: str
    recipe: Recipe
    seed: int
    claimed: Mapping[str, float]
    sha256_claimed: str
    sha256: str
    received: datetime


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What was measured of the file, and of what its recipe makes when it is run again.

    Attributes:
        metrics: With `_low` and `_high` where there is an interval.
        structure: Content name of the file without its weights.
        test, validation: Which images it has right, 1 or 0 each.
        rebuilt_structure, rebuilt_test: The same of the model that the recipe makes here; None where it was not run.
    """

    metrics: Mapping[str, float]
    structure: str
    test: Sequence[int]
    validation: Sequence[int]
    rebuilt_structure: str | None = None
    rebuilt_test: Sequence[int] | None = None


@dataclass(frozen=True)
class Finding:
    """One thing against a hand-in, in words its author understands."""

    kind: Kind
    text: str


@dataclass(frozen=True, kw_only=True)
class Grade:
    """The verdict on one hand-in.

    Attributes:
        findings: All that speaks against it; it is accepted where there are none.
        score: None where it could not be computed.
        metrics: That were measured.
    """

    student: str
    name: str = ""
    findings: tuple[Finding, ...] = ()
    score: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def accepted(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.findings and self.score is not None


def judge(hand_in: HandIn, evidence: Evidence, *, challenge: Challenge) -> Grade:
    """Every rule in turn.

    Args:
        hand_in: What it says.
        evidence: What was measured.
        challenge: The card.
    """
    findings = [
        *refusals(hand_in, challenge), *over_budget(evidence.metrics, challenge), *false_claim(hand_in, evidence),
        *swapped(hand_in, evidence), *by_heart(evidence),
    ]  # fmt: skip
    try:
        score: float | None = challenge.formula.score(evidence.metrics)
    except EffcoreError as error:
        findings.append(Finding("broken", str(error)))
        score = None
    return Grade(student=hand_in.student, name=hand_in.recipe.name, findings=tuple(findings), score=score, metrics=dict(evidence.metrics))


def leaderboard(grades: Sequence[Grade]) -> list[Grade]:
    """Accepted ones by score, the best first, then the others by name."""
    return sorted(grades, key=lambda g: (not g.accepted, -(g.score or 0.0) if g.accepted else 0.0, g.student))


def refusals(hand_in: HandIn, challenge: Challenge) -> list[Finding]:
    """What speaks against a hand-in before anything of it is run or measured."""
    return [*late(hand_in, challenge), *not_allowed(hand_in, challenge)]


def late(hand_in: HandIn, challenge: Challenge) -> list[Finding]:
    """Handed in after the card's moment."""
    due = challenge.due_at
    if due is None or hand_in.received <= due:
        return []
    return [Finding("late", f"Handed in at {hand_in.received:%Y-%m-%d %H:%M %Z}, it was due at {due:%Y-%m-%d %H:%M %Z}.")]


def not_allowed(hand_in: HandIn, challenge: Challenge) -> list[Finding]:
    """Another task, or a technique, family, runtime or seed that the card does not allow."""
    recipe, found = hand_in.recipe, []
    if recipe.task != challenge.task:
        found.append(f"the task must be {challenge.task}. Got {recipe.task}")
    used = [s.technique for s in recipe.steps if s.technique not in ALWAYS]
    wrong = dict.fromkeys(t for t in used if challenge.techniques is not None and t not in challenge.techniques)
    if wrong:
        found.append(f"the techniques must be of {_listed(challenge.techniques)}. Got {', '.join(wrong)}")
    for what, got, allowed in (
        ("family", recipe.architecture.family, challenge.families), ("runtime", recipe.runtime, challenge.runtimes),
        ("seed", hand_in.seed, challenge.seeds),
    ):  # fmt: skip
        if allowed is not None and got not in allowed:
            found.append(f"the {what} must be of {_listed(allowed)}. Got {got}")
    return [Finding("not_allowed", f"{text[0].upper()}{text[1:]}.") for text in found]


def too_costly(expected_s: float, challenge: Challenge) -> list[Finding]:
    """A recipe that takes longer to be run again than the card gives each hand-in.

    Args:
        expected_s: Seconds of a core, those that were spent already among them.
        challenge: The card.
    """
    minutes = expected_s / 60
    if minutes <= challenge.rebuild_minutes:
        return []
    text = f"Running its recipe again, to see that it makes this file, takes about {minutes:,.3g} minutes of a core here."
    return [Finding("too_costly", f"{text} The card allows at most {challenge.rebuild_minutes:g} (rebuild_minutes).")]


def over_budget(metrics: Mapping[str, float], challenge: Challenge) -> list[Finding]:
    """Over a limit, with the benefit of doubt: where a figure has an interval, only if all of it is over."""
    found = []
    for name, limit in challenge.limits.items():
        about, value = metric(name), metrics.get(name)
        if value is None:
            found.append(Finding("over_budget", f"{about.label} could not be measured here, so that nobody knows if it is within {limit:g}."))
            continue
        doubted = metrics.get(f"{name}_high" if about.maximise else f"{name}_low", value) if name.startswith("latency") else value
        if doubted < limit if about.maximise else doubted > limit:
            word = "least" if about.maximise else "most"
            found.append(Finding("over_budget", f"{about.label} is {value:.4g} {about.unit}, allowed is at {word} {limit:g}.".replace(" ,", ",")))
    return found


def false_claim(hand_in: HandIn, evidence: Evidence) -> list[Finding]:
    """An accuracy or a size that the file itself does not have."""
    found = []
    claimed, got = hand_in.claimed.get("accuracy"), evidence.metrics["accuracy"]
    if claimed is not None and abs(claimed - got) * 100 > CLAIM_POINTS:
        found.append(Finding("claim", f"It claims an accuracy of {claimed:.2%}; the file has {got:.2%} on the same images."))
    size = hand_in.claimed.get("size_mb")
    if size is not None and abs(size - evidence.metrics["size_mb"]) > 1e-6:
        found.append(Finding("claim", f"It claims {size:.6g} MB; the file has {evidence.metrics['size_mb']:.6g} MB."))
    return found


def swapped(hand_in: HandIn, evidence: Evidence) -> list[Finding]:
    """A file that is not the one the hand-in tells of, or not what its recipe makes."""
    from scipy import stats

    if hand_in.sha256_claimed and hand_in.sha256_claimed != hand_in.sha256:
        text = f"The file is not the one that point.json tells of: its SHA-256 starts with {hand_in.sha256[:12]}, not {hand_in.sha256_claimed[:12]}."
        return [Finding("swapped", text)]
    if evidence.rebuilt_structure is not None and evidence.rebuilt_structure != evidence.structure:
        return [Finding("swapped", f"The file is not what its recipe makes: {hand_in.recipe.name}, run again here, gives another network.")]
    if evidence.rebuilt_test is not None:
        mine, rebuilt = np.asarray(evidence.test, bool), np.asarray(evidence.rebuilt_test, bool)
        more, fewer = int((mine & ~rebuilt).sum()), int((rebuilt & ~mine).sum())
        if fewer > more and stats.binomtest(more, more + fewer, 0.5, alternative="less").pvalue < SUSPICION:
            text = f"It has {fewer} test images wrong that its recipe, run again here, has right, and {more} the other way round: other weights."
            return [Finding("swapped", text)]
    return []


def by_heart(evidence: Evidence) -> list[Finding]:
    """Better on the test images than it can be without having learned from them.

    Against the validation images, which are as hard, by Fisher's exact test; against the model that its recipe makes
    here, image by image, by McNemar's. Both one-sided at `SUSPICION`.
    """
    from scipy import stats

    test, validation = np.asarray(evidence.test, bool), np.asarray(evidence.validation, bool)
    table = [[int(test.sum()), int((~test).sum())], [int(validation.sum()), int((~validation).sum())]]
    if stats.fisher_exact(table, alternative="greater").pvalue < SUSPICION:
        text = f"It has {test.mean():.2%} of the test images right and {validation.mean():.2%} of the validation images, which are as hard."
        return [Finding("by_heart", f"{text} So large a gap arises by chance less than once in {1 / SUSPICION:,.0f} hand-ins.")]
    if evidence.rebuilt_test is not None and evidence.rebuilt_structure == evidence.structure:
        rebuilt = np.asarray(evidence.rebuilt_test, bool)
        more, fewer = int((test & ~rebuilt).sum()), int((rebuilt & ~test).sum())
        if more > fewer and stats.binomtest(more, more + fewer, 0.5, alternative="greater").pvalue < SUSPICION:
            text = f"It has {more} test images right that its recipe, run again here, has wrong, and {fewer} the other way round:"
            return [Finding("by_heart", f"{text} trained otherwise than it says, perhaps on the test images.")]
    return []


def _listed(names: Sequence[object] | None) -> str:
    return ", ".join(map(str, names or ())) or "none"
