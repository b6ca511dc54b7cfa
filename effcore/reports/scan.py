"""How much accuracy each layer of a point loses when it alone is pruned, kept beside the point."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from effcore.analysis.frontier import Variant
from effcore.errors import EffcoreError, StoreError
from effcore.host import host_lock
from effcore.models import snapshot
from effcore.plan.planned import NETWORK
from effcore.tasks import load
from effcore.techniques.pruning.sensitivity import AMOUNTS, Scanned, scan
from effcore.tracking import Store

NAME = "sensitivity"
"""Of a file of a run: the newest scan of each structure, by structure, as `effcore.techniques.pruning.sensitivity.scan` gives it."""


def scan_point(variant: Variant, *, store: Store, structure: Scanned = "weights", amounts: Sequence[float] = AMOUNTS) -> dict[str, Any]:
    """Scans the trained network of a variant and keeps what was found beside the scans of other structures.

    Args:
        variant: A finished one; its network is the one that was exported, before what is done to the file.
        store: Holds the network and gets the file `sensitivity.json`.
        structure: What is taken of each layer.
        amounts: Shares of a layer that are tried, each above 0 and below 1.

    Returns:
        The scan.

    Raises:
        EffcoreError: The network is not in the store, or an amount is out of bounds.
    """
    wrong = [amount for amount in amounts if not 0 < amount < 1]
    if wrong or not amounts:
        raise EffcoreError(f"Amounts to try must be above 0 and below 1, at least one. Got {', '.join(map(str, wrong)) or 'none'}.")
    kept = snapshot.load(_network(variant, store))
    with host_lock(exclusive=False):
        found = scan(snapshot.rebuild(kept), load(kept.task).validation, structure=structure, amounts=sorted(set(amounts)))
    scans = scans_of(variant, store) | {structure: found}
    store.keep(variant.run_id, f"{NAME}.json", scans, tags={NAME: " ".join(sorted(scans))})
    return found


def scans_of(variant: Variant, store: Store) -> dict[str, Any]:
    """The scans that are kept of a variant, by structure; empty where there are none."""
    try:
        found: dict[str, Any] = json.loads(store.file(variant.run_id, f"{NAME}.json").read_text())
    except StoreError:  # it was never scanned
        return {}
    return found


def _network(variant: Variant, store: Store) -> Path:
    """The network that the variant's file was made of, as it is kept beside it."""
    try:
        return store.file(variant.run_id, NETWORK)
    except StoreError as error:
        raise EffcoreError(f"{variant.name} must have its network in the store. It was written without. Run its sweep again.") from error
