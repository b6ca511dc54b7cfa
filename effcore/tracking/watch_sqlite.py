"""What changed in an MLflow store on SQLite, told by looking at the database and not by searching it.

A search costs 1.8 ms a run whether it changed or not. Here a look at an unchanged store is one pragma, and of a changed
one a scan of the runs' own rows, without their figures and tags, which are read for runs that changed.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from effcore.errors import StoreError, StoreGone, StoreLocked
from effcore.tracking.rows import MUTABLE, PREFIX
from effcore.tracking.runs import Changes, Run

PORTION = 2000
"""Runs that are read in one transaction: a reader holds writers up, here for a tenth of a second at most."""

PATIENCE_S = 1.0
"""How long a look waits for a writer; MLflow's own transactions take milliseconds."""

MAPPED_BYTES = 4 * 2**30
"""Of the database that is read through the page cache of the system: at 100,000 runs a third of the time."""

_MARKS = "SELECT run_uuid, status, end_time, name, start_time FROM runs WHERE experiment_id = ? AND lifecycle_stage = 'active'"
_NEWER = "SELECT DISTINCT run_uuid FROM {table} WHERE rowid > ?"
_GROWING = ("metrics", "tags", "params")

_Mark = tuple[str, int | None, str, int]


class SqliteRuns:
    """One experiment in a SQLite file.

    Args:
        path: The database.
        experiment_id: As MLflow numbers it.
    """

    def __init__(self, path: Path, experiment_id: str) -> None:
        self.path = path
        self._experiment = int(experiment_id)
        self._connection: sqlite3.Connection | None = None
        self._inode = (0, 0)
        self._version = -1
        self._marks: dict[str, _Mark] = {}
        self._mutable: frozenset[tuple[str, str, str]] = frozenset()
        self._highest: dict[str, int] = {}
        self._ours: set[str] = set()

    def changes(self) -> Iterator[Changes]:
        """See `Watched.changes`."""
        with self._explained():
            connection = self._connected()
            version = connection.execute("PRAGMA data_version").fetchone()[0]
            if version == self._version:
                return
            marks, mutable, highest, touched = self._look(connection)
            gone = frozenset(self._marks) - marks.keys()
            waiting = [run_id for run_id, mark in marks.items() if run_id in touched or self._marks.get(run_id) != mark]
        for run_id in gone:
            del self._marks[run_id]
        if gone:
            yield Changes(gone=gone, left=len(waiting))
        for first in range(0, len(waiting), PORTION):
            portion = waiting[first : first + PORTION]
            with self._explained():
                runs = self._read(connection, portion)
            yield Changes(runs=tuple(runs), left=max(0, len(waiting) - first - PORTION))
        self._version, self._mutable, self._highest = version, mutable, highest

    def _look(
        self, connection: sqlite3.Connection
    ) -> tuple[dict[str, _Mark], frozenset[tuple[str, str, str]], dict[str, int], set[str]]:
        """The runs' own rows, the tags that change on runs that have ended, how far the tables reach, and who that touches."""
        with _transaction(connection):
            marks = {row[0]: row[1:] for row in connection.execute(_MARKS, (self._experiment,))}
            keys = [PREFIX + key for key in MUTABLE] + ["mlflow.note.content"]
            mutable = frozenset(
                connection.execute(f"SELECT run_uuid, key, value FROM tags WHERE key IN ({_places(keys)})", keys).fetchall()
            )
            highest = {
                table: connection.execute(f"SELECT coalesce(max(rowid), 0) FROM {table}").fetchone()[0] for table in _GROWING
            }
            touched = {row[0] for row in mutable ^ self._mutable}
            # A variant is told of when it is written whole, which its own row says; others while they are written.
            if marks.keys() - self._ours:
                touched |= self._grown(connection, highest) - self._ours
        return marks, mutable, highest, touched

    def _grown(self, connection: sqlite3.Connection, highest: dict[str, int]) -> set[str]:
        found: set[str] = set()
        for table, reach in highest.items():
            known = self._highest.get(table, reach)  # at the first look everything is read anyway
            if reach < known:  # rows were taken out at the end, and their numbers may have been given again
                known = 0
            if reach > known:
                found |= {row[0] for row in connection.execute(_NEWER.format(table=table), (known,))}
        return found

    def _read(self, connection: sqlite3.Connection, run_ids: Sequence[str]) -> list[Run]:
        """Whole runs; those that are gone meanwhile are told of as such at the next look."""
        tags: dict[str, dict[str, str]] = defaultdict(dict)
        metrics: dict[str, dict[str, float]] = defaultdict(dict)
        params: dict[str, dict[str, str]] = defaultdict(dict)
        among = f"run_uuid IN ({_places(run_ids)})"
        with _transaction(connection):
            rows = connection.execute(f"{_MARKS} AND {among}", (self._experiment, *run_ids)).fetchall()
            files = dict(connection.execute(f"SELECT run_uuid, artifact_uri FROM runs WHERE {among}", run_ids))
            # All tags: told in SQL which of them to read, SQLite takes six times as long.
            for run_id, key, value in connection.execute(f"SELECT run_uuid, key, value FROM tags WHERE {among}", run_ids):
                tags[run_id][sys.intern(key)] = value
            for run_id, key, value in connection.execute(
                f"SELECT run_uuid, key, value FROM latest_metrics WHERE {among} AND NOT is_nan", run_ids
            ):
                metrics[run_id][sys.intern(key)] = value
            others = [run_id for run_id in run_ids if f"{PREFIX}type" not in tags.get(run_id, ())]
            for run_id, key, value in connection.execute(
                f"SELECT run_uuid, key, value FROM params WHERE run_uuid IN ({_places(others)})", others
            ):
                params[run_id][key] = value
        self._ours.difference_update(others)
        self._ours.update(set(run_ids).difference(others))
        runs = []
        for run_id, *mark in rows:
            status, ended, name, started = mark
            self._marks[run_id] = (status, ended, name, started)
            runs.append(
                Run(
                    run_id=run_id, name=name or "", status=status, started_ms=started or 0, ended_ms=ended,
                    tags=tags.get(run_id, {}), metrics=metrics.get(run_id, {}), params=params.get(run_id, {}),
                    files=files.get(run_id) or "",
                )
            )  # fmt: skip
        return runs

    def _connected(self) -> sqlite3.Connection:
        """The connection; a new one, that has seen nothing, where another file lies in the place of the database."""
        found = os.stat(self.path)
        inode = (found.st_dev, found.st_ino)
        if self._connection is not None and inode == self._inode:
            return self._connection
        if self._connection is not None:
            self._connection.close()
        # Not read-only: what a killed writer left half-written can't be rolled back then, and nothing could be read.
        self._connection = sqlite3.connect(
            f"file:{quote(str(self.path))}?mode=rw", uri=True, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA query_only = ON")
        self._connection.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")
        self._inode, self._version = inode, -1
        # What is known by now is compared with the new file, whose numbers of rows say nothing.
        self._mutable, self._highest = frozenset(), {}
        self._marks = {run_id: ("", None, "", 0) for run_id in self._marks}
        return self._connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise StoreGone(f"The tracking store {self.path} is not there any more. Put it back, or start again without it.") from error
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise StoreLocked(
                    f"The tracking store {self.path} is held by another program. What is shown is older; it goes on when that one is done."
                ) from error
            raise StoreError(f"The tracking store {self.path} can't be read: {error}.") from error
        except (sqlite3.DatabaseError, OSError) as error:
            raise StoreError(f"The tracking store {self.path} can't be read: {error}.") from error


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All reads within see one state."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("COMMIT")


def _places(values: Sequence[str]) -> str:
    return ",".join("?" * len(values))
