"""How many names join from one browser and one address."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from dashboard import classroom
from dashboard.classroom import MORE_NAMES, Classroom
from dashboard.classroom.origin import ADDRESS_VARIABLE, COOKIE, WITHIN_H, Marked, Origin
from effcore.errors import EffcoreError


@pytest.fixture
def room(tmp_path: Path) -> Classroom:
    return Classroom(tmp_path)


def test_a_browser_has_one_name_unless_the_instructor_allows_more(room: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    here = Origin("browser", "address")
    ada = room.join("Ada", origin=here)
    with pytest.raises(EffcoreError, match="joined from this browser already"):
        room.join("Ada again", origin=here)
    assert room.names() == ("Ada",) and room.come_back("Ada", ada.word) == ada
    room.join("Bob", origin=Origin("another", "address"))
    room.set(MORE_NAMES, True)
    room.join("Cy", origin=here)
    room.set(MORE_NAMES, False)
    with pytest.raises(EffcoreError, match="already"):
        room.join("Di", origin=here)
    later = classroom.time.time() + 3600 * WITHIN_H + 1
    monkeypatch.setattr(classroom.time, "time", lambda: later)
    room.join("Di", origin=here)


def test_an_address_has_as_many_names_as_a_class(room: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESS_VARIABLE, "2")
    for number in range(2):
        room.join(f"student {number}", origin=Origin(f"browser {number}", "one"))
    with pytest.raises(EffcoreError, match="2 names have joined from your address in the last 12 hours"):
        room.join("a third", origin=Origin("browser 3", "one"))
    room.join("elsewhere", origin=Origin("browser 4", "two"))
    room.empty()
    room.join("a third", origin=Origin("browser 3", "one"))
    monkeypatch.setenv(ADDRESS_VARIABLE, "many")
    with pytest.raises(EffcoreError, match="number of names, at least 1. Got 'many'"):
        room.join("fourth", origin=Origin("browser 5", "one"))


def answered(kind: bytes, *, cookie: bytes = b"") -> list[bytes]:
    """Cookies that are set with an answer of that kind."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "headers": [(b"cookie", cookie)] if cookie else []}
    # In a thread of its own: in this one a loop may run, that of a browser which another test holds.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, Marked(app)(scope, None, send)).result()  # type: ignore[arg-type]
    return [value for name, value in sent[0]["headers"] if name == b"set-cookie"]


def test_a_browser_without_a_mark_gets_one_with_its_first_page() -> None:
    (first,), (second,) = answered(b"text/html; charset=utf-8"), answered(b"text/html")
    assert first.startswith(COOKIE.encode() + b"=") and b"HttpOnly" in first and b"SameSite=Lax" in first and first != second
    assert answered(b"text/javascript") == [] and answered(b"text/html", cookie=b"a=b; " + COOKIE.encode() + b"=x") == []
