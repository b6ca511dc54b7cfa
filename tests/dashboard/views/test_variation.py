"""One step of a point changed, as a value."""

from __future__ import annotations

import pytest
from fake_store import make_variant, make_variants

from dashboard.form.spec_yaml import to_yaml
from dashboard.views.variation import Change, Place, changed_document, others, places, suggested, without_use
from effcore.analysis.frontier import Variant
from effcore.errors import SpecError
from effcore.recipe import Recipe
from effcore.spec import parse

OBJECTIVES = ("accuracy", "latency_ms")
SPEC = """name: one
task: mnist5k
seeds: [3]
recipe:
  - architecture: {family: cnn, width: 0.5}
  - training: {epochs: 4}
  - augmentation: {policy: affine}
  - pruning: {amount: 0.5, fine_tune: 1}
  - quantization: {mode: static, calibration: entropy}
  - runtime: onnxruntime
"""


@pytest.fixture
def variant() -> Variant:
    return make_variant(parse(SPEC).recipes[0], seed=3)


def place(variant: Variant, technique: str) -> Place:
    return next(p for p in places(variant) if p.technique == technique)


def made(variant: Variant, change: Change) -> Recipe:
    spec = parse(to_yaml(changed_document(variant, change, objectives=OBJECTIVES)))
    assert len(spec.variants) == 1 and spec.seeds == (3,) and spec.objectives == OBJECTIVES
    return spec.recipes[0]


def field(found: Place, name: str):  # type: ignore[no-untyped-def]
    return next(f for f in found.fields if f.name == name)


def test_the_step_from_its_parent_comes_first_and_then_what_can_be_put_in(variant: Variant) -> None:
    found = places(variant)
    assert found[0].technique == "quantization" and found[0].removable
    assert [p.technique for p in found if not p.new] == ["quantization", "architecture", "training", "augmentation", "pruning", "runtime"]
    new = {p.technique for p in found if p.new}
    assert "averaging" in new and "pruning" not in new


def test_a_number_is_changed_and_nothing_else(variant: Variant) -> None:
    pruning = place(variant, "pruning")
    amount = field(pruning, "amount")
    assert pruning.values["amount"] == "0.5" and suggested(pruning, amount) == "0.25"
    before, after = parse(SPEC).recipes[0], made(variant, Change(place=pruning, field=amount, text="0.25"))
    assert [i for i, (a, b) in enumerate(zip(before.steps, after.steps, strict=True)) if a != b] == [3]
    assert after.steps[3].config.amount == 0.25 and after.steps[3].config.fine_tune == 1  # type: ignore[attr-defined]


def test_a_step_is_left_out_or_put_in(variant: Variant) -> None:
    assert "pruning" not in {s.technique for s in made(variant, Change(place=place(variant, "pruning"))).steps}
    for new in (p for p in places(variant) if p.new and p.technique not in ("weight_sharing", "subnetwork", "distillation")):
        recipe = made(variant, Change(place=new))
        assert recipe.steps[new.index].technique == new.technique and len(recipe.steps) == 7


def test_a_new_mode_lets_go_of_what_it_has_no_use_for(variant: Variant) -> None:
    quantization = place(variant, "quantization")
    mode = field(quantization, "mode")
    assert "static" not in others(mode, "static") and "dynamic" in others(mode, "static")
    change = Change(place=quantization, field=mode, text="dynamic")
    document = changed_document(variant, change, objectives=OBJECTIVES)
    with pytest.raises(SpecError) as found:
        parse(to_yaml(document))
    less = without_use(document, change, [p.where for p in found.value.problems])
    assert less is not None and parse(to_yaml(less)).recipes[0].steps[4].config.mode == "dynamic"  # type: ignore[attr-defined]
    assert without_use(document, change, ["recipe[3].pruning.amount"]) is None
    assert without_use(document, change, ["recipe[4].quantization.mode"]) is None


def test_every_change_of_every_point_of_a_grid_is_a_spec_or_says_why_not() -> None:
    for variant in make_variants()[:12]:
        for found in places(variant):
            for one in found.fields[:4]:
                text = next(iter(others(one, found.values[one.name])), "") if one.options else suggested(found, one)
                if text:
                    document = changed_document(variant, Change(place=found, field=one, text=text), objectives=OBJECTIVES)
                    try:
                        assert parse(to_yaml(document)).name == document["name"]
                    except SpecError as error:
                        assert all(p.where.startswith("recipe[") for p in error.problems)


def test_a_name_says_what_was_changed_on_what_and_is_allowed(variant: Variant) -> None:
    document = changed_document(variant, Change(place=place(variant, "pruning")), objectives=OBJECTIVES)
    assert document["name"].startswith("without pruning on cnn x0.5") and len(document["name"]) <= 64


def test_a_recipe_of_another_catalogue_can_not_be_changed(variant: Variant) -> None:
    old = make_variants(count=1)[0]
    object.__setattr__(old, "recipe", {"task": "mnist5k", "steps": [{"unheard": {}}]})
    assert places(old) == ()


def test_a_parameter_that_has_no_use_as_the_others_are_is_not_offered() -> None:
    recipe = parse(SPEC.replace("mode: static, calibration: entropy", "mode: weight_only")).recipes[0]
    names = {f.name for f in place(make_variant(recipe), "quantization").fields}
    assert {"mode", "bits"} <= names and "calibration_images" not in names
