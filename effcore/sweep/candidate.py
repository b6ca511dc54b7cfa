"""A candidate of a search while it is in work: its pieces, and what was seen of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from effcore.execution.worker import Outcome
from effcore.plan import Stage, VariantPlan
from effcore.search.trial import Trial
from effcore.spec.dimensions import Assignment
from effcore.tracking import VariantRecord


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was seen of a candidate at a rung.

    Attributes:
        values: Of the objectives: accuracy as it was there, the others as they were measured or predicted then.
        violation: By how much constraints are broken.
        accuracy: On the validation images, there; None where it was seen by an earlier version.
        effort_s: Seconds that its whole training takes at the pace of this rung.
        share: Of its epochs that were trained.
        settled: Whether nothing that follows changes its accuracy.
    """

    values: tuple[float, ...]
    violation: float
    accuracy: float | None = None
    effort_s: float = 0.0
    share: float = 1.0
    settled: bool = False


@dataclass(frozen=True)
class Prospect:
    """Who may go on or may be begun.

    Attributes:
        structure: What is expected to share latency and memory with it.
        seen: At its last rung; None where nothing of it has run.
    """

    assignment: Assignment
    structure: str
    seen: Seen | None = None


@dataclass
class Candidate:
    """One candidate, with every seed.

    Attributes:
        number: Of its trial.
        plans: Its variants.
        segments: Keys of the stages up to each rung of its training, those of all seeds, then of all that follows.
        rungs: Keys of the stages that end each rung, one for each seed.
        settles: Whether the last rung is the end of its training, after which it is only exported.
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
    settles: bool = False
    bracket: int = 0
    launched: int = -1
    seen: list[Seen] = field(default_factory=list)
    written: dict[str, VariantRecord | None] = field(default_factory=dict)
    values: tuple[float, ...] | None = None
    violation: float = 0.0
    ended: bool = False
    predicted: Mapping[str, float] = field(default_factory=dict)

    @property
    def prospect(self) -> Prospect:
        """What its figures are expected by."""
        return Prospect(self.assignment, self.plans[0].structure, self.seen[-1] if self.seen else None)

    @property
    def last(self) -> int:
        """The segment after the last rung."""
        return len(self.segments) - 1

    @property
    def levels(self) -> int:
        """Rungs at which it may be stopped on its way."""
        return self.last - self.settles

    @property
    def trained(self) -> bool:
        """Whether it was seen at the end of its training."""
        return len(self.seen) > self.levels

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
        seen = [asdict(s) | {"values": list(s.values)} for s in self.seen]
        return {"bracket": self.bracket, "launched": self.launched, "last": self.last, "seen": seen, "predicted": dict(self.predicted)}

    def recall(self, trial: Trial) -> None:
        """Stand as its trial says that it stood."""
        self.bracket, self.launched = trial.note["bracket"], trial.note["launched"]
        if self.launched == trial.note["last"]:  # as many segments as it had then
            self.launched = self.last
        self.seen = [Seen(**s | {"values": tuple(s["values"])}) for s in trial.note["seen"]]
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
    settles = stops and all(_is_only_exported(plan, stages) for plan in plans)
    ends = [_rungs(plan, stages, last=settles) if stops else [] for plan in plans]
    segments: list[tuple[str, ...]] = []
    for level in range(len(ends[0]) + 1):
        keys: list[str] = []
        for plan, found in zip(plans, ends, strict=True):
            places = [plan.stages.index(key) + 1 for key in found]
            keys += plan.stages[([0, *places])[level] : ([*places, len(plan.stages)])[level]]
        segments.append(tuple(dict.fromkeys(keys)))
    return Candidate(
        number=number, assignment=assignment, plans=tuple(plans), segments=tuple(segments), rungs=tuple(zip(*ends, strict=True)),
        settles=settles,
    )  # fmt: skip


def _rungs(plan: VariantPlan, stages: Mapping[str, Stage], *, last: bool) -> list[str]:
    """Keys of the rungs of its own first phase, with or without the last."""
    first = [s for s in _own(plan, stages) if _is_first_phase(s)]
    return [s.key for s in first if last or s.config["until"] < s.config["training"]["epochs"]]


def _is_only_exported(plan: VariantPlan, stages: Mapping[str, Stage]) -> bool:
    """Whether its first phase of training is all that is done to its network before it is exported as it is."""
    others = [s for s in _own(plan, stages) if not _is_first_phase(s)]
    return [s.kind for s in others] == ["export", "evaluate"] and not others[0].config["lower"]


def _own(plan: VariantPlan, stages: Mapping[str, Stage]) -> list[Stage]:
    """Its stages without those of its teachers."""
    return [stages[key] for key in plan.stages if key not in plan.teachers]


def _is_first_phase(stage: Stage) -> bool:
    return stage.kind == "train" and not any(role == "start" for role, _ in stage.inputs)


def pace_of(ends: Sequence[Outcome]) -> dict[str, float]:
    """What a candidate's stages that end a rung, one for each seed, say of its whole training: `effort_s` and `share`, as in `Seen`."""
    config = ends[0].stage.config
    epochs, end = config["training"]["epochs"], config["until"]
    seconds = sum(o.entry.seconds for o in ends) / len(ends)
    # The weights of a checkpoint take no training, and are as accurate as they will be.
    return {"effort_s": seconds * epochs / max(end - config["from"], 1), "share": end / epochs if end else 1.0}
