"""Reads of the tracking store, kept as long as nothing changed."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.classroom import Posed, audience
from dashboard.data.keeping import Keeping, Trouble
from dashboard.data.places import home as home
from dashboard.data.places import know_own as know_own
from dashboard.data.places import moment, study
from dashboard.data.places import tracking_uri as tracking_uri
from dashboard.views.frontier import FrontierView, frontier_view
from dashboard.views.large import MANY, large_view
from dashboard.views.queue import ACTIVE
from dashboard.views.sources import Source, default_source, environments, sources
from dashboard.views.verdict import VerdictView, verdict_view
from effcore.analysis.columns import Columns
from effcore.analysis.frontier import Variant
from effcore.errors import StoreError
from effcore.forecast import Forecast, forecast
from effcore.objectives import metric
from effcore.recipe import digest
from effcore.spec import Spec, parse
from effcore.stored import StoredTeachers, require_teachers
from effcore.tracking import Store, SweepRecord
from effcore.tracking.recording import ADDRESS, Header, Recording

FILES = ("recipe.json", "samples.json", "correct.json", "curve.json", "facts.json", "profile.json", "error.txt")
"""Files of a run beside the artifact itself."""


@st.cache_resource(show_spinner=False)
def _open(home_folder: str, uri: str | None) -> Store:
    if uri is not None and uri.startswith(ADDRESS):
        return Recording(Path(uri.removeprefix(ADDRESS)), home=Path(home_folder))
    return Store(Path(home_folder), uri=uri)


def store() -> Store:
    """The one store of this process.

    Raises:
        StoreError: It cannot be opened.
    """
    return _open(str(home()), tracking_uri())


def recorded() -> Header | None:
    """What is opened, where it is a recorded study and no store."""
    opened = store()
    return opened.header if isinstance(opened, Recording) else None


def warm() -> None:
    """Read the store before the first visitor comes; what goes wrong is shown to that one."""
    with suppress(StoreError):
        snapshot()


reading = threading.Lock()
"""The store remembers what it has read, and every visitor has a thread."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """All variants at one moment; a page goes on showing the one it has until it takes the next.

    Attributes:
        version: Changes whenever anything in the store does.
        columns: The variants as arrays, made as they are needed.
        held: Runs that are not among the variants, since the class is to guess what they tell.
        sweeps: Runs of the sweeps that this visitor may see; None where nothing is hidden.
    """

    version: str
    variants: tuple[Variant, ...]
    columns: Columns
    held: frozenset[str] = frozenset()
    sweeps: frozenset[str] | None = None


@st.cache_resource(show_spinner=False, max_entries=48)  # in a class every student sees other sweeps
def _snapshot(
    home_folder: str, uri: str | None, version: str, until_ms: int | None, _variants: tuple[Variant, ...],
    _sweeps: frozenset[str] | None, _steps: tuple[Posed, ...],
) -> Snapshot:  # fmt: skip
    held = audience.telling(_variants, _steps)
    seen = _variants if _sweeps is None else tuple(v for v in _variants if v.sweep in _sweeps and v.run_id not in held)
    if until_ms is not None:
        seen = tuple(v for v in seen if v.ended_ms is not None and v.ended_ms <= until_ms)
    return Snapshot(version, seen, Columns(seen), held, _sweeps)


def snapshot() -> Snapshot:
    """The newest state of the store, one look at which costs next to nothing where nothing changed; of a frozen view, that of its moment.

    Where the store can't be read now it is the last one that could; `trouble` says so.

    Raises:
        StoreError: The store can't be read and never could.
    """
    version, variants = everything()
    who = audience.visitor(home())
    # One look, for the name and for what is kept under it: a step that is taken down between two would be shown when it is up again.
    sweeps, steps = audience.seen_runs(_all_sweeps(), who), () if who.free else audience.up(who)
    until_ms = moment()
    parts = [study(), version, *(("all",) if sweeps is None else sorted(sweeps)), *(f"up {digest(astuple(step))}" for step in steps)]
    parts += [] if until_ms is None else [f"until {until_ms}"]
    return _snapshot(str(home()), tracking_uri(), "-".join(parts), until_ms, variants, sweeps, steps)


def everything() -> tuple[str, tuple[Variant, ...]]:
    """The newest version of the store and all variants, whoever may see them: for what the server decides, never for a page.

    Raises:
        StoreError: As `snapshot`.
    """
    found: tuple[str, tuple[Variant, ...]] = _keeping("state", lambda: store().state())
    return found


@st.cache_resource(show_spinner=False, max_entries=8)
def _kept(home_folder: str, uri: str | None) -> Keeping:
    return Keeping()


def _keeping(what: str, read: Callable[[], Any]) -> Any:
    return _kept(str(home()), tracking_uri()).read(what, read)


def kept(what: str, read: Callable[[], Any], *, otherwise: Any) -> Any:
    """What `read` returns, or returned last; while the store can't be read it is not even tried, since each try waits for long."""
    return _kept(str(home()), tracking_uri()).unless_in_trouble(what, read, otherwise=otherwise)


