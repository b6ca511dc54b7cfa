"""The history of a search beside its sweep."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from effcore.errors import StoreError
from effcore.tracking import Store, SweepRecord

SEARCH = "search.json"


def log_search(store: Store, run_id: str, document: Mapping[str, Any]) -> None:
    """Keep the history of a search with its sweep, and by what it was chosen as tags."""
    store.keep(run_id, SEARCH, document, tags={name: str(document[name]) for name in ("strategy", "sampler", "seed")})


def read_search(store: Store, run_id: str) -> dict[str, Any]:
    """The history of a search, for `effcore.search.read_history`.

    Raises:
        StoreError: The sweep is no search, or has only begun.
    """
    try:
        document: dict[str, Any] = json.loads(store.file(run_id, SEARCH).read_text())
    except StoreError as error:
        raise StoreError(_why(store.sweep(run_id))) from error
    return document


def _why(record: SweepRecord) -> str:
    """Why a sweep has no history, and what to look at instead."""
    if record.strategy == "one_shot":
        name = shlex.quote(record.name)
        return (
            f"The sweep {record.name!r} searched by one_shot, which keeps no history of candidates. "
            f"`effcore frontier --sweep {name}` shows what it built, `effcore proxies {name}` how well it ranked that before it was built."
        )
    if record.strategy == "grid":
        return f"The sweep {record.name!r} is a grid and so has no history of a search. Give one with a searching strategy."
    return f"The search {record.name!r} by {record.strategy} has no history yet: it has only begun, or waits."
