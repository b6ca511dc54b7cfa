"""The files that a page needs: Streamlit's own and Plotly, from memory, and what draws a chart asked for before the page knows that it has one.

Streamlit reads each of its files from the disk in portions, and a browser learns only from the first message of a session that it
needs the 1.4 MB that draw a chart. Both cost a first visitor time; neither changes what is served.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path

import streamlit
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard import plotly_script

FOLDER = Path(streamlit.__file__).parent / "static"
_JS = "static/js"
_KINDS = {".js": b"text/javascript; charset=utf-8", ".css": b"text/css; charset=utf-8", ".woff2": b"font/woff2"}
_IMPORT = re.compile(r'(?:from|import)"\./([^"]+\.js)"')
_FOREVER = b"public, immutable, max-age=31536000"
"""For how long a browser may keep them: their names hold a hash of what is in them, or its version."""

PLOTLY = f"/charts/plotly-{version('plotly')}-{'-'.join(sorted(plotly_script.TRACES))}.js"
"""Address of what draws the charts: out of the script that belongs to the package that makes the figures."""

EARLY = ("BidiComponent.", "Html.", "Selectbox.")
"""Beginnings of the names of the files that are asked for with a page, each with all that it imports."""


class Assets:
    """Stands before Streamlit's server.

    Args:
        app: The server.
        ending: Scripts that stand at the end of a page, which then loads Plotly there; empty where it has none.
    """

    def __init__(self, app: ASGIApp, ending: Callable[[Scope], bytes] = lambda _: b"") -> None:
        self._app, self._ending = app, ending

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        found = await run_in_threadpool(held, scope["path"])  # the first time it reads, or cuts Plotly's script
        if found is None:
            await self._app(scope, receive, _hastened(send, await run_in_threadpool(self._ending, scope)))
            return
        content, kind = found
        headers = [(b"content-type", kind), (b"content-length", str(len(content)).encode()), (b"cache-control", _FOREVER)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})


@cache
def _files() -> dict[str, Path]:
    """Streamlit's files that may be held, by address; no other is ever opened."""
    return {f"/{path.relative_to(FOLDER).as_posix()}": path for path in FOLDER.glob("static/*/*") if path.suffix in _KINDS}


def held(path: str) -> tuple[bytes, bytes] | None:
    """Content and media type of Plotly or of one of Streamlit's hashed files; None for everything else.

    Args:
        path: Of the address.
    """
    return _read(path) if path == PLOTLY or path in _files() else None


@cache
def _read(path: str) -> tuple[bytes, bytes]:
    if path == PLOTLY:
        return plotly_script.script().encode(), _KINDS[".js"]
    file = _files()[path]
    return file.read_bytes(), _KINDS[file.suffix]


@cache
def hints() -> bytes:
    """Value of the `Link` header of a page."""
    return ", ".join(f"</{_JS}/{name}>; rel=modulepreload; as=script; crossorigin" for name in _with_imports(EARLY)).encode()


def _with_imports(beginnings: Iterable[str]) -> list[str]:
    """Names of the scripts that begin so and of those that they import, without what the page names itself."""
    page = (FOLDER / "index.html").read_text(encoding="utf-8")
    left = [path.name for beginning in beginnings for path in sorted((FOLDER / _JS).glob(f"{beginning}*.js"))]
    found: dict[str, None] = {}
    while left:
        name = left.pop(0)
        if name not in found and f"/{name}\"" not in page:
            found[name] = None
            left += _IMPORT.findall((FOLDER / _JS / name).read_text(encoding="utf-8"))
    return list(found)


def _hastened(send: Send, ending: bytes) -> Send:
    """Adds to answers that are pages the hints, and the script that draws charts: a browser runs it while it waits for all else."""
    held_back: list[Message] = []

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200 and is_page(message):
            held_back.append(message)
        elif held_back:
            held_back.append(message)
            if not message.get("more_body", False):
                for part in _with_script(held_back[0], b"".join(m.get("body", b"") for m in held_back[1:]), ending):
                    await send(part)
        else:
            await send(message)

    return sending


def is_page(start: Message) -> bool:
    """Whether what an answer begins is a page."""
    return any(name.lower() == b"content-type" and value.startswith(b"text/html") for name, value in start["headers"])


def _with_script(start: Message, page: bytes, ending: bytes) -> tuple[Message, Message]:
    body = _begun_with_chart(page, ending) if ending else _asking_early(page)
    dated = (b"content-length", b"etag", b"last-modified")  # with its chart a page is another one, while the file that it comes from stays
    headers = [(name, value) for name, value in start["headers"] if name.lower() not in dated]
    headers += [] if ending else [(b"link", hints())]  # all of which would come before what draws the chart
    headers += [(b"content-length", str(len(body)).encode())]
    return {**start, "headers": headers}, {"type": "http.response.body", "body": body}


def _asking_early(page: bytes) -> bytes:
    begun, end, rest = page.partition(b"</head>")
    # Where it does not come it takes itself away, so that a chart asks for it again.
    script = f'<script async data-early src=".{PLOTLY}" onerror="this.remove()"></script>'.encode() if end else b""
    return begun + script + end + rest


def _begun_with_chart(page: bytes, ending: bytes) -> bytes:
    """What draws the chart is asked for before the page's own scripts, and run before them, as those are modules."""
    asked = f'<head><link rel="preload" as="script" fetchpriority="high" href=".{PLOTLY}">'.encode()
    return page.replace(b"<head>", asked, 1).replace(b"</body>", ending + b"</body>", 1)
