"""Streamlit's own files as a page needs them: from memory, and what draws a chart asked for before the page knows that it has one.

Streamlit reads each of its files from the disk in portions, and a browser learns only from the first message of a session that it
needs the 4.7 MB that draw a chart. Both cost a first visitor time; neither changes what is served.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from pathlib import Path
from typing import Any

import streamlit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

FOLDER = Path(streamlit.__file__).parent / "static"
_JS = "static/js"
_KINDS = {".js": b"text/javascript; charset=utf-8", ".css": b"text/css; charset=utf-8", ".woff2": b"font/woff2"}
_FOREVER = b"public, immutable, max-age=31536000"
"""For how long a browser may keep them: their names hold a hash of what is in them."""

EARLY = ("PlotlyChart.",)
"""Beginnings of the names of the files that are asked for with the page."""


class Assets:
    """Stands before Streamlit's server.

    Args:
        app: The server.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        found = held(scope["path"])
        if found is None:
            await self._app(scope, receive, _hinted(send))
            return
        content, kind = found
        headers = [(b"content-type", kind), (b"content-length", str(len(content)).encode()), (b"cache-control", _FOREVER)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})


@cache
def _names() -> frozenset[str]:
    """Addresses of the files that may be held; no other path is ever opened."""
    return frozenset(f"/{path.relative_to(FOLDER).as_posix()}" for path in FOLDER.glob("static/*/*") if path.suffix in _KINDS)


def held(path: str) -> tuple[bytes, bytes] | None:
    """Content and media type of one of Streamlit's hashed files; None for everything else.

    Args:
        path: Of the address.
    """
    return _read(path) if path in _names() else None


@cache
def _read(path: str) -> tuple[bytes, bytes]:
    file = FOLDER / path.lstrip("/")
    return file.read_bytes(), _KINDS[file.suffix]


@cache
def hints() -> bytes:
    """Value of the `Link` header of a page."""
    names = [path.name for beginning in EARLY for path in sorted((FOLDER / _JS).glob(f"{beginning}*.js"))]
    return ", ".join(f"</{_JS}/{name}>; rel=modulepreload; as=script; crossorigin" for name in names).encode()


def _hinted(send: Send) -> Send:
    """Adds the hints to answers that are pages."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            kinds = [value for name, value in message["headers"] if name.lower() == b"content-type"]
            if kinds and kinds[0].startswith(b"text/html"):
                message = {**message, "headers": [*message["headers"], (b"link", hints())]}
        await send(message)

    return sending
