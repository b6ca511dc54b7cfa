"""Alternatives in a recipe: which recipes they make, in which order, and which spaces are refused."""

from __future__ import annotations

import pytest

from effcore.errors import SpecError
from effcore.recipe import Recipe
from effcore.spec import parse


def recipes(*steps: str) -> tuple[Recipe, ...]:
    return parse("name: a\ntask: digits\nrecipe:\n" + "".join(f"  - {step}\n" for step in steps)).recipes


def refusal(*steps: str) -> str:
    with pytest.raises(SpecError) as caught:
        recipes(*steps)
    return str(caught.value)


MLP, TRAIN, RUN = "architecture: {family: mlp}", "training: {}", "runtime: onnxruntime"


def test_a_list_is_alternatives_and_none_leaves_the_step_out() -> None:
    found = recipes("architecture: {family: [mlp, cnn]}", TRAIN, "pruning: [none, {amount: 0.5}]", RUN)
    assert [r.name for r in found] == ["mlp x1", "mlp x1 · prune 50%", "cnn x1", "cnn x1 · prune 50%"]


def test_the_last_field_of_a_step_runs_fastest() -> None:
    found = recipes("architecture: {family: [mlp, cnn], width: [1, 0.5]}", TRAIN, RUN)
    assert [(r.architecture.family, r.architecture.width) for r in found] == [
        ("mlp", 1),
        ("mlp", 0.5),
        ("cnn", 1),
        ("cnn", 0.5),
    ]


def test_alternatives_inside_a_teacher() -> None:
    teacher = "{family: [cnn, residual], width: [1, 2]}"
    assert len(recipes(MLP, TRAIN, f"distillation: {{teacher: {teacher}, temperature: [2, 4]}}", RUN)) == 8
    assert len(recipes(MLP, TRAIN, "distillation: {teacher: [{family: cnn}, {family: mlp, width: [1, 2]}]}", RUN)) == 3


def test_a_bare_name_stands_for_the_runtime() -> None:
    assert [r.runtime for r in recipes(MLP, TRAIN, "runtime: [onnxruntime, torch]")] == ["onnxruntime", "torch"]
    assert [r.runtime for r in recipes(MLP, TRAIN, "runtime: {name: torch}")] == ["torch"]


def test_every_default_is_written_into_the_document() -> None:
    ((first, second, third),) = [r.document["steps"] for r in recipes(MLP, TRAIN, RUN)]
    assert first == {"architecture": {"family": "mlp", "width": 1.0, "depth": 1, "resolution": 1.0, "subnetwork": None}}
    assert second["training"]["epochs"] == 4 and third == {"runtime": {"name": "onnxruntime"}}


ORDERS = [
    (
        (TRAIN, MLP, RUN),
        "recipe[0].training (line 4): must be `architecture`. Got 'training': it is what all",
    ),
    (
        (MLP, "pruning: {}", RUN),
        "recipe[1].pruning (line 5): 'pruning' can't follow 'architecture': it changes a trained network",
    ),
    (
        (MLP, TRAIN, "quantization: {}", "pruning: {}", RUN),
        "recipe[3].pruning (line 7): 'pruning' can't follow 'quantization': it changes",
    ),
    (
        (MLP, TRAIN, "pruning: {}", "augmentation: {}", RUN),
        "recipe[3].augmentation (line 7): 'augmentation' can't follow 'pruning': it shapes",
    ),
    (
        (MLP, TRAIN),
        "recipe[1].training (line 5): must be `runtime`. Got 'training': it is the file that is",
    ),
    ((MLP, RUN), "recipe[1].runtime (line 5): 'runtime' can't follow 'architecture': it is the file that is deployed"),
    ((MLP, TRAIN, RUN, RUN), "recipe[3].runtime (line 7): 'runtime' can't follow 'runtime'"),
    (
        (MLP, TRAIN, "augmentation: {}", "augmentation: {degrees: 1}", RUN),
        "recipe[3].augmentation (line 7): 'augmentation' stands twice in one phase",
    ),
    (
        (MLP, TRAIN, "quantization: {}", "runtime: torch"),
        "recipe[2].quantization (line 6): 'quantization' can't be had with the runtime 'torch': int8 in",
    ),
]


