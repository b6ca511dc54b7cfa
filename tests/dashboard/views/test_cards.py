"""What the page of a point says of its steps."""

from __future__ import annotations

import pytest

from dashboard.views.cards import cards_of
from effcore.catalogue import FAMILIES, TECHNIQUES
from effcore.spec import parse

TEXT = """
name: t
task: digits
recipe:
  - architecture: {family: cnn}
  - training: {}
  - augmentation: {policy: mixup}
  - averaging: {kind: swa}
  - quantization: {mode: codebook, bits: 4}
  - runtime: onnxruntime
"""


def test_each_step_has_its_technique_and_the_way_that_was_chosen() -> None:
    cards = cards_of(parse(TEXT).recipes[0].document)
    titles = [card.title for card in cards]
    assert titles[:2] == ["Family cnn", "Block: convolution"] and titles[-2:] == ["Quantization", "Quantization: codebook"]
    assert "Weight averaging: swa" in titles and "Weight averaging: ema" not in titles
    assert cards[-1].link == "https://arxiv.org/abs/1510.00149"
    assert cards[-1].lines[-1].startswith("Does not help: ")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_network_shows_each_of_its_blocks_with_what_its_paper_reports(family: str) -> None:
    _, *blocks = cards_of({"steps": [{"architecture": {"family": family}}]})
    assert [card.title for card in blocks] == [f"Block: {name.replace('_', ' ')}" for name in FAMILIES[family].blocks]
    assert all(card.lines[1].startswith("MACs = ") and card.lines[-1].startswith("Reported: ") for card in blocks)


@pytest.mark.parametrize("name", sorted(n for n, t in TECHNIQUES.items() if t.role in ("contribute", "transform", "lower")))
def test_every_technique_that_changes_something_has_a_card_on_the_page(name: str) -> None:
    cards = cards_of({"steps": [{name: {}}]})
    assert cards[0].title == TECHNIQUES[name].title
    assert all(card.lines and card.source and card.link.startswith("https://") for card in cards)


def test_a_step_that_the_catalogue_does_not_know_any_more_is_left_out() -> None:
    assert cards_of({"steps": [{"forgotten": {}}]}) == ()
