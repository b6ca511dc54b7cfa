"""One connection to a small SQLite file that all pages share, opened once instead of at every look."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from effcore.errors import EffcoreError

PATIENCE_S = 20.0
"""How long another process may hold the file."""


class Register:
    """A file with tables; what happens within one `open` is written together or not at all.

    Args:
        path: Of the file; its folder must be there.
        tables: SQL that makes the tables where they are not there.
    """

    def __init__(self, path: Path, tables: str) -> None:
        self._path, self._tables = path, tables
        self._turn = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """The connection, for this thread alone while it is held.

        Raises:
            EffcoreError: The file can't be read or written now.
        """
        try:
            with self._turn, self._current() as connection:
                yield connection
        except sqlite3.OperationalError as error:
            raise EffcoreError(f"{self._path.name} in the state folder can't be used now: {error}. Try again in a moment.") from error

    def _current(self) -> sqlite3.Connection:
        """The connection to the file that is there now: one that was taken away and made anew is another file."""
        if self._connection is None or self._opened != self._there():
            if self._connection is not None:
                self._connection.close()
            self._connection = sqlite3.connect(self._path, timeout=PATIENCE_S, check_same_thread=False)
            self._connection.executescript(self._tables)
            self._opened = self._there()
        return self._connection

    def _there(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino


@cache
def register(path: Path, tables: str) -> Register:
    """The register of a file, the same one for all who ask in this process."""
    return Register(path, tables)
