"""A space as a tree of choices: what a search decides, which decisions depend on which, and what they come to."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

DIGITS = 4
"""Significant digits of a number that is drawn from a range: more would only make names long."""

Assignment = Mapping[str, float]
"""What was decided, by the name of the dimension: the index of an alternative, or a number."""


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """One decision of a search: one of several alternatives, or a number of a range.

    Attributes:
        name: Unique in its space.
        labels: The alternatives in words; empty for a range.
        ordered: Whether the alternatives are numbers in their order, so that neighbours are alike.
        low, high: Ends of a range, both in it.
        log: Whether the range is searched by ratio.
        step: Distance of the numbers of a range; none for all numbers.
        whole: Whether only whole numbers are meant.
        needs: Other decisions with the alternative that each must have come to, for this one to be there.
    """

    name: str
    labels: tuple[str, ...] = ()
    ordered: bool = False
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    step: float | None = None
    whole: bool = False
    needs: tuple[tuple[str, int], ...] = ()

    @property
    def count(self) -> float:
        """How many values there are; infinite for a range of all numbers."""
        if self.labels:
            return len(self.labels)
        width = self.step or (1 if self.whole else None)
        return math.inf if width is None else math.floor((self.high - self.low) / width + 1e-9) + 1

    def at(self, share: float) -> float:
        """The value at a share of the way through, from 0 to below 1."""
        if self.labels:
            return float(min(int(share * len(self.labels)), len(self.labels) - 1))
        if self.log:
            low, high = (self.low - 0.5, self.high + 0.5) if self.whole else (self.low, self.high)
            return self.fitted(math.exp(math.log(max(low, 1e-300)) + share * math.log(high / max(low, 1e-300))))
        if math.isfinite(self.count):
            return self.fitted(self.low + min(int(share * self.count), self.count - 1) * (self.step or 1))
        return self.fitted(self.low + share * (self.high - self.low))

    def share(self, value: float) -> float:
        """How far through a value is, from 0 to 1; the inverse of `at`."""
        if self.labels:
            return value / max(len(self.labels) - 1, 1)
        if self.high == self.low:
            return 0.0
        return math.log(value / self.low) / math.log(self.high / self.low) if self.log else (value - self.low) / (self.high - self.low)

    def fitted(self, value: float) -> float:
        """The nearest value of the range, with few digits."""
        if self.step is not None:
            value = self.low + round((value - self.low) / self.step) * self.step
        value = round(value) if self.whole else float(f"{value:.{DIGITS}g}")
        return min(max(value, self.low), self.high)


@dataclass(frozen=True)
class Fixed:
    """A value that is given."""

    value: Any


@dataclass(frozen=True)
class OneOf:
    """One of several nodes."""

    dimension: Dimension
    options: tuple[Node, ...]


@dataclass(frozen=True)
class Between:
    """A number of a range."""

    dimension: Dimension


@dataclass(frozen=True)
class Fields:
    """Values by name."""

    items: tuple[tuple[str, Node], ...]


@dataclass(frozen=True)
class Row:
    """Values in their order."""

    items: tuple[Node, ...]


Node = Fixed | OneOf | Between | Fields | Row
Pick = Callable[[Dimension], float]


def resolve(node: Node, pick: Pick) -> Any:
    """The plain data that a tree comes to.

    Args:
        node: The tree.
        pick: Decides a dimension; is asked only for those that are there, in an order that follows from the decisions before.
    """
    match node:
        case Fixed(value):
            return value
        case OneOf(dimension, options):
            return resolve(options[int(pick(dimension))], pick)
        case Between(dimension):
            value = dimension.fitted(pick(dimension))
            return int(value) if dimension.whole else value
        case Fields(items):
            return {name: resolve(inner, pick) for name, inner in items}
        case Row(rows):
            return [resolve(inner, pick) for inner in rows]


def dimensions(node: Node) -> tuple[Dimension, ...]:
    """All dimensions of a tree, each after those it needs."""
    return tuple(_dimensions(node))


def _dimensions(node: Node) -> Iterator[Dimension]:
    match node:
        case OneOf(dimension, options):
            yield dimension
            for option in options:
                yield from _dimensions(option)
        case Between(dimension):
            yield dimension
        case Fields(items):
            for _, inner in items:
                yield from _dimensions(inner)
        case Row(rows):
            for inner in rows:
                yield from _dimensions(inner)


def active(node: Node, assignment: Assignment) -> dict[str, float]:
    """The decisions that make a difference, in the order in which they are asked."""
    asked: dict[str, float] = {}

    def pick(dimension: Dimension) -> float:
        value = assignment[dimension.name]
        asked[dimension.name] = value if dimension.labels else dimension.fitted(value)
        return value

    resolve(node, pick)
    return asked


def count(node: Node) -> float:
    """How many different data a tree stands for; infinite with a range of all numbers."""
    match node:
        case Fixed():
            return 1
        case OneOf(_, options):
            return sum(count(option) for option in options)
        case Between(dimension):
            return dimension.count
        case Fields(items):
            return math.prod(count(inner) for _, inner in items)
        case Row(rows):
            return math.prod(count(inner) for inner in rows)


def every(node: Node) -> Iterator[dict[str, float]]:
    """Every assignment of a finite tree, with the active dimensions only."""
    match node:
        case Fixed():
            yield {}
        case OneOf(dimension, options):
            for index, option in enumerate(options):
                for inner in every(option):
                    yield {dimension.name: float(index)} | inner
        case Between(dimension):
            for index in range(int(dimension.count)):
                yield {dimension.name: dimension.fitted(dimension.low + index * (dimension.step or 1))}
        case Fields(items):
            yield from _products([inner for _, inner in items])
        case Row(rows):
            yield from _products(rows)


def _products(nodes: Any) -> Iterator[dict[str, float]]:
    for parts in itertools.product(*(list(every(node)) for node in nodes)):
        yield {name: value for part in parts for name, value in part.items()}
