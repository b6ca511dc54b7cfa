"""From a run to a sweep or a variant."""

from __future__ import annotations

import json
import math
import sys
import time
from dataclasses import dataclass, field
from functools import lru_cache

from effcore.analysis.frontier import Variant
from effcore.tracking.bill import Bill, read_bill
from effcore.tracking.runs import Run

PREFIX = "effcore."
SWEEP, VARIANT, MEASUREMENT = "sweep", "variant", "measurement"

MUTABLE = ("total", "done", "failed", "heartbeat", "cancel", "pause", "budget", "bill", "again", "again_error", "star", "note")
"""Tags that change on a run whose own row in the store stays as it is; a reader has to look at them by name."""

STALE_S = 30
"""A running sweep whose heartbeat is older than this has stopped: it beats every few seconds."""


@dataclass(frozen=True, kw_only=True)
class SweepRecord:
    """A sweep as the store holds it.

    Attributes:
        state: waiting, running, pausing, paused, cancelling, cancelled, stopped, done, some failed or failed.
        total, done, failed: Variants.
        origin: `command` or `page`.
        strategy: How its space is searched.
        bill: What it cost.
    """

    run_id: str
    name: str
    key: str
    state: str
    task: str
    objectives: tuple[str, ...]
    total: int
    done: int
    failed: int
    started_ms: int
    ended_ms: int | None
    heartbeat_ms: int
    error: str
    origin: str
    owner: str
    strategy: str = "grid"
    bill: Bill = field(default_factory=Bill)


PENDING = ("waiting", "measuring")
"""States of a request to measure again that is still to be answered."""


@dataclass(frozen=True)
class Again:
    """A request to measure a variant again.

    Attributes:
        state: Empty where there is none, `waiting`, `measuring`, or `failed` with the cause.
    """

    state: str
    error: str

    @property
    def pending(self) -> bool:
        """Whether it is still to be answered."""
        return self.state in PENDING


def read_again(run: Run) -> Again:
    """The request that the run of a variant holds."""
    tags = run.tags
    return Again(tags.get(f"{PREFIX}again", ""), tags.get(f"{PREFIX}again_error", ""))


def read_sweep(run: Run) -> SweepRecord:
    """The sweep that a run holds."""
    tags = {k.removeprefix(PREFIX): v for k, v in run.tags.items() if k.startswith(PREFIX)}
    failed = int(tags.get("failed", 0))
    heartbeat_s = int(tags.get("heartbeat", 0))
    return SweepRecord(
        run_id=run.run_id,
        name=tags.get("sweep", run.name),
        key=tags.get("key", ""),
        state=_state(run.status, failed, heartbeat_s, cancel=bool(tags.get("cancel")), pause=bool(tags.get("pause"))),
        task=tags.get("task", ""),
        objectives=tuple(json.loads(tags.get("objectives", '["accuracy", "latency_ms"]'))),
        total=int(tags.get("total", 0)),
        done=int(tags.get("done", 0)),
        failed=failed,
        started_ms=run.started_ms,
        ended_ms=run.ended_ms,
        heartbeat_ms=heartbeat_s * 1000,
        error=tags.get("error", ""),
        origin=tags.get("origin", "command"),
        owner=tags.get("owner", ""),
        strategy=tags.get("strategy", "grid"),
        bill=read_bill(tags.get("bill", "")),
    )


def _state(status: str, failed: int, heartbeat_s: int, *, cancel: bool, pause: bool) -> str:
    if status == "SCHEDULED":
        return "paused" if pause else "waiting"
    if status == "RUNNING":
        if time.time() - heartbeat_s > STALE_S:
            return "paused" if pause else "stopped"
        return "cancelling" if cancel else "pausing" if pause else "running"
    if status == "KILLED":
        return "cancelled"
    if status == "FINISHED":
        return "some failed" if failed else "done"
    return "failed"


def read_variant(run: Run) -> Variant:
    """The variant that a run holds; figures that are not finite are dropped here and missed by name later.

    A figure of an earlier writing that the last one did not have, as a p99 for want of samples, is dropped too.
    """
    tags = run.tags
    held = _names(tags[f"{PREFIX}metrics"]) if f"{PREFIX}metrics" in tags else run.metrics
    return Variant(
        run_id=run.run_id,
        sweep=tags.get(f"{PREFIX}sweep", ""),
        recipe_key=tags.get(f"{PREFIX}recipe", ""),
        name=tags.get(f"{PREFIX}name", run.name),
        seed=int(tags.get(f"{PREFIX}seed", 0)),
        recipe=json.loads(tags.get(f"{PREFIX}recipe_document", "{}")),
        parent=tags.get(f"{PREFIX}parent") or None,
        technique=tags.get(f"{PREFIX}technique", "architecture"),
        step=tags.get(f"{PREFIX}step", ""),
        runtime=tags.get(f"{PREFIX}runtime", ""),
        environment=tags.get(f"{PREFIX}environment", ""),
        structure=tags.get(f"{PREFIX}structure", ""),
        status=run.status,
        error=tags.get(f"{PREFIX}error") or None,
        noisy=tags.get(f"{PREFIX}noisy") == "1",
        metrics={k: float(v) for k, v in run.metrics.items() if k in held and math.isfinite(v)},
        artifact=tags.get(f"{PREFIX}artifact") or None,
        measures=tags.get(f"{PREFIX}variant") or None,
        started_ms=run.started_ms,
        ended_ms=run.ended_ms,
        data=sys.intern(tags.get(f"{PREFIX}data", "")),
        data_ms=int(tags.get(f"{PREFIX}data_ms", 0)),
    )


@lru_cache(maxsize=256)
def _names(text: str) -> frozenset[str]:
    """Variants of one sweep mostly have the same figures."""
    return frozenset(text.split())
