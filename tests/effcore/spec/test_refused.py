"""Combinations that are refused: all are named at once, with the text of a spec without them, which stands for exactly the others."""

from __future__ import annotations

import itertools
import random

import pytest

from effcore.errors import SpecError
from effcore.spec import parse
from effcore.spec.refused import MOST_LISTS, cover

HEAD = "name: a\ntask: digits\n"
STEPS = """\
  - architecture: {family: [residual, mobile], width: [0.5, 1.0]}
  - training: {epochs: 4}
  - augmentation: [none, {policy: affine}]
  - pruning: [none, {structure: channels, amount: 0.5}, {structure: blocks}]
  - quantization: [none, {mode: static, bits: 8}]
  - runtime: [onnxruntime, torch]
"""
ALLOWED = 4 * 2 * 3 * 3 - 2 * 2 * 3  # int8 is refused in torch, blocks of mobile in both


def refused(text: str) -> SpecError:
    with pytest.raises(SpecError) as caught:
        parse(text)
    return caught.value


def test_every_refused_combination_is_named_and_the_text_given_stands_for_the_others() -> None:
    error = refused(f"{HEAD}recipe:\n{STEPS}")
    blocks, int8 = error.problems
    assert (blocks.where, int8.where) == ("recipe[3].pruning.structure", "recipe[4].quantization")
    assert blocks.hint == (
        "This refuses 12 of 96 recipes: those with `architecture: {family: mobile, width: [0.5, 1.0]}` and `pruning: {structure: blocks}`."
    )
    named, text = int8.hint.split(" For the 60 that are allowed write in the place of `recipe`:\n")
    assert named == "This refuses 24 of 96 recipes: those with `quantization: {mode: static, bits: 8}` and `runtime: torch`."
    found = parse(HEAD + text)
    assert len(found.recipes) == ALLOWED == 60
    single = [f"{HEAD}recipe:\n{lines}" for lines in every(STEPS)]
    assert {r.key for r in found.recipes} == {key for spec in single for key in keys_of(spec)}


def every(steps: str) -> list[str]:
    """Each combination as a list of steps of its own."""
    options = [
        [f"  - architecture: {{family: {family}, width: {width}}}\n" for family in ("residual", "mobile") for width in ("0.5", "1.0")],
        ["  - training: {epochs: 4}\n"], ["", "  - augmentation: {policy: affine}\n"],
        ["", "  - pruning: {structure: channels, amount: 0.5}\n", "  - pruning: {structure: blocks}\n"],
        ["", "  - quantization: {mode: static, bits: 8}\n"], ["  - runtime: onnxruntime\n", "  - runtime: torch\n"],
    ]  # fmt: skip
    return ["".join(lines) for lines in itertools.product(*options)]


def keys_of(spec: str) -> list[str]:
    try:
        return [r.key for r in parse(spec).recipes]
    except SpecError:
        return []


def test_one_of_several_lists_is_written_anew_alone() -> None:
    plain = "  - - architecture: {family: mlp}\n    - training: {}\n    - runtime: onnxruntime\n"
    bad = plain.replace("{}\n", "{epochs: 2}\n").replace("    - runtime: onnxruntime", "    - quantization: {}\n    - runtime: [torch, onnxruntime]")
    (problem,) = refused(f"{HEAD}recipes:\n{plain}{bad}").problems
    text = problem.hint.split("write in the place of recipes[1]:\n")[1]
    assert "recipes:" not in text and len(parse(f"{HEAD}recipes:\n{plain}{text}").recipes) == 2


def test_where_nothing_is_allowed_nothing_is_proposed() -> None:
    steps = "  - architecture: {family: [cnn, mlp]}\n  - training: {}\n  - quantization: {}\n  - runtime: torch\n"
    (problem,) = refused(f"{HEAD}recipe:\n{steps}").problems
    assert problem.hint == ""


def test_more_lists_than_help_are_not_written() -> None:
    widths = [0.5 + index / 10 for index in range(MOST_LISTS + 2)]
    allowed = [(first, second) for first in range(len(widths)) for second in range(first + 1)]
    assert len(cover(allowed)) == len(widths) > MOST_LISTS


def test_a_cover_is_exactly_what_is_allowed() -> None:
    generator = random.Random(0)
    everything = list(itertools.product(range(3), range(2), range(4)))
    for _ in range(50):
        allowed = [c for c in everything if generator.random() < 0.7]
        boxes = [list(itertools.product(*box)) for box in cover(allowed)] if allowed else []
        assert sorted(c for box in boxes for c in box) == allowed
