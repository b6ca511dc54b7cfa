"""What candidates of a search are expected to cost, by what such stages took before."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence

from effcore.execution.worker import Outcome
from effcore.plan import Stage
from effcore.sweep.candidate import Candidate
from effcore.sweep.driver import Driver
from effcore.sweep.figures import Figures


class Costs:
    """Expected core-seconds; what was run before, and what candidates share and one of them has run, costs nothing.

    Args:
        driver: Knows what has come, and how long stages take.
        stages: Where the stages of candidates are found.
        figures: Knows which structures were measured.

    Attributes:
        charged: Keys of what candidates that ended have been charged for.
    """

    def __init__(self, driver: Driver, stages: Mapping[str, Stage], figures: Figures) -> None:
        self._driver, self._stages, self._figures = driver, stages, figures
        self.charged: set[str] = set()
        self._rates: dict[str, tuple[int, float | None]] = {}

    def of_s(self, candidate: Candidate, segment: int, *, whole: bool = False) -> float:
        """Until the end of a segment.

        Args:
            candidate: Which.
            segment: Of its segments.
            whole: Whether from its beginning; otherwise from where it stands.
        """
        first = 0 if whole else candidate.launched + 1
        keys = [key for part in candidate.segments[first : segment + 1] for key in part]
        return self._of_stages(keys) + (self._measuring_s(candidate) if segment == candidate.last else 0.0)

    def begun_s(self, candidate: Candidate) -> float:
        """What one that was begun took, or is expected to take, up to the rung at which it is judged; without its teachers, which others share."""
        teachers = {key for plan in candidate.plans for key in plan.teachers}
        keys = [key for part in candidate.segments[: candidate.bracket + 1] for key in part if key not in teachers]
        return sum(self._took_s(key) for key in keys) + (self._measuring_s(candidate) if candidate.bracket == candidate.last else 0.0)

    def _took_s(self, key: str) -> float:
        outcome = self._driver.outcomes.get(key)
        return outcome.entry.seconds if isinstance(outcome, Outcome) else self._driver.rates.seconds(self._stages[key])

    def rest_s(self, candidate: Candidate) -> float:
        """What is left of a candidate that was seen at a rung, by what was seen of it and of others in this search."""
        seen = candidate.seen[-1]
        missing = [self._stages[key] for key in candidate.rest if key not in self._driver.outcomes]
        training = [s for s in missing if s.kind == "train"]
        others = sum(self.rate(s.kind, self._driver.rates.seconds(s) / max(s.units, 1.0)) * max(s.units, 1.0) for s in missing if s.kind != "train")
        measuring = self._measuring(p.structure for p in candidate.plans) * self._measuring_rate()
        return (seen.effort_s * (1 - seen.share) * len(candidate.plans) if training else 0.0) + others + measuring

    def after_s(self, structure: str) -> float:
        """What follows the training of a candidate of that structure, by what was seen in this search."""
        others = sum(self.rate(kind, self._driver.rates.of_kind_s(kind)) for kind in ("export", "evaluate"))
        return self._measuring([structure]) * self._measuring_rate() + others

    def next_s(self, candidate: Candidate) -> float:
        """Its next segment alone."""
        if candidate.launched + 1 == candidate.last:
            return self.rest_s(candidate)
        keys = candidate.segments[candidate.launched + 1]
        stages = [self._stages[key] for key in keys if key not in self._driver.outcomes]
        seen = candidate.seen[-1]
        units = sum(s.units for s in stages)
        whole = sum(self._stages[key].units for segment in candidate.segments for key in segment if self._stages[key].kind == "train")
        return max(seen.effort_s * len(candidate.plans) * units / max(whole, 1e-9), 1e-3)

    def rate(self, kind: str, expected_s: float) -> float:
        """Seconds a unit of a kind of stage, by those that have run in this search."""
        outcomes = self._driver.outcomes
        known = self._rates.get(kind)
        if known is None or known[0] != len(outcomes):
            seen = [o for o in outcomes.values() if isinstance(o, Outcome) and o.stage.kind == kind and not o.reused]
            median = statistics.median(o.entry.seconds / max(o.stage.units, 1.0) for o in seen) if seen else None
            known = self._rates[kind] = (len(outcomes), median)
        return expected_s if known[1] is None else known[1]

    def committed_s(self, working: Iterable[Candidate]) -> float:
        """Of all that is in work."""
        candidates = list(working)
        measuring = sum(self._measuring_s(c) for c in candidates if c.launched == c.last)
        return self._of_stages([key for c in candidates for key in c.submitted]) + measuring

    def charge(self, candidate: Candidate) -> dict[str, float]:
        """Core-seconds that a candidate would have taken alone, and that it added to those of the candidates before."""
        alone = added = 0.0
        for plan in candidate.plans:
            for key in (*plan.stages, *self._driver.measures(plan)):
                outcome = self._driver.outcomes[key]
                slots = self._driver.slots if isinstance(outcome, Outcome) and outcome.stage.exclusive else 1
                seconds = outcome.entry.seconds * slots if isinstance(outcome, Outcome) else 0.0
                alone += seconds
                added += 0.0 if key in self.charged else seconds
                self.charged.add(key)
        return {"alone_s": round(alone, 3), "added_s": round(added, 3)}

    def _of_stages(self, keys: Sequence[str]) -> float:
        return sum(self._driver.rates.seconds(self._stages[key]) for key in keys if key not in self._driver.outcomes)

    def _measuring_s(self, candidate: Candidate) -> float:
        return self._driver.rates.measuring_s * self._measuring(p.structure for p in candidate.plans)

    def _measuring_rate(self) -> float:
        """Seconds of one measurement, by those of this search."""
        return self.rate("measure", self._driver.rates.measuring_s)

    def _measuring(self, structures: Iterable[str]) -> int:
        """Measurements that structures still take, each as often as it holds cores."""
        new = {s for s in structures if not self._figures.is_known(s)}
        return len(new) * len(self._driver.environments) * self._driver.slots
