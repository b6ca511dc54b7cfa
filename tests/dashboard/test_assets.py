"""Streamlit's files from memory: the same bytes, nothing else, and a page that asks early for what draws its chart."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from dashboard.assets import EARLY, FOLDER, Assets, held, hints


def get(path: str, *, kind: str = "text/html; charset=utf-8", status: int = 200) -> tuple[bytes, dict[str, str]]:
    """Content and headers of what comes back, where the server behind says that it has something of that kind."""
    sent: list[Any] = []

    async def behind(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind.encode())]})
        await send({"type": "http.response.body", "body": b"behind"})

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    asking = Assets(behind)({"type": "http", "method": "GET", "path": path}, receive, send)
    with ThreadPoolExecutor(1) as thread:  # where a test before this one opened a browser, a loop runs in this thread
        thread.submit(asyncio.run, asking).result()
    return sent[1]["body"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def test_hashed_files_come_whole_and_may_be_kept() -> None:
    for folder, kind in (("js", "text/javascript"), ("css", "text/css"), ("media", "font/woff2")):
        path = next((FOLDER / "static" / folder).glob("*.woff2" if folder == "media" else f"*.{folder}"))
        content, headers = get(f"/static/{folder}/{path.name}")
        assert content == path.read_bytes() and headers["content-type"].startswith(kind)
        assert "immutable" in headers["cache-control"] and headers["content-length"] == str(len(content))


@pytest.mark.parametrize("path", ["/index.html", "/static/js/../../index.html", "/static/js/no.js", "//etc/passwd", "/static/js/%2e%2e/x", "/"])
def test_nothing_else_is_opened(path: str) -> None:
    assert held(path) is None


def test_only_pages_ask_early_for_what_draws_a_chart() -> None:
    assert get("/") == (b"behind", {"content-type": "text/html; charset=utf-8", "link": hints().decode()})
    assert "link" not in get("/data", kind="application/json")[1] and "link" not in get("/gone", status=404)[1]
    names = re.findall(r"</(static/js/[^>]+)>; rel=modulepreload", hints().decode())
    assert len(names) == len(EARLY) and all((FOLDER / name).is_file() for name in names)
