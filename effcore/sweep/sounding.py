"""Measuring structures before anything is trained: which ones are worth it, and what a search makes of it."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from effcore.analysis.frontier import OF_THE_STRUCTURE
from effcore.execution.worker import Outcome
from effcore.search.outlook import Prediction, cases_of
from effcore.sweep.candidate import Candidate
from effcore.sweep.clearing import BATCH
from effcore.sweep.driver import Driver
from effcore.sweep.searcher import Searcher

IN_A_ROW = 10
"""Candidates that are put off after their structure was measured, until one is trained whatever it is."""

CASES = tuple(statistics.NormalDist().inv_cdf((case + 0.5) / 10) for case in range(10))
"""Equally likely cases of what a measurement may come to, as standard deviations from what is predicted."""

SOUNDED = OF_THE_STRUCTURE | {"size_mb", "params", "macs"}
"""Figures that a network has whatever its weights are."""


@dataclass
class Sounding:
    """A candidate whose structure is being measured.

    Attributes:
        stages: Keys of what builds the network and of what exports it.
        measure: Key of the measurement; empty until the file is there.
    """

    candidate: Candidate
    stages: tuple[str, ...]
    measure: str = ""


class SoundingSearcher(Searcher):
    """A search that has the structure of a candidate measured before it trains it, where that is expected to cost less than it saves.

    The network is exported with random weights and measured as any other; one that is trained later is not measured again.
    """

    def step(self, driver: Driver) -> None:
        """Begin or put off those whose structure was measured, then go on as every search does."""
        for number, sounding in list(self._soundings.items()):
            export = driver.outcomes.get(sounding.stages[-1])
            broken = any(isinstance(driver.outcomes.get(key), BaseException) for key in (*sounding.stages, sounding.measure))
            if isinstance(export, Outcome) and not sounding.measure:
                sounding.measure = driver.measure_alone(sounding.stages[-1], sounding.candidate.plans[0].recipe.runtime)
            measured = driver.outcomes.get(sounding.measure)
            if isinstance(measured, Outcome):
                del self._soundings[number]
                self._decide(sounding, measured)
            elif broken:  # its training will say why
                del self._soundings[number]
                super()._launch(sounding.candidate, sounding.candidate.bracket)
        super().step(driver)

    def _recall(self) -> list[Candidate]:
        self._soundings: dict[int, Sounding] = {}
        self._put_off_in_a_row = 0
        for trial in self.study.trials:
            if "sounding" in trial.note:
                self.figures.learn(self.maker.candidate(trial), trial.note["sounding"]["figures"])
        return super()._recall()

    def _busy(self) -> int:
        running = self.driver.running
        return super()._busy() + sum(1 for s in self._soundings.values() if any(key in running for key in (*s.stages, s.measure)))

    def _launch(self, candidate: Candidate, segment: int) -> None:
        """Have the structure of a candidate of which nothing has run measured first, where that is worth it."""
        recipe = candidate.plans[0].recipe
        known = candidate.launched >= 0 or self.figures.is_known(candidate.plans[0].structure) or not self.search.latency_first
        stages = () if known or self._put_off_in_a_row >= IN_A_ROW else self.planner.untrained(recipe)
        if not stages or not self._is_worth(candidate, stages):
            super()._launch(candidate, segment)
            return
        for key in stages:
            self.driver.submit(self.planner.stages[key], priority=candidate.last + 1)
        self._soundings[candidate.number] = Sounding(candidate, stages)

    def _decide(self, sounding: Sounding, measured: Outcome) -> None:
        """Learn and keep what was measured, with what it took in core-seconds; begin the candidate unless that shows that it can't be wanted."""
        candidate = sounding.candidate
        made = [o for key in sounding.stages if isinstance(o := self.driver.outcomes[key], Outcome)]
        metrics = made[-1].entry.facts["metrics"] | measured.entry.facts["metrics"]
        figures = {name: value for name, value in metrics.items() if name in SOUNDED}
        took = {
            "figures": figures,
            "made_s": round(sum(o.entry.seconds for o in made if not o.reused), 3),
            "measured_s": round(0.0 if measured.reused else measured.entry.seconds * self.driver.slots, 3),
        }  # fmt: skip
        self.figures.learn(candidate, figures)
        self.study.update(candidate.number, note=dict(self.study.trial(candidate.number).note) | {"sounding": took})
        believed = self.figures.believed(candidate.prospect)
        reason = self.figures.hopeless(believed, self._measured()) if believed else ""
        self._put_off_in_a_row = self._put_off_in_a_row + 1 if reason else 0
        if believed and reason:
            self._put_off(candidate, f"{reason}, by its measured structure", believed)
        else:
            super()._launch(candidate, candidate.bracket)

    def _put_off(self, candidate: Candidate, reason: str, believed: Mapping[str, Prediction]) -> None:
        """Take a candidate back from among those that are begun."""
        del self.candidates[candidate.number]
        for plan in candidate.plans:
            self._owners.pop(plan.key, None)
        note = {"reason": reason, "saved_s": round(self.rest_s(candidate), 2), "predicted": dict(candidate.predicted)} | self.figures.note(believed)
        self.study.update(candidate.number, state="postponed", note=dict(self.study.trial(candidate.number).note) | note)

    # What it is worth

    def _is_worth(self, candidate: Candidate, stages: Iterable[str]) -> bool:
        """Whether the training that is expected to be saved is more than what is measured for nothing."""
        chance = self._chance_hopeless(candidate)
        if not chance:
            return False
        reduction = float(self.search.reduction)
        shares = [reduction ** -min(level, candidate.levels) for level in range(candidate.last + 1)]  # of those that come to each rung
        segments_s = [self._expected_s(keys) for keys in candidate.segments]
        measured_s = self._rate("measure", self.driver.rates.measuring_s) * self.driver.slots
        clearing_s = segments_s[0] / 2 * (self.driver.slots - 1)  # cores that wait for others, so that the host is clear
        measured_s += max(min(clearing_s, measured_s), clearing_s / BATCH)
        # Whoever comes to the end is measured in any case, and not again.
        wasted_s = self._expected_s(stages) + measured_s * (1 - (1 - chance) * shares[-1])
        return wasted_s < chance * sum(share * seconds for share, seconds in zip(shares, segments_s, strict=True))

    def _chance_hopeless(self, candidate: Candidate) -> float:
        """Expected share of cases in which measuring its structure shows that it can't be wanted; zero while too little is known."""
        believed, frontier = self.figures.believed(candidate.prospect), self._measured()
        structural = SOUNDED & {*self.figures.objectives, *(limit.metric for limit in self.figures.limits)}
        if believed is None or not structural:
            return 0.0
        ends = {name: expected for name in structural if (expected := self.figures.expected(candidate.prospect, name))}
        columns = [cases_of(name, [expected], CASES)[0].tolist() for name, expected in ends.items()]
        cases = [{name: Prediction(f, f, f) for name, f in zip(ends, case, strict=True)} for case in zip(*columns, strict=True)]
        return statistics.fmean(bool(self.figures.hopeless(believed | case, frontier)) for case in cases)

    def _expected_s(self, keys: Iterable[str]) -> float:
        """Expected core-seconds of stages, by those of the same kind that have run in this search, else by what has run before."""
        stages = [self.planner.stages[key] for key in keys if key not in self.driver.outcomes]
        return sum(self._rate(s.kind, self.driver.rates.seconds(s) / max(s.units, 1.0)) * max(s.units, 1.0) for s in stages)

    def _rate(self, kind: str, expected_s: float) -> float:
        """Seconds a unit of a kind of stage."""
        seen = [o for o in self.driver.outcomes.values() if isinstance(o, Outcome) and o.stage.kind == kind and not o.reused]
        return statistics.median(o.entry.seconds / max(o.stage.units, 1.0) for o in seen) if seen else expected_s
