"""The frontier as plain data, as `frontier --json` prints it and a notebook gets it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from effcore.analysis.devices import fit
from effcore.analysis.frontier import Frontier, Point, Variant, find_frontier, with_probability
from effcore.analysis.ties import with_ties
from effcore.analysis.verdict import NEEDED, Verdict, family, judge_all
from effcore.catalogue.devices import Device
from effcore.errors import EffcoreError, nearest
from effcore.tracking import Store


def read_frontier(
    store: Store,
    *,
    sweep: str | None = None,
    objectives: Sequence[str] = (),
    environment: str | None = None,
    budgets: Mapping[str, float] | None = None,
) -> Frontier:
    """The frontier of a sweep, with the probability and the ties of every point.

    Args:
        store: Where the results are.
        sweep: Name or run id; the newest where it is None.
        objectives: Names of metrics; those of the sweep where there are none.
        environment: Key of the environment; the most frequent one where it is None.
        budgets: Worst value allowed, by metric.

    Raises:
        StoreError: There is no such sweep.
        EffcoreError: An objective or a budget is no metric, or nothing was measured in that environment.
    """
    record = store.sweep(sweep)
    variants = store.variants(sweep=record.run_id)
    known = {v.environment for v in variants if v.environment}
    if environment is not None and environment not in known:
        raise EffcoreError(f"Nothing of this sweep was measured in an environment {environment!r}. {nearest(environment, known)}".strip())
    frontier = find_frontier(
        variants, tuple(objectives) or record.objectives, environment=environment, budgets=budgets
    )
    needed = tuple(dict.fromkeys((*frontier.objectives, *NEEDED)))
    evidence = store.evidence(replace(frontier, objectives=needed))
    return with_ties(with_probability(frontier, evidence), evidence)


def read_verdicts(store: Store, frontier: Frontier, *, sweep: str | None = None) -> dict[str, Verdict]:
    """The verdict of every point against its parent, by recipe key.

    A parent that this sweep did not measure is looked up in the others of the store, in the same environment.

    Args:
        store: Where the results are.
        frontier: Whose points are judged.
        sweep: Name or run id of its sweep; the newest where it is None.

    Raises:
        StoreError: There is no such sweep.
    """
    own = store.variants(sweep=store.sweep(sweep).run_id)
    relatives = family(own, store.variants(), environment=frontier.environment)
    failed = {v.recipe_key: v.error or "no cause was recorded" for v in own if v.status == "FAILED"}
    return judge_all(frontier.points, relatives, store.evidence(relatives, did=True), failed=failed)


def frontier_document(
    frontier: Frontier,
    variants: Iterable[Variant],
    *,
    verdicts: Mapping[str, Verdict] | None = None,
    device: Device | None = None,
) -> dict[str, Any]:
    """The stable form that programs depend on.

    Args:
        frontier: Its points become rows.
        variants: Those it was made from; the failed ones become rows too, with their cause.
        verdicts: By recipe key; each becomes `verdict` of its row.
        device: Whether a point fits it becomes `fits` of its row.
    """
    none = {name: None for name, asked in (("verdict", verdicts is not None), ("fits", device is not None)) if asked}
    failed = [_failed_row(v) | none for v in variants if v.status == "FAILED"]
    return {
        "objectives": list(frontier.objectives),
        "environment": frontier.environment,
        "variants": [*(_row(p, verdicts or {}, device) for p in frontier.points), *sorted(failed, key=lambda row: (row["name"], row["run_id"]))],
        "left_out": [{"run_id": e.run_id, "name": e.name, "reason": e.reason} for e in frontier.left_out],
    }


def _failed_row(variant: Variant) -> dict[str, Any]:
    return _identity(variant) | {
        "seeds": [variant.seed], "status": "failed", "error": variant.error, "metrics": dict(variant.metrics),
        "artifact": variant.artifact, "on_frontier": False, "probability": None, "dominated_by": [], "tied_with": [],
        "noisy": variant.noisy,
    }  # fmt: skip


def _identity(variant: Variant) -> dict[str, Any]:
    return {
        "run_id": variant.run_id, "name": variant.name, "key": variant.recipe_key, "recipe": variant.recipe,
        "parent": variant.parent, "step": variant.step, "technique": variant.technique,
        "runtime": variant.runtime, "environment": variant.environment, "structure": variant.structure,
    }  # fmt: skip


def _row(point: Point, verdicts: Mapping[str, Verdict], device: Device | None) -> dict[str, Any]:
    verdict = verdicts.get(point.key)
    judged = ({"verdict": verdict.document} if verdict else {}) | ({"fits": fit(point, device).document} if device else {})
    probability = None if math.isnan(point.probability) else round(point.probability, 4)
    return _identity(point.first) | {
        "seeds": list(point.seeds), "status": "finished", "error": None, "metrics": dict(point.metrics),
        "artifact": point.first.artifact, "on_frontier": point.on_frontier, "probability": probability,
        "dominated_by": list(point.dominated_by), "tied_with": list(point.tied_with),
        "noisy": any(v.noisy for v in point.variants), **judged,
    }  # fmt: skip
