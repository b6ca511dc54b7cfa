"""`kill -9` of a search in every phase: the same command goes on, and no trial is lost, repeated or invented."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from typing import Any

import optuna
import pytest
from homes import Home, wait_for

from effcore.recipe import from_document
from effcore.search import Study, Trial, read_history
from effcore.spec import parse
from effcore.tracking import Store
from effcore.tracking.searches import read_search

pytestmark = pytest.mark.slow

TRIALS = 5
# Batches of four make a rung last long enough to be hit from outside. What `random` asks for depends on the seed alone.
SPEC = """
name: killed search
task: digits
recipe:
  - architecture: {family: mlp, width: 0.125}
  - training: {epochs: 4, batch_size: 4, learning_rate: {low: 0.0001, high: 0.03, log: true}}
  - runtime: onnxruntime
measure: {processes: 3, width: 1.0, max_s: 1}
search: {strategy: random, seed: 7, reduction: 2, budget: {variants: 5}}
"""


def study(home: Home) -> Study:
    """What the storage holds; read as the search itself reads it."""
    spec = parse(SPEC)
    assert spec.space is not None
    storage = f"sqlite:///{home.path / 'search.db'}"
    return Study(spec.space.root, maximise=(True, False), storage=storage, name=f"{spec.name} {spec.key}")


def trials(home: Home) -> list[dict[str, Any]]:
    """How every trial stands, read from outside while a search runs: number and note."""
    path = home.path / "search.db"
    if not path.exists():
        return []
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=20)
    text = "SELECT t.number, a.value_json FROM trials t JOIN trial_user_attributes a ON a.trial_id = t.trial_id WHERE a.key = 'stands'"
    try:
        return [{"number": number} | json.loads(value) for number, value in connection.execute(text)]
    except sqlite3.OperationalError:  # its tables are being made
        return []
    finally:
        connection.close()


def a_storage(home: Home) -> bool:
    """The tables of the search's storage are being made."""
    return (home.path / "search.db").exists()


def a_first_trial(home: Home) -> bool:
    return len(trials(home)) == 1


def a_rung(home: Home) -> bool:
    """A candidate that is not the first is being trained to its first rung."""
    return len(trials(home)) >= 3 and bool(home.running("train"))


def a_promotion(home: Home) -> bool:
    """A candidate has gone on from a rung."""
    return any(0 < t["note"].get("launched", 0) < t["note"].get("last", 0) or len(t["note"].get("seen", [])) > 1 for t in trials(home))


def a_measurement(home: Home) -> bool:
    return bool(home.running("measure")) and home.measures()


def a_result(home: Home) -> bool:
    """A variant is being written, and the study has not been told."""
    return "RUNNING" in home.statuses("variant")


def a_told_result(home: Home) -> bool:
    """The study has been told of a first result."""
    return any(t["state"] == "done" for t in trials(home))


def check(home: Home, asked: list[dict[str, float]]) -> None:
    """The trials are those of a search that nobody killed, each once; the store holds what is done, and nothing else."""
    home.gone()
    found = study(home).trials
    assert [t.number for t in found] == list(range(TRIALS))
    assert [dict(t.assignment) for t in found] == asked
    assert all(t.state in ("done", "open") for t in found)
    kept = optuna.load_study(study_name=f"killed search {parse(SPEC).key}", storage=f"sqlite:///{home.path / 'search.db'}").trials
    assert [t.state.name for t in kept] == ["COMPLETE" if t.state == "done" else "RUNNING" for t in found]

    done = {t.note["recipe"]: t for t in found if t.state == "done"}
    store = Store(home.path)
    variants = store.variants()
    assert Counter(v.recipe_key for v in variants) == Counter(list(done)), "every finished trial is one variant, and the other way round"
    assert home.statuses("variant") == ["FINISHED"] * len(done) and home.statuses("sweep") == ["FINISHED"]
    for variant in variants:
        assert done[variant.recipe_key].values == (variant.metrics["val_accuracy"], variant.metrics["latency_ms"])
        assert from_document(variant.recipe).key == variant.recipe_key
    history = read_history(read_search(store, store.sweep().run_id))
    assert [(t.number, t.recipe) for t in history.tried] == [(t.number, t.note["recipe"]) for t in found]
    assert all(promoted(t) for t in found if t.state == "done")
    once(home)


def promoted(trial: Trial) -> bool:
    """Whether a finished trial has passed all of its rungs, or was to be judged at none."""
    return len(trial.note["seen"]) == trial.note["last"] or trial.note["bracket"] == trial.note["last"]


def once(home: Home) -> None:
    """No stage was finished twice, and everything that is kept was."""
    finished = Counter(line["key"] for line in home.executions() if line["event"] == "finished")
    assert all(count == 1 for count in finished.values())
    assert set(finished) <= set(os.listdir(home.path / "cache"))


@pytest.fixture(scope="module")
def asked(shared_home: Home) -> list[dict[str, float]]:
    """What a search asks for that nobody killed."""
    document = shared_home.start("run", shared_home.file("search", SPEC), "--json").well()
    assert document["failed"] == 0 and sum(document["search"].values()) == TRIALS
    found = [dict(t.assignment) for t in study(shared_home).trials]
    check(shared_home, found)
    return found


MOMENTS = [
    (a_storage, True), (a_first_trial, False), (a_rung, True), (a_promotion, False), (a_measurement, True), (a_result, False), (a_told_result, True),
]  # fmt: skip
"""In the order in which they come, and whether the whole group is killed, or the driver alone."""


def test_a_search_that_is_killed_at_one_moment_after_the_other_ends_like_one_that_is_not(home: Home, asked: list[dict[str, float]]) -> None:
    spec = home.file("search", SPEC)
    before: dict[int, Trial] = {}
    for moment, group in MOMENTS:
        command = home.start("run", spec)
        wait_for(lambda moment=moment: moment(home), command)
        command.kill(group=group)
        home.gone()
        after = {t.number: t for t in study(home).trials}
        assert all(after[n].assignment == t.assignment for n, t in before.items()), "what was asked for stays"
        assert all(after[n].values == t.values for n, t in before.items() if t.state == "done"), "what was told stays"
        before = after

    document = home.start("run", spec, "--json").well()
    assert document["failed"] == 0 and sum(document["search"].values()) == TRIALS
    check(home, asked)
    assert home.start("run", spec, "--json").well()["stages"]["executed"] == 0
    check(home, asked)
