"""Streamlit's files from memory: the same bytes, nothing else, and a page that asks early for what draws its chart."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import plotly
import pytest

from dashboard.assets import EARLY, FOLDER, PLOTLY, Assets, held, hints
from dashboard.plotly_script import script


def get(
    path: str, *, kind: str = "text/html; charset=utf-8", status: int = 200, parts: tuple[bytes, ...] = (b"behind",), ending: bytes = b"",
) -> tuple[bytes, dict[str, str]]:
    """Content and headers of what comes back, where the server behind says that it has something of that kind."""
    sent: list[Any] = []

    async def behind(scope: Any, receive: Any, send: Any) -> None:
        size = str(sum(map(len, parts))).encode()
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind.encode()), (b"Content-Length", size)]})
        for index, part in enumerate(parts):
            await send({"type": "http.response.body", "body": part, "more_body": index < len(parts) - 1})

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    asking = Assets(behind, ending=lambda _: ending)({"type": "http", "method": "GET", "path": path}, receive, send)
    with ThreadPoolExecutor(1) as thread:  # where a test before this one opened a browser, a loop runs in this thread
        thread.submit(asyncio.run, asking).result()
    return b"".join(message["body"] for message in sent[1:]), {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def test_hashed_files_come_whole_and_may_be_kept() -> None:
    for folder, kind in (("js", "text/javascript"), ("css", "text/css"), ("media", "font/woff2")):
        path = next((FOLDER / "static" / folder).glob("*.woff2" if folder == "media" else f"*.{folder}"))
        content, headers = get(f"/static/{folder}/{path.name}")
        assert content == path.read_bytes() and headers["content-type"].startswith(kind)
        assert "immutable" in headers["cache-control"] and headers["content-length"] == str(len(content))


@pytest.mark.parametrize("path", ["/index.html", "/static/js/../../index.html", "/static/js/no.js", "//etc/passwd", "/static/js/%2e%2e/x", "/"])
def test_nothing_else_is_opened(path: str) -> None:
    assert held(path) is None


def test_plotly_is_cut_out_of_the_script_of_the_package_that_makes_the_figures() -> None:
    content, headers = get(PLOTLY)
    assert content.decode() == script() and headers["content-type"].startswith("text/javascript")
    assert "immutable" in headers["cache-control"] and plotly.__version__ in PLOTLY


def test_only_pages_ask_early_for_what_draws_a_chart() -> None:
    assert get("/")[1] == {"content-type": "text/html; charset=utf-8", "link": hints().decode(), "content-length": "6"}
    assert "link" not in get("/data", kind="application/json")[1] and "link" not in get("/gone", status=404)[1]
    page = (FOLDER / "index.html").read_text()
    asked = re.findall(r"</static/js/([^>]+)>; rel=modulepreload", hints().decode())
    assert all((FOLDER / "static" / "js" / name).is_file() and f"/{name}" not in page for name in asked)
    assert [sum(name.startswith(beginning) for name in asked) for beginning in EARLY] == [1] * len(EARLY)


def test_a_page_names_the_script_itself_and_is_otherwise_as_it_was() -> None:
    page = (FOLDER / "index.html").read_bytes()
    body, headers = get("/point", parts=(page[:100], page[100:3000], page[3000:]))
    script = f'<script async data-early src=".{PLOTLY}" onerror="this.remove()"></script>'.encode()
    assert body == page.replace(b"</head>", script + b"</head>") and headers["content-length"] == str(len(body))
    assert get("/x", kind="text/plain", parts=(page, b"end")) == (page + b"end", {"content-type": "text/plain", "Content-Length": str(len(page) + 3)})


def test_a_page_that_comes_with_its_chart_asks_first_for_what_draws_it() -> None:
    page = (FOLDER / "index.html").read_bytes()
    body, headers = get("/", parts=(page,), ending=b"<i>ending</i>")
    asked = f'<link rel="preload" as="script" fetchpriority="high" href=".{PLOTLY}">'.encode()
    assert body == page.replace(b"<head>", b"<head>" + asked).replace(b"</body>", b"<i>ending</i></body>")
    assert headers == {"content-type": "text/html; charset=utf-8", "content-length": str(len(body))}


def test_what_is_asked_for_early_comes_with_what_it_imports() -> None:
    asked = re.findall(r"</static/js/([^>]+)>", hints().decode())
    page = (FOLDER / "index.html").read_text()
    for name in asked:
        imported = re.findall(r'(?:from|import)"\./([^"]+\.js)"', (FOLDER / "static" / "js" / name).read_text())
        assert all(other in asked or f"/{other}\"" in page for other in imported)
