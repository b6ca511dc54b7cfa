"""What a candidate is expected to add to the frontier for each core-second that it still takes."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from effcore.pareto import Floats, hypervolume_gains
from effcore.plan.effects import RUNGS, expected_structure
from effcore.search.analysis import BEYOND, scale_of
from effcore.spec.searchspace import SearchSpace
from effcore.sweep.candidate import Candidate, Prospect
from effcore.sweep.costs import Costs
from effcore.sweep.figures import Figures

CASES = 10
"""Equally likely cases of what a candidate may come to."""

DEVIATIONS = tuple(statistics.NormalDist().inv_cdf((case + 0.5) / CASES) for case in range(CASES))

Rows = Sequence[tuple[float, ...]]


class Worth:
    """Ranks candidates by the hypervolume that they are expected to add, over what it takes to know: their next step, and all of their steps.

    Args:
        figures: What candidates came to, and may come to.
        costs: What they are expected to cost.
        space: What is chosen from.
        seed: Of the training, where a structure follows from it.
    """

    def __init__(self, figures: Figures, costs: Costs, space: SearchSpace, *, seed: int) -> None:
        self._figures, self._costs, self._space, self._seed = figures, costs, space, seed

    def best_first(self, waiting: Sequence[Candidate], everybody: Collection[Candidate], frontier: Rows) -> list[Candidate]:
        """Those that are expected to add something, the most for what it takes first.

        Args:
            waiting: Candidates that were seen at a rung and may go on.
            everybody: All that were begun; the figures of those that were seen span the scale.
            frontier: Objectives of the candidates that are measured and keep the constraints, and of those that are on their way to it.
        """
        if not waiting:
            return []
        gains = self.gains([c.prospect for c in waiting], everybody, frontier)
        worth = [gain / math.sqrt(self._costs.next_s(c) * self._costs.rest_s(c)) for c, gain in zip(waiting, gains, strict=True)]
        order = sorted(range(len(waiting)), key=lambda i: (-worth[i], waiting[i].number))
        return [waiting[i] for i in order if worth[i] > 0]

    def chooser(self, everybody: Collection[Candidate], frontier: Rows) -> Callable[[Sequence[Mapping[str, float]]], int]:
        """Chooses the candidate to begin from several that are proposed, as `Study.ask` wants it; arguments as of `best_first`."""

        def choose(proposals: Sequence[Mapping[str, float]]) -> int:
            read = [self._space.recipe(p) for p in proposals]
            allowed = [(i, Prospect(proposals[i], expected_structure(r, self._seed))) for i, r in enumerate(read) if not isinstance(r, list)]
            if not allowed or not any(c.seen for c in everybody):
                return 0
            gains = self.gains([p for _, p in allowed], everybody, frontier)
            efforts = [self._figures.effort_s(p) for _, p in allowed]
            worth = [
                gain / (math.sqrt(effort.mean * RUNGS[0] * (effort.mean + self._costs.after_s(p.structure))) if effort else 1.0)
                for gain, effort, (_, p) in zip(gains, efforts, allowed, strict=True)
            ]
            return allowed[int(np.argmax(worth))][0]

        return choose

    def gains(self, prospects: Sequence[Prospect], everybody: Collection[Candidate], frontier: Rows) -> Floats:
        """What the hypervolume is expected to grow by with each, in the scale that all that were seen are expected to span. Shape (n,)."""
        seen = [c.prospect for c in everybody if c.seen]
        scale = scale_of([*self._figures.middles(seen), *frontier], self._figures.objectives)
        rows = scale.costs(self._figures.cases(prospects, DEVIATIONS).reshape(-1, len(scale.objectives)))
        found = hypervolume_gains(scale.costs(frontier), rows, reference=[1 + BEYOND] * len(scale.objectives), maximise=False)
        return np.asarray(found.reshape(len(prospects), CASES).mean(axis=1) * self._figures.chances(prospects, DEVIATIONS))
