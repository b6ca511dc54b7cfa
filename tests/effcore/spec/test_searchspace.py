"""The space of a search: ranges and alternatives as decisions, the recipes they come to, and what is refused."""

from __future__ import annotations

import math
import random

import pytest

from effcore.errors import SpecError
from effcore.recipe import Recipe
from effcore.spec import Spec, parse
from effcore.spec.searchspace import SearchSpace, gap_spec

HEAD = "name: a\ntask: digits\nrecipe:\n"
TAIL = "search: {strategy: tpe, budget: {variants: 10}}\n"
RANGE = "architecture: {family: [mlp, cnn], width: {low: 0.25, high: 2, log: true}}"
TRAIN, RUN = "training: {learning_rate: {low: 0.001, high: 0.01, log: true}, batch_size: {low: 16, high: 70, step: 16}}", "runtime: onnxruntime"


def spec(*steps: str, tail: str = TAIL) -> Spec:
    return parse(HEAD + "".join(f"  - {step}\n" for step in steps) + tail)


def space(*steps: str) -> SearchSpace:
    found = spec(*steps).space
    assert found is not None
    return found


def refusal(*steps: str, tail: str = TAIL) -> str:
    with pytest.raises(SpecError) as caught:
        spec(*steps, tail=tail)
    return str(caught.value)


def test_every_list_and_range_is_a_dimension_and_the_rest_is_fixed() -> None:
    found = space(RANGE, TRAIN, "pruning: [none, {amount: {low: 0.1, high: 0.9}}, {structure: weights, amount: [0.5, 0.9]}]", RUN)
    names = ["architecture.family", "architecture.width", "training.learning_rate", "training.batch_size", "pruning", "pruning[1].amount"]
    assert [d.name for d in found.dimensions] == [*names, "pruning[2].amount"]
    by_name = {d.name: d for d in found.dimensions}
    assert by_name["training.batch_size"].whole and by_name["training.batch_size"].high == 64
    assert by_name["pruning[2].amount"].ordered and by_name["pruning[2].amount"].needs == (("pruning", 2),)
    assert by_name["pruning"].labels[0] == "none" and math.isinf(found.count)


def test_decisions_come_to_a_recipe_of_the_catalogue() -> None:
    found = space(RANGE, TRAIN, "pruning: [none, {amount: {low: 0.1, high: 0.9}}]", RUN)
    chosen = {"architecture.family": 1, "architecture.width": 0.5, "training.learning_rate": 0.002, "training.batch_size": 32, "pruning": 1}
    recipe = found.recipe(chosen | {"pruning.amount": 0.25})
    assert isinstance(recipe, Recipe) and recipe.name == "cnn x0.5 · 4 ep lr 0.002 batch 32 · prune 25%"
    plain = found.recipe(chosen | {"pruning": 0})
    assert isinstance(plain, Recipe) and plain.name == "cnn x0.5 · 4 ep lr 0.002 batch 32"
    assert plain.document["steps"][1]["training"]["batch_size"] == 32
    generator = random.Random(0)
    assert all(isinstance(found.recipe(found.draw(generator)), Recipe) for _ in range(100))


def test_several_recipes_are_one_decision_more() -> None:
    text = "recipes:\n  - [architecture: {family: mlp}, training: {}, runtime: onnxruntime]\n"
    text += "  - [architecture: {family: cnn, width: [0.5, 1.0]}, training: {}, runtime: onnxruntime]\n"
    found = parse("name: a\ntask: digits\n" + text + TAIL).space
    assert found is not None and [d.name for d in found.dimensions] == ["recipe", "recipes[1].architecture.width"] and found.count == 3
    second = found.recipe({"recipe": 1, "recipes[1].architecture.width": 0})
    assert isinstance(second, Recipe) and second.name == "cnn x0.5"


REFUSED = [
    ("architecture: {family: mlp, width: {low: 2, high: 1}}", "must have a `low` below `high`."),
    ("architecture: {family: mlp, width: {low: 1}}", "must have `low` and `high`."),
    ("architecture: {family: mlp, width: {low: 0, high: 1, log: true}}", "must have a `low` above zero where `log` is true."),
    ("architecture: {family: mlp, width: {low: 1, high: 2, step: 3}}", "must have a `step` above zero, no larger than the range"),
    ("architecture: {family: mlp, width: {low: a, high: 2}}", "must have numbers for `low`, `high` and `step`."),
    ("architecture: {family: mlp, depth: {low: 1, high: 2.5}}", "must have whole numbers, as the parameter itself."),
    ("architecture: {family: {low: 1, high: 2}}", "can't be a range, since it is no number."),
    ("architecture: {family: mlp, width: {low: 1, high: 9}}", "architecture.width (line 4): must be at most 4"),
    ("architecture: {family: [mlp, cn]}", "Did you mean 'cnn'?"),
    ("architecture: {family: []}", "must hold at least one alternative."),
]


