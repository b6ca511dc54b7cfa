"""How a search feeds a sweep: which candidate is begun, promoted or put off, and when it is enough."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from effcore.catalogue.search import Budget
from effcore.execution.worker import Outcome
from effcore.objectives import maximise, metric
from effcore.plan import Planner, VariantPlan
from effcore.search.promotion import Look, best_first
from effcore.search.samplers import UNGUIDED, Settings, sampler_name
from effcore.search.study import Study
from effcore.search.trial import Trial
from effcore.spec.searchspace import SearchSpace
from effcore.sweep.candidate import Candidate, pace_of
from effcore.sweep.costs import Costs
from effcore.sweep.driver import Driver, Source
from effcore.sweep.figures import Figures
from effcore.sweep.maker import Maker
from effcore.sweep.promoting import Promoting
from effcore.sweep.spending import Clock, Spending
from effcore.sweep.worth import Worth
from effcore.tracking import VariantRecord

PUT_OFF = 10
"""Candidates that are put off one after the other before the most promising of them is run after all."""

LEAST = 3
"""Candidates that are measured at least where there are several objectives, as far as the budget allows: one point is no frontier."""

REFUSED = 1000
"""Candidates that the catalogue refuses one after the other before the search ends: a space that was checked has hardly any."""


class Searcher(Source):
    """A source of candidates; what it decides is written into the study before it is acted on.

    Args:
        driver: Of the sweep.
        space: What is chosen from.
        storage: URL of the Optuna storage; in memory where it is None.
        name: Of the study in it; that of the spec and its key where it is empty.
        clock: What time is charged by.
    """

    def __init__(self, driver: Driver, space: SearchSpace, *, storage: str | None, name: str = "", clock: Clock = time.monotonic) -> None:
        spec = driver.spec
        self.driver, self.search, self.space, self.seeds = driver, spec.search, space, spec.seeds
        self.guided = self.search.strategy not in UNGUIDED or self.search.stopping != "none" or self.search.latency_first
        self.maximise = maximise(spec.objectives)
        settings = Settings(
            strategy=self.search.strategy, seed=self.search.seed, startup=self.search.startup, population=self.search.population
        )
        by_ratio = [metric(name).log for name in spec.objectives]
        name = name or f"{spec.name} {spec.key}"
        self.study = Study(space.root, maximise=self.maximise, log=by_ratio, settings=settings, alike=space.alike, storage=storage, name=name)
        self.planner = Planner(driver.context, driver.teachers)
        self.maker = Maker(space, self.planner, seeds=self.seeds, stops=self.search.stopping != "none")
        self.figures = Figures(spec, space)
        self.costs = Costs(driver, self.planner.stages, self.figures)
        self.worth = Worth(self.figures, self.costs, space, seed=self.seeds[0])
        self.promoting = Promoting(self.search, self.figures, self.worth)
        self.candidates: dict[int, Candidate] = {}
        self.working: dict[int, Candidate] = {}
        self.spending = Spending(self.study, self.search.budget, slots=driver.slots, clock=clock)
        self.used_up = self._ended = False
        self._attempt: Candidate | None = None
        """Gone on with though the budget was spent, since there was no result: a search does not end empty-handed, nor goes on for ever."""
        self.sampler = sampler_name(settings)
        self._owners: dict[str, Candidate] = {}
        self._to_resume = self._recall()

    # As a source

    @property
    def total(self) -> int:
        """Candidates that were begun, and may be, with each seed."""
        return (len(self.candidates) + (self._more or 0)) * len(self.seeds)

    @property
    def _more(self) -> int | None:
        """Candidates that may be begun yet; None where only time limits them."""
        limit = self.search.budget.variants
        if self._ended or self.used_up:
            return 0
        return None if limit is None else max(int(min(limit, self.space.count)) - len(self.candidates), 0)

    @property
    def ended(self) -> bool:
        """Whether the budget is spent or the space used up, and nothing is in work."""
        return self._ended

    def rest_s(self, candidate: Candidate) -> float:
        """Expected core-seconds of what is not run of a candidate."""
        return self.costs.of_s(candidate, candidate.last)

    def remaining_s(self, driver: Driver) -> float:
        """What is left of the time, or what as many candidates as are left took so far."""
        return self.spending.remaining_s(len(self.candidates), self._more, committed_s=self._committed_s())

    def step(self, driver: Driver) -> None:
        """Look at what has come, then fill the cores."""
        for candidate in self._to_resume:
            self._submit(candidate)
        self._to_resume = []
        for candidate in list(self.working.values()):
            self._look(candidate)
        done = any(c.ended and c.values for c in self.candidates.values()) or (self._attempt is not None and self._attempt.ended)
        over = self.spending.overdue and done
        with self.spending.choosing():
            while not over and self._busy() < driver.slots and self._next():
                pass
        if (not self.working and driver.idle) or over:
            self._ended = True
        self.spending.keep(force=self._ended)

    def logged(self, driver: Driver, plan: VariantPlan, record: VariantRecord) -> None:
        """Tell the study what a candidate came to, once all of its seeds are written."""
        candidate = self._owners[plan.key]
        candidate.written[plan.key] = record
        if candidate.ended:  # known before, and written again
            self.working.pop(candidate.number, None)
        elif record.error:
            self._fail(candidate, record.error)
        elif len(candidate.written) == len(self.seeds):
            figures = self.figures.measured(candidate)
            if lacking := self.figures.lacking(figures):
                reason = f"has no {', '.join(lacking)}, which this search is judged by"
                self._fail(candidate, reason)
                self.driver.discard(candidate.plans, f"{record.recipe.name} {reason}")
                return
            values, violations = self.figures.values(figures), self.figures.violations(figures)
            self._end(candidate)
            note = self._note(candidate) | {"figures": figures} | self.costs.charge(candidate)
            self.study.tell(candidate.number, values, violations=violations, note=note)
            candidate.values, candidate.violation = values, sum(max(v, 0.0) for v in violations)
            self.figures.learn(candidate, figures)
            self._revise()

    def rebudget(self, budget: Budget) -> None:
        """Go on with another budget; what is in work is ended only where that is overrun."""
        self.search = self.search.model_copy(update={"budget": budget})
        self.spending.rebudget(budget)

    def rest(self) -> None:
        """Keep what was spent."""
        self.spending.keep(force=True)

    def _fail(self, candidate: Candidate, reason: str) -> None:
        self._end(candidate)
        self.study.fail(candidate.number, self._note(candidate) | {"reason": reason})

    def _end(self, candidate: Candidate) -> None:
        candidate.ended = True
        self.working.pop(candidate.number, None)

    # Choosing

    def _busy(self) -> int:
        """Candidates that keep a core, or wait for one."""
        running = self.driver.running
        return sum(1 for c in self.working.values() if any(key in running for key in c.submitted))

    def _next(self) -> bool:
        """Begin or promote one candidate; whether there was one."""
        may_begin = self._may_begin()
        for candidate in self.promoting.in_order(self.candidates.values(), self._measured(), self._coming()):
            if may_begin and self._is_early(candidate):
                continue
            if self.spending.fits(self.costs.of_s(candidate, candidate.launched + 1), committed_s=self._committed_s()):
                self._launch(candidate, candidate.launched + 1)
                return True
        begun = self._ask() if may_begin else None
        if begun is not None:
            self._launch(begun, begun.bracket)
            return True
        return self._go_on() if self.used_up or (not self.working and self.driver.idle) else False

    def _is_early(self, candidate: Candidate) -> bool:
        """Whether more should be looked at before this one is built and measured, which costs more than many looks."""
        return candidate.launched + 1 >= candidate.levels and len(self.candidates) < self.search.startup

    def _coming(self) -> list[tuple[float, ...]]:
        """What is expected of those that are on their way to be measured."""
        return self.figures.middles([c.prospect for c in self.working.values() if c.launched == c.last and c.seen and not c.ended])

    def _may_begin(self) -> bool:
        limit = self.search.budget.variants
        if self.used_up or (limit is not None and len(self.candidates) >= limit):
            return False
        costs = [self.costs.begun_s(c) for c in list(self.candidates.values())[-8:]]
        return not costs or self.spending.fits(sum(costs) / len(costs), committed_s=self._committed_s())

    def _committed_s(self) -> float:
        """Expected core-seconds of all that is in work."""
        return self.costs.committed_s(self.working.values())

    def _ask(self) -> Candidate | None:
        """A new candidate that is worth beginning; None where there is none left."""
        put_off: list[Trial] = []
        by_worth = self.search.latency_first and len(self.maximise) > 1
        prefer = self.worth.chooser(self.candidates.values(), self._measured() + self._coming()) if by_worth else None
        for _ in range(REFUSED):
            trial = self.study.ask(self._first_note, prefer=prefer)
            if trial is None:
                put_off = [t for t in self.study.trials if t.state == "postponed"]
                self.used_up = not put_off
                break
            if "reason" in trial.note:
                self.study.fail(trial.number, trial.note)
                continue
            candidate = self.maker.candidate(trial)
            believed = self.figures.believed(candidate.prospect) if self.search.latency_first else None
            reason = self.figures.hopeless(believed, self._measured()) if believed else ""
            if not reason:
                return self._begin(candidate)
            saved_s = self.costs.of_s(candidate, candidate.last, whole=True)
            note = dict(trial.note) | {"reason": reason, "saved_s": round(saved_s, 2)} | self.figures.note(believed or {})
            put_off.append(self.study.update(trial.number, state="postponed", note=note))
            if len(put_off) >= PUT_OFF:
                break
        looks = [Look(number=t.number, values=tuple(t.note["believed"]), violation=t.note.get("broken", 0.0)) for t in put_off]
        best = best_first(looks, maximise=self.maximise)
        return self._begin(self.maker.candidate(self.study.trial(best[0].number))) if best else None

    def _go_on(self) -> bool:
        """Where there is nothing else to do, go on with those that wait, though others were better: the farthest first.

        While there are fewer than `LEAST` results, and where the space is used up and time is left; the first result in any case.
        """
        done = sum(c.ended and c.values is not None for c in self.candidates.values())
        fewest = 1 if len(self.maximise) == 1 else LEAST
        if done >= fewest and (not self.used_up or self.spending.left_s is None):
            return False
        for candidate in self.promoting.farthest_first(self.candidates.values()):
            fits = self.spending.fits(self.costs.of_s(candidate, candidate.last), committed_s=self._committed_s())
            if fits or not done:
                self._attempt = self._attempt if fits else candidate
                self._launch(candidate, candidate.last)
                return True
        return False

    def _measured(self) -> list[tuple[float, ...]]:
        return [c.values for c in self.candidates.values() if c.ended and c.values and c.violation == 0]

    # Candidates

    def _first_note(self, assignment: Mapping[str, float]) -> dict[str, Any]:
        return self.maker.note(assignment, self.study.trials) | {"asked_core_s": round(self.spending.core_s, 2)}

    def _begin(self, candidate: Candidate) -> Candidate:
        """Have a candidate among those that are begun, judged from the rung of its bracket on."""
        candidate.bracket = self.promoting.bracket(candidate)
        if self.guided:
            candidate.predicted = self.figures.predicted(candidate)
        self._know(candidate)
        return candidate

    def _know(self, candidate: Candidate) -> None:
        self.candidates[candidate.number] = candidate
        self._owners |= {plan.key: candidate for plan in candidate.plans}

    def _launch(self, candidate: Candidate, segment: int) -> None:
        """Let a candidate be worked on up to a segment; written first, so that it is gone on with after a kill."""
        candidate.launched = segment
        self.study.update(candidate.number, state="open", note=self._note(candidate))
        self._submit(candidate)

    def _submit(self, candidate: Candidate) -> None:
        self.working[candidate.number] = candidate
        for index, segment in enumerate(candidate.segments[: candidate.launched + 1]):
            for key in segment:
                self.driver.submit(self.planner.stages[key], priority=index)
        if candidate.launched == candidate.last:
            for plan in candidate.plans:
                self.driver.add(plan, self.planner.stages)

    def _look(self, candidate: Candidate) -> None:
        """See whether a candidate has come to its next rung, or has failed."""
        outcomes = self.driver.outcomes
        for plan in candidate.plans:
            if any(isinstance(outcomes.get(key), BaseException) for key in plan.stages):
                self.driver.add(plan, self.planner.stages)  # so that it is written, with its cause
        while len(candidate.seen) < min(candidate.launched + 1, candidate.last) and candidate.bracket < candidate.last:
            rung = len(candidate.seen)
            ends = [outcomes.get(key) for key in candidate.rungs[rung]]
            found = [o for o in ends if isinstance(o, Outcome)]
            if len(found) < len(ends):
                return
            accuracy = sum(o.entry.facts["val_accuracy"] for o in found) / len(found)
            seen = self.figures.seen(candidate, accuracy, **pace_of(found))
            candidate.seen.append(seen)
            self.figures.glimpse(candidate, seen)
            broken = self.figures.standing(candidate, rung)[1]
            self.study.update(candidate.number, values=seen.values, violations=broken, note=self._note(candidate))
        if candidate.waits:
            self.working.pop(candidate.number, None)

    def _note(self, candidate: Candidate) -> dict[str, Any]:
        before = {k: v for k, v in self.study.trial(candidate.number).note.items() if k not in ("reason", "believed", "broken", "saved_s")}
        stands = {"core_s": round(self.spending.core_s, 2), "elapsed_s": round(self.spending.elapsed_s, 2)}
        return before | candidate.note | stands

    def _recall(self) -> list[Candidate]:
        """Stand where the study says it stood; the candidates that are to be gone on with."""
        again = []
        for trial in self.study.trials:
            if trial.state == "open" and "reason" in trial.note:  # killed between asking and refusing
                self.study.fail(trial.number, trial.note)
            elif trial.state == "open" and "launched" not in trial.note:  # killed between asking and beginning
                candidate = self._begin(self.maker.candidate(trial))
                candidate.launched = candidate.bracket
                self.study.update(candidate.number, note=self._note(candidate))
                again.append(candidate)
            elif trial.state in ("open", "done") or (trial.state == "failed" and "launched" in trial.note):  # not what was refused
                candidate = self.maker.candidate(trial)
                candidate.recall(trial)
                self._know(candidate)
                for seen in candidate.seen:
                    self.figures.glimpse(candidate, seen)
                if trial.state == "failed":
                    self.driver.errors |= {plan.key: trial.note.get("reason", "") for plan in candidate.plans}
                elif self._is_missing(candidate, trial):
                    again.append(candidate)
        self._revise()
        return again

    def _revise(self) -> None:
        """Have the strategy see candidates that wait by what is known now of their structure."""
        waiting = [c for c in self.candidates.values() if c.seen and not c.ended]
        standing = [self.figures.standing(c, len(c.seen) - 1) for c in waiting]
        values = self.figures.middles([c.prospect for c in waiting]) if self.search.latency_first else [values for values, _ in standing]
        for candidate, (_, broken), revised in zip(waiting, standing, values, strict=True):
            self.study.revise(candidate.number, revised, violations=broken)

    def _is_missing(self, candidate: Candidate, trial: Trial) -> bool:
        """Whether something of a recalled candidate is to be done: its work, or writing what the store has lost."""
        if trial.state == "open":
            return not candidate.waits
        self.figures.learn(candidate, trial.note["figures"])
        self.costs.charged |= {key for plan in candidate.plans for key in plan.stages}
        # By the key that it had then: parameters that joined the catalogue since change keys, and not what was told.
        known = [self.driver.known.get((trial.note["recipe"], p.seed)) for p in candidate.plans]
        there = [v is not None and v.status == "FINISHED" for v in known]
        self.driver.done += sum(there) if all(there) else 0  # those of one that is gone on with are counted when they are written again
        return not all(there)
