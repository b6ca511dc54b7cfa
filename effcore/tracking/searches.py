"""The history of a search beside its sweep."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from effcore.errors import StoreError
from effcore.tracking import Store

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
        name = store.sweep(run_id).name
        message = f"The sweep {name!r} has no history of a search: it is a grid, or has only begun."
        raise StoreError(f"{message} Give one with a searching strategy.") from error
    return document