@pytest.mark.parametrize(("step", "expected"), REFUSED)
def test_a_wrong_space_is_refused_with_its_place(step: str, expected: str) -> None:
    text = refusal(step, "training: {}", RUN)
    assert expected in text and "recipe[0].architecture" in text


def test_an_order_that_is_not_allowed_is_refused_before_anything_runs() -> None:
    assert "can't follow" in refusal(RANGE, "training: {}", "quantization: [none, {}]", "pruning: [none, {}]", RUN)
    assert "must be a technique of the catalogue" in refusal(RANGE, "trainning: {}", RUN)


def test_the_budget_is_no_part_of_a_search_s_identity() -> None:
    def key(search: str) -> str:
        return spec(RANGE, TRAIN, RUN, tail=f"search: {{strategy: tpe, {search}}}\n").key

    assert key("budget: {minutes: 1}") == key("budget: {minutes: 9, variants: 50}") != key("budget: {minutes: 1}, seed: 1")


def test_epochs_as_a_dimension_warn() -> None:
    (warning,) = spec(RANGE, "training: {epochs: [2, 4]}", RUN).warnings
    assert warning.startswith("training.epochs is searched: a training of other epochs is another training")
    assert spec(RANGE, TRAIN, RUN).warnings == ()


@pytest.mark.parametrize(
    ("low", "high", "step", "last"), [(0.1, 0.3, 0.1, 0.3), (0.1, 0.7, 0.1, 0.7), (0.25, 0.9, 0.25, 0.75), (0.1, 0.35, 0.1, 0.3)]
)
def test_a_range_with_steps_holds_the_last_that_they_reach(low: float, high: float, step: float, last: float) -> None:
    pruning = f"pruning: {{amount: {{low: {low}, high: {high}, step: {step}}}}}"
    (amount,) = (d for d in space(RANGE, TRAIN, pruning, RUN).dimensions if d.name == "pruning.amount")
    assert amount.high == pytest.approx(last) and amount.count == round((last - low) / step) + 1


def test_a_gap_is_searched_between_two_candidates() -> None:
    text = HEAD + f"  - {RANGE}\n  - {TRAIN}\n  - pruning: [none, {{amount: {{low: 0.1, high: 0.9}}}}]\n  - {RUN}\n" + TAIL
    one = {"architecture.family": 0, "architecture.width": 0.5, "training.learning_rate": 0.002, "training.batch_size": 32, "pruning": 0}
    other = one | {"architecture.width": 1.0, "pruning": 1, "pruning.amount": 0.5}
    found = parse(gap_spec(text, [one, other], limits=["latency_ms <= 0.5"]))
    assert found.name == "a gap" and found.search.constraints == ["latency_ms <= 0.5"] and found.space is not None
    bound = text.replace("strategy: tpe", 'strategy: tpe, constraints: ["size_mb <= 0.5", "latency_ms <= 2", "latency_ms >= 0.1"]')
    assert "constraints" in bound
    both = parse(gap_spec(bound, [one, other], limits=["latency_ms <= 0.5"])).search.constraints
    assert both == ["size_mb <= 0.5", "latency_ms >= 0.1", "latency_ms <= 0.5"]
    by_name = {d.name: d for d in found.space.dimensions}
    assert "architecture.family" not in by_name and by_name["pruning"].labels[0] == "none"
    assert 0.25 < by_name["architecture.width"].low < 0.5 and 1 < by_name["architecture.width"].high < 2
    assert 0.1 < by_name["pruning.amount"].low < 0.5 < by_name["pruning.amount"].high < 0.9


def test_widths_that_come_to_one_network_are_alike() -> None:
    found = space("architecture: {family: mlp, width: {low: 0.125, high: 1.0, log: true}}", TRAIN, RUN)
    assert found.alike is not None
    one, same, other = (
        {"architecture.width": width, "training.learning_rate": 0.002, "training.batch_size": 32} for width in (0.1266, 0.1316, 0.25)
    )  # fmt: skip
    assert found.alike(one) == found.alike(same) != found.alike(other)
    assert found.alike(one) != found.alike(one | {"training.batch_size": 16})
    listed = space("architecture: {family: mlp, width: [0.5, 0.51, 1.0]}", TRAIN, RUN)
    assert listed.alike is not None
    training = {"training.learning_rate": 0.002, "training.batch_size": 32}
    half, near, whole = (listed.alike(training | {"architecture.width": index}) for index in (0.0, 1.0, 2.0))
    assert half == near != whole
    assert space("architecture: {family: mlp, width: 0.5}", TRAIN, RUN).alike is None
