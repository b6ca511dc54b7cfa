"""Stores of any size, written as MLflow and Optuna would write them but in bulk: python benchmarks/stores.py HOME COUNT

Logging 10,000 runs through MLflow's client takes seven minutes; these rows take seconds. The figures are drawn, not measured:
such a store is for timing pages and for tests, never for a statement about a technique.
"""

from __future__ import annotations

import json
import math
import random
import sqlite3
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from effcore.tracking import Store
from effcore.tracking.database import database

TECHNIQUES = ("architecture", "augmentation", "distillation", "pruning", "quantization")
START_MS = 1_763_000_000_000
PORTION = 20_000
CACHE_KB = 600_000
"""Of the database in memory while it is filled: the keys are random, so that each row falls on another page."""


@dataclass(frozen=True)
class Made:
    """One drawn variant."""

    run_id: str
    key: str
    name: str
    technique: str
    parent: str
    document: str
    metrics: dict[str, float]


def drawn(count: int, *, seed: int = 0) -> Iterator[Made]:
    """That many variants: a cloud below a frontier of some tens of points, a tenth of them pruned from their neighbour."""
    random_ = random.Random(seed)
    previous = ""
    for index in range(count):
        latency = math.exp(random_.uniform(math.log(0.02), math.log(4.0)))
        best = 1.0 - 0.03 * latency**-0.35
        accuracy = round(max(0.1, best - random_.expovariate(1 / 0.03)), 4)
        technique = TECHNIQUES[index % len(TECHNIQUES)]
        key = uuid.UUID(int=random_.getrandbits(128)).hex[:16]
        width = round(0.1 + latency, 4)
        document = {
            "task": "mnist5k",
            "steps": [
                {"architecture": {"family": "cnn", "width": width, "depth": 1}}, {"training": {"epochs": 4, "lr": 0.002}},
                {"pruning": {"structure": "channels", "amount": round(random_.random(), 3)}}, {"runtime": "onnxruntime"},
            ],
        }  # fmt: skip
        yield Made(
            run_id=uuid.UUID(int=random_.getrandbits(128)).hex, key=key, name=f"cnn x{width} · {technique} {index}", technique=technique,
            parent=previous, document=json.dumps(document), metrics=_figures(accuracy, latency, random_),
        )  # fmt: skip
        previous = key if technique == "architecture" else previous


def _figures(accuracy: float, latency: float, random_: random.Random) -> dict[str, float]:
    size = 0.4 * latency
    figures = {"accuracy": accuracy, "val_accuracy": round(accuracy + random_.gauss(0, 0.003), 4), "latency_ms": latency}
    for name, half in (("accuracy", 0.006), ("val_accuracy", 0.01), ("latency_ms", 0.04 * latency)):
        figures |= {f"{name}_low": figures[name] - half, f"{name}_high": figures[name] + half}
    return figures | {
        "latency_p90_ms": 1.1 * latency, "peak_ram_mb": 50 + 4 * size, "model_ram_mb": 1 + 3 * size, "size_mb": size, "load_ms": 9.0,
        "params": round(1e6 * size / 4), "macs": round(4e7 * latency), "train_total_s": 24.0,
    }  # fmt: skip


def make_store(home: Path, count: int, *, name: str = "drawn") -> Store:
    """A store in a home folder with one finished sweep of that many variants."""
    store = Store(home)
    sweep = _sweep(store, count, name)
    with _in_bulk(database(home)) as connection:
        portion: list[Made] = []
        folder = str(store._client.get_experiment(store.experiment_id).artifact_location)  # as MLflow names it, without any file
        for made in drawn(count):
            portion.append(made)
            if len(portion) == PORTION:
                _write(connection, portion, store.experiment_id, sweep, folder=folder)
                portion = []
        _write(connection, portion, store.experiment_id, sweep, folder=folder)
    return store


TABLES = ("runs", "tags", "metrics", "latest_metrics")


@contextmanager
def _in_bulk(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection without what makes each row dear: a journal, a small cache, and indexes that are made anew at the end."""
    connection = sqlite3.connect(path)
    for setting in ("synchronous = OFF", "journal_mode = OFF", f"cache_size = -{CACHE_KB}", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {setting}")
    asked = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql > '' AND tbl_name IN (?, ?, ?, ?)"
    indexes = connection.execute(asked, TABLES).fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    try:
        yield connection
        for _, again in indexes:
            connection.execute(again)
        connection.commit()
    finally:
        connection.close()


def _sweep(store: Store, count: int, name: str) -> str:
    tags = {
        "type": "sweep", "sweep": name, "key": name, "task": "mnist5k", "objectives": '["accuracy","latency_ms"]', "schema": "1",
        "heartbeat": "0", "error": "", "cancel": "", "total": str(count), "done": str(count), "failed": "0",
    }  # fmt: skip
    run_id = store._create(name, tags)
    store._client.set_terminated(run_id, status="FINISHED")
    return run_id


def _write(connection: sqlite3.Connection, made: list[Made], experiment: str, sweep: str, *, folder: str) -> None:
    runs, tags, metrics = [], [], []
    for index, one in enumerate(made):
        ended = START_MS + 1000 * index
        whole = f"{one.name} · seed 0"
        runs.append((one.run_id, whole, "FINISHED", ended - 900, ended, "active", f"{folder}/{one.run_id}/artifacts", int(experiment)))
        said = {
            "type": "variant", "sweep": sweep, "schema": "1", "name": one.name, "recipe": one.key, "seed": "0", "figures": "1",
            "recipe_document": one.document, "parent": one.parent, "technique": one.technique, "step": "amount 0.5", "runtime": "onnxruntime 1.32.0",
            "environment": "drawn", "structure": one.key, "noisy": "", "artifact": "model.onnx", "error": "",
            "metrics": " ".join(sorted(one.metrics)),
        }  # fmt: skip
        tags += [(f"effcore.{k}", v, one.run_id) for k, v in said.items()]
        tags += [("mlflow.runName", whole, one.run_id), ("mlflow.parentRunId", sweep, one.run_id)]
        metrics += [(k, v, ended, 0, one.run_id) for k, v in one.metrics.items()]
    columns = "run_uuid, name, status, start_time, end_time, lifecycle_stage, artifact_uri, experiment_id"
    for rows, column in ((runs, 0), (tags, 2), (metrics, 4)):
        rows.sort(key=lambda row: row[column])
    with connection:
        connection.executemany(f"INSERT INTO runs ({columns}) VALUES ({','.join('?' * 8)})", runs)
        connection.executemany("INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)", tags)
        for table in ("metrics", "latest_metrics"):
            into = f"INSERT INTO {table} (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, ?, 0, ?)"
            connection.executemany(into, metrics)


if __name__ == "__main__":
    make_store(Path(sys.argv[1]), int(sys.argv[2]))
