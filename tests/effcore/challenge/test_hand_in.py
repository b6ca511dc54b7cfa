"""What a hand-in says of itself is held against the rules of a spec, neither more nor fewer."""

from __future__ import annotations

import json

import pytest

from effcore.challenge.hand_in import read_recipe_of
from effcore.errors import EffcoreError
from effcore.spec import parse

SPEC = """\
name: homework
task: digits
recipe:
  - architecture: {family: cnn}
  - training: {epochs: 2}
  - pruning: {schedule: gradual, structure: weights, amount: 0.5}
  - augmentation: {policy: affine}
  - runtime: onnxruntime
"""


def test_what_is_pruned_within_the_training_may_stand_before_what_else_shapes_it() -> None:
    (recipe,) = parse(SPEC).recipes
    assert read_recipe_of(recipe.document) == recipe


def test_an_order_that_no_spec_may_hold_is_refused() -> None:
    document = json.loads(json.dumps(parse(SPEC).recipes[0].document).replace("gradual", "after"))
    with pytest.raises(EffcoreError, match="must hold a recipe that can be made. 'augmentation' can't follow 'pruning'"):
        read_recipe_of(document)
