"""What the frontier can be of: one sweep, or all sweeps of a task; and the environments that it was measured in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from effcore.analysis.columns import Columns, Mask
from effcore.analysis.frontier import Variant
from effcore.tracking import SweepRecord

_ALL = "all-"


@dataclass(frozen=True, kw_only=True)
class Source:
    """Variants that may stand on one plot.

    Attributes:
        key: As it stands in the address: the run of a sweep, or `all-<task>`.
        sweep: Run of the sweep; None for all sweeps of the task.
    """

    key: str
    label: str
    task: str
    sweep: str | None

    def of(self, variants: Sequence[Variant]) -> tuple[Variant, ...]:
        """Those of the variants that belong to it."""
        return tuple(
            v for v in variants if self.sweep == v.sweep or (self.sweep is None and v.recipe.get("task") == self.task)
        )

    def among(self, columns: Columns) -> Mask:
        """Which of very many variants belong to it."""
        if self.sweep is not None:
            return np.asarray(columns.sweep.of == columns.sweep.code(self.sweep))
        return np.asarray(columns.task.of == columns.task.code(self.task))

    def holds(self, sweep: str) -> bool:
        """Whether results of that sweep may come into it."""
        return self.sweep in (None, sweep)


def sources(records: Sequence[SweepRecord], variants: Sequence[Variant]) -> tuple[Source, ...]:
    """Every sweep, newest first, then for each task that has several sweeps all of them together.

    A name that several sweeps have, since its spec was changed, is numbered in the order in which they were begun.
    """
    ordered = sorted(records, key=lambda r: (-r.started_ms, r.run_id))
    names = Counter(r.name for r in ordered)
    seen: Counter[str] = Counter()
    found = []
    for record in ordered:
        revision = names[record.name] - seen[record.name]
        seen[record.name] += 1
        label = f"{record.name} (revision {revision})" if names[record.name] > 1 else record.name
        found.append(Source(key=record.run_id, label=f"{label} · {record.task}", task=record.task, sweep=record.run_id))
    tasks = Counter(r.task for r in ordered)
    measured = {str(v.recipe.get("task")) for v in variants}
    for task in sorted(task for task, number in tasks.items() if number > 1 and task in measured):
        found.append(Source(key=_ALL + task, label=f"All sweeps · {task}", task=task, sweep=None))
    return tuple(found)


def default_source(found: Sequence[Source], variants: Sequence[Variant]) -> Source:
    """The newest sweep that has a result; the newest of all where none has."""
    measured = {v.sweep for v in variants}
    return next((s for s in found if s.sweep in measured), found[0])


def environments(variants: Sequence[Variant]) -> dict[str, str]:
    """Environments that something was measured in, each with a run that was measured there.

    Those of the sweeps themselves come first, those that points were measured in again after them; most points first.
    """
    finished = [v for v in variants if v.environment and v.status == "FINISHED"]
    own = Counter(v.environment for v in finished if v.measures is None)
    counts = Counter(v.environment for v in finished)
    runs = {v.environment: v.run_id for v in sorted(variants, key=lambda v: v.run_id, reverse=True)}
    return {key: runs[key] for key in sorted(counts, key=lambda key: (-own[key], -counts[key], key))}
