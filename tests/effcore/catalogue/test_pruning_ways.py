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
        "structure": "channels", "amount": 0.5, "criterion": "l2", "scope": "layer", "fine_tune": 1, "rounds": 1, "round_to": 8,
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
        ({"scope": "global", "rounds": 3, "criterion": "taylor"}, "prune 50% by taylor globally in 3 rounds"),
    ],
)  # fmt: skip
def test_labels_tell_the_kinds_apart(given: dict[str, Any], label: str) -> None:
    assert TECHNIQUES["pruning"].label(Pruning.model_validate(given)) == label


def test_every_structure_and_criterion_has_its_card() -> None:
    ways = [get_args(Pruning.model_fields[name].annotation) for name in ("structure", "criterion")]
    assert tuple(card.name for card in TECHNIQUES["pruning"].cards) == ways[0] + ways[1]
    assert set(CRITERIA) == set(ways[0]) and all(set(criteria) <= set(ways[1]) for criteria in CRITERIA.values())
