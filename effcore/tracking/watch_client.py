"""What changed in an MLflow store behind a server, told by searches that hold only what may have changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from effcore.errors import StoreError
from effcore.tracking.opening import said_by
from effcore.tracking.runs import Changes, Run, from_mlflow

OVERLAP_MS = 5000
"""A run that ends while another is read may carry an end time slightly before it."""

EVERY_S = 2.0
"""Looks at a server that are closer together than this are one look."""

Search = Callable[..., list[Any]]
"""(filter, deleted=bool) -> MLflow runs."""


class ClientRuns:
    """One experiment, asked for through MLflow's client.

    Args:
        search: Finds runs of the experiment.
        every_s: Least time between two looks.
    """

    def __init__(self, search: Search, *, every_s: float = EVERY_S) -> None:
        self._search = search
        self._every_s = every_s
        self._looked = float("-inf")
        self._seen_ms = -1
        self._known: dict[str, Run] = {}
        self._deleted: set[str] = set()

    def changes(self) -> Iterator[Changes]:
        """See `Watched.changes`. Tags that were changed on runs that have ended long ago are not told of."""
        now = time.monotonic()
        if now - self._looked < self._every_s:
            return
        try:
            deleted = {str(run.info.run_id) for run in self._search("", deleted=True)}
            found = [from_mlflow(run) for run in self._candidates(restored=bool(self._deleted - deleted))]
        except Exception as error:  # MLflow and what is under it raise dozens of kinds here
            raise StoreError(f"The tracking store can't be read: {said_by(error)}") from error
        gone = frozenset(deleted & self._known.keys())
        runs = tuple(run for run in found if run.run_id not in deleted and self._known.get(run.run_id) != run)
        for run_id in gone:
            del self._known[run_id]
        self._known |= {run.run_id: run for run in runs}
        self._seen_ms = max((run.ended_ms or 0 for run in self._known.values()), default=0)
        self._deleted, self._looked = deleted, now
        if runs or gone:
            yield Changes(runs=runs, gone=gone)

    def _candidates(self, *, restored: bool) -> list[Any]:
        """Everything at first and where a run was restored; else what has not ended and what ended lately."""
        if self._seen_ms < 0 or restored:
            return self._search("")
        lately = self._search(f"attributes.end_time > {max(0, self._seen_ms - OVERLAP_MS)}")
        return lately + [run for status in ("RUNNING", "SCHEDULED") for run in self._search(f"attributes.status = '{status}'")]
