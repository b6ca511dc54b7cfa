"""Makes candidates of what a study asks for: its decisions become a recipe, and that the plans of its variants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from effcore.errors import EffcoreError
from effcore.plan import Planner
from effcore.search.trial import Trial
from effcore.spec.searchspace import SearchSpace
from effcore.sweep.candidate import Candidate, make_candidate


class Maker:
    """Makes candidates.

    Args:
        space: What is chosen from.
        planner: Plans variants.
        seeds: One variant for each.
        stops: Whether a candidate may be stopped at a rung.
    """

    def __init__(self, space: SearchSpace, planner: Planner, *, seeds: Sequence[int], stops: bool) -> None:
        self._space, self._planner, self._seeds, self._stops = space, planner, seeds, stops

    def note(self, assignment: Mapping[str, float], before: Iterable[Trial]) -> dict[str, Any]:
        """What is kept with a trial from its first moment on: its recipe, or the reason why there is none to begin.

        Args:
            assignment: What was decided of it.
            before: Trials that were asked for before.
        """
        read = self._space.recipe(assignment)
        if isinstance(read, list):
            return {"reason": f"refused: {read[0]}"}
        twin = next((t.number for t in before if t.note.get("recipe") == read.key), None)
        if twin is not None:  # as where two lists of `recipes` meet
            return {"reason": f"refused: the same recipe as candidate {twin}"}
        return {"recipe": read.key, "name": read.name}

    def candidate(self, trial: Trial) -> Candidate:
        """The candidate of a trial that was not refused.

        Raises:
            EffcoreError: The catalogue refuses its recipe by now.
        """
        recipe = self._space.recipe(trial.assignment)
        if isinstance(recipe, list):
            raise EffcoreError(f"The search holds a candidate that is not allowed any more: {recipe[0]}. Give the sweep another name.")
        plans = [self._planner.variant(recipe, seed) for seed in self._seeds]
        return make_candidate(trial.number, trial.assignment, plans, self._planner.stages, stops=self._stops)
