"""A sweep that stands still and goes on, a search with another budget while it runs, and what both cost; real training on digits."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from stores import copy_store

from effcore.errors import Paused
from effcore.spec import Spec, parse
from effcore.sweep import driver as driver_module
from effcore.sweep import run_sweep
from effcore.sweep.progress import Progress
from effcore.tracking import Store

pytestmark = pytest.mark.slow

GRID = """\
name: a grid
task: digits
recipe:
  - architecture: {family: mlp, width: [0.125, 0.25, 0.5]}
  - training: {epochs: 2, learning_rate: 0.01}
  - quantization: [none, {}]
  - runtime: onnxruntime
measure: {processes: 3, width: 1.0, max_s: 1}
"""
SEARCH = """\
name: a search
task: digits
recipe:
  - architecture: {family: mlp, width: 0.125}
  - training: {epochs: 2, learning_rate: {low: 0.001, high: 0.03, log: true}}
  - runtime: onnxruntime
measure: {processes: 3, width: 1.0, max_s: 1}
search: {strategy: random, stopping: none, budget: {variants: 2}}
"""


@pytest.fixture
def store(empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(driver_module, "BEAT_S", 0.05)
    return copy_store(empty_store, tmp_path / "home")


def executions(store: Store, event: str) -> list[str]:
    lines = [json.loads(line) for line in (store.home / "executions.jsonl").read_text().splitlines()]
    return [line["key"] for line in lines if line["event"] == event]


def once(action: Callable[[], None]) -> Callable[[Progress], None]:
    """Do something as soon as a stage has come."""
    done: list[bool] = []

    def report(progress: Progress) -> None:
        if progress.stages_done and not done:
            done.append(True)
            action()

    return report


def run(spec: Spec, store: Store, run_id: str, action: Callable[[], None] = lambda: None) -> None:
    run_sweep(spec, store=store, home=store.home, slots=2, run_id=run_id, report=once(action))


def test_a_paused_grid_ends_what_runs_and_goes_on_without_doing_anything_twice(store: Store) -> None:
    spec = parse(GRID)
    run_id = store.schedule(spec.text)
    filed_ms = store.sweep(run_id).started_ms
    with pytest.raises(Paused, match="What had finished is kept; it goes on where it stood"):
        run(spec, store, run_id, lambda: store.pause(run_id))
    paused = store.sweep(run_id)
    assert (paused.state, paused.error, paused.started_ms) == ("paused", "", filed_ms) and paused.done < 6
    assert sorted(executions(store, "started")) == sorted(executions(store, "finished")) != []
    expected_s = paused.bill.estimated_s
    assert expected_s is not None and expected_s > 0 and 0 < paused.bill.core_s
    store.resume(run_id)
    run(spec, store, run_id)
    ended = store.sweep(run_id)
    assert (ended.state, ended.total, ended.done, ended.failed) == ("done", 6, 6, 0)
    assert len(executions(store, "finished")) == len(set(executions(store, "finished")))
    assert ended.bill.estimated_s == expected_s and ended.bill.took_s > paused.bill.took_s > 0
    lines = [json.loads(line) for line in (store.home / "executions.jsonl").read_text().splitlines()]
    spent_s = sum((line["end"] - line["start"]) * (2 if line["exclusive"] else 1) for line in lines if line["event"] == "finished")
    assert ended.bill.core_s == pytest.approx(spent_s, abs=0.2) and ended.bill.alone_s > ended.bill.core_s


def test_a_paused_search_goes_on_with_the_same_candidates_and_a_larger_budget_lets_it_try_more(store: Store) -> None:
    spec = parse(SEARCH)
    run_id = store.schedule(spec.text)
    with pytest.raises(Paused):
        run(spec, store, run_id, lambda: store.pause(run_id))
    begun = set(executions(store, "finished"))
    store.resume(run_id)
    run(spec, store, run_id, lambda: store.set_budget(run_id, SEARCH.replace("variants: 2", "variants: 4")))
    ended = store.sweep(run_id)
    assert (ended.state, ended.done) == ("done", 4)
    finished = executions(store, "finished")
    assert begun <= set(finished) and len(finished) == len(set(finished))
