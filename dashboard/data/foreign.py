"""Results that effcore did not write, read as pages ask for them: other experiments of the store, and what the operator named."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from dashboard import data
from dashboard.views.frontier import FrontierView
from dashboard.views.large import large_view
from effcore.analysis.columns import Columns
from effcore.analysis.frontier import Variant
from effcore.objectives import Direction
from effcore.tracking.foreign import Experiments, foreign_metric, read_csv
from effcore.tracking.studies import Studies

TABLES = "EFFCORE_TABLES"
"""Environment variable in which `effcore serve --csv` hands its tables over: a JSON object of paths by name."""


STUDIES = "EFFCORE_STUDIES"
"""The same of `effcore serve --optuna`: a JSON object of URLs by name. They are never shown: they may hold a password."""


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """Something to open.

    Attributes:
        key: As it stands in the address: `experiment-<id>`, `csv-<name>` or `optuna-<id>-<name>`.
    """

    key: str
    label: str


@st.cache_resource(show_spinner=False)
def _experiments(home_folder: str, uri: str | None) -> Experiments:
    return Experiments(data.store())


def _tables() -> dict[str, str]:
    return dict(json.loads(os.environ.get(TABLES, "{}")))


def _urls() -> dict[str, str]:
    return dict(json.loads(os.environ.get(STUDIES, "{}")))


@st.cache_resource(show_spinner=False)
def _opened(name: str, url: str) -> Studies:
    return Studies(name, url)


def _studies() -> tuple[Foreign, ...]:
    found = []
    for name, url in sorted(_urls().items()):
        studies = _opened(name, url).names()
        where = "Optuna" if len(studies) == 1 else f"Optuna, {name}"
        found += [Foreign(key=f"optuna-{number}-{name}", label=f"{study} · {where}") for number, study in studies.items()]
    return tuple(found)


def everything() -> tuple[Foreign, ...]:
    """What there is: tables first, then studies, then the experiments of the store by name.

    Raises:
        EffcoreError: A storage of studies can't be read.
    """
    names = _experiments(str(data.home()), data.tracking_uri()).names()
    tables = [Foreign(key=f"csv-{name}", label=f"{name} · table") for name in sorted(_tables())]
    return (*tables, *_studies(), *(Foreign(key=f"experiment-{k}", label=f"{n} · MLflow") for k, n in sorted(names.items(), key=lambda i: i[1])))


@st.cache_resource(show_spinner=False, max_entries=8)
def _table(name: str, path: str, stamp: int) -> tuple[Variant, ...]:
    return read_csv(name, Path(path))


def variants(chosen: Foreign) -> tuple[Variant, ...]:
    """Its runs or rows.

    Raises:
        EffcoreError: It can't be read.
    """
    kind, _, name = chosen.key.partition("-")
    if kind == "csv":
        path = Path(_tables()[name])
        return _table(name, str(path), path.stat().st_mtime_ns if path.exists() else 0)
    if kind == "optuna":
        study, _, storage = name.partition("-")
        return _opened(storage, _urls()[storage]).variants(study)
    return _experiments(str(data.home()), data.tracking_uri()).variants(name)


def directions(chosen: Foreign) -> dict[str, Direction]:
    """Which way is better, by figure, where that is known; the first are the ones to begin with.

    Raises:
        EffcoreError: It can't be read.
    """
    kind, _, name = chosen.key.partition("-")
    if kind != "optuna":
        return {}
    study, _, storage = name.partition("-")
    return _opened(storage, _urls()[storage]).directions(study)


def view(found: tuple[Variant, ...], *, x: tuple[str, Direction], y: tuple[str, Direction]) -> FrontierView:
    """The frontier of two figures.

    Args:
        found: From `variants`.
        x, y: Name and direction of each axis.
    """
    columns = Columns(found)
    metrics = [foreign_metric(name, columns.metric(name)[np.isfinite(columns.metric(name))].tolist(), direction=d) for name, d in (x, y)]
    return large_view(columns, np.ones(len(columns), dtype=bool), *metrics)
