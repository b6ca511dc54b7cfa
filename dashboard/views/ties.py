"""Ties in words: which points can't be told apart from those of the frontier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dashboard.views.frontier import FrontierView


def listed(names: Sequence[str], *, most: int = 3) -> str:
    """The first names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def ties_line(view: FrontierView) -> str:
    """How many points can't be told apart from one on the frontier; empty where every one can."""
    among = sum(bool(d.tied_with) for d in view.front)
    beside = sum(bool(d.tied_with) for d in view.dots if not d.on_frontier)
    said = [f"{among} of {len(view.front)} on the frontier are tied with another point"] if among else []
    said += [f"{beside} dominated {'point is' if beside == 1 else 'points are'} tied with one on it"] if beside else []
    return "; ".join(said) + ": their measurements tell them apart on neither axis." if said else ""
