"""The variants and sweeps of a store, kept in this process and brought up to date by what changed."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from effcore.analysis.frontier import Variant
from effcore.tracking.rows import PREFIX, SWEEP, SweepRecord, read_sweep, read_variant
from effcore.tracking.runs import Run, Watched


class Mirror:
    """One mirror a process, whatever the number of readers; it is brought up to date by whoever asks.

    Args:
        watched: Tells what changed.
        progress: Told how many runs are still to be read.
    """

    def __init__(self, watched: Watched, *, progress: Callable[[int], None] | None = None) -> None:
        self._watched = watched
        self._progress = progress
        self._lock = threading.RLock()
        self._variants: dict[str, Variant] = {}
        self._files: dict[str, str] = {}
        self._sweeps: dict[str, Run] = {}
        self._others: dict[str, Run] = {}
        self._version = 0
        self._held: tuple[str, tuple[Variant, ...]] = ("0-0", ())

    def refresh(self) -> None:
        """Take in what changed.

        Raises:
            StoreError: The store can't be read; what was taken in before stays.
        """
        with self._lock, _uncollected():
            for portion in self._watched.changes():
                changed = [self._forget(run_id) for run_id in portion.gone] + [self._take(run) for run in portion.runs]
                self._version += any(changed)
                if self._progress is not None:
                    self._progress(portion.left)

    def _forget(self, run_id: str) -> bool:
        self._sweeps.pop(run_id, None)
        self._others.pop(run_id, None)
        self._files.pop(run_id, None)
        return self._variants.pop(run_id, None) is not None

    def _take(self, run: Run) -> bool:
        """Whether a variant was added, changed or taken out; the beat of a sweep that runs is no news."""
        tags = run.tags
        if tags.get(f"{PREFIX}type") == SWEEP:
            self._sweeps[run.run_id] = run
            return False
        if f"{PREFIX}type" not in tags:
            self._others[run.run_id] = run
            return False
        if tags.get(f"{PREFIX}figures") != "1" or run.ended_ms is None:
            return self._forget(run.run_id)
        variant = read_variant(run)
        same = self._variants.get(run.run_id) == variant
        self._variants[run.run_id], self._files[run.run_id] = variant, run.files
        return not same

    def state(self) -> tuple[str, tuple[Variant, ...]]:
        """A text that changes whenever a variant does, and all variants at that moment; the tuple is the same until then."""
        with self._lock:
            version = f"{len(self._variants)}-{self._version}"
            if self._held[0] != version:
                self._held = (version, tuple(self._variants.values()))
            return self._held

    def variant(self, run_id: str) -> Variant | None:
        """The variant of a run, as it was at the last look; None where there was none."""
        with self._lock:
            return self._variants.get(run_id)

    def files(self, run_id: str) -> str:
        """Address of the folder of a variant's files, for which MLflow's client reads the whole run in 4 ms; empty where it is not known."""
        with self._lock:
            return self._files.get(run_id, "")

    def sweeps(self) -> list[SweepRecord]:
        """All sweeps, newest first; whether one has stopped beating is judged now."""
        with self._lock:
            found = [read_sweep(run) for run in self._sweeps.values()]
        return sorted(found, key=lambda s: (-s.started_ms, s.run_id))

    def others(self) -> tuple[Run, ...]:
        """Runs of the experiment that effcore did not write, in the order in which they were begun."""
        with self._lock:
            return tuple(sorted(self._others.values(), key=lambda run: (run.started_ms, run.run_id)))


@contextmanager
def _uncollected() -> Iterator[None]:
    """No search for garbage meanwhile: a million new objects, none of them garbage, would be searched again and again."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