def test_a_policy_that_changes_what_a_task_shows_is_refused_in_its_place() -> None:
    text = refusal(MLP, TRAIN, "augmentation: [none, {policy: [affine, flip]}]", RUN)
    assert text.startswith("spec: 1 problem\n")
    assert "recipe[2].augmentation[1].policy" in text and "(line 6)" in text
    assert "can't be 'flip' for the task" in text and "a mirrored digit or letter is another sign, or none at all." in text
    assert "Allowed: affine, crop, erasing, noise, mixup, cutmix, randaugment, trivialaugment." in text


@pytest.mark.parametrize(("steps", "expected"), ORDERS)
def test_a_refused_order_says_why(steps: tuple[str, ...], expected: str) -> None:
    assert expected in refusal(*steps)


def test_one_refused_combination_refuses_the_space_once() -> None:
    text = refusal(
        "architecture: {family: [mlp, cnn]}", TRAIN, "quantization: [none, {}]", "runtime: [onnxruntime, torch]"
    )
    assert text.startswith("spec: 1 problem\n")
    assert "can't be had with the runtime 'torch'" in text


def test_an_order_that_only_some_alternatives_have_is_looked_at_too() -> None:
    found = recipes(
        MLP,
        TRAIN,
        "pruning: {}",
        "training: {epochs: 1}",
        "pruning: [none, {amount: 0.25}]",
        "quantization: [none, {}]",
        RUN,
    )
    assert [len(r.steps) for r in found] == [5, 6, 6, 7]


@pytest.mark.parametrize("recipe", ["{}", "[]", "mlp", "~", "{architecture: {}}"])
def test_a_recipe_is_a_list_of_steps(recipe: str) -> None:
    with pytest.raises(SpecError, match="recipe \\(line 3\\): must be a list of steps, at least one. Got "):
        parse(f"name: a\ntask: digits\nrecipe: {recipe}\n")


def numbers(count: int) -> str:
    return "[" + ", ".join(f"{0.2 + i / 100_000:.5f}" for i in range(count)) + "]"


def test_a_grid_of_a_million_variants_is_counted_and_refused() -> None:
    wide = f"architecture: {{family: mlp, width: {numbers(100)}}}"
    text = refusal(wide, f"training: {{learning_rate: {numbers(100)}}}", f"pruning: {{amount: {numbers(100)}}}", RUN)
    assert "recipe (line 3): must stand for at most 20,000 recipes. Got 1,000,000 (100 x 100 x 100). Take" in text


def test_a_step_of_a_million_alternatives_is_counted_and_refused() -> None:
    step = f"pruning: {{amount: {numbers(1000)}, fine_tune: {list(range(1000))}}}"
    assert "recipe[2].pruning (line 6): must stand for at most 20,000 steps. Got 1,000,000." in refusal(
        MLP, TRAIN, step, RUN
    )


def test_many_small_grids_are_not_a_way_around_the_bound() -> None:
    part = f"  - - architecture: {{family: mlp, width: {numbers(110)}}}\n"
    part += f"    - training: {{learning_rate: {numbers(100)}}}\n    - runtime: torch\n"
    parts = part + part.replace("mlp", "cnn") + part.replace("mlp", "mobile") * 3
    with pytest.raises(
        SpecError,
        match="recipes \\(line 3\\): must stand for at most 20,000 recipes in all. Got more with recipes\\[1\\].",
    ):
        parse("name: a\ntask: digits\nrecipes:\n" + parts)


def test_one_mistake_in_a_grid_is_told_once() -> None:
    text = refusal(MLP, TRAIN, f"pruning: {{criterion: l9, amount: {numbers(1000)}}}", RUN)
    assert text.splitlines()[0] == "spec: 1 problem" and "Got 'l9'." in text


def test_a_repeated_alternative_far_down_is_found() -> None:
    text = refusal(f"architecture: {{family: mlp, width: {numbers(3000)[:-1]}, 0.20000]}}", TRAIN, RUN)
    assert "must not hold the same alternative twice. Got {'architecture': {'family': 'mlp', 'width': 0.2," in text


def test_averaging_and_early_stopping_do_not_go_together_in_one_phase() -> None:
    early = "training: {epochs: 9, early_stopping: {patience: 2}}"
    assert "recipe[2].averaging.kind (line 6): can't be had in a phase with training.early_stopping" in refusal(MLP, early, "averaging: {}", RUN)
    assert len(recipes(MLP, early, "pruning: {}", TRAIN, "averaging: {}", RUN)) == 1
    assert "min_delta (line 5): must be left out where patience is 0" in refusal(MLP, "training: {early_stopping: {min_delta: 0.1}}", RUN)
