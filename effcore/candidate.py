"""A candidate of a search while it is in work: its pieces, what was seen of it, and what it may still come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from effcore.dimensions import Assignment
from effcore.frontier import OF_THE_STRUCTURE
from effcore.objectives import maximise
from effcore.plan import Stage, VariantPlan
from effcore.search.outlook import Outlook, hopeless
from effcore.search.trial import Trial
from effcore.searchspace import SearchSpace
from effcore.spec import Spec
from effcore.tracking import VariantRecord

CHOSEN_BY = {"accuracy": "val_accuracy"}
"""What a search looks at instead: the test images decide nothing."""

STRUCTURAL = OF_THE_STRUCTURE | {"size_mb", "size_compressed_mb", "params", "macs"}
"""Figures that candidates of one expected structure share."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was seen of a candidate at a rung.

    Attributes:
        values: Of the objectives: accuracy as it was there, the others as they are measured or predicted.
        violation: By how much constraints are broken.
    """

    values: tuple[float, ...]
    violation: float


@dataclass
class Candidate:
    """One candidate, with every seed.

    Attributes:
        number: Of its trial.
        plans: Its variants.
        segments: Keys of the stages up to each rung of its training, those of all seeds, then of all that follows.
        rungs: Keys of the stages that end each rung, one for each seed.
        bracket: First rung at which it is judged; as many as there are rungs where it is judged at none.
        launched: The segment that it may be worked on up to.
        seen: At each rung that it has come to.
        written: Variants that are in the store; None for one that was there before.
        predicted: Figures that were predicted when it was begun.
    """

    number: int
    assignment: Assignment
    plans: tuple[VariantPlan, ...]
    segments: tuple[tuple[str, ...], ...]
    rungs: tuple[tuple[str, ...], ...]
    bracket: int = 0
    launched: int = -1
    seen: list[Seen] = field(default_factory=list)
    written: dict[str, VariantRecord | None] = field(default_factory=dict)
    values: tuple[float, ...] | None = None
    violation: float = 0.0
    ended: bool = False
    predicted: Mapping[str, float] = field(default_factory=dict)

    @property
    def last(self) -> int:
        """The segment after the last rung."""
        return len(self.segments) - 1

    @property
    def waits(self) -> bool:
        """Whether it has come as far as it may and is not at its end."""
        return not self.ended and self.launched < self.last and len(self.seen) > self.launched

    @property
    def submitted(self) -> list[str]:
        """Keys of the stages that may be worked on."""
        return [key for segment in self.segments[: self.launched + 1] for key in segment]

    @property
    def rest(self) -> list[str]:
        """Keys of the stages that may not be worked on."""
        return [key for segment in self.segments[self.launched + 1 :] for key in segment]

    @property
    def note(self) -> dict[str, Any]:
        """What has to be kept of it."""
        seen = [{"values": list(s.values), "violation": s.violation} for s in self.seen]
        return {"bracket": self.bracket, "launched": self.launched, "last": self.last, "seen": seen, "predicted": dict(self.predicted)}

    def recall(self, trial: Trial) -> None:
        """Stand as its trial says that it stood."""
        self.bracket, self.launched = trial.note["bracket"], trial.note["launched"]
        self.seen = [Seen(values=tuple(s["values"]), violation=s["violation"]) for s in trial.note["seen"]]
        self.ended, self.predicted = trial.state in ("done", "failed"), trial.note["predicted"]
        if trial.state == "done":
            self.values, self.violation = trial.values, trial.violation


def make_candidate(number: int, assignment: Assignment, plans: Sequence[VariantPlan], stages: Mapping[str, Stage], *, stops: bool) -> Candidate:
    """A candidate cut into pieces at the rungs of its first phase of training.

    Args:
        number: Of its trial.
        assignment: What was decided.
        plans: Its variants, one for each seed.
        stages: Where their stages are found.
        stops: Whether it may be stopped at a rung at all.
    """
    ends = [_rungs(plan, stages) if stops else [] for plan in plans]
    segments: list[tuple[str, ...]] = []
    for level in range(len(ends[0]) + 1):
        keys: list[str] = []
        for plan, found in zip(plans, ends, strict=True):
            places = [plan.stages.index(key) + 1 for key in found]
            keys += plan.stages[([0, *places])[level] : ([*places, len(plan.stages)])[level]]
        segments.append(tuple(dict.fromkeys(keys)))
    return Candidate(
        number=number, assignment=assignment, plans=tuple(plans), segments=tuple(segments), rungs=tuple(zip(*ends, strict=True))
    )  # fmt: skip


def _rungs(plan: VariantPlan, stages: Mapping[str, Stage]) -> list[str]:
    """Keys of the rungs of its own first phase, without the last."""
    own = [stages[key] for key in plan.stages if key not in plan.teachers and stages[key].kind == "train"]
    first = [s for s in own if not any(role == "start" for role, _ in s.inputs)]
    return [s.key for s in first if s.config["until"] < s.config["training"]["epochs"]]


class Figures:
    """What candidates came to, and what others may come to.

    Args:
        spec: Objectives and constraints.
        space: What is chosen from.
    """

    def __init__(self, spec: Spec, space: SearchSpace) -> None:
        self.objectives, self.limits = spec.objectives, spec.search.limits
        self.maximise = maximise(spec.objectives)
        self._outlook = Outlook(space.dimensions)
        self._structures: dict[str, Mapping[str, float]] = {}

    def measured(self, candidate: Candidate) -> dict[str, float]:
        """Means over its seeds of all figures that every variant has."""
        records = [r for r in candidate.written.values() if r is not None]
        names = set.intersection(*(set(r.metrics) for r in records))
        return {name: sum(r.metrics[name] for r in records) / len(records) for name in sorted(names)}

    def learn(self, candidate: Candidate, figures: Mapping[str, float]) -> None:
        """Remember what a candidate came to."""
        self._outlook.learn(candidate.assignment, figures)
        for plan in candidate.plans:
            self._structures.setdefault(plan.structure, figures)

    def values(self, figures: Mapping[str, float]) -> tuple[float, ...]:
        """The objectives, accuracy on the validation images."""
        return tuple(figures[CHOSEN_BY.get(name, name)] for name in self.objectives)

    def violations(self, figures: Mapping[str, float]) -> list[float]:
        """By how much each constraint is broken."""
        return [limit.violation(figures[CHOSEN_BY.get(limit.metric, limit.metric)]) for limit in self.limits]

    def is_known(self, structure: str) -> bool:
        """Whether a structure was measured."""
        return structure in self._structures

    def expected(self, candidate: Candidate, name: str) -> tuple[float, float, float] | None:
        """A figure as it is known or predicted, with the lowest and highest believed; None while too little is known."""
        name = CHOSEN_BY.get(name, name)
        known = self._structures.get(candidate.plans[0].structure, {}) if name in STRUCTURAL else {}
        if name in known:
            return (known[name],) * 3
        predicted = self._outlook.predict(candidate.assignment, name)
        return None if predicted is None else (predicted.mean, predicted.low, predicted.high)

    def seen(self, candidate: Candidate, accuracy: float) -> Seen | None:
        """A candidate as it stands at a rung; None while too little is known of its other figures.

        Args:
            candidate: Which.
            accuracy: On the validation images, at the rung.
        """
        figures = {"val_accuracy": accuracy}
        for name in self._needed() - {"val_accuracy"}:
            expected = self.expected(candidate, name)
            if expected is None:
                return None
            figures[name] = expected[0]
        return Seen(values=self.values(figures), violation=sum(max(v, 0.0) for v in self.violations(figures)))

    def can_judge(self, candidate: Candidate) -> bool:
        """Whether enough is known to compare a candidate before it is measured."""
        return self.seen(candidate, 0.5) is not None

    def predicted(self, candidate: Candidate) -> dict[str, float]:
        """The figures of a candidate that are not known but can be predicted."""
        found = {name: self._outlook.predict(candidate.assignment, name) for name in self._needed()}
        return {name: round(p.mean, 6) for name, p in found.items() if p is not None}

    def believed(self, candidate: Candidate) -> dict[str, float] | None:
        """The best that is believed of a candidate before anything of it has run; None while too little is known."""
        found = {}
        for name in self._needed():
            expected = self.expected(candidate, name)
            if expected is None:
                return None
            up = maximise((name,))[0] if name in self.objectives or name == "val_accuracy" else self._wants_more(name)
            found[name] = expected[2] if up else expected[1]
        return found

    def hopeless(self, believed: Mapping[str, float], frontier: Sequence[tuple[float, ...]]) -> str:
        """Why a candidate can't be wanted even at the best that is believed of it; empty where it can.

        Args:
            believed: From `believed`.
            frontier: Objectives of the measured candidates that keep the constraints.
        """
        if not frontier:
            return ""
        broken = [limit.text for limit, over in zip(self.limits, self.violations(believed), strict=True) if over > 0]
        if broken:
            return f"breaks {broken[0]} even at the best that is believed of it"
        if hopeless(self.values(believed), frontier, maximise=self.maximise):
            return "a measured candidate is as good in everything as the best that is believed of it"
        return ""

    def _needed(self) -> set[str]:
        return {CHOSEN_BY.get(name, name) for name in (*self.objectives, *(limit.metric for limit in self.limits))}

    def _wants_more(self, name: str) -> bool:
        return any(limit.at_least for limit in self.limits if limit.metric == name)
