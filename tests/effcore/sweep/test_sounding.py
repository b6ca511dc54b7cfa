"""Structures that are measured before anything is trained: the same file as after training, when it is worth it, and what a search makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from search_bench import Bench, make_spec
from stores import copy_store

from effcore.catalogue import TASKS
from effcore.context import current_context
from effcore.models import build, snapshot
from effcore.plan import Planner
from effcore.recipe import Recipe
from effcore.search import read_history
from effcore.search.analysis import savings
from effcore.search.outlook import Prediction
from effcore.spec import parse
from effcore.stages import build as build_stage
from effcore.stages import export as export_stage
from effcore.sweep import run_sweep
from effcore.sweep.candidate import Candidate
from effcore.sweep.sounding import IN_A_ROW, SoundingSearcher
from effcore.tasks import Data
from effcore.tracking import Store
from effcore.tracking.searches import read_search
from effcore.training import Training, fit


def test_a_candidate_of_a_recipe_that_another_has_is_refused() -> None:
    bench = Bench(make_spec(), train_s=30.0)
    assignment = {"architecture.width": 0.5, "quantization": 0.0}
    first = bench.search._first_note(assignment)
    trial = bench.study.ask(lambda _: first)
    assert trial is not None and "reason" not in first
    assert bench.search._first_note(assignment)["reason"] == f"refused: the same recipe as candidate {trial.number}"
    assert "reason" not in bench.search._first_note(assignment | {"architecture.width": 0.75})


def test_a_candidate_without_a_figure_that_is_judged_fails_and_counts_after_a_resume_too(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path / 'search.db'}"
    bench = Bench(make_spec(), train_s=30.0, storage=storage)
    candidate = bench.launch(0.5)
    for plan in candidate.plans:
        record: Any = SimpleNamespace(error="", metrics={"val_accuracy": 0.9, "accuracy": 0.9}, recipe=plan.recipe)
        bench.search.logged(bench.driver, plan, record)  # type: ignore[arg-type]
    trial = bench.study.trial(candidate.number)
    assert (trial.state, trial.note["reason"]) == ("failed", "has no latency_ms, which this search is judged by")
    assert candidate.ended and not bench.search.working
    (told,) = bench.driver.errors.values()
    assert told == f"{candidate.plans[0].recipe.name} has no latency_ms, which this search is judged by"
    again = Bench(make_spec(), train_s=30.0, storage=storage)
    assert [(c.number, c.ended, c.values) for c in again.search.candidates.values()] == [(candidate.number, True, candidate.values)]
    assert list(again.driver.errors.values()) == [trial.note["reason"]], "it failed, however often the search is gone on with"


def test_an_untrained_network_has_the_structure_of_the_trained_one(digits: Data, tmp_path: Path) -> None:
    for family in ("cnn",):
        recipe = make_spec(family=family).space.recipe({"architecture.width": 0.5, "quantization": 0.0})  # type: ignore[union-attr]
        assert isinstance(recipe, Recipe)
        planner = Planner(current_context())
        built, exported = (planner.stages[key] for key in planner.untrained(recipe))
        folders = {name: tmp_path / f"{family}-{name}" for name in ("built", "trained", "file", "other")}
        for folder in folders.values():
            folder.mkdir()
        build_stage.work(built.config, {}, folders["built"])
        model = build(recipe.architecture, TASKS["digits"], seed=1)
        fit(model, digits.fraction(0.2), Training(epochs=1), seed=1)
        snapshot.save(folders["trained"] / "model.pt", snapshot.take(model, "digits", recipe.architecture))
        found = [
            export_stage.work(exported.config, {"model": folders[model]}, folders[file]) for model, file in (("built", "file"), ("trained", "other"))
        ]
        assert found[0]["structure"] == found[1]["structure"]
        same = ("size_mb", "params", "macs")
        assert [found[0]["metrics"][name] for name in same] == [found[1]["metrics"][name] for name in same]


@pytest.mark.slow
@pytest.mark.parametrize("family", ["mobile_se", "shuffle", "convnext", "mixer", "attention", "elastic", "lenet_5", "staged"])
def test_integers_of_an_untrained_network_have_the_structure_of_trained_ones(family: str, digits: Data, tmp_path: Path) -> None:
    recipe = make_spec(family=family).space.recipe({"architecture.width": 0.5, "quantization": 1.0})  # type: ignore[union-attr]
    assert isinstance(recipe, Recipe)
    planner = Planner(current_context())
    built, exported = (planner.stages[key] for key in planner.untrained(recipe))
    folders = {name: tmp_path / name for name in ("built", "trained", "file", "other")}
    for folder in folders.values():
        folder.mkdir()
    build_stage.work(built.config, {}, folders["built"])
    model = build(recipe.architecture, TASKS["digits"], seed=1)
    fit(model, digits, Training(epochs=1), seed=1)
    snapshot.save(folders["trained"] / "model.pt", snapshot.take(model, "digits", recipe.architecture))
    pairs = (("built", "file"), ("trained", "other"))
    found = [export_stage.work(exported.config, {"model": folders[model]}, folders[file]) for model, file in pairs]
    assert found[0]["structure"] == found[1]["structure"]
    assert found[0]["metrics"]["size_mb"] == pytest.approx(found[1]["metrics"]["size_mb"], rel=0.01)


def test_only_structures_that_no_training_shapes_are_built_without_one() -> None:
    planner = Planner(current_context())
    for step, stages in (("{mode: static}", 2), ("{mode: dynamic}", 3), ("{mode: static, float_layers: 1}", 0), ("{mode: aware}", 0)):
        recipe = make_spec(quantization=step).space.recipe({"architecture.width": 0.5, "quantization": 1.0})  # type: ignore[union-attr]
        assert isinstance(recipe, Recipe)
        keys = planner.untrained(recipe)
        assert len(keys) == stages and [key.split("-")[0] for key in keys] == ["build", "export", "export"][:stages], step
        assert all(key not in planner.variant(recipe, 0).stages for key in keys)
    pruned = parse(make_spec().text.replace("  - quantization: [none, {mode: static}]", "  - pruning: {amount: 0.5}"))
    recipe = pruned.space.recipe({"architecture.width": 1.0})  # type: ignore[union-attr]
    assert isinstance(recipe, Recipe) and planner.untrained(recipe) == ()


def test_it_is_measured_first_where_that_costs_less_than_the_training_it_may_save() -> None:
    cheap, dear = Bench(make_spec(), train_s=0.2), Bench(make_spec(epochs=20), train_s=20.0)
    for bench, worth in ((cheap, False), (dear, True)):
        assert not bench.is_sounded(bench.launch(1.9)), "nothing is predicted yet"
        bench.learn()
        assert bench.is_sounded(bench.launch(0.72)) == worth
        assert not bench.is_sounded(bench.launch(0.2)), "it is known to be fast enough"
        assert bench.figures.is_known(bench.candidate(0.125).plans[0].structure) and not bench.is_sounded(bench.launch(0.125))


def test_what_is_no_figure_of_structures_asks_for_no_measurement() -> None:
    spec = parse(make_spec(epochs=20).text.replace("latency_ms]", "train_total_s]"))
    bench = Bench(spec, train_s=20.0)
    for index in range(8):
        bench.figures.learn(bench.candidate(0.2 + index / 10), {"val_accuracy": 0.9, "train_total_s": 0.01 * index + 0.1})
    assert not bench.is_sounded(bench.launch(1.0))


def sound(bench: Bench, latency_ms: float) -> Candidate:
    """A candidate whose structure turns out to have that latency."""
    bench.learn()
    first = bench.launch(0.72)
    built, exported = bench.search.planner.untrained(first.plans[0].recipe)
    assert bench.is_sounded(first) and bench.search._busy() == 1 and {built, exported} <= bench.driver.running
    bench.driver.give(built)
    bench.driver.give(exported, structure="s", metrics={"size_mb": 0.5, "size_compressed_mb": 0.4, "macs": 7.0})
    bench.search._soundings[first.number].measure = "measure-1"
    bench.driver.give("measure-1", metrics={"latency_ms": latency_ms, "latency_ms_low": 0.02})
    measured = bench.driver.outcomes["measure-1"]
    bench.search._decide(bench.search._soundings.pop(first.number), measured)
    return first


def test_one_that_is_too_slow_is_put_off_with_what_it_took() -> None:
    bench = Bench(make_spec(epochs=20), train_s=20.0)
    first = sound(bench, 0.03)
    trial = bench.study.trial(first.number)
    assert trial.state == "postponed" and first.number not in bench.search.candidates
    assert trial.note["reason"] == "a measured candidate is as good in everything as the best that is believed of it, by its measured structure"
    assert trial.note["sounding"] == {"figures": {"size_mb": 0.5, "macs": 7.0, "latency_ms": 0.03}, "made_s": 6.0, "measured_s": 6.0}
    assert trial.note["saved_s"] > 100 and trial.note["predicted"]["latency_ms"] == pytest.approx(0.0072, rel=0.1)
    assert bench.figures.expected(first.prospect, "latency_ms") == Prediction(0.03, 0.03, 0.03)


def test_one_that_is_fast_is_trained_and_not_measured_again() -> None:
    bench = Bench(make_spec(epochs=20), train_s=20.0)
    first = sound(bench, 0.001)
    assert bench.study.trial(first.number).state == "open" and first.launched == first.bracket and first.number in bench.search.working
    assert bench.figures.is_known(first.plans[0].structure) and "sounding" in bench.study.trial(first.number).note


def test_after_many_that_were_put_off_one_is_trained() -> None:
    bench = Bench(make_spec(epochs=20), train_s=20.0)
    bench.learn()
    bench.search._put_off_in_a_row = IN_A_ROW
    assert not bench.is_sounded(bench.launch(0.72))


@pytest.fixture
def sounded(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Store]]:
    monkeypatch.setattr(SoundingSearcher, "_is_worth", lambda self, candidate, stages: True)
    home = tmp_path / "home"
    yield home, copy_store(empty_store, home)


@pytest.mark.slow
def test_a_search_measures_every_structure_once_and_puts_off_what_is_too_slow(sounded: tuple[Path, Store]) -> None:
    home, store = sounded
    text = make_spec(variants=10).text.replace("budget", "constraints: [latency_ms <= 0.006], budget")
    result = run_sweep(parse(text), store=store, home=home)
    history = read_history(read_search(store, result.run_id))
    assert history.sounded >= 10 and history.sounding_s > 0 and savings(history).sounding_s == history.sounding_s
    executions = [json.loads(line) for line in (home / "executions.jsonl").read_text().splitlines()]
    measured = [line["key"] for line in executions if line["kind"] == "measure" and line["event"] == "finished"]
    assert len(measured) == len(set(measured)) <= history.sounded
    late = [t for t in history.tried if t.fate == "postponed" and t.reason.endswith("by its measured structure")]
    assert all(t.saved_s > 0 for t in late) and result.failed == 0 and result.variants >= 1
    again = run_sweep(parse(text), store=store, home=home)
    assert again.executed == 0 and len(read_history(read_search(store, again.run_id)).tried) == len(history.tried)
