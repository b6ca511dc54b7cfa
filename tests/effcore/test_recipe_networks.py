"""Which recipes are of the same network, held against what is built."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from effcore.catalogue import FAMILIES, TASKS
from effcore.catalogue.architecture import Architecture
from effcore.catalogue.staged import Stage, Stages
from effcore.models import build
from effcore.plan.effects import expected_structure
from effcore.recipe import Recipe, network_of
from effcore.spec import parse

WIDTHS = [0.125, 0.13, 0.14, 0.15, 0.2, 0.22, 0.24, 0.25, 0.26, 0.3, 0.4, 0.5, 0.52, 0.7, 0.72]
SPEC = """
name: a
task: mnist5k
recipe: [architecture: {family: mlp, width: [0.13, 0.14, 0.25]}, training: {epochs: [2, 4]}, runtime: onnxruntime]
"""


def shapes(architecture: Architecture) -> Any:
    with torch.device("meta"):
        return [(name, tuple(tensor.shape)) for name, tensor in build(architecture, TASKS["digits"]).state_dict().items()]


@pytest.mark.parametrize("family", [name for name, family in FAMILIES.items() if family.bases])
def test_networks_are_the_same_exactly_where_their_channels_are(family: str) -> None:
    made = [Architecture(family=family, width=width) for width in WIDTHS]
    built, said = [shapes(one) for one in made], [network_of(one) for one in made]
    for a in range(len(made)):
        assert [built[a] == other for other in built] == [said[a] == other for other in said], WIDTHS[a]
    assert len({str(one) for one in said}) < len(made), "some are the same"


def test_only_networks_of_a_paper_have_no_channels_to_be_compared() -> None:
    assert {name for name, family in FAMILIES.items() if not family.bases} == {"lenet_300_100", "lenet_5"}
    assert network_of(Architecture(family="lenet_5", width=0.5)) == Architecture(family="lenet_5", width=0.5).model_dump(mode="json")


def test_widths_of_stages_are_compared_by_their_channels_too() -> None:
    first, same, other = (Architecture(family="staged", stages=Stages(stage_2=Stage(width=w, kernel=5))) for w in (0.5, 0.52, 0.75))
    assert network_of(first) == network_of(same) != network_of(other) and shapes(first) == shapes(same) != shapes(other)
    assert network_of(Architecture(family="mlp")) != network_of(Architecture(family="mlp", depth=2))


def test_recipes_of_one_network_are_alike_where_all_else_is_the_same() -> None:
    recipes: list[Recipe] = list(parse(SPEC).recipes)
    assert len({r.key for r in recipes}) == 6 and len({r.network_key for r in recipes}) == 4
    assert len({expected_structure(r, 0) for r in recipes}) == 2, "two networks, however long they are trained"


def test_a_grid_that_writes_one_network_in_two_widths_is_warned_of() -> None:
    (said,) = parse(SPEC).warnings
    assert said.startswith("mlp x0.13 and mlp x0.14 are the same network, which is trained 2 times")
    assert parse(SPEC.replace("0.14", "0.2")).warnings == ()
