"""MLflow stores for tests: the first is built once, which takes MLflow six seconds, the others are copies of it."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from effcore.recipe import Recipe
from effcore.spec import Spec, parse
from effcore.tracking import Store, VariantRecord

SPEC = """\
name: {name}
task: digits
seeds: {seeds}
recipe:
  - architecture: {{family: mlp, width: [1.0, 0.5]}}
  - training: {{epochs: 1}}
  - runtime: onnxruntime
"""


def copy_store(template: Path, home: Path) -> Store:
    """A store of its own in a home folder, as empty as the template."""
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(template / "mlflow.db", home / "mlflow.db")
    connection = sqlite3.connect(home / "mlflow.db")
    location = (home.resolve() / "artifacts").as_uri()
    connection.execute("UPDATE experiments SET artifact_location = ? WHERE name = 'effcore'", (location,))
    connection.commit()
    connection.close()
    return Store(home)


def make_spec(name: str = "one", seeds: tuple[int, ...] = (0,)) -> Spec:
    """A spec of two variants for each seed."""
    return parse(SPEC.format(name=name, seeds=list(seeds)))


def make_record(
    sweep_run: str, recipe: Recipe, *, seed: int = 0, metrics: dict[str, float] | None = None, error: str = "", **rest: object
) -> VariantRecord:
    """What is logged of a variant in tests."""
    figures = {"accuracy": 0.9, "latency_ms": 1.5} if metrics is None else metrics
    full: dict[str, object] = {"runtime": "onnxruntime 1", "environment": "e", "structure": "s"} | rest
    return VariantRecord(sweep_run=sweep_run, recipe=recipe, seed=seed, metrics=figures, error=error, **full)  # type: ignore[arg-type]
