"""Parents that a sweep measures for its verdicts."""

from __future__ import annotations

import pytest

from effcore.errors import SpecError
from effcore.recipe import Recipe, parent, with_parents
from effcore.spec import Spec, parse

HEAD = "name: a\ntask: digits\n"


def spec(*steps: str, more: str = "") -> Spec:
    lines = ["architecture: {family: mlp}", *steps]
    return parse(HEAD + more + "recipe:\n" + "".join(f"  - {line}\n" for line in lines))


def names(recipes: tuple[Recipe, ...]) -> list[str]:
    return [r.name for r in recipes]


PRUNED = ("training: {}", "pruning: {}", "quantization: {}", "runtime: onnxruntime")


def test_verdicts_add_the_missing_parents_up_to_the_root_after_the_recipes() -> None:
    found = spec(*PRUNED, more="verdicts: true\n")
    assert names(found.recipes) == ["mlp x1 · prune 50% · int8", "mlp x1 · prune 50%", "mlp x1"]
    assert found.parents == 2
    assert len(found.variants) == 3
    keys = {r.key for r in found.recipes}
    assert all((above := parent(r)) is None or above.recipe.key in keys for r in found.recipes)


def test_without_verdicts_nothing_is_added_and_the_sweep_is_another() -> None:
    plain, said = spec(*PRUNED), spec(*PRUNED, more="verdicts: false\n")
    assert names(plain.recipes) == names(said.recipes) == ["mlp x1 · prune 50% · int8"]
    assert (plain.parents, said.parents) == (0, 0)
    assert spec(*PRUNED, more="verdicts: true\n").key != plain.key


def test_every_parent_is_added_once_for_every_seed() -> None:
    steps = ("training: {}", "pruning: [{amount: 0.25}, {amount: 0.5}]", "quantization: [none, {}]", "runtime: [onnxruntime, torch]")
    with pytest.raises(SpecError):
        spec(*steps, more="verdicts: true\n")  # int8 can't be had in torch
    found = spec(*steps[:2], steps[3], more="seeds: [0, 1]\nverdicts: true\n")
    assert len(found.recipes) == 5 and found.parents == 1 and len(found.variants) == 10
    assert len({r.key for r in found.recipes}) == 5


def test_parents_of_changed_parameters_are_their_defaults() -> None:
    found = spec("training: {epochs: 2, label_smoothing: 0.1}", "runtime: onnxruntime", more="verdicts: true\n")
    assert names(found.recipes) == ["mlp x1 · 2 ep smooth 0.1", "mlp x1 · 2 ep", "mlp x1"]


def test_a_second_phase_goes_with_the_pruning_that_called_for_it() -> None:
    """Without the pruning between them, one phase of training would directly follow another, which no order allows."""
    (recipe,) = spec("training: {}", "pruning: {}", "training: {epochs: 2}", "runtime: onnxruntime").recipes
    found = with_parents([recipe])
    assert [[step.technique for step in r.steps] for r in found] == [
        ["architecture", "training", "pruning", "training", "runtime"],
        ["architecture", "training", "runtime"],
    ]
    assert with_parents([]) == ()


@pytest.mark.parametrize("value", ["1", "yes", "[true]", "null", "'true'"])
def test_verdicts_must_be_true_or_false(value: str) -> None:
    with pytest.raises(SpecError, match=r"verdicts \(line 3\): must be true, to measure the parent of every recipe too, or false"):
        spec(*PRUNED, more=f"verdicts: {value}\n")


def test_parents_count_for_the_largest_number_of_variants() -> None:
    seeds = ", ".join(str(i) for i in range(1000))
    amounts = ", ".join(f"{{amount: {0.1 + i / 1000:.3f}}}" for i in range(20))
    steps = ("training: {}", f"pruning: [{amounts}]", "runtime: onnxruntime")
    assert len(spec(*steps, more=f"seeds: [{seeds}]\n").variants) == 20_000
    with pytest.raises(SpecError, match="must make at most 20,000 variants. Got 21 recipes x 1,000 seeds"):
        spec(*steps, more=f"verdicts: true\nseeds: [{seeds}]\n")
