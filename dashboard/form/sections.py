"""The parts of a spec beside its recipe as fields of the launch form: how it is searched, measured and limited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.form import FieldSpec, fields_of, read_values
from effcore.catalogue.search import USES
from effcore.spec import SECTIONS

_ALWAYS = "strategy"


def section_fields(section: str, *, strategy: str) -> tuple[FieldSpec, ...]:
    """The fields of a section; of the search those that its strategy has a use for, without the strategy itself.

    Args:
        section: A key of `effcore.spec.SECTIONS`.
    """
    found = fields_of(SECTIONS[section])
    return found if section != "search" else tuple(f for f in found if f.path[0] in USES[strategy])


def opens_with(field: FieldSpec) -> str:
    """What a field holds when the form opens; nothing where left out means no limit."""
    return "" if field.nullable else field.default


def section_document(values: Mapping[FieldSpec, str]) -> dict[str, Any]:
    """A section of a spec as it was filled in: what differs from the defaults, nested ones in place."""
    document: dict[str, Any] = {}
    for field, given in values.items():
        read = read_values(field, given)
        if not read or given == opens_with(field):
            continue
        inner = document
        for name in field.path[:-1]:
            inner = inner.setdefault(name, {})
        inner[field.path[-1]] = read if field.several or len(read) > 1 else read[0]
    return document


def search_document(strategy: str, values: Mapping[FieldSpec, str]) -> dict[str, Any]:
    """The search of a spec; empty for the grid, which is meant where none is given."""
    section = section_document(values)
    return {_ALWAYS: strategy, **section} if strategy != "grid" or section else {}


def placed_at(section: str, field: FieldSpec) -> Sequence[tuple[str, str]]:
    """Where problems of a field are shown: as they name it, and those of the part that it is in."""
    names = [".".join((section, *field.path[: depth + 1])) for depth in range(len(field.path))]
    return [(name, "") for name in names]
