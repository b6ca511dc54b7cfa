"""What candidates of a search came to, and what others may come to before they are measured."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from effcore.analysis.frontier import OF_THE_STRUCTURE
from effcore.objectives import METRICS, maximise, searched
from effcore.pareto import Floats
from effcore.plan.effects import expected_structure
from effcore.recipe import Recipe
from effcore.search.outlook import BELIEVED, Outlook, Prediction, cases_of, features, hopeless
from effcore.search.pace import Paced, by_pace
from effcore.search.promotion import Look
from effcore.spec import Spec
from effcore.spec.dimensions import Assignment, Dimension
from effcore.spec.searchspace import SearchSpace
from effcore.sweep.candidate import Candidate, Prospect, Seen

STRUCTURAL = OF_THE_STRUCTURE | {"size_mb", "size_compressed_mb", "params", "macs"}
"""Figures that candidates of one expected structure share."""

DOUBT = 0.3
"""Standard deviation of the logarithm of a figure by pace, as long as none was measured."""

ORDERS = (1, 3, 7, 9)
"""Steps through ten cases that come to each of them once."""


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
        self._shaping = shaping(space)
        self._paced: dict[str, Paced] = {}
        self._efforts: dict[str, list[float]] = defaultdict(list)
        self._foreseen: dict[tuple[str, str], Prediction | None] = {}

    def measured(self, candidate: Candidate) -> dict[str, float]:
        """Means over its seeds of all figures that every variant has."""
        records = [r for r in candidate.written.values() if r is not None]
        names = set.intersection(*(set(r.metrics) for r in records))
        return {name: sum(r.metrics[name] for r in records) / len(records) for name in sorted(names)}

    def lacking(self, figures: Mapping[str, float]) -> list[str]:
        """What objectives and constraints are judged by and is not among some figures, as a percentile where predictions were too few."""
        return sorted(self._needed() - figures.keys())

    def learn(self, candidate: Candidate, figures: Mapping[str, float]) -> None:
        """Remember what a candidate came to."""
        settled = bool(candidate.seen) and candidate.seen[-1].settled  # its accuracy was learned when it was seen
        self._outlook.learn(candidate.assignment, {k: v for k, v in figures.items() if not settled or k != "val_accuracy"})
        for plan in candidate.plans:
            # What was measured of it before it was trained stays; the rest joins it.
            self._structures[plan.structure] = {**figures, **self._structures.get(plan.structure, {})}
        self._foreseen.clear()

    def glimpse(self, candidate: Candidate, seen: Seen) -> None:
        """Remember how accurate a candidate was on its way, and how fast it trained."""
        if seen.accuracy is not None:
            self._outlook.learn(candidate.assignment, {"val_accuracy": seen.accuracy, "effort_s": seen.effort_s}, share=seen.share)
        if seen.effort_s > 0:
            structure = candidate.plans[0].structure
            self._paced[structure] = self._as_paced(candidate.assignment, seen.effort_s)
            self._efforts[structure].append(seen.effort_s)
            self._foreseen.clear()

    def values(self, figures: Mapping[str, float]) -> tuple[float, ...]:
        """The objectives, accuracy on the validation images."""
        return tuple(figures[searched(name).name] for name in self.objectives)

    def violations(self, figures: Mapping[str, float]) -> list[float]:
        """By how much each constraint is broken."""
        return [limit.violation(figures[searched(limit.metric).name]) for limit in self.limits]

    def is_known(self, structure: str) -> bool:
        """Whether a structure was measured."""
        return structure in self._structures

    def expected(self, prospect: Prospect, name: str) -> Prediction | None:
        """A figure as it is known or predicted; None while too little is known."""
        name = searched(name).name
        known = self._known(prospect.structure, name)
        if name == "val_accuracy" and prospect.seen is not None and prospect.seen.settled:
            known = prospect.seen.accuracy
        if known is not None:
            return Prediction(known, known, known)
        return self._by_pace(prospect, name) or self._outlook.predict(prospect.assignment, name)

    def _known(self, structure: str, name: str) -> float | None:
        """A figure that was measured of the same structure."""
        return self._structures.get(structure, {}).get(name) if name in STRUCTURAL else None

    def seen(self, candidate: Candidate, accuracy: float, *, effort_s: float, share: float) -> Seen:
        """A candidate as it stands at a rung.

        Args:
            candidate: Which.
            accuracy: On the validation images, at the rung.
            effort_s: Seconds that its whole training takes at the pace of the rung.
            share: Of its epochs that were trained.
        """
        values, broken = self._judged(candidate, accuracy, effort_s)
        settled = candidate.settles and len(candidate.seen) + 1 == candidate.last
        return Seen(values=values, violation=sum(broken), accuracy=accuracy, effort_s=effort_s, share=share, settled=settled)

    def look(self, candidate: Candidate, rung: int) -> Look:
        """What was seen of a candidate at a rung, with the other figures as they are measured or predicted by now."""
        values, broken = self.standing(candidate, rung)
        return Look(number=candidate.number, values=values, violation=sum(broken), promoted=candidate.launched > rung or candidate.ended)

    def standing(self, candidate: Candidate, rung: int) -> tuple[tuple[float, ...], list[float]]:
        """Objectives at a rung and by how much each constraint is broken there, zero where it is kept; by what is known by now."""
        seen = candidate.seen[rung]
        if seen.accuracy is None:  # seen by an earlier version, which kept all that is broken as one number
            return seen.values, [seen.violation, *([0.0] * len(self.limits))][: len(self.limits)]
        return self._judged(candidate, seen.accuracy, seen.effort_s)

    def _judged(self, candidate: Candidate, accuracy: float, effort_s: float) -> tuple[tuple[float, ...], list[float]]:
        """Objectives and what is broken; a constraint on a figure of which nothing is known yet counts as kept."""
        figures, names = {"val_accuracy": accuracy}, self._needed() - {"val_accuracy"}
        for name in names:
            estimate = self._estimate(candidate.prospect, name)
            figures[name] = _grown(name, effort_s) if estimate is None else estimate
        unsure = [limit.metric in names and not self._is_told(limit.metric) for limit in self.limits]
        broken = [0.0 if unknown else max(over, 0.0) for unknown, over in zip(unsure, self.violations(figures), strict=True)]
        return self.values(figures), broken

    def _estimate(self, prospect: Prospect, name: str) -> float | None:
        """A figure as it was measured, or else by the pace of training or by what was decided; None while nothing like it was measured."""
        known = self._known(prospect.structure, name)
        if known is not None:
            return known
        predicted = self._by_pace(prospect, name) if name in STRUCTURAL else self._outlook.predict(prospect.assignment, name)
        return None if predicted is None else predicted.mean

    def are_told(self, prospect: Prospect) -> bool:
        """Whether every objective is measured or predicted of a candidate that was seen; otherwise seconds of training stand for some."""
        return all(self._estimate(prospect, name) is not None for name in self.objectives if name not in ("accuracy", "val_accuracy"))

    def effort_s(self, prospect: Prospect) -> Prediction | None:
        """Seconds that its whole training takes, by those of the same structure that were seen, else by what is expected of it."""
        known = self._efforts.get(prospect.structure)
        if known:
            median = statistics.median(known)
            return Prediction(median, median, median)
        return self._outlook.predict(prospect.assignment, "effort_s")

    def _as_paced(self, assignment: Assignment, effort_s: float, *, doubt: float = 0.0) -> Paced:
        """A structure by the decisions that shape it."""
        kinds = [d for d in self._shaping if d.labels and not d.ordered]
        return Paced(features(kinds, assignment), features(self._shaping, assignment), effort_s, doubt=doubt)

    def _by_pace(self, prospect: Prospect, name: str) -> Prediction | None:
        """A figure by how long the training takes; None while nothing that could tell was measured or seen.

        And of what is none of the structure's, as the time of a training with its batch size: it does not follow from others of one structure.
        """
        if name not in STRUCTURAL:
            return None
        if (name, prospect.structure) not in self._foreseen:
            self._foresee_by_pace([prospect], name)
        return self._foreseen[name, prospect.structure]

    def _foresee_by_pace(self, prospects: Iterable[Prospect], name: str) -> None:
        new = {p.structure: p for p in prospects if (name, p.structure) not in self._foreseen}
        if not new:
            return
        rows = [
            replace(self._paced[key], effort_s=_grown(name, statistics.median(self._efforts[key])), figure=figures[name])
            for key, figures in self._structures.items()
            if name in figures and key in self._efforts
        ]  # fmt: skip
        asked = {}
        for structure, prospect in new.items():
            effort = self.effort_s(prospect) if rows else None
            if effort is not None:
                doubt = math.log(max(effort.high / effort.low, 1.0)) / (2 * BELIEVED)
                asked[structure] = self._as_paced(prospect.assignment, _grown(name, effort.mean), doubt=doubt)
        found = dict(zip(asked, by_pace(rows, list(asked.values())), strict=True))
        self._foreseen |= {(name, structure): found.get(structure) for structure in new}

    def foresee(self, candidates: Iterable[Prospect]) -> None:
        """Predict for many at once, which takes about as long as for one."""
        asked = list(candidates)
        self._outlook.predict_all([p.assignment for p in asked if p.structure not in self._efforts], "effort_s")
        needed = self._needed()
        for name in needed - STRUCTURAL:
            self._outlook.predict_all([p.assignment for p in asked], name)
        for name in needed & STRUCTURAL:
            self._foresee_by_pace([p for p in asked if self._known(p.structure, name) is None], name)

    def cases(self, prospects: Sequence[Prospect], deviations: Sequence[float]) -> Floats:
        """Objectives of cases that are as likely as so many standard deviations of each are; the objectives vary independently.

        Where too little is known, accuracy is that of the last rung, and others are in proportion to the seconds of the training.

        Returns:
            Shape (prospects, deviations, objectives).
        """
        self.foresee(prospects)
        columns = []
        for index, name in enumerate(self.objectives):
            name = searched(name).name
            expected = [self.expected(p, name) or self._seen(p, name) for p in prospects]
            # Each objective goes through the cases in another order, so that together they fill the space.
            places = [case * ORDERS[index % len(ORDERS)] % len(deviations) for case in range(len(deviations))]
            columns.append(cases_of(name, expected, [deviations[place] for place in places]))
        return np.stack(columns, axis=-1)

    def middles(self, prospects: Sequence[Prospect]) -> list[tuple[float, ...]]:
        """The objectives that are expected of candidates."""
        return [tuple(row) for row in self.cases(prospects, (0.0,))[:, 0].tolist()]

    def chances(self, prospects: Sequence[Prospect], deviations: Sequence[float]) -> Floats:
        """In which share of equally likely cases candidates keep all constraints; those on what nothing is known of count as kept. Shape (n,)."""
        shares = np.ones(len(prospects))
        for limit in self.limits:
            name = searched(limit.metric).name
            expected = [self.expected(p, name) for p in prospects]
            told = [index for index, found in enumerate(expected) if found is not None]
            cases = cases_of(name, [found for found in expected if found is not None], deviations)
            shares[told] *= [statistics.fmean(limit.violation(figure) <= 0 for figure in row) for row in cases.tolist()]
        return shares

    def _seen(self, prospect: Prospect, name: str) -> Prediction:
        """A figure by what was seen alone."""
        seen = prospect.seen
        if name == "val_accuracy":
            accuracy = seen.accuracy if seen is not None and seen.accuracy is not None else 0.0
            return Prediction(accuracy, accuracy, accuracy)
        effort = self.effort_s(prospect)
        own_s = seen.effort_s if seen is not None and name not in STRUCTURAL else 0.0
        middle, spread = _grown(name, own_s or (effort.mean if effort else 1.0)), math.exp(BELIEVED * DOUBT)
        return Prediction(middle, middle / spread, middle * spread)

    def _is_told(self, name: str) -> bool:
        """Whether a figure was measured of anything."""
        return any(name in figures for figures in self._structures.values())

    def predicted(self, candidate: Candidate) -> dict[str, float]:
        """The figures of a candidate that are not known but can be predicted."""
        unknown = [name for name in self._needed() if self._known(candidate.plans[0].structure, name) is None]
        found = {name: self.expected(candidate.prospect, name) for name in unknown}
        return {name: round(p.mean, 6) for name, p in found.items() if p is not None}

    def believed(self, prospect: Prospect) -> dict[str, Prediction] | None:
        """What is believed of a candidate, from the least to the most of each figure; None while too little is known."""
        found = {name: self.expected(prospect, name) for name in self._needed()}
        told = {name: expected for name, expected in found.items() if expected is not None}
        return told if len(told) == len(found) else None

    def best_believed(self, believed: Mapping[str, Prediction]) -> tuple[tuple[float, ...], list[float]]:
        """The best that is believed of each objective, and of each constraint the least by which it is broken, each for itself."""
        values = tuple(believed[searched(n).name].best(maximise=up) for n, up in zip(self.objectives, self.maximise, strict=True))
        ends = [believed[searched(limit.metric).name].best(maximise=limit.at_least) for limit in self.limits]
        return values, [max(limit.violation(end), 0.0) for limit, end in zip(self.limits, ends, strict=True)]

    def note(self, believed: Mapping[str, Prediction]) -> dict[str, Any]:
        """What is kept of a candidate that is put off, to find the most promising of those."""
        values, violations = self.best_believed(believed)
        return {"believed": list(values), "broken": sum(violations)}

    def hopeless(self, believed: Mapping[str, Prediction], frontier: Sequence[tuple[float, ...]]) -> str:
        """Why a candidate can't be wanted even at the best that is believed of it; empty where it can.

        Args:
            believed: From `believed`.
            frontier: Objectives of the measured candidates that keep the constraints.
        """
        if not frontier:
            return ""
        values, violations = self.best_believed(believed)
        broken = [limit.text for limit, over in zip(self.limits, violations, strict=True) if over > 0]
        if broken:
            return f"breaks {broken[0]} even at the best that is believed of it"
        if hopeless(values, frontier, maximise=self.maximise):
            return "a measured candidate is as good in everything as the best that is believed of it"
        return ""

    def _needed(self) -> set[str]:
        return {searched(name).name for name in (*self.objectives, *(limit.metric for limit in self.limits))}


def shaping(space: SearchSpace) -> tuple[Dimension, ...]:
    """The decisions that operators and shapes follow from, and with them latency and memory."""
    base = {d.name: 0.0 if d.labels else d.low for d in space.dimensions}
    found = []
    for dimension in space.dimensions:
        there = base | {name: float(index) for name, index in dimension.needs}
        ends = [float(index) for index in range(len(dimension.labels))] or [dimension.low, dimension.high]
        read = [space.recipe(there | {dimension.name: end}) for end in ends]
        if len({expected_structure(recipe, 0) for recipe in read if isinstance(recipe, Recipe)}) > 1:
            found.append(dimension)
    return tuple(found)


def _grown(name: str, effort_s: float) -> float:
    """Seconds of a training, turned around for a figure that falls with them."""
    seconds = max(effort_s, 1e-9)
    return 1 / seconds if METRICS[name].maximise else seconds
