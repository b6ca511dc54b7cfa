"""Structures and criteria of pruning: which go together, what a refusal names, what is written out."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import ValidationError

from effcore.catalogue import TECHNIQUES
from effcore.catalogue.pruning import CRITERIA, Pruning
from effcore.errors import SpecError
from effcore.spec import parse

REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"structure": "two_of_four", "amount": 0.6}, "amount", "left at 0.5 with the structure two_of_four"),
    ({"structure": "weights", "criterion": "l2"}, "criterion", "l1, taylor or random with the structure weights: for a single weight it is the same"),
    ({"structure": "two_of_four", "criterion": "l2"}, "criterion", "l1, taylor or random with the structure two_of_four"),
    ({"structure": "weights", "criterion": "batch_norm"}, "criterion", "batch normalization has one factor for a whole channel"),
    ({"structure": "two_of_four", "scope": "global"}, "scope", "left out with the structure two_of_four"),
    ({"structure": "two_of_four", "rounds": 2}, "rounds", "left out with the structure two_of_four"),
    ({"structure": "weights", "round_to": 4}, "round_to", "left out with the structure weights"),
    ({"structure": "two_of_four", "round_to": 4}, "round_to", "left out with the structure two_of_four"),
    ({"rounds": 2, "fine_tune": 0}, "rounds", "1 with fine_tune 0"),
    ({"structure": "weights", "rounds": 2, "fine_tune": 0}, "rounds", "1 with fine_tune 0"),
    ({"structure": "weights", "criterion": "activation"}, "criterion", "an activation is of a whole channel"),
    ({"structure": "blocks", "criterion": "apoz"}, "criterion", "zeros among activations are counted for each channel"),
    ({"structure": "blocks", "scope": "global"}, "scope", "left out with the structure blocks"),
    ({"structure": "blocks", "schedule": "gradual"}, "schedule", "after with the structure blocks"),
    ({"scope": "sensitivity"}, "scope", "layer or global with the structure channels"),
    ({"structure": "weights", "schedule": "gradual", "scope": "sensitivity"}, "scope", "layer or global with the schedule gradual"),
    ({"structure": "two_of_four", "scope": "sensitivity"}, "scope", "left out with the structure two_of_four"),
    ({"schedule": "gradual"}, "schedule", "after with the structure channels: no shape can change in a training"),
    ({"schedule": "rewind"}, "schedule", "after with the structure channels"),
    ({"structure": "weights", "schedule": "gradual", "criterion": "taylor"}, "criterion", "l1 or random with the schedule gradual"),
    ({"structure": "weights", "schedule": "gradual", "fine_tune": 2}, "fine_tune", "left out with the schedule gradual"),
    ({"structure": "weights", "schedule": "gradual", "rounds": 2}, "rounds", "left out with the schedule gradual"),
    ({"structure": "weights", "schedule": "rewind", "fine_tune": 2}, "fine_tune", "left out with the schedule rewind"),
    ({"structure": "weights", "rewind_to": "start"}, "rewind_to", "left out with the schedule after"),
]


@pytest.mark.parametrize(("given", "field", "reason"), REFUSED)
def test_what_makes_no_sense_is_refused_at_its_field(given: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Pruning.model_validate(given)
    ((error),) = caught.value.errors()
    assert error["loc"] == (field,) and reason in error["msg"]


def test_a_refusal_in_a_spec_is_a_sentence_with_its_place() -> None:
    text = "name: a\ntask: digits\nrecipe:\n  - architecture: {family: mlp}\n  - training: {}\n  - pruning: STEP\n  - runtime: onnxruntime\n"
    with pytest.raises(SpecError) as caught:
        parse(text.replace("STEP", "{structure: two_of_four, amount: 0.6}"))
    assert "recipe[2].pruning.amount (line 6): must be left at 0.5 with the structure two_of_four" in str(caught.value)
    (recipe,) = parse(text.replace("STEP", "{structure: weights, amount: 0.8}")).recipes
    assert recipe.name == "mlp x1 · prune 80% of weights"


def test_all_else_goes_together() -> None:
    for structure, criteria in CRITERIA.items():
        for criterion in criteria:
            Pruning.model_validate({"structure": structure, "criterion": criterion})
    for structure in ("channels", "weights"):
        Pruning.model_validate({"structure": structure, "scope": "global", "rounds": 3, "amount": 0.9})


def test_the_defaults_mean_what_they_meant() -> None:
    assert Pruning().model_dump() == {
        "structure": "channels", "amount": 0.5, "schedule": "after", "criterion": "l2", "scope": "layer", "fine_tune": 1, "rounds": 1,
        "round_to": 8, "rewind_to": "early",
    }  # fmt: skip
    assert TECHNIQUES["pruning"].version == 1


@pytest.mark.parametrize("given", [{"structure": "weights", "amount": 0.8}, {"structure": "two_of_four"}, {"criterion": "random", "rounds": 2}])
def test_parameters_come_back_from_json_with_the_criterion_written_out(given: dict[str, Any]) -> None:
    config = Pruning.model_validate(given)
    assert config.criterion == given.get("criterion", "l1")
    assert Pruning.model_validate_json(config.model_dump_json()) == config == Pruning.model_validate(config.model_dump(mode="json"))


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ({}, "prune 50%"), ({"structure": "weights", "amount": 0.8}, "prune 80% of weights"), ({"structure": "two_of_four"}, "prune 2:4"),
        ({"criterion": "batch_norm"}, "prune 50% by batch norm"), ({"structure": "weights", "criterion": "l1"}, "prune 50% of weights"),
        ({"structure": "weights", "schedule": "gradual", "amount": 0.9, "scope": "global"}, "prune 90% of weights globally gradually"),
        ({"structure": "two_of_four", "schedule": "rewind"}, "prune 2:4 rewound"),
        ({"structure": "weights", "scope": "sensitivity"}, "prune 50% of weights by layer sensitivity"),
        ({"structure": "blocks"}, "prune 50% of blocks"), ({"criterion": "apoz"}, "prune 50% by apoz"),
        ({"structure": "weights", "schedule": "rewind", "rewind_to": "start", "rounds": 3}, "prune 50% of weights in 3 rounds rewound to the start"),
        ({"scope": "global", "rounds": 3, "criterion": "taylor"}, "prune 50% by taylor globally in 3 rounds"),
    ],
)  # fmt: skip
def test_labels_tell_the_kinds_apart(given: dict[str, Any], label: str) -> None:
    assert TECHNIQUES["pruning"].label(Pruning.model_validate(given)) == label


def test_every_structure_criterion_and_schedule_has_its_card() -> None:
    ways = [get_args(Pruning.model_fields[name].annotation) for name in ("structure", "criterion", "schedule")]
    assert tuple(card.name for card in TECHNIQUES["pruning"].cards) == (*ways[0], *ways[1], *ways[2], "sensitivity")
    assert set(CRITERIA) == set(ways[0]) and all(set(criteria) <= set(ways[1]) for criteria in CRITERIA.values())


def spec(*steps: str, training: str = "{}") -> str:
    lines = ("architecture: {family: mlp}", f"training: {training}", *steps, "runtime: onnxruntime")
    return "name: a\ntask: digits\nrecipe:\n" + "".join(f"  - {line}\n" for line in lines)


GRADUAL, REWIND = "pruning: {structure: weights, schedule: gradual}", "pruning: {structure: weights, schedule: rewind}"


@pytest.mark.parametrize("steps", [
    (GRADUAL,), ("augmentation: {}", GRADUAL, "averaging: {}"), (GRADUAL, "pruning: {amount: 0.25}"), ("averaging: {}", REWIND),
    (GRADUAL, "pruning: {structure: weights, amount: 0.8, schedule: rewind}"), (REWIND, "training: {epochs: 2}", GRADUAL),
    ("pruning: [none, {structure: weights, schedule: [after, gradual, rewind]}]",),
])  # fmt: skip
def test_gradual_pruning_stands_among_learning_steps_and_rewinding_right_after_them(steps: tuple[str, ...]) -> None:
    assert parse(spec(*steps)).variants


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (spec("pruning: {amount: 0.25}", GRADUAL), "'pruning' can't follow 'pruning': it shapes a phase of training"),
        (spec("pruning: {amount: 0.25}", REWIND), "pruning.schedule (line 7): can't be 'rewind' after another step that changed the network"),
        (spec("factorization: {}", REWIND), "can't be 'rewind' after another step that changed the network"),
        (spec(REWIND, training="{epochs: 1}"), "pruning.rewind_to (line 6): can't be 'early' after a phase of 1 epoch"),
        (spec(GRADUAL, training="{early_stopping: {patience: 2}}"), "can't be 'gradual' in a phase with training.early_stopping"),
        (spec(GRADUAL, "augmentation: {}", GRADUAL), "'pruning' stands twice in one phase"),
        (spec(GRADUAL, "factorization: {}"), "factorization.decomposition (line 7): can't come after pruning that sets weights to zero"),
    ],
)
def test_a_schedule_in_the_wrong_place_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse(text)
    assert said in str(caught.value)


def test_from_the_start_one_epoch_is_enough() -> None:
    assert parse(spec(REWIND.replace("rewind}", "rewind, rewind_to: start}"), training="{epochs: 1}")).variants
