"""What a student needs to know of the steps of a recipe, as values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from effcore.catalogue import BLOCKS, FAMILIES, TECHNIQUES, Block, Card, Technique


@dataclass(frozen=True, kw_only=True)
class CardView:
    """One thing to know.

    Attributes:
        title: What it is called.
        lines: What it is, its formula, when it does not help, and what its paper reports.
        source: Paper, with year.
        link: Where to read it.
    """

    title: str
    lines: tuple[str, ...]
    source: str
    link: str


def cards_of(recipe: Mapping[str, Any]) -> tuple[CardView, ...]:
    """Of each step of a recipe its technique, of the ways that a technique has the one that was chosen, and of a network its blocks.

    Args:
        recipe: `Recipe.document`; steps that the catalogue does not hold any more are left out.
    """
    steps = [(name, values) for entry in recipe.get("steps", ()) for name, values in entry.items()]
    return tuple(card for name, values in steps if name in TECHNIQUES for card in _of_step(TECHNIQUES[name], values))


def technique_cards(technique: Technique) -> tuple[CardView, ...]:
    """What a technique is, and each of its ways; of the architecture, each family."""
    own = CardView(
        title=technique.title, lines=tuple(t for t in (technique.summary, technique.formula) if t), source=technique.source, link=technique.link
    )
    if technique.role == "architecture":
        return (own, *(CardView(title=f"Family {f.name}", lines=(f.summary,), source=f.source, link=f.link) for f in FAMILIES.values()))
    return (own, *(_way(technique, card) for card in technique.cards))


def _way(technique: Technique, card: Card) -> CardView:
    lines = (card.summary, card.formula, f"Does not help: {card.unhelpful}")
    return CardView(title=f"{technique.title}: {card.name.replace('_', ' ')}", lines=lines, source=card.source, link=card.link)


def _of_step(technique: Technique, values: Mapping[str, Any]) -> Iterator[CardView]:
    if technique.role == "architecture" and values.get("family") in FAMILIES:
        family = FAMILIES[values["family"]]
        yield CardView(title=f"Family {family.name}", lines=(family.summary,), source=family.source, link=family.link)
        of_stages = [str(stage.get("block")) for stage in (values.get("stages") or {}).values()]
        yield from (_of_block(BLOCKS[block]) for block in dict.fromkeys((*family.blocks, *of_stages)) if block in BLOCKS)
        return
    if technique.role in ("phase", "runtime"):
        return
    yield CardView(
        title=technique.title, lines=tuple(t for t in (technique.summary, technique.formula) if t), source=technique.source, link=technique.link
    )
    chosen = {v for v in values.values() if isinstance(v, str)} | _changed(technique, values)
    for card in technique.cards:
        if card.name in chosen:
            yield _way(technique, card)


def _of_block(block: Block) -> CardView:
    lines = (block.summary, f"MACs = {block.formula}", f"Does not help: {block.unhelpful}", f"Reported: {block.figure}.")
    return CardView(title=f"Block: {block.name.replace('_', ' ')}", lines=lines, source=block.source, link=block.link)


def _changed(technique: Technique, values: Mapping[str, Any]) -> set[str]:
    """Names of the parameters that are not at their default."""
    fields = technique.parameters.model_fields
    return {n for n, v in values.items() if n in fields and not fields[n].is_required() and v != fields[n].default}
