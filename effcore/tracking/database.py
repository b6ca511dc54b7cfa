"""The SQLite database of the state folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def database(home: Path) -> Path:
    """Where it lies."""
    return home.resolve() / "mlflow.db"


def sqlite_path(uri: str) -> Path | None:
    """The file of a store on SQLite; None where the address is another kind of store."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(uri)
    except ArgumentError:
        return None
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:") else None


def make_database(path: Path) -> None:
    """Make the tables aside and rename them into place: MLflow can't go on with a schema that was left half-made by a kill.

    MLflow makes them in hundreds of steps, and SQLite would wait for the disk after each; here it does once, before they are renamed.
    """
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
    from sqlalchemy import Engine, event

    new = path.with_name("mlflow.db.new")
    for left in path.parent.glob(f"{new.name}*"):  # with the journal of SQLite
        left.unlink()
    event.listen(Engine, "connect", _never_wait)
    try:
        SqlAlchemyStore(f"sqlite:///{new}", (path.parent / "artifacts").as_uri()).engine.dispose()  # type: ignore[no-untyped-call]
    finally:
        event.remove(Engine, "connect", _never_wait)
    with open(new, "rb") as made:
        os.fsync(made.fileno())
    os.rename(new, path)


def _never_wait(connection: Any, _: object) -> None:
    """Have SQLite leave it to the system when what it writes reaches the disk."""
    connection.execute("PRAGMA synchronous = OFF")
