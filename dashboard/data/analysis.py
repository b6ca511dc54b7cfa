"""Analyses that pages ask for, kept as long as nothing in the store changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboard import data
from dashboard.views.composition import square_rows
from dashboard.views.sources import Source
from dashboard.views.techniques import MOST_FROM_RAW, TechniquesView, techniques_view
from effcore.analysis.frontier import Evidence, Frontier, Point, find_frontier
from effcore.analysis.verdict import NEEDED
from effcore.search.analysis import Gap
from effcore.search.history import History, read_history
from effcore.spec.searchspace import gap_spec
from effcore.tracking import Again
from effcore.tracking.marks import Mark
from effcore.tracking.searches import SEARCH, read_search


def _evidence(frontier: Frontier, *, did: bool = False) -> Evidence:
    """The raw results behind a frontier; one reader at a time, since the store remembers what it has read."""
    with data.reading:
        return data.store().evidence(frontier, did=did)


@st.cache_resource(show_spinner=False, max_entries=32)
def _techniques(
    home_folder: str, uri: str | None, version: str, source: Source, cost: str, environment: str | None, _shown: data.Snapshot
) -> TechniquesView:
    return techniques_view(
        source.of(_shown.variants), _shown.variants, cost=cost, environment=environment, evidence=lambda f: _evidence(f, did=True)
    )


def techniques(shown: data.Snapshot, source: Source, *, cost: str, environment: str | None) -> TechniquesView:
    """What each technique did in a source at one moment.

    Args:
        shown: The moment.
        source: Which variants.
        cost: What accuracy is weighed against.
        environment: Key of the environment; the most frequent one where it is None.
    """
    return _techniques(str(data.home()), data.tracking_uri(), shown.version, source, cost, environment, shown)


@st.cache_resource(show_spinner=False, max_entries=32)
def _squares(
    home_folder: str, uri: str | None, version: str, source: Source, environment: str | None, _shown: data.Snapshot
) -> tuple[Mapping[str, Any], ...]:
    frontier = find_frontier(source.of(_shown.variants), ("accuracy", "latency_ms"), environment=environment)
    known = _evidence(replace(frontier, objectives=NEEDED)) if len(frontier.points) <= MOST_FROM_RAW else Evidence()
    return square_rows(frontier.points, known)


def pairs(shown: data.Snapshot, source: Source, *, environment: str | None) -> tuple[Mapping[str, Any], ...]:
    """Every two steps whose four combinations a source holds, against the sum of their parts."""
    return _squares(str(data.home()), data.tracking_uri(), shown.version, source, environment, shown)


def evidence_of(points: Sequence[Point]) -> Evidence:
    """The raw results behind a few points of one environment."""
    first = points[0].first.environment if points else ""
    return _evidence(Frontier(objectives=NEEDED, environment=first, points=tuple(points), left_out=()), did=True)


def did(point: Point, technique: str) -> Mapping[str, Any]:
    """What the export of a point says that a technique did; empty where it says nothing."""
    return dict(evidence_of([replace(point)]).did.get(point.key, {}).get(technique, {}))


def evidence(frontier: Frontier) -> Evidence:
    """The raw results behind the points of a frontier."""
    return _evidence(frontier)


@dataclass(frozen=True, eq=False)
class TestImages:
    """The test split of a task.

    Attributes:
        images: Raw pixels, uint8 (N, C, H, W).
        labels: Index of the class, (N,).
        classes: Names.
        levels: Largest value of a pixel.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    levels: int


def task_of(name: str) -> TestImages:
    """The test images of a task, read from where the task has them.

    Raises:
        EffcoreError: The task is not known here, or its data is not what it was.
    """
    from effcore.catalogue import TASKS
    from effcore.tasks import load  # brings scikit-learn, which no other page needs

    test = load(name).test
    return TestImages(images=test.images, labels=test.labels, classes=TASKS[name].classes, levels=TASKS[name].levels)


@st.cache_data(show_spinner=False, ttl=5.0, max_entries=4)
def _marks(home_folder: str, uri: str | None) -> dict[str, Mark]:
    found: dict[str, Mark] = data.kept("marks", lambda: data.store().marks.all(), otherwise={})
    return found


