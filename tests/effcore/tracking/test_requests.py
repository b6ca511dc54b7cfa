"""What people ask of sweeps: to stand still, to go on, and another budget; and what sweeps cost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from stores import copy_store, make_spec

from effcore.errors import EffcoreError, SpecError, StoreError
from effcore.spec import parse
from effcore.tracking import Bill, Store
from effcore.tracking.bill import read_bill

SEARCH = """name: searched
task: digits
recipe:
  - architecture: {family: mlp, width: {low: 0.25, high: 1.0}}
  - training: {epochs: 1}
  - runtime: onnxruntime
search: {strategy: tpe, budget: {minutes: 1}}
"""
ONE_SHOT = """name: in one
task: digits
recipe:
  - architecture: {family: elastic, depth: 2}
  - training: {epochs: 1}
  - weight_sharing: {}
  - subnetwork: {stage_1: {depth: [1, 2], width: [0.5, 1.0]}}
  - runtime: onnxruntime
search: {strategy: one_shot, screened: 8, population: 4, budget: {variants: 2}}
"""


@pytest.fixture
def store(empty_store: Path, tmp_path: Path) -> Store:
    return copy_store(empty_store, tmp_path / "home")


def test_what_waits_stands_still_keeps_its_place_and_goes_on(store: Store) -> None:
    first, second = (store.schedule(make_spec(name).text) for name in ("one", "two"))
    store.pause(first)
    assert store.sweep(first).state == "paused" and [s.run_id for s in store.scheduled()] == [second]
    store.resume(first)
    assert [s.run_id for s in store.scheduled()] == [first, second]


def test_a_pause_of_what_runs_is_heard_at_the_next_beat_and_it_waits_paused(store: Store) -> None:
    run_id = store.open_sweep(make_spec())
    assert not store.beat(run_id, total=2, done=1, failed=0).pause
    store.pause(run_id)
    assert store.sweep(run_id).state == "pausing" and store.beat(run_id, total=2, done=1, failed=0).pause
    store.requeue(run_id)
    assert store.sweep(run_id).state == "paused"
    store.open_sweep(make_spec(), run_id=run_id)  # the runner had taken it up already
    assert store.sweep(run_id).state == "pausing"
    store.resume(run_id)
    assert store.sweep(run_id).state == "running"


def test_the_command_and_a_second_submission_let_it_go_on(store: Store) -> None:
    run_id = store.schedule(make_spec().text)
    store.pause(run_id)
    assert store.schedule(make_spec().text) == run_id and store.sweep(run_id).state == "waiting"
    store.pause(run_id)
    assert store.open_sweep(make_spec()) == run_id and store.sweep(run_id).state == "running"


def test_what_has_ended_is_not_paused_and_what_is_paused_is_cancelled(store: Store) -> None:
    ended = store.open_sweep(make_spec("ended"))
    store.finish_sweep(ended, status="FINISHED")
    store.pause(ended)
    assert store.sweep(ended).state == "done"
    paused = store.schedule(make_spec("paused").text)
    store.pause(paused)
    store.cancel(paused)
    assert store.sweep(paused).state == "cancelled"
    for ask in (store.pause, store.resume):
        with pytest.raises(StoreError, match="There is no run"):
            ask("0" * 32)


def test_another_budget_is_heard_and_stands_in_the_spec(store: Store) -> None:
    spec = parse(SEARCH)
    run_id = store.open_sweep(spec)
    assert store.beat(run_id, total=0, done=0, failed=0).budget == "" and store.sweep(run_id).strategy == "tpe"
    more = SEARCH.replace("minutes: 1", "minutes: 2.5, variants: 9")
    store.set_budget(run_id, more)
    heard = store.beat(run_id, total=0, done=0, failed=0)
    assert json.loads(heard.budget) == {"variants": 9, "minutes": 2.5, "core_s": None}
    assert store.spec_text(run_id) == more and store.sweep(run_id).key == spec.key


@pytest.mark.parametrize("running", [False, True])
def test_launching_a_search_again_with_another_budget_gives_it_that_budget(store: Store, running: bool) -> None:
    run_id = store.schedule(SEARCH)
    if running:
        store.open_sweep(parse(SEARCH), run_id=run_id)
    assert store.schedule(SEARCH) == run_id and store.beat(run_id, total=0, done=0, failed=0).budget == ""
    more = SEARCH.replace("minutes: 1", "minutes: 30")
    assert store.schedule(more) == run_id and store.sweep(run_id).state == ("running" if running else "waiting")
    heard = store.beat(run_id, total=0, done=0, failed=0)
    assert json.loads(heard.budget) == {"variants": None, "minutes": 30, "core_s": None}
    assert store.spec_text(run_id) == more and len(store.sweeps()) == 1


def test_launching_again_with_a_budget_that_can_not_be_changed_now_is_refused(store: Store) -> None:
    run_id = store.schedule(ONE_SHOT)
    with pytest.raises(EffcoreError, match="The strategy one_shot has no budget that could be changed while it runs."):
        store.schedule(ONE_SHOT.replace("variants: 2", "variants: 3"))
    assert store.spec_text(run_id) == ONE_SHOT and store.schedule(ONE_SHOT) == run_id


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (SEARCH.replace("high: 1.0", "high: 0.5"), "Only the budget of 'searched' can be changed"),
        (SEARCH.replace("budget: {minutes: 1}", "budget: {}"), "must say when the search ends"),
    ],
)
def test_what_is_no_other_budget_is_refused_and_nothing_is_written(store: Store, changed: str, said: str) -> None:
    run_id = store.open_sweep(parse(SEARCH))
    with pytest.raises((EffcoreError, SpecError), match=said):
        store.set_budget(run_id, changed)
    assert store.spec_text(run_id) == SEARCH and store.beat(run_id, total=0, done=0, failed=0).budget == ""


def test_a_grid_has_no_budget_and_what_has_ended_is_launched_again(store: Store) -> None:
    grid = store.open_sweep(make_spec())
    with pytest.raises(EffcoreError, match="grid has no budget"):
        store.set_budget(grid, make_spec().text)
    ended = store.open_sweep(parse(SEARCH))
    store.finish_sweep(ended, status="FINISHED")
    with pytest.raises(EffcoreError, match="is done. Launch it again with the larger budget"):
        store.set_budget(ended, SEARCH.replace("minutes: 1", "minutes: 2"))


def test_a_bill_is_kept_and_a_second_launch_counts_its_time_anew(store: Store) -> None:
    run_id = store.open_sweep(make_spec())
    assert store.bill(run_id) == Bill()
    bill = Bill(estimated_s=20.0, took_s=31.5, core_s=40.0, alone_s=100.0)
    store.beat(run_id, total=2, done=1, failed=0, bill=bill)
    assert store.bill(run_id) == store.sweep(run_id).bill == bill and bill.saved_s == 60.0
    store.finish_sweep(run_id, status="FINISHED")
    store.schedule(make_spec().text)
    assert store.sweep(run_id).bill == Bill(core_s=40.0, alone_s=100.0)


@pytest.mark.parametrize("text", ["", "[", "[1]", '{"unheard": 1}', '{"core_s": "x"}'])
def test_a_bill_that_can_not_be_read_is_an_empty_one(text: str) -> None:
    assert read_bill(text) == Bill()
