"""What a student needs to know of the steps of a recipe, as values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from effcore.catalogue import BLOCKS, FAMILIES, RUNTIMES, TECHNIQUES, Block, Card, Family, RuntimeRecord, Technique
from effcore.catalogue.search import STOPPINGS, STRATEGIES


@dataclass(frozen=True, kw_only=True)
class CardView:
    """One thing to know.

    Attributes:
        title: What it is called.
        lines: What it is, its formula, what it costs and gives, when it does not help, and what its paper reports, each after its label;
            what it is has none.
        source: Paper, with year.
        link: Where to read it.
    """

    title: str
    lines: tuple[tuple[str, str], ...]
    source: str
    link: str


def cards_of(recipe: Mapping[str, Any]) -> tuple[CardView, ...]:
    """Of each step of a recipe its technique, of the ways that a technique has the one that was chosen, of a network its blocks, and the runtime.

    Args:
        recipe: `Recipe.document`; steps that the catalogue does not hold any more are left out.
    """
    steps = [(name, values) for entry in recipe.get("steps", ()) for name, values in entry.items()]
    return tuple(card for name, values in steps if name in TECHNIQUES for card in _of_step(TECHNIQUES[name], values))


def technique_cards(technique: Technique) -> tuple[CardView, ...]:
    """What a technique is, and each of its ways; of the architecture each family, of the runtime each runtime."""
    own = _view(technique, title=technique.title)
    if technique.role == "architecture":
        return (own, *map(_of_family, FAMILIES.values()))
    if technique.role == "runtime":
        return (own, *map(_of_runtime, RUNTIMES.values()))
    return (own, *(_way(technique, card) for card in technique.cards))


def search_cards(strategy: str, stopping: str = "") -> tuple[CardView, ...]:
    """How candidates are chosen, and which of them are stopped early; what the catalogue does not hold any more is left out.

    Args:
        strategy, stopping: As they stand in a spec.
    """
    kinds = (("Strategy", strategy, STRATEGIES), ("Stopping", stopping, STOPPINGS))
    return tuple(_view(cards[name], title=f"{kind}: {_words(name)}") for kind, name, cards in kinds if name in cards)


def _of_step(technique: Technique, values: Mapping[str, Any]) -> Iterator[CardView]:
    if technique.role == "architecture" and values.get("family") in FAMILIES:
        family = FAMILIES[values["family"]]
        yield _of_family(family)
        of_stages = [str(stage.get("block")) for stage in (values.get("stages") or {}).values()]
        yield from (_of_block(BLOCKS[block]) for block in dict.fromkeys((*family.blocks, *of_stages)) if block in BLOCKS)
        return
    if technique.role == "runtime":
        yield from (_of_runtime(RUNTIMES[name]) for name in (values.get("name"),) if name in RUNTIMES)
        return
    if technique.role == "phase":
        return
    yield _view(technique, title=technique.title)
    chosen = {v for v in values.values() if isinstance(v, str)} | _changed(technique, values)
    yield from (_way(technique, card) for card in technique.cards if card.name in chosen)


def _way(technique: Technique, card: Card) -> CardView:
    return _view(card, title=f"{technique.title}: {_words(card.name)}")


def _of_family(family: Family) -> CardView:
    return _view(family, title=f"Family {family.name}")


def _of_block(block: Block) -> CardView:
    return _view(block, title=f"Block: {_words(block.name)}", formula="Multiply-accumulates")


def _of_runtime(runtime: RuntimeRecord) -> CardView:
    return _view(runtime, title=f"Runtime: {runtime.name}")


def _view(card: Card, *, title: str, formula: str = "Formula") -> CardView:
    """What stands in a card; what an operator's own leaves out has no line."""
    reported = f"{card.figure}." if card.figure else ""
    told = (("", card.summary), (formula, card.formula), ("Costs and gives", card.cost), ("Does not help", card.unhelpful), ("Reported", reported))
    return CardView(title=title, lines=tuple((label, text) for label, text in told if text), source=card.source, link=card.link)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _changed(technique: Technique, values: Mapping[str, Any]) -> set[str]:
    """Names of the parameters that are not at their default."""
    fields = technique.parameters.model_fields
    return {n for n, v in values.items() if n in fields and not fields[n].is_required() and v != fields[n].default}
