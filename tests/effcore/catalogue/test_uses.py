"""A parameter without an effect is refused where it is asked for, and read where it was recorded."""

from __future__ import annotations

from typing import Any

import pytest

from effcore.catalogue.augmentation import USES, Augmentation
from effcore.errors import SpecError
from effcore.recipe import Recipe, digest, from_document
from effcore.spec import parse

HEAD = "name: a\ntask: digits\nrecipe:\n  - architecture: {family: mlp}\n  - training: {}\n"
TEACHER = "teacher: {family: cnn}"


def recipes(step: str) -> tuple[Recipe, ...]:
    return parse(f"{HEAD}  - {step}\n  - runtime: onnxruntime\n").recipes


WITHOUT = [
    ("augmentation: {policy: affine, alpha: 0.2}", "augmentation.alpha", "left out with the policy affine, which has no use for it. Got 0.2."),
    ("augmentation: {alpha: 0.2}", "augmentation.alpha", "left out with the policy affine, which has no use for it. Got 0.2."),
    ("augmentation: {policy: [mixup, erasing], area: 0.3}", "augmentation.area", "left out with the policy mixup, which has no use for it."),
    ("augmentation: {policy: trivialaugment, strength: 0.5}", "augmentation.strength", "left out with the policy trivialaugment"),
    (f"distillation: {{{TEACHER}, labels: hard, temperature: 2}}", "distillation.temperature", "left out with the labels hard"),
    (f"distillation: {{{TEACHER}, labels: [soft, hard], temperature: [2, 8]}}", "distillation.temperature", "left out with the labels hard"),
    (f"distillation: {{{TEACHER}, temperature: 2, weight: 0, features: 10}}", "distillation.weight", "more than 0 where temperature is set: with 0"),
    (f"distillation: {{{TEACHER}, labels: hard, weight: 0, features: 10}}", "distillation.weight", "more than 0 where labels is set: with 0"),
    (f"distillation: {{{TEACHER}, weight: 0}}", "distillation.features", "more than 0 where weight is 0, or the teacher is never heard. Got 0.0."),
    ("averaging: {kind: swa, decay: 0.9}", "averaging.decay", "left out with the kind swa, which has no use for it. Got 0.9."),
    ("quantization: {float_layers: 3}", "quantization.float_layers", "at most 2 with the family 'mlp' at depth 1, which has 3 layers with weights"),
    (
        "pruning: {structure: weights, scope: sensitivity, amount: 0.97}", "pruning.scope",
        "layer or global with an amount above 0.95, the largest share of a layer that the scan tries. Got 'sensitivity'.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("step", "field", "sentence"), WITHOUT)
def test_what_has_no_effect_is_refused_with_the_reason(step: str, field: str, sentence: str) -> None:
    with pytest.raises(SpecError) as caught:
        recipes(step)
    assert f"recipe[2].{field}" in str(caught.value) and f"must be {sentence}" in str(caught.value)


@pytest.mark.parametrize(
    ("step", "count"),
    [
        ("augmentation: {policy: affine, alpha: 1.0}", 1), ("augmentation: {policy: [mixup, cutmix], alpha: [0.2, 1.0]}", 4),
        ("augmentation: [{policy: affine}, {policy: mixup, alpha: 0.2}, {policy: crop, translate: 0.2}]", 3),
        (f"distillation: {{{TEACHER}, labels: [soft, hard], temperature: 4}}", 2), (f"distillation: {{{TEACHER}, weight: 0, features: 10}}", 1),
        (f"distillation: {{{TEACHER}, weight: [0, 0.7], features: [10, 100]}}", 4), ("averaging: {kind: [ema, swa], start: [0.2, 0.5]}", 4),
        ("quantization: {float_layers: 2}", 1), ("averaging: {decay: [0.9, 0.98]}", 2),
        ("pruning: {structure: weights, scope: sensitivity, amount: 0.95}", 1),
    ],
)  # fmt: skip
def test_what_has_an_effect_or_stands_at_its_default_is_allowed(step: str, count: int) -> None:
    assert len(recipes(step)) == count


@pytest.mark.parametrize(
    ("step", "changed"),
    [
        ({"augmentation": {"policy": "affine"}}, {"alpha": 0.2, "area": 0.3}), ({"averaging": {"kind": "swa"}}, {"decay": 0.9}),
        ({"distillation": {"teacher": {"family": "cnn"}}}, {"labels": "hard", "temperature": 2.0}),
        ({"distillation": {"teacher": {"family": "cnn"}}}, {"labels": "hard", "weight": 0.0}),
        ({"pruning": {"structure": "weights"}}, {"scope": "sensitivity", "amount": 0.97}),
    ],
)  # fmt: skip
def test_what_was_recorded_before_is_read_and_keeps_its_key(step: dict[str, Any], changed: dict[str, Any]) -> None:
    ((name, _),) = step.items()
    (recipe,) = recipes(f"{name}: {step[name]!r}".replace("'", ""))
    document = recipe.document | {"steps": [dict(entry) for entry in recipe.document["steps"]]}
    document["steps"][2] = {name: document["steps"][2][name] | changed}
    read = from_document(document)
    assert read.document == document and read.key == digest(document) != recipe.key


def test_every_policy_says_what_it_uses_and_every_parameter_is_used() -> None:
    fields = set(Augmentation.model_fields) - {"policy"}
    assert {name for used in USES.values() for name in used} == fields
    for policy, used in USES.items():
        helped = {name for name in fields if policy in (Augmentation.model_fields[name].description or "")}
        assert helped == set(used), policy
