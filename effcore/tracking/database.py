"""The SQLite database of the state folder."""

from __future__ import annotations

import os
from pathlib import Path


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
    """Make the tables aside and rename them into place: MLflow can't go on with a schema that was left half-made by a kill."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    new = path.with_name("mlflow.db.new")
    for left in path.parent.glob(f"{new.name}*"):  # with the journal of SQLite
        left.unlink()
    SqlAlchemyStore(f"sqlite:///{new}", (path.parent / "artifacts").as_uri()).engine.dispose()  # type: ignore[no-untyped-call]
    os.rename(new, path)
