"""`effcore search`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from effcore.cli.options import Home, Json, SweepName, Uri, open_store, print_json
from effcore.errors import EffcoreError

if TYPE_CHECKING:
    from effcore.search.history import History


ENOUGH = 30
"""Finished candidates below which the importance of parameters comes with a warning."""


def search(
    sweep: SweepName = None,
    gap: Annotated[bool, typer.Option("--gap", help="Print a spec that searches in the widest gap of the frontier, to be run or changed.")] = False,
    home: Home = None,
    tracking_uri: Uri = None,
    as_json: Json = False,
) -> None:
    """Show what a search found, what it cost and what it saved.

    Hypervolume over compute, which parameters matter, what was stopped or put off, and where the frontier has its widest gap.
    """
    from effcore.search.analysis import report
    from effcore.search.history import read_history
    from effcore.tracking.searches import read_search

    store = open_store(home, tracking_uri)
    record = store.sweep(sweep)
    history = read_history(read_search(store, record.run_id))
    if gap:
        text = _gap_text(store.spec_text(record.run_id), history)
        print_json({"spec": text}) if as_json else print(text, end="")
    elif as_json:
        print_json(report(history) | {"run_id": record.run_id})
    else:
        print_search(history, state=record.state)


def _gap_text(spec_text: str, history: History) -> str:
    from effcore.search.analysis import widest_gap
    from effcore.spec.searchspace import gap_spec

    found = widest_gap(history)
    if found is None:
        raise EffcoreError(f"The frontier of {history.name} has no gap: it needs two objectives and two points. Give the search a larger budget.")
    return gap_spec(spec_text, [tried.assignment for tried in found.between], limits=found.limits)


def print_search(history: History, *, state: str) -> None:
    """Everything in a few lines, and what matters.

    Args:
        history: Of the search.
        state: Of its sweep, see `SweepRecord`.
    """
    from effcore.objectives import searched
    from effcore.search.analysis import fates, growth, importance, nearest_miss, savings, widest_gap

    print(f"{history.name} on {history.task}: {history.strategy} by {history.sampler}, seed {history.seed}, stopping {history.stopping}")
    running = state in ("running", "pausing", "cancelling")
    called = {} if running else {"in work": "unfinished"}
    counts = ", ".join(f"{n} {called.get(fate, fate)}" for fate, n in fates(history).items())
    print(f"  state         {state}" + ("" if state in ("running", "done") else "; the same command goes on with it"))
    print(f"  candidates    {len(history.tried)}: {counts}")
    told = Counter((t.fate, t.reason) for t in history.tried if t.reason)
    for (fate, reason), n in told.most_common(10):
        print(f"                {n} {called.get(fate, fate)}: {reason}")
    saved = savings(history)
    print(f"  cost          {history.core_s:.0f} core-seconds on {history.slots} slots, {saved.choosing_s:.0f} of them to choose")
    print(
        f"  saved         {saved.net_s:.0f} core-seconds: {saved.sharing_s:.0f} by sharing, {saved.stopping_s:.0f} by stopping and "
        f"{saved.postponing_s:.0f} by putting off (forecast), less {saved.choosing_s:.0f} to choose"
        + (f" and {saved.sounding_s:.0f} to measure {history.sounded} structures before they were trained" if history.sounded else "")
    )
    for name, (error, n) in history.prediction_error.items():
        print(f"  predicted     {name} with a median error of {error:.1%} over {n} candidates")
    grown, missed, gap = growth(history), nearest_miss(history), widest_gap(history)
    if grown is not None:
        corner = ", ".join(f"{searched(name).name} {value:.4g}" for name, value in grown.scale.reference.items())
        print(f"  hypervolume   {grown.hypervolume[-1]:.3f} up to the reference point {corner}; each objective scaled to what finished")
        for share in (0.5, 0.9, 1.0):
            at = next(s for s, v in zip(grown.core_s, grown.hypervolume, strict=True) if v >= share * grown.hypervolume[-1])
            print(f"                {share:.0%} of it after {at:.0f} core-seconds")
    if missed is not None:
        print(f"  nearest miss  {missed.name}: breaks the constraints by {missed.violation:.1%}, and nothing keeps them")
    if gap is not None:
        print(f"  gap           between {gap.between[0].name} and {gap.between[1].name}; `effcore search --gap` prints a spec for it")
    finished = sum(t.fate == "finished" for t in history.tried)
    doubt = f"; few candidates, {finished}: a hint at best" if finished < ENOUGH else ""
    for objective, shares in importance(history).items():
        largest = ", ".join(f"{name} {share:.0%}" for name, share in list(shares.items())[:5])
        print(f"  {searched(objective).name} depends on {largest} (PED-ANOVA{doubt})")