def trouble() -> Trouble | None:
    """What keeps the pages from showing the newest state, where there is something."""
    return _kept(str(home()), tracking_uri()).trouble


@st.cache_resource(show_spinner=False, max_entries=64)
def _frontier(
    home_folder: str,
    uri: str | None,
    version: str,
    source: Source,
    x: str,
    y: str,
    environment: str | None,
    _snapshot: Snapshot,
) -> FrontierView:
    """The snapshot stands for its version, which is in the key: hashing all variants would take longer."""
    columns = _snapshot.columns
    among = source.among(columns)
    if among.sum() > MANY:
        return large_view(columns, among, metric(x), metric(y), environment=environment)
    few = [columns.variants[row] for row in among.nonzero()[0].tolist()]
    with reading:
        return frontier_view(few, x=x, y=y, environment=environment, evidence=store().evidence)


def frontier(shown: Snapshot, source: Source, *, x: str, y: str, environment: str | None) -> FrontierView:
    """The frontier of a source at one moment, computed once for all readers.

    Args:
        shown: The moment.
        source: Which variants.
        x, y: Names of metrics.
        environment: Key of the environment; the most frequent one where it is None.
    """
    return _frontier(str(home()), tracking_uri(), shown.version, source, x, y, environment, shown)


@st.cache_resource(show_spinner=False, max_entries=64)
def _verdict(home_folder: str, uri: str | None, version: str, run_id: str, _snapshot: Snapshot) -> VerdictView | None:
    with reading:
        return verdict_view(_snapshot.variants, run_id, evidence=partial(store().evidence, did=True))


def verdict(shown: Snapshot, run_id: str) -> VerdictView | None:
    """What the last step of a point did; None where there is nothing to compare it with."""
    return _verdict(str(home()), tracking_uri(), shown.version, run_id, shown)


@st.cache_resource(show_spinner=False, ttl=1.0, max_entries=4)  # frozen, so that nobody needs a copy
def _sweeps(home_folder: str, uri: str | None) -> tuple[SweepRecord, ...]:
    return tuple(_keeping("sweeps", lambda: store().sweeps()))


def forget_sweeps() -> None:
    """Have the next look at the sweeps read the store: something was written."""
    _sweeps.clear()


def _all_sweeps() -> tuple[SweepRecord, ...]:
    return _sweeps(str(home()), tracking_uri())


def sweeps() -> tuple[SweepRecord, ...]:
    """All sweeps that this visitor may see, at most a second old."""
    # One look: sweeps that came between a look at whose they are and another at what they are would be shown to all.
    return audience.seen(_all_sweeps(), audience.visitor(home()))


@st.cache_resource(show_spinner=False, max_entries=8)
def _some(home_folder: str, uri: str | None, version: str, _shown: Snapshot) -> tuple[Variant, ...]:
    """One variant of each sweep and of each task: what there is to choose from, without a look at all."""
    sweeps, tasks = ({code: row for row, code in enumerate(c.of.tolist())} for c in (_shown.columns.sweep, _shown.columns.task))
    return tuple(_shown.variants[row] for row in {*sweeps.values(), *tasks.values()})


def all_sources(shown: Snapshot) -> tuple[Source, ...]:
    """What the frontier can be of."""
    return sources(sweeps(), _some(str(home()), tracking_uri(), shown.version, shown))


