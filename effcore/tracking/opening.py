"""What is said of a store that can't be opened."""

from __future__ import annotations

import re
import socket
from urllib.parse import urlsplit

from effcore.errors import StoreError, StoreLocked
from effcore.tracking.runs import first_line

ANSWER_S = 5.0

_PASSWORD = re.compile(r"(?P<before>\w://[^\s/:@]*:)\S+@|(?P<name>[?&](?:password|passwd|pwd|token|secret)=)[^&\s]+", re.IGNORECASE)


def without_passwords(text: str) -> str:
    """A text in which the password of every URL is hidden.

    Example:
        >>> without_passwords("No answer of postgresql://ada:se:cr/et@db:5432/runs."), without_passwords("sqlite:////home/ada/mlflow.db")
        ('No answer of postgresql://ada:***@db:5432/runs.', 'sqlite:////home/ada/mlflow.db')
    """
    return _PASSWORD.sub(lambda found: f"{found['before']}***@" if found["before"] else f"{found['name']}***", text)


def said_by(error: Exception) -> str:
    """What a store said that can't be used, in one line and without passwords."""
    return without_passwords(first_line(error))


def store_errors() -> tuple[type[Exception], ...]:
    """What a store raises that can't be used now: our own errors, MLflow's and those of the database under it."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    return (StoreError, MlflowException, SQLAlchemyError)


def unopened(shown: str, error: Exception) -> StoreError:
    """What is said of a store that can't be opened, and what to do.

    Args:
        shown: The URI of the store, without passwords.
        error: What MLflow or the database said.
    """
    said = f"The tracking store {shown} can't be opened: {said_by(error).rstrip('.')}."
    if "locked" in str(error):
        return StoreLocked(f"{said} Another process is writing to it: wait until it has, and try again.")
    return StoreError(f"{said} Put a copy of it back, or give another one with --home." if "not a database" in str(error) else said)


def reach(uri: str) -> None:
    """Refuse a server that does not answer within seconds; MLflow itself would try for minutes.

    Raises:
        StoreError: It does not.
    """
    parts = urlsplit(uri)
    if parts.scheme in ("http", "https") and parts.hostname:
        try:
            socket.create_connection((parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)), timeout=ANSWER_S).close()
        except OSError as error:
            message = f"The tracking server {without_passwords(uri)} does not answer: {error.strerror or error}."
            raise StoreError(f"{message} Start it, or give another one with --tracking-uri.") from error
