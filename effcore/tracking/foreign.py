"""Results that effcore did not write: runs of other MLflow experiments, and tables in CSV, as variants of unknown units."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from effcore.analysis.frontier import Variant
from effcore.errors import EffcoreError, StoreError
from effcore.objectives import METRICS, Direction, Metric
from effcore.tracking import Store
from effcore.tracking.mirror import Mirror
from effcore.tracking.opening import said_by
from effcore.tracking.runs import Run

KIND = "run"
"""Stands where a variant has the technique of its last step."""

_MOST_CSV_BYTES = 200_000_000
_LOG_FROM = 100.0
"""Ratio of the largest to the smallest value from which an axis is logarithmic."""

_UP = ("acc", "auc", "f1", "precision", "recall", "score", "r2", "map", "bleu", "rouge", "throughput", "reward", "psnr", "ssim", "iou", "dice")
"""Parts of names of which more is commonly better; everything else is taken to be a cost, and the page lets it be turned."""


class Experiments:
    """The experiments of a store beside effcore's own, each mirrored from when it is opened first.

    Args:
        store: An opened store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._mirrors: dict[str, Mirror] = {}

    def names(self) -> dict[str, str]:
        """Name of each active experiment by its id, effcore's own left off.

        Raises:
            StoreError: The store can't be read.
        """
        try:
            found = self._store._client.search_experiments()
        except StoreError:
            return {}  # a recorded study holds nothing else
        except Exception as error:  # MLflow and what is under it raise dozens of kinds here
            raise StoreError(f"The experiments of {self._store.shown} can't be read: {said_by(error)}") from error
        return {str(e.experiment_id): str(e.name) for e in found if str(e.experiment_id) != self._store.experiment_id}

    def variants(self, experiment_id: str) -> tuple[Variant, ...]:
        """The runs of an experiment; only what changed since the last call is read.

        Raises:
            StoreError: The store can't be read.
        """
        mirror = self._mirrors.setdefault(experiment_id, Mirror(self._store.watched(experiment_id)))
        mirror.refresh()
        return tuple(from_run(run) for run in mirror.others())


def from_run(run: Run) -> Variant:
    """A run of anyone as a variant: its own recipe, without parent, environment and structure."""
    return variant_of(run.run_id, run.name or run.run_id, run.metrics, status=run.status, task=KIND, ended_ms=run.ended_ms, started_ms=run.started_ms)


def variant_of(
    run_id: str, name: str, metrics: Mapping[str, float], *, task: str,
    status: str = "FINISHED", error: str | None = None, started_ms: int = 0, ended_ms: int | None = None,
) -> Variant:  # fmt: skip
    """Figures that someone wrote, as a variant of which nothing else is known.

    Args:
        run_id: Unique among what it is shown with.
        name: For people.
        metrics: What is not finite is left off.
        task: Where it comes from.
        status, error, started_ms, ended_ms: As in `Variant`.
    """
    finite = {k: float(v) for k, v in metrics.items() if math.isfinite(v)}
    return Variant(
        run_id=run_id, sweep=task, recipe_key=run_id, name=name, seed=0, recipe={"task": task}, parent=None, technique=KIND, step="",
        runtime="", environment="", structure="", status=status, error=error, noisy=False, metrics=finite, artifact=None,
        started_ms=started_ms, ended_ms=ended_ms,
    )  # fmt: skip


def read_csv(name: str, path: Path) -> tuple[Variant, ...]:
    """Rows of a table as variants: columns of numbers are metrics, the first other column names the rows.

    Args:
        name: What the operator calls it.
        path: CSV in UTF-8 with a head.

    Raises:
        EffcoreError: It can't be read, has no rows, or no column of numbers.
    """
    import pandas as pd

    try:
        if path.stat().st_size > _MOST_CSV_BYTES:
            raise EffcoreError(f"The table {name} must have at most {_MOST_CSV_BYTES // 1_000_000} MB. {path} has {path.stat().st_size:,} bytes.")
        frame = pd.read_csv(path)
    except OSError as error:
        raise EffcoreError(f"The table {name} can't be read: {path}: {error.strerror}.") from error
    except (ValueError, pd.errors.ParserError) as error:
        raise EffcoreError(f"The table {name} must be CSV in UTF-8 with a head. {path}: {str(error).splitlines()[0][:200]}") from error
    numbers = [c for c in frame.columns if pd.api.types.is_numeric_dtype(frame[c]) and not pd.api.types.is_bool_dtype(frame[c])]
    if not len(frame) or not numbers:
        what = "no rows" if not len(frame) else f"only columns of text: {', '.join(map(str, frame.columns[:10]))}"
        raise EffcoreError(f"The table {name} must have rows and at least one column of numbers. {path} has {what}.")
    texts = [c for c in frame.columns if c not in numbers]
    names = frame[texts[0]].fillna("").astype(str).tolist() if texts else []
    rows = frame[numbers].to_dict(orient="records")
    return tuple(
        variant_of(f"{name}-{i}", (names[i] if names else "") or f"row {i + 1}", {str(k): v for k, v in row.items()}, task=name)
        for i, row in enumerate(rows)
    )


def metric_names(variants: Iterable[Variant]) -> tuple[str, ...]:
    """Names of all figures that any of them has, the most frequent first."""
    counts: dict[str, int] = {}
    for variant in variants:
        for name in variant.metrics:
            counts[name] = counts.get(name, 0) + 1
    return tuple(sorted(counts, key=lambda name: (-counts[name], name)))


def likely_direction(name: str) -> Direction:
    """Which way is commonly better, by the name; only a first guess."""
    if name in METRICS:
        return METRICS[name].direction
    low = name.lower()
    return "max" if any(part in low for part in _UP) and not any(part in low for part in ("loss", "error", "time", "latency")) else "min"


def foreign_metric(name: str, values: Sequence[float], *, direction: Direction) -> Metric:
    """A metric of which only the name is known, and that somebody said which way is better."""
    positive = [v for v in values if math.isfinite(v)]
    log = bool(positive) and min(positive) > 0 and max(positive) / min(positive) >= _LOG_FROM
    return Metric(name=name, label=name, unit="", direction=direction, log=log, help="Written by someone else; its unit is not known.")
