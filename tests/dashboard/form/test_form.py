"""The launch form without a page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard.form import (
    StepChoice,
    field_help,
    fields,
    is_default,
    point_document,
    problems_by_field,
    read_values,
    spec_document,
    start_values,
)  # fmt: skip
from dashboard.form.spec_yaml import to_yaml
from effcore.catalogue import FAMILIES, TECHNIQUES
from effcore.errors import SpecError
from effcore.spec import parse


def field(technique: str, name: str):  # type: ignore[no-untyped-def]
    return next(f for f in fields(TECHNIQUES[technique]) if f.name == name)


@pytest.mark.parametrize("technique", TECHNIQUES.values(), ids=lambda t: t.name)
def test_every_parameter_of_the_catalogue_is_a_field_with_help_and_bounds(technique) -> None:  # type: ignore[no-untyped-def]
    found = fields(technique)
    unnamed = {"checkpoint"} if technique.name == "training" else set()  # a choice among what the operator named, which is nothing here
    assert {f.path[0] for f in found} == set(technique.parameters.model_fields) - unnamed
    for one in found:
        assert one.help and field_help(one).startswith(one.help)
        assert one.kind in ("choice", "boolean") or one.bounds
        assert one.required == (one.default == "" and not one.nullable)


def test_a_field_knows_kind_options_default_unit_and_bounds() -> None:
    amount, family = field("pruning", "amount"), field("architecture", "family")
    assert (amount.kind, amount.default, amount.bounds) == ("number", "0.5", "0 < x < 1")
    assert (family.options, family.required) == (tuple(FAMILIES), True)
    assert field("architecture", "width").label == "width (x)" and field("training", "epochs").label == "epochs"
    assert field("distillation", "teacher.family").path == ("teacher", "family")
    assert field("quantization", "reduce_range").options == ("automatic", "true", "false")
    assert field("quantization", "bits").options == ("4", "8", "16")
    structure = field("pruning", "structure")
    assert structure.options == ("channels", "weights", "two_of_four", "blocks") and not structure.fixed
    assert replace(structure, options=("channels",)).fixed


def test_values_are_typed_and_what_cannot_be_read_stays_text() -> None:
    assert read_values(field("pruning", "amount"), "0.5, 0.25,0.5,") == [0.5, 0.25]
    assert read_values(field("training", "epochs"), "4, 2.5, many") == [4, 2.5, "many"]
    assert read_values(field("training", "learning_rate"), "1e-3") == [0.001]
    assert read_values(field("quantization", "reduce_range"), ["automatic", "true"]) == [None, True]
    assert read_values(field("architecture", "family"), ["cnn"]) == ["cnn"]
    assert read_values(field("training", "learning_rate"), "0.0005 to 0.05 log") == [{"low": 0.0005, "high": 0.05, "log": True}]
    assert read_values(field("architecture", "depth"), "1 to 3") == [{"low": 1, "high": 3}]
    assert read_values(field("pruning", "amount"), "0.1 to 0.9 step 0.2, 0.95") == [{"low": 0.1, "high": 0.9, "step": 0.2}, 0.95]
    assert is_default(field("pruning", "amount"), [0.5]) and not is_default(field("pruning", "amount"), [0.5, 0.7])


def whole(**inclusion: str) -> dict:  # type: ignore[type-arg]
    steps = []
    for name, technique in TECHNIQUES.items():
        opened = {f: read_values(f, start_values(name, f)) for f in fields(technique)}
        values = {f.path: given for f, given in opened.items() if not is_default(f, given)}
        steps.append(
            StepChoice(
                technique=name,
                inclusion=inclusion.get(name, "without" if technique.optional else "with"),
                values=values,
            )
        )  # type: ignore[arg-type]
    return spec_document(name="first look", task="mnist5k", objectives=["accuracy"], seeds=[0], steps=steps)


def test_the_form_as_it_opens_is_one_good_variant() -> None:
    assert len(parse(to_yaml(whole())).variants) == 1


def test_every_technique_with_and_without_makes_a_good_spec() -> None:
    optional = [name for name, t in TECHNIQUES.items() if t.optional]
    document = whole(**dict.fromkeys(optional, "both"))
    document["recipe"][0]["architecture"]["family"] = "elastic"  # which alone takes every technique
    spec = parse(to_yaml(document))
    assert len(spec.recipes) == 2 ** len(optional)


def test_yaml_reads_like_the_examples() -> None:
    document = spec_document(
        name="true", task="mnist5k", objectives=["accuracy", "latency_ms"], seeds=[0, 1],
        steps=[
            StepChoice(
                technique="architecture",
                inclusion="with",
                values={("family",): ["cnn", "mobile"], ("width",): [0.5, 1]},
            ),
            StepChoice(technique="training", inclusion="with", values={}),
            StepChoice(technique="distillation", inclusion="both", values={("teacher", "family"): ["residual"]}),
            StepChoice(technique="pruning", inclusion="without", values={("amount",): [0.5]}),
            StepChoice(technique="quantization", inclusion="with", values={("reduce_range",): [None, True]}),
            StepChoice(technique="runtime", inclusion="with", values={("name",): ["onnxruntime"]}),
        ],
    )  # fmt: skip
    assert to_yaml(document) == (
        'name: "true"\n'
        "task: mnist5k\n"
        "objectives: [accuracy, latency_ms]\n"
        "seeds: [0, 1]\n"
        "recipe:\n"
        "  - architecture: {family: [cnn, mobile], width: [0.5, 1]}\n"
        "  - training: {}\n"
        "  - distillation: [none, {teacher: {family: residual}}]\n"
        "  - quantization: {reduce_range: [null, true]}\n"
        "  - runtime: onnxruntime\n"
    )
    assert parse(to_yaml(document)).document == document


@pytest.mark.parametrize("name", ["a: b", "'", '"', "x\ny", "#", "{", "- a", "no", "&a", "*a", "!tag", "", "1e3", "é"])
def test_no_name_can_break_out_of_its_place(name: str) -> None:
    document = {**whole(), "name": name}
    try:
        assert parse(to_yaml(document)).name == name
    except SpecError as error:
        assert [p.where for p in error.problems] == ["name"]


def test_problems_find_their_fields() -> None:
    document = whole(pruning="both", distillation="with")
    pruning = next(entry for entry in document["recipe"] if "pruning" in entry)
    pruning["pruning"] = ["none", {"amount": [0.5, 7], "criterion": "l3"}]
    teacher = next(entry for entry in document["recipe"] if "distillation" in entry)
    teacher["distillation"]["teacher"]["width"] = 99
    document["seeds"] = [-1]
    with pytest.raises(SpecError) as caught:
        parse(to_yaml(document))
    placed = problems_by_field(caught.value.problems, document)
    assert set(placed) == {
        ("seeds", ""),
        ("pruning", "amount"),
        ("pruning", "criterion"),
        ("distillation", "teacher.width"),
    }


def test_a_policy_that_the_task_refuses_is_said_at_its_field() -> None:
    assert "flip" in field("augmentation", "policy").options
    document = whole(augmentation="with")
    next(entry for entry in document["recipe"] if "augmentation" in entry)["augmentation"]["policy"] = "flip"
    with pytest.raises(SpecError) as caught:
        parse(to_yaml(document))
    ((place, (problem,)),) = problems_by_field(caught.value.problems, document).items()
    assert place == ("augmentation", "policy") and "a mirrored digit or letter is another sign" in problem.message


def test_a_point_becomes_a_spec_of_exactly_itself() -> None:
    recipe = parse(to_yaml(whole(pruning="with", distillation="with"))).recipes[0]
    document = point_document(recipe.document, name="again", seed=3, objectives=["accuracy"])
    spec = parse(to_yaml(document))
    assert [(r.key, s) for r, s in spec.variants] == [(recipe.key, 3)]
