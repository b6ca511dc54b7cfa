"""Recipes: names by content, names for people, and the parent of each."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from effcore.catalogue import order_problems
from effcore.catalogue.distillation import Distillation, Teacher
from effcore.recipe import Recipe, canonical, digest, from_document, parent, teacher_recipe, teachers
from effcore.spec import parse


def recipe(*steps: str, runtime: str = "onnxruntime") -> Recipe:
    lines = [*steps, f"runtime: {runtime}"]
    (found,) = parse("name: a\ntask: digits\nrecipe:\n" + "".join(f"  - {line}\n" for line in lines)).recipes
    return found


MLP, TRAIN = "architecture: {family: mlp}", "training: {}"


def test_canonical_text_is_the_same_for_equal_documents() -> None:
    assert canonical({"b": 1, "a": [1.5, None]}) == canonical({"a": [1.5, None], "b": 1}) == '{"a":[1.5,null],"b":1}'
    with pytest.raises(ValueError):
        canonical(float("nan"))


def test_digest_is_16_hexadecimal_digits_of_the_sha_256() -> None:
    assert digest({}) == "44136fa355b3678a"  # printf '{}' | sha256sum


def test_a_default_that_is_written_out_is_the_same_recipe() -> None:
    assert (
        recipe(MLP, TRAIN).key == recipe("architecture: {family: mlp, width: 1, depth: 1}", "training: {epochs: 4}").key
    )


def test_every_parameter_and_the_task_are_in_the_key() -> None:
    base = recipe(MLP, TRAIN)
    others = [
        recipe("architecture: {family: mlp, depth: 2}", TRAIN),
        recipe(MLP, "training: {epochs: 3}"),
        Recipe("mnist5k", base.steps),
    ]
    assert len({base.key, *(o.key for o in others)}) == 4


def test_a_recipe_comes_back_from_its_document() -> None:
    steps = (MLP, TRAIN, "distillation: {teacher: {family: cnn}}", "pruning: {}", "quantization: {}")
    original = recipe(*steps)
    assert from_document(original.document) == original


def test_a_document_that_the_catalogue_does_not_know_is_refused() -> None:
    document = recipe(MLP, TRAIN, "pruning: {}").document
    with pytest.raises(KeyError):
        from_document({"task": "digits", "steps": [{"forgetting": {}}]})
    document["steps"][2]["pruning"]["amount"] = 2.0
    with pytest.raises(ValidationError):
        from_document(document)


def test_names_for_people() -> None:
    assert recipe(MLP, TRAIN).name == "mlp x1"
    assert (
        recipe("architecture: {family: cnn, width: 0.5, depth: 2}", "training: {epochs: 8}").name
        == "cnn x0.5 d2 · 8 ep"
    )
    steps = (
        MLP,
        TRAIN,
        "augmentation: {}",
        "distillation: {teacher: {family: cnn, width: 2}, labels: hard}",
        "pruning: {}",
        "quantization: {}",
    )
    assert recipe(*steps).name == "mlp x1 · affine · distil hard from cnn x2 · prune 50% · int8"
    assert recipe(MLP, TRAIN, runtime="torch").name == "mlp x1 · torch"
    assert recipe(MLP, TRAIN, "pruning: {}", "training: {epochs: 1}").name == "mlp x1 · 4 ep + 1 ep · prune 50%"


def test_the_way_up_undoes_one_step_at_a_time() -> None:
    step = recipe(
        MLP, "training: {epochs: 2, label_smoothing: 0.1}", "augmentation: {}", "pruning: {}", runtime="torch"
    )
    undone, names = [], []
    while (origin := parent(step)) is not None:
        undone.append((origin.technique, origin.label))
        step = origin.recipe
        names.append(step.name)
    assert undone == [
        ("runtime", "torch"), ("pruning", "prune 50%"), ("augmentation", "affine"),
        ("training", "label_smoothing 0.1"), ("training", "epochs 2"),
    ]  # fmt: skip
    assert names[-1] == "mlp x1" and step.key == recipe(MLP, TRAIN).key


def test_a_changed_architecture_has_the_default_as_parent() -> None:
    origin = parent(recipe("architecture: {family: cnn, width: 0.5}", TRAIN))
    assert origin is not None
    assert (origin.technique, origin.label, origin.recipe.name) == ("architecture", "width 0.5", "cnn x1")


@pytest.mark.parametrize("family", ["mlp", "cnn"])
def test_a_recipe_with_nothing_to_undo_has_no_parent(family: str) -> None:
    assert parent(recipe(f"architecture: {{family: {family}}}", TRAIN)) is None


def test_a_technique_that_occurs_twice_loses_its_last_occurrence_first() -> None:
    origin = parent(recipe(MLP, TRAIN, "pruning: {amount: 0.5}", "pruning: {amount: 0.25}"))
    assert origin is not None and origin.recipe.key == recipe(MLP, TRAIN, "pruning: {amount: 0.5}").key


def test_a_teacher_is_a_recipe_of_its_own() -> None:
    student = recipe(MLP, TRAIN, "distillation: {teacher: {family: residual, width: 2, epochs: 6}}")
    (teacher,) = teachers(student)
    assert teacher == Teacher(family="residual", width=2, epochs=6)
    assert (
        teacher_recipe(student, teacher).key
        == recipe("architecture: {family: residual, width: 2}", "training: {epochs: 6}").key
    )
    assert teachers(recipe(MLP, TRAIN)) == ()


def test_a_teacher_of_the_same_architecture_is_its_student_without_what_else_the_student_does() -> None:
    architecture = "architecture: {family: mobile, width: 0.5, depth: 2}"
    distilled = "distillation: {teacher: {family: same, epochs: 6}}"
    student = recipe(architecture, "training: {epochs: 2}", "augmentation: {}", distilled, "pruning: {}")
    assert teacher_recipe(student, teachers(student)[0]).key == recipe(architecture, "training: {epochs: 6}").key
    assert student.name == "mobile x0.5 d2 · 2 ep · affine · distil from itself · prune 50%"
    assert from_document(student.document) == student


def test_members_of_an_ensemble_have_seeds_that_follow_each_other() -> None:
    assert Teacher(family="cnn", seed=3, members=3).seeds == (3, 4, 5) and Teacher(family="cnn").seeds == (0,)


def test_a_teacher_sees_no_image_that_its_student_does_not() -> None:
    student = recipe(MLP, "training: {data_fraction: 0.25}", "distillation: {teacher: {family: residual}}")
    document = teacher_recipe(student, teachers(student)[0]).document
    assert document["steps"][1]["training"]["data_fraction"] == 0.25


def test_parameters_are_frozen_and_can_be_compared() -> None:
    first, second = (Distillation(teacher=Teacher(family="cnn")) for _ in range(2))
    assert first == second and hash(first) == hash(second)
    with pytest.raises(ValidationError):
        first.weight = 0.1  # type: ignore[misc]


def test_a_second_phase_goes_with_the_only_step_that_called_for_it() -> None:
    once = recipe(MLP, TRAIN, "pruning: {amount: 0.25}", "training: {epochs: 2}")
    origin = parent(once)
    assert origin is not None
    assert (origin.technique, origin.recipe.key) == ("pruning", recipe(MLP, TRAIN).key)
    twice = recipe(MLP, TRAIN, "pruning: {amount: 0.25}", "pruning: {amount: 0.5}", "training: {epochs: 2}")
    origin = parent(twice)
    assert origin is not None and origin.recipe.key == once.key


def test_every_recipe_on_the_way_up_has_an_allowed_order() -> None:
    text = """
name: a
task: digits
recipe:
  - architecture: {family: cnn, width: [1, 0.5]}
  - training: {epochs: [4, 2]}
  - augmentation: [none, {}]
  - pruning: {amount: 0.25}
  - training: {epochs: 1}
  - distillation: [none, {teacher: {family: cnn}}]
  - pruning: [none, {amount: 0.5}]
  - quantization: [none, {}]
  - runtime: onnxruntime
"""
    for found in parse(text).recipes:
        steps = 0
        while (origin := parent(found)) is not None:
            found, steps = origin.recipe, steps + 1
            assert order_problems([(s.technique, s.record.role) for s in found.steps], runtime=found.runtime) == [], found.name
        assert found.name == "cnn x1" and steps >= 1
