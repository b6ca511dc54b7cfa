"""A search as a sweep, with real training and measuring: rungs, promotion, budgets, going on with more, and the record of it all."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from stores import copy_store

from effcore.search import History, read_history
from effcore.search.analysis import growth, nearest_miss, savings
from effcore.spec import Spec, parse
from effcore.sweep import SweepResult, run_sweep
from effcore.sweep.progress import Progress
from effcore.tracking import Store
from effcore.tracking.searches import read_search

pytestmark = pytest.mark.slow

TEXT = """\
name: {name}
task: digits
objectives: [accuracy, latency_ms]
recipe:
  - architecture: {{family: mlp, width: 0.125}}
  - training: {{epochs: 4, learning_rate: {{low: 0.0003, high: 0.03, log: true}}}}
  - runtime: onnxruntime
measure: {{processes: 3, width: 1.0, max_s: 1}}
search: {{strategy: {strategy}, seed: 3, budget: {{variants: {variants}}}, constraints: {constraints}}}
"""


def make_spec(name: str = "searched", *, strategy: str = "tpe", variants: int = 7, constraints: str = "[]") -> Spec:
    return parse(TEXT.format(name=name, strategy=strategy, variants=variants, constraints=constraints))


@dataclass
class Searched:
    """A search that ran."""

    home: Path
    store: Store
    result: SweepResult
    progress: list[Progress]

    @property
    def history(self) -> History:
        return read_history(read_search(self.store, self.result.run_id))

    def trained(self) -> Counter[int]:
        """How many rungs of each length were trained, by their last epoch."""
        stages = [json.loads((folder / "stage.json").read_text()) for folder in (self.home / "cache").glob("train-*")]
        return Counter(int(stage["units"]) for stage in stages)


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Iterator[Searched]:
    home = tmp_path_factory.mktemp("search") / "home"
    store, progress = copy_store(empty_store, home), list[Progress]()
    yield Searched(home, store, run_sweep(make_spec(), store=store, home=home, report=progress.append), progress)


@pytest.fixture(scope="module")
def extended(searched: Searched) -> Searched:
    """The same search with a larger budget."""
    return Searched(searched.home, searched.store, run_sweep(make_spec(variants=12), store=searched.store, home=searched.home), [])


def test_candidates_stop_at_rungs_and_the_rest_is_measured(searched: Searched) -> None:
    history, result = searched.history, searched.result
    assert len(history.tried) == 7 and [t.number for t in history.tried] == list(range(7))
    finished, stopped = history.finished, [t for t in history.tried if t.fate == "stopped"]
    assert len(finished) == result.variants == searched.store.sweep(result.run_id).done >= 1
    assert len(stopped) >= 2 and len(finished) + len(stopped) == 7 and result.failed == 0
    assert all(t.values is not None and t.saved_s > 0 and len(t.rungs) in (1, 2, 3) for t in stopped)
    # Epochs 1, 2 and 3 to 4: everyone began, fewer went on, and the finished ones did all.
    rungs = searched.trained()
    assert rungs[2] == sum(len(t.rungs) == 3 for t in history.tried) >= len(finished) and all(len(t.rungs) == 3 for t in finished)
    assert rungs[1] == 7 + sum(len(t.rungs) > 1 for t in history.tried)


def test_the_store_and_the_study_hold_the_same(searched: Searched) -> None:
    variants = searched.store.variants(sweep=searched.result.run_id)
    assert Counter(v.recipe_key for v in variants) == Counter(t.recipe for t in searched.history.finished)
    for tried in searched.history.finished:
        (variant,) = [v for v in variants if v.recipe_key == tried.recipe]
        assert tried.values == (variant.metrics["val_accuracy"], variant.metrics["latency_ms"])


def test_what_the_search_was_is_logged(searched: Searched) -> None:
    tags = searched.store._run(searched.result.run_id).data.tags
    assert tags["effcore.strategy"] == "tpe" and tags["effcore.seed"] == "3" and tags["effcore.sampler"].startswith("optuna 5")
    history = searched.history
    assert 0 < history.choosing_s < history.elapsed_s and history.core_s == pytest.approx(history.slots * history.elapsed_s, rel=0.01)
    grown = growth(history)
    assert grown is not None and 0 < grown.core_s[0] <= grown.core_s[-1] <= history.core_s
    assert savings(history).sharing_s > 0 and savings(history).stopping_s > 0, "one structure is measured once for all"


def test_progress_ends_with_all_that_was_begun(searched: Searched) -> None:
    last = searched.progress[-1]
    assert (last.variants_done, last.failed, last.remaining_s) == (searched.result.variants, 0, 0) and last.variants_total == 7


def test_the_same_command_again_runs_nothing(searched: Searched) -> None:
    before = searched.history
    again = run_sweep(make_spec(), store=searched.store, home=searched.home)
    assert (again.executed, again.run_id, again.variants) == (0, searched.result.run_id, searched.result.variants)
    after = read_history(read_search(searched.store, again.run_id))
    assert [replace(t, saved_s=0.0) for t in after.tried] == [replace(t, saved_s=0.0) for t in before.tried]


def test_a_larger_budget_goes_on_with_the_same_candidates(searched: Searched, extended: Searched) -> None:
    assert extended.result.run_id == searched.result.run_id
    history = extended.history
    begun = [t for t in history.tried if t.fate != "postponed"]
    assert len(begun) == 12 and len(history.finished) == extended.result.variants
    assert len({t.recipe for t in history.tried}) == len(history.tried)
    variants = extended.store.variants(sweep=extended.result.run_id)
    assert Counter(v.recipe_key for v in variants) == Counter(t.recipe for t in history.finished)
    assert extended.trained()[2] == sum(len(t.rungs) == 3 for t in history.tried), "nobody was trained twice"


def test_where_no_candidate_keeps_a_constraint_the_nearest_miss_is_there(searched: Searched) -> None:
    spec = make_spec("impossible", strategy="random", variants=3, constraints='["accuracy >= 0.9999", "size_mb <= 0.5"]')
    result = run_sweep(spec, store=searched.store, home=searched.home)
    history = read_history(read_search(searched.store, result.run_id))
    missed = nearest_miss(history)
    assert result.variants >= 1 and missed is not None and missed.violation > 0 and growth(history) is None


def test_a_budget_of_no_time_at_all_still_gives_one_result(searched: Searched) -> None:
    text = make_spec("no time", strategy="random").text.replace("variants: 7", "minutes: 0.001")
    result = run_sweep(parse(text), store=searched.store, home=searched.home)
    assert (result.variants, result.failed) == (1, 0)


def test_a_candidate_that_fails_is_a_result_and_the_search_goes_on(searched: Searched) -> None:
    text = make_spec("failing", strategy="random", variants=6).text
    text = text.replace("  - runtime", "  - pruning: [none, {amount: 0.1, round_to: 64}]\n  - runtime")
    result = run_sweep(parse(text), store=searched.store, home=searched.home)
    history = read_history(read_search(searched.store, result.run_id))
    failed = [t for t in history.tried if t.fate == "failed"]
    assert result.variants - result.failed >= 1
    assert all(t.reason.startswith("pruning: ") for t in failed) and len(failed) == result.failed
