"""The button that makes a hand-out. A click is noted before anything is drawn anew, so that none is lost, however busy the page is."""

from __future__ import annotations

import itertools
import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from dashboard import data
from dashboard.exports.handout import HandOut, hand_out_zip
from dashboard.theme import Look
from dashboard.views.records import environment_line
from effcore.analysis.frontier import Variant
from effcore.errors import EffcoreError
from effcore.tracking import Store

WANTED, MADE = "hand-out-wanted", "hand-out-made"
"""In the session: the view whose hand-out was asked for and is not made yet, and what was made last."""
_SAVED_S = 20.0
"""For how long the browser is asked to save what was made; it does so once, and a redrawn page may come between."""
_PRESS = st.components.v2.component("effcore_saving", js=Path(__file__).with_name("saving.js").read_text(encoding="utf-8"))
"""Presses a button in the browser, once for each mark."""


@dataclass(frozen=True)
class Made:
    """A hand-out.

    Attributes:
        address: Of its view.
        content: The zip.
        at_s: Unix time.
        mark: Of no other.
    """

    address: str
    content: bytes
    at_s: float
    mark: str


def hand_out_button(
    key: str, *, title: str, figure: Callable[[Look], go.Figure], frame: pd.DataFrame, page: str, query: Mapping[str, str], of: list[Variant],
    source_name: str, runtimes: tuple[str, ...], specs: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """The button that makes a hand-out, which the browser then saves.

    Args:
        key: Unique on the page.
        title: Over the figure.
        figure: In a look.
        frame: The table behind it.
        page, query: Where the view is; the frontier is the page without a name.
        of: The variants in it, which tell machine, date and specs.
        source_name: Sweep or task.
        runtimes: Of the points.
        specs: Text that makes it again, by the name of its file; those of the sweeps of the variants where it is None.
    """
    address = f"{base_address()}/{page}" + (f"?{urlencode(query)}" if query else "")
    st.button(
        "Hand-out", key=f"hand-out-{key}", icon=":material/slideshow:", on_click=_want, args=(key,),
        help="Slides in light and dark as SVG and PNG, the table, the address, the spec and how it is made again, in one zip",
    )  # fmt: skip
    if st.session_state.get(WANTED) == key:
        with st.spinner("Drawing the slides"):
            said = _said(of, source_name, runtimes)
            told, lost = (specs, 0) if specs is not None else specs_of(data.store(), of)
            _make(lambda: hand_out_zip(
                HandOut(title=title, source=said, figure=figure, frame=frame, address=address, specs=told, lost=lost)
            ), address)  # fmt: skip
    made: Made | None = st.session_state.get(MADE)
    if made is not None and made.address == address:
        _save(made, key)


def _want(key: str) -> None:
    st.session_state[WANTED] = key


def _make(made: Callable[[], bytes], address: str) -> None:
    """It stays wanted where the page is drawn anew before it is made, and not where it can't be made."""
    try:
        content = made()
    except Exception:
        st.session_state.pop(WANTED, None)
        raise
    st.session_state[MADE] = Made(address, content, time.time(), secrets.token_hex(8))
    st.session_state.pop(WANTED, None)


def _save(made: Made, key: str) -> None:
    st.download_button(
        "Save it again", made.content, f"effcore-hand-out-{key}.zip", "application/zip", key=f"save-{key}", on_click="ignore",
        icon=":material/download:", type="tertiary",
    )  # fmt: skip
    if time.time() - made.at_s < _SAVED_S:
        with st.container(key="saving"):
            _PRESS(key=f"press-{key}", data={"button": f"save-{key}", "mark": made.mark})


def _said(of: list[Variant], source_name: str, runtimes: tuple[str, ...]) -> str:
    """What the figure is of: sweep, machine, runtime, date."""
    machine = environment_line(data.environment(of[0].run_id)) if of else ""
    measured = max((v.ended_ms or 0 for v in of), default=0)
    day = f"measured {datetime.fromtimestamp(measured / 1000, tz=UTC):%Y-%m-%d}" if measured else ""
    return " · ".join(p for p in (source_name, machine, *runtimes, day) if p)


def specs_of(store: Store, of: Iterable[Variant]) -> tuple[dict[str, str], int]:
    """The spec of every sweep that variants are of, by the name of its file, and of how many none was kept."""
    sweeps, found = dict.fromkeys(v.sweep for v in of), {}
    names = {record.run_id: record.name for record in store.sweeps()} if len(sweeps) > 1 else {}
    for sweep in sweeps:
        called = re.sub(r"[^A-Za-z0-9_-]+", "-", names.get(sweep, "")).strip("-")
        file = f"spec-{called or 'sweep'}" if len(sweeps) > 1 else "spec"
        number = next(n for n in itertools.count(1) if _numbered(file, n) not in found)
        with suppress(EffcoreError, OSError):
            found[_numbered(file, number)] = store.spec_text(sweep)
    return found, len(sweeps) - len(found)


def _numbered(file: str, number: int) -> str:
    return f"{file}.yaml" if number == 1 else f"{file}-{number}.yaml"


def opens_here_only() -> bool:
    """Whether the address of this server, as the browser calls it, means the browser's own machine to everybody else."""
    name = urlsplit(base_address()).hostname or ""
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def base_address() -> str:
    """Where this server is, as the browser calls it."""
    parts = urlsplit(st.context.url or "")
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else "http://127.0.0.1:8501"
