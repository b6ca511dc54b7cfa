"""The points behind the claims, out of the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from effcore.analysis.frontier import Evidence, Frontier, Point, find_frontier
from effcore.catalogue import TECHNIQUES
from effcore.errors import StoreError
from effcore.reports.reproductions.claims import CLAIMS, Claim, Side
from effcore.reports.reproductions.judge import Result, judge
from effcore.tracking import Store


def read_results(store: Store, claims: Sequence[Claim] = CLAIMS) -> tuple[Result, ...]:
    """Each claim beside what its sweep found, in the order of the claims; what is not there yet is said to be missing.

    Args:
        store: Where the results of the sweeps are.
        claims: What is looked for.
    """
    sweeps = {name: points_and_evidence(store, name) for name in dict.fromkeys(claim.sweep for claim in claims)}
    return tuple(_result(claim, sweeps[claim.sweep]) for claim in claims)


def points_and_evidence(store: Store, sweep: str) -> tuple[Frontier, Evidence] | None:
    """The points of a sweep with the raw results behind them; None where the store has no sweep of that name."""
    try:
        record = store.sweep(sweep)
    except StoreError:
        return None
    frontier = find_frontier(store.variants(sweep=record.run_id), ("accuracy",))
    return frontier, store.evidence(replace(frontier, objectives=("accuracy", "latency_ratio", "latency_ms")))


def point_of(side: Side, frontier: Frontier) -> Point | None:
    """The one point that a side means; None where there is none."""
    optional = frozenset(name for name, record in TECHNIQUES.items() if record.optional)
    return next((point for point in frontier.points if side.fits(point, optional)), None)


def _result(claim: Claim, found: tuple[Frontier, Evidence] | None) -> Result:
    command = f"`effcore run experiments/{claim.spec}`"
    if found is None:
        return Result(claim=claim, verdict="missing", words=f"missing: {command}")
    frontier, evidence = found
    sides = {side: point_of(side, frontier) for side in (claim.base, claim.changed)}
    lacking = [side.text for side, point in sides.items() if point is None]
    base, changed = sides[claim.base], sides[claim.changed]
    if base is None or changed is None:
        words = f"missing: the sweep {claim.sweep!r} has no finished {' and no '.join(lacking)}; {command}"
        return Result(claim=claim, verdict="missing", words=words)
    return judge(claim, base, changed, evidence)
