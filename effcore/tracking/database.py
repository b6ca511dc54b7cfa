"""The SQLite database of the state folder, and the lock under which it is made."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class single:  # used as a context manager, as contextlib's are
    """Holds a lock file of the home folder, so that one process at a time does what is inside."""

    def __init__(self, home: Path) -> None:
        self._path = home / "locks" / "store.lock"

    def __enter__(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(self._path, "w")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._file.close()


def database(home: Path) -> Path:
    """Where it lies."""
    return home.resolve() / "mlflow.db"


def make_database(path: Path) -> None:
    """Make the tables aside and rename them into place: MLflow can't go on with a schema that was left half-made by a kill."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    new = path.with_name("mlflow.db.new")
    for left in path.parent.glob(f"{new.name}*"):  # with the journal of SQLite
        left.unlink()
    SqlAlchemyStore(f"sqlite:///{new}", (path.parent / "artifacts").as_uri()).engine.dispose()  # type: ignore[no-untyped-call]
    os.rename(new, path)
