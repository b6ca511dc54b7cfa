"""What is said of a store that can't be opened."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from effcore.errors import StoreError

ANSWER_S = 5.0


def advice(error: str) -> str:
    """What to do about a store that can't be opened."""
    if "locked" in error:
        return " Another process is writing to it: wait until it has, and try again."
    return " Put a copy of it back, or give another one with --home." if "not a database" in error else ""


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
            message = f"The tracking server {uri} does not answer: {error.strerror or error}."
            raise StoreError(f"{message} Start it, or give another one with --tracking-uri.") from error
