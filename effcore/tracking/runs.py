"""Runs as plain values, and how what changed among them is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from effcore.errors import EffcoreError


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of an experiment.

    Attributes:
        status: As MLflow has it: RUNNING, SCHEDULED, FINISHED, FAILED or KILLED.
        started_ms, ended_ms: Unix time; `ended_ms` is None until it has ended.
        tags: Those that effcore wrote, with their prefix.
        metrics: The last value of each.
        params: Parameters; read for runs that effcore did not write only.
        files: Address of the folder of its files; empty where the store does not say.
    """

    run_id: str
    name: str
    status: str
    started_ms: int
    ended_ms: int | None
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    files: str = ""


def from_mlflow(run: Any) -> Run:
    """The same of a run that MLflow's client returned."""
    info, data = run.info, run.data
    return Run(
        run_id=info.run_id, name=info.run_name or "", status=info.status, started_ms=info.start_time or 0, ended_ms=info.end_time,
        tags=data.tags, metrics=data.metrics, params=data.params, files=info.artifact_uri or "",
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What is new, written again or gone since the last look.

    Attributes:
        runs: Whole, as they are now.
        gone: Run ids that were deleted.
        left: How many changed runs are still to be told of.
    """

    runs: tuple[Run, ...] = ()
    gone: frozenset[str] = frozenset()
    left: int = 0


class Watched(Protocol):
    """An experiment that tells what changed since it was asked last."""

    def changes(self) -> Iterator[Changes]:
        """In portions; a portion that was told is not told again, one that failed is.

        Raises:
            StoreLocked: Another program holds the store.
            StoreGone: It is not there any more.
            StoreError: It can't be read.
        """
        ...


def first_line(error: Exception) -> str:
    """The first line of what an error says; its kind where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def quoted(text: str) -> str:
    """A text that may stand between quotes in a search; others are refused."""
    if not text.replace("-", "").isalnum():
        raise EffcoreError(f"A run id or key holds only letters, digits and dashes. Got {text[:80]!r}.")
    return text
