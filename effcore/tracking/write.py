"""From a variant to the tags, figures, parameters and files of an MLflow run."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from effcore.errors import StoreError
from effcore.recipe import Recipe, canonical, parent


@dataclass(frozen=True, kw_only=True)
class VariantRecord:
    """All that is written of one variant.

    Attributes:
        sweep_run: Run id of the sweep.
        runtime: Name and version of the runtime.
        environment: Key of the environment; empty where nothing was measured.
        metrics: Figures by name.
        files: Artifacts, by the name they get: a path that is copied.
        documents: Artifacts, by the name they get: plain data that is written as JSON.
        artifact: Name of the deployable file among them.
        error: Cause, where it failed.
        data, data_ms: As of `Variant`.
    """

    sweep_run: str
    recipe: Recipe
    seed: int
    runtime: str
    environment: str = ""
    structure: str = ""
    noisy: bool = False
    metrics: Mapping[str, float] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    documents: Mapping[str, Any] = field(default_factory=dict)
    artifact: str = ""
    error: str = ""
    data: str = ""
    data_ms: int = 0

    @property
    def run_name(self) -> str:
        return f"{self.recipe.name} · seed {self.seed}"


def variant_tags(record: VariantRecord) -> dict[str, str]:
    """Tags by name, without the prefix; `metrics` says which figures hold, since MLflow can't take one back."""
    origin = parent(record.recipe)
    return {
        "name": record.recipe.name, "recipe": record.recipe.key, "seed": str(record.seed),
        "recipe_document": canonical(record.recipe.document), "parent": origin.recipe.key if origin else "",
        "technique": origin.technique if origin else "architecture", "step": origin.label if origin else "",
        "runtime": record.runtime, "environment": record.environment, "structure": record.structure,
        "noisy": "1" if record.noisy else "", "artifact": record.artifact, "error": record.error[:4000],
        "metrics": " ".join(sorted(record.metrics)), "data": record.data, "data_ms": str(record.data_ms),
    }  # fmt: skip


def variant_batch(record: VariantRecord) -> tuple[list[Any], list[Any]]:
    """Metrics and parameters as MLflow takes them.

    Raises:
        StoreError: A figure is not finite; such a figure would win or lose comparisons at random.
    """
    from mlflow.entities import Metric, Param

    now = int(time.time() * 1000)
    wrong = [name for name, value in record.metrics.items() if not math.isfinite(value)]
    if wrong:
        raise StoreError(f"Figures must be finite numbers. {record.recipe.name} has none for {', '.join(wrong)}.")
    metrics = [Metric(name, float(value), now, 0) for name, value in record.metrics.items()]
    return metrics, [Param(name, value) for name, value in _parameters(record).items()]


def _parameters(record: VariantRecord) -> dict[str, str]:
    """Every parameter of every step under `technique.parameter`, for MLflow's own tables."""
    flat = {"task": record.recipe.task, "seed": str(record.seed)}
    counts: dict[str, int] = {}
    for step in record.recipe.steps:
        counts[step.technique] = counts.get(step.technique, 0) + 1
        prefix = step.technique if counts[step.technique] == 1 else f"{step.technique}_{counts[step.technique]}"
        for name, value in step.config.model_dump(mode="json").items():
            flat[f"{prefix}.{name}"] = value if isinstance(value, str) else canonical(value)
    return flat


@contextmanager
def variant_artifacts(record: VariantRecord) -> Iterator[Path]:
    """A folder with all artifacts of the variant, gone afterwards."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "recipe.json").write_text(json.dumps(record.recipe.document, indent=2))
        for target, source in record.files.items():
            shutil.copyfile(source, folder / target)
        for target, document in record.documents.items():
            (folder / target).write_text(json.dumps(document, allow_nan=False))
        if record.error:
            (folder / "error.txt").write_text(record.error + "\n")
        yield folder
