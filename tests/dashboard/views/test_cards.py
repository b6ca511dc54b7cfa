"""What the page of a point says of its steps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard.views.cards import cards_of, search_cards, technique_cards
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
    assert titles[:2] == ["Family cnn", "Block: convolution"]
    assert titles[-3:] == ["Quantization", "Quantization: codebook", "Runtime: onnxruntime"]
    assert "Weight averaging: swa" in titles and "Weight averaging: ema" not in titles


def test_a_way_says_what_it_costs_and_gives_when_it_does_not_help_and_what_its_paper_reports() -> None:
    card = next(card for card in cards_of(parse(TEXT).recipes[0].document) if card.title == "Quantization: codebook")
    assert card.link == "https://arxiv.org/abs/1510.00149" and card.source == "Han et al. 2016, Deep Compression"
    assert card.lines[1:] == (
        ("Formula", "w_j = c[i_j], i_j = argmin_i |w_j - c_i|"),
        (
            "Costs and gives",
            "k-means over each layer, neither images nor training. The file shrinks to an eighth with 16 values and to a quarter with 256.",
        ),
        ("Does not help", "For speed and memory: the weights become float at loading."),
        ("Reported", "All stages of Deep Compression on ImageNet: AlexNet 240 to 6.9 MB, VGG-16 552 to 11.3 MB, without a loss of accuracy."),
    )


def test_a_runtime_has_its_card_and_the_page_of_techniques_shows_both() -> None:
    _, *runtimes = technique_cards(TECHNIQUES["runtime"])
    assert [card.title for card in runtimes] == ["Runtime: onnxruntime", "Runtime: torch"]
    assert runtimes[1].lines[-1][1].startswith("GPT-2 on a processor") and runtimes[1].link == "https://docs.pytorch.org/docs/stable/export.html"
    assert runtimes[1] == cards_of({"steps": [{"runtime": {"name": "torch"}}]})[0]


@pytest.mark.parametrize("name", TECHNIQUES)
def test_every_card_of_every_technique_says_all_five(name: str) -> None:
    own, *others = technique_cards(TECHNIQUES[name])
    for card in (own, *(other for other in others if not other.title.startswith("Family "))):
        assert [heading for heading, _ in card.lines] == ["", "Formula", "Costs and gives", "Does not help", "Reported"], card.title


def test_a_search_has_the_cards_of_what_chooses_and_of_what_stops() -> None:
    strategy, stopping = search_cards("nsga2", "asha")
    assert (strategy.title, stopping.title) == ("Strategy: nsga2", "Stopping: asha")
    assert strategy.lines[2] == ("Costs and gives", "Nothing to choose a candidate, but many candidates: it pays with hundreds of cheap ones.")
    assert stopping.lines[-1][1].startswith("ASHA with 500 workers: half of the time of Vizier")
    assert [card.title for card in search_cards("forgotten", "none")] == ["Stopping: none"] and search_cards("grid")[0].title == "Strategy: grid"


def test_what_an_operators_own_card_leaves_out_has_no_line() -> None:
    bare = replace(TECHNIQUES["pruning"], name="own", cost="", figure="", formula="", cards=())
    (card,) = technique_cards(bare)
    assert card.lines == (("", bare.summary), ("Does not help", bare.unhelpful))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_network_shows_each_of_its_blocks_with_what_its_paper_reports(family: str) -> None:
    _, *blocks = cards_of({"steps": [{"architecture": {"family": family}}]})
    assert [card.title for card in blocks] == [f"Block: {name.replace('_', ' ')}" for name in FAMILIES[family].blocks]
    assert all((card.lines[1][0], card.lines[-1][0]) == ("Multiply-accumulates", "Reported") for card in blocks)


@pytest.mark.parametrize("name", sorted(n for n, t in TECHNIQUES.items() if t.role in ("contribute", "transform", "lower")))
def test_every_technique_that_changes_something_has_a_card_on_the_page(name: str) -> None:
    cards = cards_of({"steps": [{name: {}}]})
    assert cards[0].title == TECHNIQUES[name].title
    assert all(card.lines and card.source and card.link.startswith("https://") for card in cards)


def test_a_step_that_the_catalogue_does_not_know_any_more_is_left_out() -> None:
    assert cards_of({"steps": [{"forgotten": {}}]}) == ()
