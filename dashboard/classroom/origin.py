"""Where a student joins from: a mark that this server gave the browser, and the address; kept as digests, to tell names apart by."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass

import streamlit as st
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.assets import is_page
from effcore.errors import EffcoreError

COOKIE = "effcore-browser"
_DAY_S = 86_400
ADDRESS_VARIABLE = "EFFCORE_NAMES_PER_ADDRESS"
NAMES_PER_ADDRESS = 40
"""A class of thirty may stand behind one address."""
WITHIN_H = 12
"""For how long a name counts for the browser and the address that it joined from."""


@dataclass(frozen=True)
class Origin:
    """Where somebody joins from.

    Attributes:
        browser: Digest of the mark of a browser; of the address where the browser has none.
        address: Digest of the address.
    """

    browser: str
    address: str


def origin() -> Origin:
    """That of this session, as the server saw the connection."""
    address = _digest(f"address {st.context.ip_address or ''}")
    mark = st.context.cookies.get(COOKIE, "")
    return Origin(_digest(f"browser {mark}") if mark else address, address)


def names_per_address() -> int:
    """Names that may join from one address within `WITHIN_H` hours.

    Raises:
        EffcoreError: What is set is no number of names.
    """
    text = os.environ.get(ADDRESS_VARIABLE, "").strip()
    if text and not (text.isdecimal() and int(text) > 0):
        raise EffcoreError(f"{ADDRESS_VARIABLE} must be a number of names, at least 1. Got {text[:40]!r}.")
    return int(text) if text else NAMES_PER_ADDRESS


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


class Marked:
    """Gives every browser that asks for a page without a mark a new one; stands before Streamlit's server.

    Args:
        app: The server.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        marked = scope["type"] != "http" or any(k == b"cookie" and COOKIE.encode() + b"=" in v for k, v in scope["headers"])
        await self._app(scope, receive, send if marked else _marking(send))


def _marking(send: Send) -> Send:
    """Adds the mark to answers that are pages."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start" and is_page(message):
            said = f"{COOKIE}={secrets.token_urlsafe(16)}; Path=/; HttpOnly; SameSite=Lax; Max-Age={365 * _DAY_S}"
            message = {**message, "headers": [*message["headers"], (b"set-cookie", said.encode())]}
        await send(message)

    return sending