def first_source(found: Sequence[Source], shown: Snapshot) -> Source:
    """The newest sweep that has a result; the newest of all where none has; of a recorded study the sweep that it names first."""
    named = sweeps()[:1] if recorded() is not None else ()
    for record in named:
        if (first := next((s for s in found if s.sweep == record.run_id), None)) is not None:
            return first
    return default_source(found, _some(str(home()), tracking_uri(), shown.version, shown))


@st.cache_resource(show_spinner=False, max_entries=32)
def _environments(home_folder: str, uri: str | None, version: str, source: Source, _shown: Snapshot) -> dict[str, str]:
    among = source.among(_shown.columns)
    return environments([_shown.variants[row] for row in among.nonzero()[0].tolist()])


def environments_of(source: Source, shown: Snapshot) -> dict[str, str]:
    """Environments that something of a source was measured in, each with a run that was measured there."""
    return _environments(str(home()), tracking_uri(), shown.version, source, shown)


def busy() -> bool:
    """Whether the runner is at work on a sweep, whoever may see it."""
    return any(record.state in ACTIVE and record.state != "waiting" for record in _all_sweeps())


def active(records: Sequence[SweepRecord]) -> bool:
    """Whether the runner has something to do."""
    return any(record.state in ACTIVE for record in records)


def run_file(run_id: str, name: str) -> Path | None:
    """A file of a run; None where the run has none of that name."""
    try:
        path = store().file(run_id, name)
    except StoreError:
        return None
    return path if path.is_file() else None


def read_json(run_id: str, name: str) -> Any:
    """Content of a JSON file of a run; None where there is no such file.

    Raises:
        StoreError: The file is there but is not JSON.
    """
    path = run_file(run_id, name)
    if path is None:
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise StoreError(f"{name} of run {run_id} must be JSON. {error}. Measure the variant again.") from error


class _Absent(StoreError):
    """A file that is not there, or can't be read now; raised so that nothing is kept of it."""


@st.cache_data(show_spinner=False, max_entries=64)
def _environment(home_folder: str, uri: str | None, run_id: str) -> dict[str, Any]:
    document = read_json(run_id, "samples.json")
    if not isinstance(document, dict):
        raise _Absent(f"Run {run_id} has no samples.")
    found = document.get("latency", {}).get("environment") or document.get("environment") or {}
    return dict(found) if isinstance(found, dict) else {}


def environment(run_id: str) -> dict[str, Any]:
    """The environment that a run was measured in, as its samples state it; empty where there are none."""
    try:
        return _environment(str(home()), tracking_uri(), run_id)
    except _Absent:
        return {}


@st.cache_resource(show_spinner=False, max_entries=32)
def read_spec(text: str) -> Spec:
    """The spec that a text holds, read strictly on the server whatever the form allowed.

    Raises:
        SpecError: With every problem.
    """
    return parse(text, source="spec")


def check_teachers(spec: Spec) -> None:
    """Refuse a spec whose teachers are points that are not in the store, or do not fit.

    Raises:
        SpecError: With every problem.
    """
    require_teachers(spec.recipes, StoredTeachers(audience.seen_of(store(), audience.visitor(home()))), document=spec.document)


def checked_spec(text: str) -> Spec:
    """The spec that a text holds, whose teachers are there too.

    Raises:
        SpecError: With every problem.
    """
    spec = read_spec(text)
    check_teachers(spec)
    return spec


@st.cache_data(show_spinner=False, ttl=10.0, max_entries=32)
def _cost(home_folder: str, uri: str | None, text: str) -> Forecast:
    return forecast(read_spec(text), home=Path(home_folder), stored=StoredTeachers(store()))


def cost(spec: Spec) -> Forecast:
    """What a spec would cost now; at most ten seconds old."""
    return _cost(str(home()), tracking_uri(), spec.text)


def may_touch(sweep: str) -> bool:
    """Whether this visitor may cancel a sweep and have its points measured again."""
    return audience.may_touch(sweep, _all_sweeps(), audience.visitor(home()))


def now_ms() -> int:
    """Unix time."""
    return int(time.time() * 1000)
