"""Which candidates that wait at a rung go on: those that successive halving lets go on, in the order of what they are worth."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from effcore.catalogue.search import Search
from effcore.search.promotion import best_first, bracket_of, promotable
from effcore.sweep.candidate import Candidate
from effcore.sweep.figures import Figures
from effcore.sweep.worth import Worth

Rows = Sequence[tuple[float, ...]]


class Promoting:
    """Successive halving over the candidates of a search.

    Args:
        search: How it searches.
        figures: What candidates came to, and may come to.
        worth: What they are expected to add.
    """

    def __init__(self, search: Search, figures: Figures, worth: Worth) -> None:
        self._search, self._figures, self._worth = search, figures, worth

    def bracket(self, candidate: Candidate) -> int:
        """First rung at which a candidate is judged: the first one, but for Hyperband."""
        if self._search.stopping != "hyperband":
            return candidate.bracket
        return bracket_of(candidate.number, levels=candidate.levels, reduction=self._search.reduction, seed=self._search.seed)

    def in_order(self, candidates: Collection[Candidate], measured: Rows, coming: Rows) -> Iterable[Candidate]:
        """Candidates that may go on: by what they are worth, or from the highest rung down, the best of a rung first.

        Args:
            candidates: All that were begun.
            measured: Objectives of those that are measured and keep the constraints.
            coming: Expected objectives of those that are on their way to it.
        """
        seen = [c for c in candidates if c.seen]
        # As long as nothing keeps the constraints, the usual rule brings those first that break them least.
        by_worth = self._search.latency_first and len(self._figures.objectives) > 1 and (bool(measured) or not self._search.constraints)
        return self._by_worth(seen, [*measured, *coming]) if by_worth else self._by_rung(seen, measured)

    def farthest_first(self, candidates: Iterable[Candidate]) -> list[Candidate]:
        """Those that wait at the highest rung at which any waits, the best first."""
        waiting = [c for c in candidates if c.waits and c.seen]
        deepest = max((len(c.seen) for c in waiting), default=0)
        looks = {c.number: self._figures.look(c, deepest - 1) for c in waiting if len(c.seen) == deepest}
        best = best_first(list(looks.values()), maximise=self._figures.maximise, tie_break=self._search.tie_break)
        by_number = {c.number: c for c in waiting}
        return [by_number[look.number] for look in best]

    def _by_worth(self, seen: Sequence[Candidate], frontier: Rows) -> Sequence[Candidate]:
        """By the hypervolume that they are expected to add for what it takes; what is expected sorts well enough for one in `reduction` to stay.

        Whoever is trained to its end goes on as long as it may add anything: its accuracy is known, and exporting it shows the rest.
        """
        waiting = [c for c in seen if c.waits]
        places = {at: self._places(seen, *at) for at in {_stands(c) for c in waiting if not c.trained}}
        # Whoever has no place to go on to is not weighed: a search of minutes has hundreds that wait.
        candidates = [c for c in waiting if c.trained or places[_stands(c)] > 0]
        allowed = []
        for candidate in self._worth.best_first(candidates, seen, frontier):
            if not candidate.trained:
                places[_stands(candidate)] -= 1
                if places[_stands(candidate)] < 0:
                    continue
            allowed.append(candidate)
        return allowed

    def _places(self, seen: Sequence[Candidate], rung: int, bracket: int) -> int:
        """How many more may go on from a rung."""
        there = _at(seen, rung, bracket)
        gone_on = sum(not (c.waits and len(c.seen) == rung + 1) for c in there)
        return len(there) * (self._search.reduction - 1) // self._search.reduction - gone_on

    def _by_rung(self, seen: Sequence[Candidate], measured: Rows) -> Iterator[Candidate]:
        yield from (c for c in seen if c.waits and c.trained)
        for rung in range(max((c.levels for c in seen), default=0) - 1, -1, -1):
            for bracket in range(rung + 1):
                yield from self._by_front(_at(seen, rung, bracket), rung, measured)

    def _by_front(self, there: Sequence[Candidate], rung: int, measured: Rows) -> Iterator[Candidate]:
        """The usual rule, without those that can't reach the frontier by what was seen of them and of others."""
        looks = [self._figures.look(c, rung) for c in there]
        by_number = {c.number: c for c in there}
        reduction, tie_break = self._search.reduction, self._search.tie_break
        for number in promotable(looks, maximise=self._figures.maximise, reduction=reduction, tie_break=tie_break):
            candidate = by_number[number]
            believed = self._figures.believed(candidate.prospect) if self._search.latency_first else None
            if candidate.waits and not (believed and self._figures.hopeless(believed, measured)):
                yield candidate


def _stands(candidate: Candidate) -> tuple[int, int]:
    """The rung at which a candidate was seen last, and its bracket."""
    return len(candidate.seen) - 1, candidate.bracket


def _at(seen: Sequence[Candidate], rung: int, bracket: int) -> list[Candidate]:
    """Those that were seen at a rung and are judged there, whether or not they went on."""
    return [c for c in seen if c.bracket == bracket and rung < c.levels and len(c.seen) > rung]
