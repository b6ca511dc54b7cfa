"""Studies of Optuna by the URL of their storage, never written to: trials as variants, and which way is better."""

from __future__ import annotations

import math
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from effcore.analysis.frontier import Variant
from effcore.errors import StoreError
from effcore.objectives import Direction
from effcore.tracking.foreign import variant_of
from effcore.tracking.opening import without_passwords

if TYPE_CHECKING:
    from optuna.storages import RDBStorage
    from optuna.trial import FrozenTrial

DURATION = "duration_s"
"""Figure that every ended trial has, so that a study of one objective has a second axis."""

_MOST_IN_A_NAME = 6
"""Parameters that are named; the numeric ones are figures as well."""


class Studies:
    """All studies of one storage; trials are read again only where the number of trials in some state has changed.

    Args:
        name: What the operator calls it; messages give this and never the URL, which may hold a password.
        url: As `sqlite:///study.db` or `postgresql://user:password@host/name`.

    Raises:
        StoreError: There is no such storage, or no study in it, or its driver is not installed.
    """

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._held: dict[int, tuple[tuple[int, ...], tuple[Variant, ...]]] = {}
        with self._told():
            self._storage = _opened(name, url)
        if not self.names():
            raise StoreError(f"The storage {name} must hold a study of Optuna. It holds none.")

    def names(self) -> dict[str, str]:
        """Name of each study by its id as text, in the order in which they were begun.

        Raises:
            StoreError: The storage can't be read.
        """
        with self._told():
            return {str(s._study_id): s.study_name for s in sorted(self._storage.get_all_studies(), key=lambda s: s._study_id)}

    def directions(self, study: str) -> dict[str, Direction]:
        """Which way is better for each objective, by the name of the figure, in the order of the study.

        Raises:
            StoreError: The storage can't be read, or the study is gone.
        """
        from optuna.study import StudyDirection

        with self._told():
            directions = self._storage.get_study_directions(int(study))
            names = _objectives(self._storage, int(study), len(directions))
        return {n: "max" if d == StudyDirection.MAXIMIZE else "min" for n, d in zip(names, directions, strict=True)}

    def variants(self, study: str) -> tuple[Variant, ...]:
        """The trials, each with its objectives, its numeric parameters and attributes, and its duration as figures.

        Raises:
            StoreError: The storage can't be read, or the study is gone.
        """
        from optuna.trial import TrialState

        number, names = int(study), tuple(self.directions(study))
        with self._lock, self._told():
            counts = tuple(self._storage.get_n_trials(number, state) for state in TrialState)
            if number not in self._held or self._held[number][0] != counts:
                trials = self._storage.get_all_trials(number, deepcopy=False)
                self._held[number] = counts, tuple(from_trial(trial, names, task=self.name) for trial in trials)
            return self._held[number][1]

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever a storage raises, in words and without the URL."""
        from optuna.exceptions import OptunaError
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except KeyError as error:
            raise StoreError(f"The study is not in the storage {self.name} any more. Choose another one.") from error
        except (SQLAlchemyError, OptunaError, ImportError, RuntimeError, ValueError) as error:
            below = getattr(error.__cause__ or error, "orig", None)  # what the database said; other texts may hold the URL
            cause = without_passwords(str(below or type(error).__name__).splitlines()[0][:200])
            raise StoreError(f"The storage {self.name} must be one of Optuna's that can be read: its URL, its driver. It is not: {cause}.") from error


def _opened(name: str, url: str) -> RDBStorage:
    """A SQLite file is opened for reading only, so that no table is made in it and none is brought up to date."""
    from optuna.storages import RDBStorage
    from sqlalchemy.engine import make_url

    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        if not address.database or not Path(address.database).is_file():
            raise StoreError(f"The storage {name} must be a file that is there. There is no {address.database or 'file in its URL'}.")
        read_only = Path(address.database).resolve().as_uri() + "?mode=ro"
        creator = partial(sqlite3.connect, read_only, uri=True, check_same_thread=False)
        return RDBStorage(url, skip_table_creation=True, engine_kwargs={"creator": creator})
    return RDBStorage(url, skip_table_creation=True)


def _objectives(storage: RDBStorage, study: int, count: int) -> list[str]:
    """Names that the study gives its objectives; numbered where it gives none."""
    given = storage.get_study_system_attrs(study).get("study:metric_names") or []
    if len(given) == count and len(set(given)) == count:
        return [str(name) for name in given]
    return ["objective"] if count == 1 else [f"objective {i + 1}" for i in range(count)]


def from_trial(trial: FrozenTrial, objectives: tuple[str, ...], *, task: str) -> Variant:
    """A trial as a variant; one that was pruned, failed or broke a constraint of its study says so.

    Args:
        trial: From a storage.
        objectives: Names of its values.
        task: What the operator calls the storage.
    """
    from optuna.trial import TrialState

    status = {TrialState.COMPLETE: "FINISHED", TrialState.RUNNING: "RUNNING", TrialState.WAITING: "SCHEDULED"}.get(trial.state, "FAILED")
    error = {TrialState.PRUNED: "stopped early by the study", TrialState.FAIL: "the study says no more"}.get(trial.state)
    broken = [name for name, excess in trial.constraints.items() if excess > 0]
    if status == "FINISHED" and broken:
        status, error = "FAILED", f"breaks the study's constraint {', '.join(broken[:3])}"
    beside = {f"param {k}" if k in objectives else k: v for k, v in trial.params.items()}
    beside |= {k: v for k, v in trial.user_attrs.items() if k not in objectives and k not in beside}
    figures = {k: float(v) for k, v in beside.items() if isinstance(v, int | float) and not isinstance(v, bool)}
    if trial.duration is not None:
        figures[DURATION] = trial.duration.total_seconds()
    if status == "FINISHED":
        figures |= dict(zip(objectives, trial.values or (), strict=False))
    return variant_of(
        f"{task}-{trial._trial_id}", _name(trial.number, trial.params), figures, status=status, error=error, task=task,
        started_ms=_ms(trial.datetime_start), ended_ms=_ms(trial.datetime_complete) or None,
    )  # fmt: skip


def _name(number: int, params: dict[str, Any]) -> str:
    """`trial 12 · lr 0.01, layers 3`."""
    told = [f"{k} {v:.4g}" if isinstance(v, float) and math.isfinite(v) else f"{k} {v}" for k, v in list(params.items())[:_MOST_IN_A_NAME]]
    return f"trial {number}" + (f" · {', '.join(told)}" if told else "") + (", ..." if len(params) > _MOST_IN_A_NAME else "")


def _ms(moment: datetime | None) -> int:
    return int(moment.timestamp() * 1000) if moment is not None else 0
