"""The history of a search, for the record: what its study and its sweep know of every candidate."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Mapping

from effcore.search.history import Fate, History, Tried
from effcore.search.trial import Trial
from effcore.sweep.candidate import Candidate
from effcore.sweep.figures import Figures
from effcore.sweep.searcher import Searcher


def history_of(searcher: Searcher) -> History:
    """The search as it stands."""
    spec, search, trials = searcher.driver.spec, searcher.search, searcher.study.trials
    soundings = [_sounding_s(t) for t in trials if "sounding" in t.note]
    searcher.figures.foresee([c.prospect for c in searcher.candidates.values() if c.seen])
    return History(
        name=spec.name, task=spec.task, strategy=search.strategy, stopping=search.stopping, latency_first=search.latency_first,
        seed=search.seed, objectives=spec.objectives, constraints=tuple(search.constraints), sampler=searcher.sampler,
        slots=searcher.driver.slots, elapsed_s=round(searcher.spending.elapsed_s, 2), core_s=round(searcher.spending.core_s, 2),
        choosing_s=round(searcher.spending.choosing_s, 2), shared_s=round(sum(_shared_s(t) for t in trials), 2),
        prediction_error=_errors(trials), space=searcher.space.dimensions, tried=tuple(_tried(searcher, t) for t in trials),
        sounded=len(soundings), sounding_s=round(sum(soundings), 2),
    )  # fmt: skip


def _tried(searcher: Searcher, trial: Trial) -> Tried:
    candidate = searcher.candidates.get(trial.number)
    refused = trial.note.get("reason", "").startswith("refused")
    fates: Mapping[str, Fate] = {"done": "finished", "failed": "refused" if refused else "failed", "postponed": "postponed"}
    waits = candidate is not None and candidate.waits
    fate = fates.get(trial.state, "stopped" if waits else "in work")
    told = () if candidate is None else _rungs(searcher.figures, candidate)
    saved_s = searcher.rest_s(candidate) if candidate is not None and waits else float(trial.note.get("saved_s", 0.0))
    return Tried(
        number=trial.number, name=trial.note.get("name", ""), recipe=trial.note.get("recipe", ""), assignment=dict(trial.assignment), fate=fate,
        values=trial.values if trial.state == "done" else told[-1] if told else None, violation=trial.violation,
        core_s=float(trial.note.get("core_s", trial.note.get("asked_core_s", 0.0))),
        rungs=told, reason=trial.note.get("reason", ""),
        saved_s=round(saved_s, 2),
    )  # fmt: skip


def _rungs(figures: Figures, candidate: Candidate) -> tuple[tuple[float, ...], ...]:
    """Objectives at each rung, as they are known or predicted by now; none where seconds of training would stand for one of them."""
    if not candidate.seen or not figures.are_told(candidate.prospect):
        return ()
    return tuple(figures.standing(candidate, rung)[0] for rung in range(len(candidate.seen)))


def _shared_s(trial: Trial) -> float:
    return float(trial.note.get("alone_s", 0.0)) - float(trial.note.get("added_s", 0.0))


def _sounding_s(trial: Trial) -> float:
    """Core-seconds of building, exporting and measuring an untrained network; a finished candidate would have been measured in any case."""
    took = trial.note["sounding"]
    return float(took["made_s"]) + (0.0 if trial.state == "done" else float(took["measured_s"]))


def _errors(trials: list[Trial]) -> dict[str, tuple[float, int]]:
    """Median error of what was predicted before a candidate was begun, as a share of what was measured."""
    found: dict[str, list[float]] = defaultdict(list)
    for trial in trials:
        figures = trial.note.get("figures") or trial.note.get("sounding", {}).get("figures", {})
        for name, predicted in trial.note.get("predicted", {}).items():
            if figures.get(name):
                found[name].append(abs(predicted - figures[name]) / abs(figures[name]))
    return {name: (round(statistics.median(errors), 4), len(errors)) for name, errors in sorted(found.items())}