def marks() -> dict[str, Mark]:
    """Every run that has a star or a note, at most five seconds old."""
    return _marks(str(data.home()), data.tracking_uri())


def mark_of(run_id: str) -> Mark:
    """The star and the note of a run, at most five seconds old."""
    return marks().get(run_id, Mark())


def set_mark(run_id: str, mark: Mark) -> None:
    """Replace them.

    Raises:
        EffcoreError: The note is too long, or there is no such run.
    """
    data.store().marks.set(run_id, mark)
    _marks.clear()


def again(run_id: str) -> Again:
    """Where the request to measure a variant again stands."""
    found: Again = data.kept(f"again-{run_id}", lambda: data.store().again(run_id), otherwise=Again("", ""))
    return found


@st.cache_resource(show_spinner=False, max_entries=32)
def _points(
    home_folder: str, uri: str | None, version: str, source: Source, names: tuple[str, ...], environment: str | None, _shown: data.Snapshot
) -> tuple[Point, ...]:
    return find_frontier(source.of(_shown.variants), names, environment=environment).points


def points_of(shown: data.Snapshot, source: Source, names: Sequence[str], *, environment: str | None) -> tuple[Point, ...]:
    """The points of a source that have all of some metrics, those on the frontier of these marked."""
    return _points(str(data.home()), data.tracking_uri(), shown.version, source, tuple(dict.fromkeys(names)), environment, shown)


def steps_of(
    shown: data.Snapshot, source: Source, x: str, y: str, *, environment: str | None, technique: str
) -> tuple[tuple[str, str], ...]:
    """Run of the parent and run of the point, for every step of a technique between two points of a source."""
    points = points_of(shown, source, (y, x), environment=environment)
    runs = {p.key: p.run_id for p in points}
    return tuple((runs[p.first.parent], p.run_id) for p in points if p.first.technique == technique and p.first.parent in runs)


@dataclass(frozen=True, kw_only=True)
class Third:
    """A third objective.

    Attributes:
        values: By run of the point.
        front: Runs of the points that no other dominates on all three.
    """

    values: Mapping[str, float]
    front: frozenset[str]


def third_of(shown: data.Snapshot, source: Source, x: str, y: str, third: str, *, environment: str | None) -> Third:
    """The third objective of the points of a source, and the frontier of all three."""
    points = points_of(shown, source, (y, x, third), environment=environment)
    return Third(values={p.run_id: p.metrics[third] for p in points}, front=frozenset(p.run_id for p in points if p.on_frontier))


MOST_SWEEPS = 60
"""Newest sweeps that are looked at for searches."""


@st.cache_data(show_spinner=False, ttl=60.0, max_entries=512)  # a store that was busy at the first look is asked again
def _searched(home_folder: str, uri: str | None, run_id: str, progress: str) -> bool:
    return data.run_file(run_id, SEARCH) is not None


def searches() -> dict[str, str]:
    """The newest sweeps that searched, by run, with a label."""
    home, uri = str(data.home()), data.tracking_uri()
    newest = data.sweeps()[:MOST_SWEEPS]
    return {r.run_id: f"{r.name} · {r.task}" for r in newest if _searched(home, uri, r.run_id, f"{r.state} {r.done}")}


def one_shots() -> tuple[str, ...]:
    """Names of the sweeps among these that searched in one shot, which keeps no history of candidates."""
    return tuple(dict.fromkeys(r.name for r in data.sweeps()[:MOST_SWEEPS] if r.strategy == "one_shot"))


def history(run_id: str) -> History:
    """What a search did up to now.

    Raises:
        StoreError: It is no search, or has only begun.
    """
    return read_history(read_search(data.store(), run_id))


def gap_text(run_id: str, gap: Gap) -> str:
    """The YAML of a search in a gap of the frontier of another.

    Raises:
        EffcoreError: The space of the other is not allowed any more, or its spec is gone.
    """
    return gap_spec(data.store().spec_text(run_id), [tried.assignment for tried in gap.between], limits=gap.limits)
