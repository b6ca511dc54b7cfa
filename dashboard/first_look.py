"""The chart of the frontier with the page that it is on: drawn while the rest of the page is still on its way.

A browser needs more than a second for the scripts of a page before it asks for anything to show. What was drawn last for an address
is kept here, and comes with the next page of that address as long as the store is as it was then. In a class nothing is kept: what may
be seen depends on who is looking, and only a session knows that.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from starlette.types import Scope

from dashboard import data
from dashboard.assets import PLOTLY
from dashboard.classroom import instructor_key
from dashboard.data.places import study
from dashboard.theme import DARK, LIGHT, Look
from effcore.errors import EffcoreError

PATHS = ("/", "/frontier")
"""Addresses of the page whose first chart may come with it."""
LOOK_COOKIE = "effcore-look"
"""In which look the browser drew the last chart; light where it has not said."""
_SCREENS = Path(__file__).resolve().parent / "screens"
_MOST, _MOST_BYTES = 24, 3_000_000


@dataclass(frozen=True)
class _Address:
    home: str
    uri: str | None
    query: frozenset[tuple[str, str]]
    look: str


_drawn: OrderedDict[_Address, tuple[str, bytes]] = OrderedDict()
_alone = threading.Lock()


def remember(query: Mapping[str, str], *, look: str, version: str, told: bytes) -> None:
    """Keep what an address shows.

    Args:
        query: Parameters of the address.
        look: Name of the look.
        version: State of the store that it was drawn from.
        told: What the chart is told.
    """
    if study() or len(told) > _MOST_BYTES or _in_class():
        return
    address = _Address(str(data.home()), data.tracking_uri(), frozenset(query.items()), look)
    with _alone:
        _drawn[address] = (version, told)
        _drawn.move_to_end(address)
        while len(_drawn) > _MOST:
            _drawn.popitem(last=False)


def remembered(query_string: str, look: str) -> bytes | None:
    """What an address shows, where that is known and the store is as it was; None otherwise.

    Args:
        query_string: Of the address, as it was asked for.
        look: Name of the look.
    """
    address = _Address(str(data.home()), data.tracking_uri(), frozenset(parse_qsl(query_string)), look)
    version, told = _drawn.get(address, ("", b""))
    if not told or _in_class():
        return None
    try:
        return told if data.snapshot().version == version else None
    except EffcoreError:  # the page itself says so
        return None


def _in_class() -> bool:
    try:
        return instructor_key(data.home()) is not None
    except EffcoreError:  # one that is none; the pages say so
        return True


def ending(scope: Scope) -> bytes:
    """What stands at the end of a page that comes with its chart; empty where none is known for it.

    A page that was asked for by a name other than `localhost` has none: a name can be pointed at this machine by whoever owns it, whose
    own page could then read this one (DNS rebinding). What a session sends is guarded by Streamlit's look at the origin.
    """
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    if scope["path"] not in PATHS or not _is_address(headers.get(b"host", "")):
        return b""
    look = _look_of(headers.get(b"cookie", ""))
    told = remembered(scope["query_string"].decode("latin-1"), look.name)
    return _scripts(told, look) if told else b""


def _scripts(told: bytes, look: Look) -> bytes:
    assert b"<" not in told, "nothing in it may end the element that it stands in"
    # Streamlit's own are run after these, as modules are: the chart is drawn first.
    code = "".join((_SCREENS / name).read_text(encoding="utf-8") for name in ("drawing.js", "first_look.js"))
    style = (_SCREENS / "first_look.css").read_text(encoding="utf-8")
    return b"".join((
        f"<style>{style} html:has(#first-look) {{ background: {look.paper}; }}</style>".encode(),
        b'<script type="application/json" id="first-look-told">', told, b"</script>",
        f'<script data-early src=".{PLOTLY}" onerror="this.remove()"></script><script>{{{code}}}</script>'.encode(),
    ))  # fmt: skip


def _is_address(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or bool(ip_address(name))
    except ValueError:
        return False


def _look_of(cookies: str) -> Look:
    return DARK if f"{LOOK_COOKIE}={DARK.name}" in cookies else LIGHT
