"""What candidates of a search came to, and what others may come to before they are measured."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence

from effcore.candidate import Candidate, Seen
from effcore.frontier import OF_THE_STRUCTURE
from effcore.objectives import METRICS, maximise
from effcore.search.outlook import Outlook, hopeless
from effcore.search.promotion import Look
from effcore.searchspace import SearchSpace
from effcore.spec import Spec

CHOSEN_BY = {"accuracy": "val_accuracy"}
"""What a search looks at instead: the test images decide nothing."""

STRUCTURAL = OF_THE_STRUCTURE | {"size_mb", "size_compressed_mb", "params", "macs"}
"""Figures that candidates of one expected structure share."""


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
        self._paces: dict[str, list[float]] = defaultdict(list)

    def measured(self, candidate: Candidate) -> dict[str, float]:
        """Means over its seeds of all figures that every variant has."""
        records = [r for r in candidate.written.values() if r is not None]
        names = set.intersection(*(set(r.metrics) for r in records))
        return {name: sum(r.metrics[name] for r in records) / len(records) for name in sorted(names)}

    def learn(self, candidate: Candidate, figures: Mapping[str, float]) -> None:
        """Remember what a candidate came to."""
        effort_s = candidate.seen[-1].effort_s if candidate.seen else 0.0
        paces = {_pace(name): figures[name] / _grown(name, effort_s) for name in self._needed() & figures.keys()} if effort_s > 0 else {}
        self._outlook.learn(candidate.assignment, dict(figures) | paces)
        for plan in candidate.plans:
            self._structures.setdefault(plan.structure, figures)
        for name, pace in paces.items():
            self._paces[name].append(pace)

    def glimpse(self, candidate: Candidate, seen: Seen) -> None:
        """Remember how accurate a candidate was on its way."""
        if seen.accuracy is not None:
            self._outlook.learn(candidate.assignment, {"val_accuracy": seen.accuracy}, share=seen.share)

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
        known = self._known(candidate, name)
        if known is not None:
            return (known,) * 3
        predicted = self._outlook.predict(candidate.assignment, name)
        return None if predicted is None else (predicted.mean, predicted.low, predicted.high)

    def _known(self, candidate: Candidate, name: str) -> float | None:
        """A figure that was measured of the same structure."""
        return self._structures.get(candidate.plans[0].structure, {}).get(name) if name in STRUCTURAL else None

    def seen(self, candidate: Candidate, accuracy: float, *, effort_s: float, share: float) -> Seen:
        """A candidate as it stands at a rung.

        Args:
            candidate: Which.
            accuracy: On the validation images, at the rung.
            effort_s: Seconds that its whole training takes at the pace of the rung.
            share: Of its epochs that were trained.
        """
        values, violation = self._judged(candidate, accuracy, effort_s)
        return Seen(values=values, violation=violation, accuracy=accuracy, effort_s=effort_s, share=share)

    def look(self, candidate: Candidate, rung: int) -> Look:
        """What was seen of a candidate at a rung, with the other figures as they are measured or predicted by now."""
        seen = candidate.seen[rung]
        known = (seen.values, seen.violation) if seen.accuracy is None else self._judged(candidate, seen.accuracy, seen.effort_s)
        promoted = candidate.launched > rung or candidate.ended
        return Look(number=candidate.number, values=known[0], violation=known[1], promoted=promoted)

    def _judged(self, candidate: Candidate, accuracy: float, effort_s: float) -> tuple[tuple[float, ...], float]:
        """Objectives and violation; a constraint on a figure of which nothing is known yet counts as kept."""
        figures, names = {"val_accuracy": accuracy}, self._needed() - {"val_accuracy"}
        for name in names:
            known = self._known(candidate, name)
            figures[name] = self._by_pace(candidate, name, effort_s) if known is None else known
        unsure = [limit.metric in names and not self._paces[_pace(limit.metric)] for limit in self.limits]
        broken = [0.0 if unknown else max(over, 0.0) for unknown, over in zip(unsure, self.violations(figures), strict=True)]
        return self.values(figures), sum(broken)

    def _by_pace(self, candidate: Candidate, name: str, effort_s: float) -> float:
        """A figure by how long the training takes: in the proportion that is predicted of such candidates, or the usual one, or none."""
        predicted = self._outlook.predict(candidate.assignment, _pace(name))
        pace = statistics.median(self._paces[_pace(name)] or [1.0]) if predicted is None else predicted.mean
        return pace * _grown(name, effort_s)

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


def _pace(name: str) -> str:
    """What a figure is called in proportion to the seconds of a training."""
    return f"{name} by pace"


def _grown(name: str, effort_s: float) -> float:
    """Seconds of a training, turned around for a figure that falls with them."""
    seconds = max(effort_s, 1e-9)
    return 1 / seconds if METRICS[name].maximise else seconds
