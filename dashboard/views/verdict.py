"""What the last step of a point did, as lines for its page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from effcore.analysis.frontier import Evidence, Frontier, Variant
from effcore.analysis.reasons import best_rate
from effcore.analysis.verdict import RULES, Verdict, family, judge


@dataclass(frozen=True, kw_only=True)
class VerdictView:
    """The verdict in words.

    Attributes:
        line: Outcome and every change with its interval.
        details: Reasons, notes and payback, a sentence each.
        rules: How an outcome comes about.
    """

    line: str
    details: tuple[str, ...]
    rules: tuple[str, ...] = RULES


def verdict_view(variants: Sequence[Variant], run_id: str, *, evidence: Callable[[Frontier], Evidence]) -> VerdictView | None:
    """The verdict of a point over all its seeds against its parent.

    Args:
        variants: All of the store.
        run_id: Run of the variant.
        evidence: Reads the raw results behind points; asked for no more than two.

    Returns:
        None where the two can't be compared; the page says why beside the figures.
    """
    mine = next((v for v in variants if v.run_id == run_id), None)
    if mine is None or mine.status != "FINISHED":
        return None
    siblings = [v for v in variants if v.sweep == mine.sweep]
    relatives = family(siblings, variants, environment=mine.environment)
    child, parent = relatives.point(mine.recipe_key), relatives.point(mine.parent or "")
    if child is None or parent is None:
        return None
    found = judge(child, parent, evidence(replace(relatives, points=(child, parent))), rate=best_rate(relatives.points))
    return None if found.outcome is None else VerdictView(line=_sentence(found.text), details=_details(found))


def _details(verdict: Verdict) -> tuple[str, ...]:
    took = (f"Training: {verdict.training}.",) if verdict.training else ()
    earned = (f"Payback of its own training: {verdict.payback.text}.",) if verdict.payback else ()
    return (*(_sentence(text) for text in (*verdict.reasons, *verdict.notes)), *took, *earned)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
