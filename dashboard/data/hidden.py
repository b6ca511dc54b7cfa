"""What is kept from this visitor of what a page would show: of a sweep, of a search, and of what is on the page already."""

from __future__ import annotations

from collections.abc import Iterable

from dashboard import data


def holds_back(sweep: str) -> bool:
    """Whether something of a sweep is kept from this visitor until the class has guessed it."""
    held = data.snapshot().held
    return bool(held) and any(v.sweep == sweep and v.run_id in held for v in data.everything()[1])


def tells(recipes: Iterable[str]) -> bool:
    """Whether one of those recipes, by key, is one that is kept from this visitor, wherever it was built.

    A search tells of candidates that never became a variant of its sweep, as those that it stopped on the way.
    """
    held = data.snapshot().held
    keys = {v.recipe_key for v in data.everything()[1] if v.run_id in held} if held else set()
    return not keys.isdisjoint(recipes)


def may_stay(shown: data.Snapshot, newest: data.Snapshot) -> bool:
    """Whether what is on a page already may stay there: nothing of it has been taken from this visitor since, or given back."""
    if shown.held != newest.held:
        return False
    return newest.sweeps is None or (shown.sweeps is not None and shown.sweeps <= newest.sweeps)
