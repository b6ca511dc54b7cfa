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
from effcore.frontier import Evidence, Frontier, Point, find_frontier
from effcore.verdict import NEEDED


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
    known = _evidence(frontier) if len(frontier.points) <= MOST_FROM_RAW else Evidence()
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
