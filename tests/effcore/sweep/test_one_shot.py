"""A one-shot search from its spec to its points: what is asked for, what is refused, what is chosen, and a small real one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from effcore.catalogue.elastic import ElasticStage, Shape, smallest
from effcore.catalogue.search import read_constraint
from effcore.errors import SpecError
from effcore.forecast import DEFAULT_S, forecast
from effcore.spec import Spec, parse
from effcore.sweep import run_sweep
from effcore.sweep.one_shot import choose
from effcore.tracking import Store

SUPERNET = ["architecture: {family: elastic, depth: 2, width: 0.5}", "training: {epochs: 1}", "weight_sharing: {}"]
CUT = "subnetwork: {stage_1: {width: [0.25, 1.0]}, stage_2: {depth: [1, 2], kernel: [3, 5]}, images: 100}"
INT8 = "quantization: [none, {mode: static}]"
SEARCH = "{strategy: one_shot, screened: 6, population: 4, budget: {variants: 2}}"


def text(*steps: str, search: str = SEARCH) -> str:
    rows = "".join(f"  - {step}\n" for step in (*steps, "runtime: onnxruntime"))
    return f"name: a\ntask: digits\nseeds: [0]\nrecipe:\n{rows}search: {search}\n"


def read(*steps: str, search: str = SEARCH) -> Spec:
    return parse(text(*steps, search=search))


def test_a_spec_says_which_supernet_which_parts_and_what_follows() -> None:
    spec = read(*SUPERNET, CUT, INT8)
    space = spec.parts
    assert space is not None and spec.size == (2 + 1) * 2
    assert read(*SUPERNET, CUT, INT8, search=SEARCH.replace("variants: 2", "variants: 99")).size == (6 + 1) * 2, "not more than are tried"
    assert space.shapes == 8 and read(*SUPERNET, CUT, search="{strategy: one_shot, budget: {variants: 99}}").size == 8 + 1, "nor than there are"
    assert [len(stages) for stages in space.choices] == [2, 4, 1] and space.finishes == 2
    assert [s.technique for s in space.supernet.steps] == ["architecture", "training", "weight_sharing", "runtime"]
    names = [[s.technique for s in r.steps] for r in space.recipes(smallest())]
    assert names == [["architecture", "training", "weight_sharing", "subnetwork", *more, "runtime"] for more in ([], ["quantization"])]
    cut = next(iter(space.recipes(smallest()))).steps[3].config
    assert cut.images == 100 and cut.stage_1.width == 0.25  # type: ignore[attr-defined]


def test_a_forecast_counts_one_training_and_what_is_tried(tmp_path: Path) -> None:
    few, many = (forecast(read(*SUPERNET, CUT, search=SEARCH.replace("6", str(n))), home=tmp_path, slots=2) for n in (6, 106))
    assert (few.variants, few.trainings) == (3, 1)
    assert many.estimated_s - few.estimated_s == pytest.approx(100 * DEFAULT_S["screen"])


def test_a_chosen_sub_network_is_the_recipe_that_anyone_may_write() -> None:
    space = read(*SUPERNET, CUT).parts
    assert space is not None
    (chosen,) = space.recipes(Shape(stage_1=ElasticStage(width=1.0)))
    (written,) = parse(text(*SUPERNET, "subnetwork: {stage_1: {width: 1.0}, images: 100}", search="{strategy: grid}")).recipes
    assert chosen == written


@pytest.mark.parametrize(
    ("steps", "search", "where", "sentence"),
    [
        ((*SUPERNET[:2], CUT), SEARCH, "recipe", "must hold weight_sharing and then subnetwork"),
        (SUPERNET, SEARCH, "recipe", "must hold weight_sharing and then subnetwork"),
        ((SUPERNET[0], "training: {epochs: [1, 2]}", SUPERNET[2], CUT), SEARCH, "recipe[1].training", "trains one supernet"),
        ((*SUPERNET, CUT.replace("subnetwork: {", "subnetwork: [none, {") + "]"), SEARCH, "recipe[3].subnetwork", "must be given once"),
        ((*SUPERNET, "subnetwork: {fine_tune: [0, 1]}"), SEARCH, "recipe[3].subnetwork.fine_tune", "only stages are searched"),
        ((*SUPERNET, "subnetwork: {}"), SEARCH, "recipe[3].subnetwork", "must have alternatives in its stages"),
        ((*SUPERNET, CUT), "{strategy: one_shot, budget: {minutes: 3}}", "search.budget", "how many sub-networks are built"),
        ((*SUPERNET, CUT, "pruning: {amount: {low: 0.1, high: 0.8}, fine_tune: 1}"), SEARCH, "recipe", "Got infinitely many, as a range has."),
        ((*SUPERNET, CUT, "pruning: {amount: {low: 0.1, high: 0.8, step: 0.001}, fine_tune: 1}"), SEARCH, "recipe", "Got 701."),
        ((*SUPERNET, CUT), SEARCH + "\nobjectives: [accuracy, size_mb]", "objectives", "chooses by these. Got accuracy, size_mb."),
        ((*SUPERNET, CUT), SEARCH[:-1] + ", constraints: ['size_mb <= 1']}", "search.constraints", "Got size_mb"),
    ],
)  # fmt: skip
def test_what_is_no_one_shot_search_is_refused_with_the_reason(steps: tuple[str, ...], search: str, where: str, sentence: str) -> None:
    with pytest.raises(SpecError) as caught:
        read(*steps, search=search)
    assert where in str(caught.value) and sentence in str(caught.value)


def test_the_front_is_chosen_and_the_nearest_miss_where_nothing_keeps_the_limits() -> None:
    points = [(0.9, 2.0), (0.8, 1.0), (0.7, 3.0), (0.95, 4.0), (0.6, 0.5)]
    rows = [{"val_accuracy": a, "latency_ms": t, "params": 1.0} for a, t in points]
    assert set(choose(rows, 4)) == {0, 1, 3, 4} and set(choose(rows, 10)) == {0, 1, 2, 3, 4}
    assert set(choose(rows, 4, limits=[read_constraint("latency_ms <= 1")])) == {1, 4}
    assert choose(rows, 1, limits=[read_constraint("latency_ms <= 0.1")]) == [4]


@pytest.mark.slow
def test_a_search_ends_with_measured_points_and_runs_nothing_again(tmp_path: Path) -> None:
    spec, store = read(*SUPERNET, CUT), Store(tmp_path)
    first = run_sweep(spec, store=store, home=tmp_path, slots=2)
    assert (first.variants, first.failed) == (3, 0)
    record = json.loads(store.file(first.run_id, "one_shot.json").read_text())
    assert len(record["screened"]) == 6 and len(record["chosen"]) == 2 and record["table_error"]["networks"] >= 2
    variants = {v.recipe_key: v for v in store.variants(sweep=first.run_id)}
    cut = [v for v in variants.values() if v.technique == "subnetwork"]
    (whole,) = [v for v in variants.values() if v.technique != "subnetwork"]
    assert len(cut) == 2 and {v.parent for v in cut} == {whole.recipe_key}
    for variant in cut:
        assert variant.metrics["train_total_s"] == whole.metrics["train_total_s"] > 0 == variant.metrics["train_s"]
        assert variant.metrics["search_s"] > 0 and variant.metrics["params"] < whole.metrics["params"]
    assert "search_s" not in whole.metrics
    again = run_sweep(spec, store=store, home=tmp_path, slots=2)
    assert again.executed == 0 and {v.recipe_key for v in store.variants(sweep=first.run_id)} == set(variants)
