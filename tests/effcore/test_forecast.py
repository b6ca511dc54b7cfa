"""What a sweep will cost is told before it is run, from the plan, the cache and what has run before."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from effcore.cache import RECORD, Cache
from effcore.catalogue import TASKS
from effcore.context import current_context
from effcore.forecast import DEFAULT_S, START_S, Rates, forecast
from effcore.plan import Plan, Stage, make_plan
from effcore.spec import Spec, parse

TEXT = """\
name: a
task: digits
recipe:
  - architecture: {family: mlp}
  - training: {epochs: 4}
  - pruning: [none, {}]
  - quantization: [none, {}]
  - runtime: onnxruntime
"""
DIGITS = TASKS["digits"].train / TASKS["mnist5k"].train
"""Of what an epoch of `mnist5k` takes."""


@pytest.fixture
def spec() -> Spec:
    return parse(TEXT)


def plan_of(spec: Spec) -> Plan:
    return make_plan(spec.variants, context=current_context())


def keep(home: Path, *stages: Stage, structure: str = "s") -> None:
    cache = Cache(home)
    for stage in stages:
        with cache.aside() as folder:
            cache.keep(stage.key, folder, {"facts": {"structure": structure}})


def log(home: Path, *lines: dict[str, object] | str) -> None:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    (home / "executions.jsonl").write_text("".join(text + "\n" for text in texts))


def executed(kind: str, cost_class: str, seconds: float, *, units: float = 1.0, event: str = "finished") -> dict[str, object]:
    return {"event": event, "key": f"{kind}-x", "kind": kind, "class": cost_class, "units": units, "start": 10.0, "end": 10.0 + seconds}


def test_a_fresh_home_has_nothing_and_nothing_is_written(spec: Spec, tmp_path: Path) -> None:
    cost = forecast(spec, home=tmp_path / "none", slots=1)
    assert (cost.variants, cost.trainings, cost.trainings_cached, cost.measurements) == (4, 2, 0, 4)
    assert (cost.stages_distinct, cost.stages_cached) == (3 + 1 + 4 + 4 + 4, 0)
    assert cost.stages_total == 4 * (3 + 1 + 1 + 1) + 2
    work = DIGITS * (4 * DEFAULT_S["train"] + DEFAULT_S["transform"]) + 4 * DEFAULT_S["export"] + 4 * DEFAULT_S["evaluate"]
    assert cost.estimated_s == pytest.approx(work + 4 * DEFAULT_S["measure"] + START_S)
    assert not (tmp_path / "none").exists()


def test_what_is_in_the_cache_is_not_counted_as_work(spec: Spec, tmp_path: Path) -> None:
    stages = plan_of(spec).stages.values()
    trained = [s for s in stages if s.kind == "train"]
    keep(tmp_path, *trained[:2])
    partly = forecast(spec, home=tmp_path, slots=1)
    assert (partly.stages_cached, partly.trainings_cached) == (2, 0)
    keep(tmp_path, trained[2])
    whole = forecast(spec, home=tmp_path, slots=1)
    assert (whole.stages_cached, whole.trainings_cached) == (3, 1)
    assert whole.estimated_s == pytest.approx(partly.estimated_s - 2 * DIGITS * DEFAULT_S["train"])


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"facts": 1}', "{"])
def test_a_damaged_record_of_an_export_counts_as_unmeasured(spec: Spec, tmp_path: Path, damage: str) -> None:
    exports = [s for s in plan_of(spec).stages.values() if s.kind == "export"]
    keep(tmp_path, *exports)
    before = forecast(spec, home=tmp_path)
    for stage in exports:
        (tmp_path / "cache" / stage.key / RECORD).write_text(damage)
    assert forecast(spec, home=tmp_path) == before


def test_rates_are_medians_of_what_has_finished(tmp_path: Path) -> None:
    log(
        tmp_path, executed("train", "a", 2.0, units=2.0), executed("train", "a", 6.0, units=2.0), executed("train", "a", 90.0),
        executed("train", "b", 5.0), executed("train", "a", 1e6, event="failed"), executed("export", "c", 1.0, units=0.0),
        '{"event": "finished", "key": "cut o',
    )  # fmt: skip
    rates = Rates.of(tmp_path)
    assert rates.by_class == {"a": 3.0, "b": 5.0, "c": 1.0}
    assert rates.by_kind == {"train": 4.0, "export": 1.0}


def test_seconds_of_a_stage_come_from_its_class_then_its_kind_then_the_default() -> None:
    rates = Rates({"a": 3.0}, {"train": 4.0})
    assert rates.seconds(Stage("train", "1", {}, cost_class="a", units=2.0)) == 6.0
    assert rates.seconds(Stage("train", "1", {}, cost_class="b", units=2.0)) == 8.0
    assert rates.seconds(Stage("export", "1", {}, cost_class="c")) == DEFAULT_S["export"]
    assert rates.seconds(Stage("transform", "1", {}, cost_class="d", units=0.0)) == DEFAULT_S["transform"]


def test_of_trainings_that_may_end_early_the_share_that_was_done_before_is_expected(tmp_path: Path) -> None:
    name = "train digits cnn x1 d1 +early_stopping"
    rungs = [executed("train", name, 4.0, units=2.0) | {"share_done": 0.5}, executed("train", name, 0.1, units=2.0) | {"share_done": 0.0}]
    log(tmp_path, *rungs, executed("train", "other", 8.0, units=2.0))
    rates = Rates.of(tmp_path)
    assert rates.by_class == {name: 4.0, "other": 4.0} and rates.shares == {name: 0.25}
    assert rates.seconds(Stage("train", "1", {}, cost_class=name, units=8.0)) == 4.0 * 8 * 0.25
    assert rates.seconds(Stage("train", "1", {}, cost_class="other", units=8.0)) == 4.0 * 8
    early = parse(TEXT.replace("{epochs: 4}", "{epochs: 4, early_stopping: {patience: 1}}"))
    classes = {s.cost_class for s in plan_of(early).stages.values() if s.trains}
    assert classes == {"train digits mlp x1 d1 +early_stopping", "pruning train digits mlp x1 d1 +early_stopping"}


def chain() -> list[Stage]:
    first = Stage("train", "1", {}, cost_class="a")
    return [first, Stage("train", "2", {}, (("before", "1"),), "a"), Stage("train", "3", {}, cost_class="b")]


def test_time_is_the_longer_of_the_longest_chain_and_the_work_over_the_slots() -> None:
    rates = Rates({"a": 5.0, "b": 2.0}, {"measure": 3.0})
    assert rates.elapsed_s(chain(), measurements=0, slots=1) == 12.0 + START_S
    assert rates.elapsed_s(chain(), measurements=0, slots=8) == 10.0 + START_S
    assert rates.elapsed_s(chain(), measurements=2, slots=8) == 10.0 + 6.0 + START_S
    assert rates.elapsed_s([], measurements=0, slots=1) == 0.0


def test_past_runs_of_this_home_shape_the_estimate(spec: Spec, tmp_path: Path) -> None:
    log(tmp_path, *(executed(kind, f"other {kind}", 100.0) for kind in DEFAULT_S))
    cost = forecast(spec, home=tmp_path, slots=1)
    assert cost.estimated_s == pytest.approx(100.0 * (4 + 1 + 4 + 4 + 4) + START_S)



def test_a_forecast_imports_neither_torch_nor_mlflow(tmp_path: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from effcore.forecast import forecast
from effcore.spec import parse
forecast(parse({TEXT!r}), home=Path({str(tmp_path)!r}))
print(sorted({{"torch", "mlflow", "onnxruntime", "distributed"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def test_structures_are_measured_once_in_each_environment(tmp_path: Path) -> None:
    one, several = parse(TEXT), parse(TEXT + "measure: {batch_sizes: [1, 32], threads: [1, 2]}\n")
    before, after = forecast(one, home=tmp_path, slots=1), forecast(several, home=tmp_path, slots=1)
    assert (before.measurements, after.measurements) == (4, 16)
    assert after.stages_distinct == before.stages_distinct + 12
    assert after.stages_total == before.stages_total + 12
    assert after.estimated_s == pytest.approx(before.estimated_s + 12 * DEFAULT_S["measure"])


def test_a_search_is_forecast_with_as_many_measurements_as_it_has_structures(tmp_path: Path) -> None:
    text = "name: a\ntask: digits\nrecipe:\n  - architecture: {{family: mlp, width: {width}}}\n  - training: {{epochs: 4, learning_rate: {rate}}}\n"
    text += "  - runtime: onnxruntime\nsearch: {{strategy: random, budget: {{variants: 80}}}}\n"
    widths, rates = "{low: 0.125, high: 2.0}", "{low: 0.001, high: 0.01}"
    found = {}
    for name, width, rate in (("one", "1.0", rates), ("each", widths, "0.01"), ("three", "[0.5, 1.0, 2.0]", rates)):
        cost = forecast(parse(text.format(width=width, rate=rate)), home=tmp_path / "none", slots=2)
        found[name] = cost.measurements
        assert cost.variants == 80 and cost.stages_distinct <= cost.stages_total
    assert found == {"one": 1, "each": 80, "three": 3}


def test_a_search_of_a_small_space_is_forecast_by_each_of_its_candidates_once(tmp_path: Path) -> None:
    text = "name: a\ntask: digits\nrecipe:\n  - architecture: {family: mlp, width: [0.5, 1.0, 2.0]}\n  - training: {epochs: [1, 2]}\n"
    text += "  - runtime: onnxruntime\nsearch: {strategy: random, budget: {variants: 80}}\n"
    cost = forecast(parse(text), home=tmp_path, slots=1)
    assert (cost.variants, cost.trainings, cost.measurements) == (6, 6, 3)


def test_a_search_with_several_seeds_has_as_many_structures_and_one_of_few_networks_as_many_candidates(tmp_path: Path) -> None:
    text = "name: a\ntask: digits\nseeds: {seeds}\nrecipe:\n  - architecture: {{family: cnn, width: {{low: {low}, high: {high}}}}}\n"
    text += "  - training: {{epochs: 1}}\n  - runtime: onnxruntime\nsearch: {{strategy: random, budget: {{variants: 200}}}}\n"
    one, two = (forecast(parse(text.format(seeds=s, low=0.25, high=4.0)), home=tmp_path, slots=1) for s in ("[0]", "[0, 1]"))
    assert one.measurements > 150 and (two.variants, two.measurements) == (400, one.measurements)
    few = forecast(parse(text.format(seeds="[0, 1]", low=0.25, high=0.5)), home=tmp_path, slots=1)
    assert few.variants == few.trainings == 2 * few.measurements < 100


def test_an_epoch_of_more_images_takes_longer_until_one_has_run(tmp_path: Path) -> None:
    small, large = (forecast(parse(TEXT.replace("digits", task)), home=tmp_path, slots=1) for task in ("digits", "glyphs"))
    assert not small.learned and small.slots == 1
    more = TASKS["glyphs"].train / TASKS["mnist5k"].train - DIGITS
    assert large.estimated_s - small.estimated_s == pytest.approx(more * (4 * DEFAULT_S["train"] + DEFAULT_S["transform"]))
    log(tmp_path, *(executed(kind, f"other {kind}", 3.0) for kind in ("train", "transform")))
    learned = [forecast(parse(TEXT.replace("digits", task)), home=tmp_path, slots=1) for task in ("digits", "glyphs")]
    assert learned[0].estimated_s == learned[1].estimated_s and learned[0].learned
