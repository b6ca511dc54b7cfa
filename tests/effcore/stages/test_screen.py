"""Many sub-networks are tried in one go, each once, by NSGA-II, and the same ones for the same seed; a table is measured for real."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from effcore.catalogue.architecture import Architecture
from effcore.catalogue.elastic import ElasticStage, Shape, largest, stage_choices
from effcore.catalogue.training import Training
from effcore.models import snapshot
from effcore.recipe import read_step
from effcore.stages import screen, table, train

CHOICES = [list(stage_choices(2))] * 3
SMALL = [[ElasticStage(width=w) for w in (0.25, 1.0)], [ElasticStage()], [ElasticStage(), ElasticStage(depth=2, kernel=5)]]


def judge(shape: Shape) -> dict[str, float]:
    """More of everything is slower, and wider is better: those that are deep, or have large kernels, are on no front."""
    slow = sum(s.depth + s.width + s.kernel for s in shape.stages)
    return {"val_accuracy": sum(s.width for s in shape.stages) / 3, "latency_ms": slow}


def search(seed: int, screened: int = 150) -> list[dict[str, Any]]:
    return screen.search(CHOICES, judge, screened=screened, population=16, seed=seed, depth=2)


def test_a_search_tries_each_once_finds_the_front_and_repeats_for_its_seed() -> None:
    rows = search(0)
    shapes = [Shape.model_validate(row["shape"]) for row in rows]
    assert len(set(shapes)) == len(rows) in (149, 150) and largest(2) not in shapes
    assert rows == search(0) != search(1)
    best = [s for row, s in zip(rows, shapes, strict=True) if row["val_accuracy"] == 1.0]
    assert min(s.deepest + sum(t.kernel for t in s.stages) for s in best) <= 12  # the cheapest of the best is shallow, which 150 draws seldom hit
    late, early = (sum(r["latency_ms"] - 3 * r["val_accuracy"] for r in part) / len(part) for part in (rows[100:], rows[2:34]))
    assert late < early - 1


def test_a_space_that_is_used_up_ends_the_search() -> None:
    rows = screen.search(SMALL, judge, screened=100, population=4, seed=0, depth=2)
    assert len(rows) == 4


@pytest.mark.slow
def test_sub_networks_of_a_real_supernet_are_tried_with_a_measured_table(tmp_path: Path) -> None:
    architecture = Architecture(family="elastic", width=0.5, depth=2).model_dump(mode="json")
    shared: dict[str, Any] = {"task": "digits", "architecture": architecture, "choices": [[s.model_dump() for s in stages] for stages in SMALL]}
    folders = {name: tmp_path / name for name in ("model", "table", "screen")}
    for folder in folders.values():
        folder.mkdir()
    facts = table.work(shared | {"networks": 24, "seed": 0}, {}, folders["table"])
    assert facts["parts"] == len(json.loads((folders["table"] / "table.json").read_text())["parts_ms"]) and facts["networks"] == 4
    config = {"seed": 0, "threads": 1, "contributes": [read_step({"weight_sharing": {}}).document], "from": 0, "until": 2}
    train.work(shared | config | {"training": Training(epochs=2).model_dump(mode="json")}, {}, folders["model"])
    before = snapshot.load(folders["model"] / "model.pt").state
    more = {"images": 200, "data_fraction": 1.0, "screened": 20, "population": 4, "seed": 0, "threads": 1}
    assert screen.work(shared | more, {"model": folders["model"], "table": folders["table"]}, folders["screen"])["screened"] == 4
    rows = json.loads((folders["screen"] / "screened.json").read_text())
    assert all(0 <= row["val_accuracy"] <= 1 and row["latency_ms"] > 0 for row in rows)
    assert rows[0]["params"] < rows[1]["params"] and snapshot.load(folders["model"] / "model.pt").state.keys() == before.keys()
